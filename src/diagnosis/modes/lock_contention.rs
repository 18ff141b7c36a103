//! Connects are fast, statements wait on each other, and the pool fills up behind them.

use std::collections::BTreeSet;

use crate::diagnosis::scene::checkouts;

use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Questions, Remedy, Scene,
    claim::{claim, failures, hung, lengths, of_successes},
};
use crate::episodes::{ENDS_TOGETHER, Hanging};
use crate::error_text::ErrorClass;
use crate::facts::{ErrorBurst, Fate};
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
    looks_at: LooksAt::EachService,
    questions: Questions::WhichStatements,
    needs: &["hangs", "database"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let locked = scene.hung_in_statements();
    let least = usize::try_from(scene.profile.diagnose.least_locked).unwrap_or(usize::MAX);
    let empty = scene.failing_with(&[ErrorClass::PoolExhausted]);
    if let Some(why) = against(scene, &locked, least, &empty) {
        return Judgement::NotMatched(why);
    }
    let now = scene.facts.window.to;
    let claims = [
        hung(&locked, now, "in a statement"),
        ended_together(&locked),
        prompt_checkouts(scene, &locked),
        failures(&empty, "on the pool that filled up behind them"),
    ];
    let summary = format!(
        "{} hung {} in statements {}, as behind one lock; connecting to the database was not the trouble{}",
        counted(locked.len() as u64, "request"),
        lengths(&locked, now),
        if released_together(&locked, least) {
            "that ended together"
        } else {
            "side by side"
        },
        scene.and_failed()
    );
    scene.matched(&locked, &empty, summary, claims.into_iter().flatten().collect())
}

/// What speaks against it.
fn against(scene: &Scene<'_>, locked: &[Hanging<'_>], least: usize, empty: &[&ErrorBurst]) -> Option<String> {
    let connecting = scene.hung_connecting().len();
    if locked.len() < least || locked.len() < connecting {
        return Some(match locked.len() as u64 {
            0 => String::from("no statement hung"),
            few => format!("{} in a statement, {connecting} in a connect", counted(few, "hang")),
        });
    }
    let beside = |hang| locked.iter().filter(|other| overlap(hang, other, scene)).count();
    if locked.iter().map(beside).max().is_none_or(|most| most < least) {
        return Some(String::from(
            "the statements that hung did so one after the other, not together",
        ));
    }
    let slow = scene.slow_beside(locked);
    if slow > MOST_SLOW_SHARE * locked.len() as u64 {
        return Some(format!(
            "{} beside them were slow as well, and ended: the database is slow, nothing locks",
            counted(slow, "statement")
        ));
    }
    let queued = !empty.is_empty() || released_together(locked, least) || queued_up(locked, least);
    (!queued).then(|| {
        format!(
            "{} ended each at its own time, and nothing waited behind them: they may be long reports",
            counted(locked.len() as u64, "hanging statement")
        )
    })
}

/// All of them ended within seconds: what they waited for went.
fn ended_together(locked: &[Hanging<'_>]) -> Option<Claim> {
    let ends: Vec<_> = locked.iter().filter_map(|hang| hang.ended_at()).collect();
    let (first, last) = (*ends.iter().min()?, *ends.iter().max()?);
    let text = format!(
        "all of them ended within {} of each other, at {}",
        duration((last - first).as_seconds_f64()),
        clock(last)
    );
    let together = ends.len() == locked.len() && last - first <= ENDS_TOGETHER;
    together.then(|| claim(Basis::Hung, text, "hangs", ends.len() as u64, Vec::new()))
}

fn prompt_checkouts(scene: &Scene<'_>, locked: &[Hanging<'_>]) -> Option<Claim> {
    let beside = scene.prompt_connects(|at| Scene::open_at(locked, at));
    let prompt = checkouts(&beside);
    let text = format!(
        "no checkout hung, and {} beside them took milliseconds",
        counted(prompt, "checkout")
    );
    (prompt > 0 && scene.hung_connecting().is_empty()).then(|| of_successes(text, &beside, prompt))
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
