//! Connects are fast, statements wait on each other, and the pool fills up behind them.

use std::collections::BTreeSet;

use crate::diagnosis::scene::{Scene, checkouts, failed, lengths, size};

use crate::diagnosis::{
    Basis, Cause, Documentation, FailureMode, Hits, Questions, Remedy, Verdict, claim, of_failures, of_hangs,
};
use crate::episodes::{ENDS_TOGETHER, Hanging};
use crate::error_text::ErrorClass;
use crate::facts::Fate;
use crate::words::{clock, counted, duration};

/// Slow statements that end, for each that hangs, above which it is the whole database that is slow.
const MOST_SLOW_SHARE: u64 = 5;

pub(super) static MODE: FailureMode = FailureMode {
    id: "lock-contention",
    title: "statements wait on a lock",
    documentation: Documentation {
        looks_like: "Several requests hang for minutes in a statement, not in their checkout. They end within seconds of each \
            other. The pool fills up behind them, and others fail after its timeout.",
        why: "One transaction holds a lock that the others need: a migration's ACCESS EXCLUSIVE, an idle transaction, a long \
            update. Everything that touches the table queues behind it, each with a connection of the pool in its hand.",
        confused_with: "partial-connect-hang: there the checkout hangs. slow-database: every statement is slow, none hangs. \
            Long reports end each at its own time, and nothing queues behind them.",
        what_to_do: "Find the holder (pg_blocking_pids, pg_locks) and end it. A restart of the application frees its pool, not \
            the lock. Then: lock_timeout for migrations, idle_in_transaction_session_timeout, statement_timeout.",
    },
    error_classes: &[ErrorClass::PoolExhausted, ErrorClass::PoolerTimeout],
    cause: Cause::Mechanism,
    remedy: Remedy::Nothing,
    hits: Hits::Suffering,
    questions: Questions::General,
    needs: &["hangs"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Verdict {
    let hung = scene.hung_in_statements();
    let now = scene.facts.window.to;
    let connects = scene.hung_connecting();
    let least = usize::try_from(scene.profile.diagnose.least_locked).unwrap_or(usize::MAX);
    if hung.len() < least || hung.len() < connects.len() {
        return Verdict::NotMatched(match hung.len() {
            0 => String::from("no statement hung"),
            few => format!(
                "{} in a statement, {} in a connect",
                counted(few as u64, "hang"),
                connects.len()
            ),
        });
    }
    let side_by_side = hung
        .iter()
        .map(|hang| hung.iter().filter(|other| overlap(hang, other, scene)).count())
        .max();
    if side_by_side.is_none_or(|most| most < least) {
        return Verdict::NotMatched(String::from(
            "the statements that hung did so one after the other, not together",
        ));
    }
    let slow: u64 = scene.slow_beside(&hung);
    if slow > MOST_SLOW_SHARE * hung.len() as u64 {
        return Verdict::NotMatched(format!(
            "{} beside them were slow as well, and ended: the database is slow, nothing locks",
            counted(slow, "statement")
        ));
    }
    let empty = scene.failing_with(&[ErrorClass::PoolExhausted]);
    if empty.is_empty() && !released_together(&hung, least) && !queued_up(&hung, least) {
        return Verdict::NotMatched(format!(
            "{} ended each at its own time, and nothing waited behind them: they may be long reports",
            counted(hung.len() as u64, "hanging statement")
        ));
    }
    let mut found = vec![of_hangs(
        format!(
            "{} hung {} in a statement",
            counted(hung.len() as u64, "request"),
            lengths(&hung, now)
        ),
        &hung,
    )];
    let ends: Vec<_> = hung.iter().filter_map(|hang| hang.ended_at()).collect();
    let (first, last) = (ends.iter().min(), ends.iter().max());
    if let (Some(first), Some(last)) = (first, last)
        && ends.len() == hung.len()
        && *last - *first <= ENDS_TOGETHER
    {
        found.push(claim(
            Basis::Hung,
            format!(
                "all of them ended within {} of each other, at {}",
                duration((*last - *first).as_seconds_f64()),
                clock(*last)
            ),
            "hangs",
            ends.len(),
            Vec::new(),
        ));
    }
    let beside = scene.prompt_connects(|at| Scene::open_at(&hung, at));
    let prompt = checkouts(&beside);
    if prompt > 0 && connects.is_empty() {
        found.push(claim(
            Basis::Succeeded,
            format!(
                "no checkout hung, and {} beside them took milliseconds",
                counted(prompt, "checkout")
            ),
            "runs",
            size(prompt),
            beside.iter().filter_map(|run| run.trace_id.clone()).take(3).collect(),
        ));
    }
    if !empty.is_empty() {
        found.push(of_failures(
            format!(
                "{} failed on the pool that filled up behind them",
                counted(failed(&empty), "request")
            ),
            &empty,
        ));
    }
    let summary = format!(
        "{} hung {} in statements {}, as behind one lock; connecting to the database was not the trouble",
        counted(hung.len() as u64, "request"),
        lengths(&hung, now),
        if released_together(&hung, least) {
            "that ended together"
        } else {
            "side by side"
        }
    );
    scene.matched(&hung, &empty, summary, found).map_or_else(
        || Verdict::NotMatched(String::from("it has no extent")),
        Verdict::Matched,
    )
}

/// Whether so many ended at a time that had not begun at a time: what they waited for went.
fn released_together(hung: &[Hanging<'_>], least: usize) -> bool {
    let ended: Vec<Hanging<'_>> = hung
        .iter()
        .copied()
        .filter(|hang| matches!(hang.fate, Fate::Ended { .. }))
        .collect();
    ended.iter().filter_map(|hang| hang.ended_at()).any(|at| {
        let with_it = ended
            .iter()
            .filter(|other| other.ended_at().is_some_and(|end| (end - at).abs() <= ENDS_TOGETHER));
        with_it.count() >= least
    })
}

/// Whether so many have no end of their own, on different routes: reports are asked for on one.
fn queued_up(hung: &[Hanging<'_>], least: usize) -> bool {
    let open: Vec<Hanging<'_>> = hung
        .iter()
        .copied()
        .filter(|hang| !matches!(hang.fate, Fate::Ended { .. }))
        .collect();
    let routes: BTreeSet<&str> = open.iter().map(|hang| hang.span_name.as_str()).collect();
    open.len() > 2 * least || open.len() >= least && routes.len() > 1
}

fn overlap(one: &Hanging<'_>, other: &Hanging<'_>, scene: &Scene<'_>) -> bool {
    let end = |hang: &Hanging<'_>| hang.ended_at().unwrap_or(scene.facts.window.to);
    one.started_at < end(other) && other.started_at < end(one)
}
