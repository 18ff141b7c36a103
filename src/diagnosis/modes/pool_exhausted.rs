//! The pool is empty, and the evidence does not say why: what is left when no mechanism is seen.

use crate::diagnosis::scene::failed;
use crate::diagnosis::{
    Basis, Cause, Documentation, FailureMode, Hits, Questions, Remedy, Scene, Verdict,
    claim::{claim, of_failures},
};
use crate::error_text::{ErrorClass, pool_limits};
use crate::words::{clock, counted};

pub(super) static MODE: FailureMode = FailureMode {
    id: "pool-exhausted",
    title: "the connection pool is empty",
    documentation: Documentation {
        looks_like: "\"QueuePool limit of size 10 overflow 5 reached\", \"couldn't get a connection after 30 sec\", \"Connection is \
            not available, request timed out\": requests fail after exactly the pool's timeout.",
        why: "Every connection of the pool is held by somebody. This is a symptom: connects that hang, statements that wait, \
            connections that are never returned, or simply more traffic than connections.",
        confused_with: "It is part of partial-connect-hang, lock-contention, connection-leak, cold-start and listener-hang; this \
            answer means that no sign of those is in the records.",
        what_to_do: "`relay-diag stuck` shows who holds the connections. Restart for time; a larger pool helps only against plain \
            overload, and the database's own limit stands behind it.",
    },
    error_classes: &[ErrorClass::PoolExhausted, ErrorClass::ServerSlotsFull],
    cause: Cause::Symptom,
    remedy: Remedy::Restart,
    hits: Hits::Suffering,
    questions: Questions::General,
    needs: &["errors", "database"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Verdict {
    let empty = scene.failing_with(&[
        ErrorClass::PoolExhausted,
        ErrorClass::ServerSlotsFull,
        ErrorClass::PoolerTimeout,
        ErrorClass::Leak,
    ]);
    let traces = failed(&empty);
    if traces < scene.profile.diagnose.least_failures {
        return Verdict::NotMatched(String::from(
            "no requests failed for want of a free connection, or very few",
        ));
    }
    let limits = empty.iter().find_map(|burst| pool_limits(&burst.sample));
    let mut found = vec![of_failures(
        format!(
            "{} failed for want of a free connection{}",
            counted(traces, "request"),
            limits
                .map(|limits| format!(" (pool of {})", limits.in_words()))
                .unwrap_or_default()
        ),
        &empty,
    )];
    let mut own = scene
        .facts
        .checkouts
        .rows
        .iter()
        .filter(|row| scene.runs_on(&row.instance));
    let dry = own.find(|row| row.dry.is_some());
    if let Some(row) = dry {
        let (from, _) = row.dry.unwrap_or((scene.facts.window.from, scene.facts.window.to));
        found.push(claim(
            Basis::Statements,
            format!(
                "{} ran dry at {}; {} ran there while it was",
                row.instance,
                clock(from),
                counted(row.statements_meanwhile, "statement")
            ),
            "checkouts",
            row.in_vain,
            Vec::new(),
        ));
    }
    let summary = format!(
        "{} failed on an empty connection pool; the records do not say what emptied it",
        counted(traces, "request")
    );
    scene.matched(&[], &empty, summary, found)
}
