//! After an idle gap the first requests wait long for the database, then all recovers by itself.

use chrono::{DateTime, TimeDelta, Utc};

use super::scene::{Scene, checkouts, clock, failed, lengths, size, traces_in, traces_of};
use super::{Basis, Documentation, FailureMode, Signature, Verdict, evidence};
use crate::error_text::ErrorClass;
use crate::facts::{ErrorBurst, Fate, Hang, to_seconds};
use crate::words::{counted, duration};

/// A database that scales to zero sleeps after some minutes (Neon: 5); a shorter pause puts none to sleep.
const LEAST_IDLE: TimeDelta = TimeDelta::minutes(2);
/// The trouble begins with the first thing that is asked after the pause.
const BEGINS_WITHIN: TimeDelta = TimeDelta::minutes(2);
/// A share of prompt checkouts beside the hangs above which the database was awake.
const MOST_BESIDE_A_HANG: u64 = 3;

pub(super) const SIGNATURE: Signature = Signature {
    mode: FailureMode::ColdStart,
    title: "a sleeping database took long to wake up",
    documentation: Documentation {
        looks_like: "Minutes without a request. Then the first ones hang in their connect, the listener's heartbeat times out, \
            the pool runs empty behind them, nothing succeeds; some minutes later all of it ends within seconds, without a \
            restart.",
        why: "A database that scales to zero was asleep. The first connection wakes it, and until it answers every connect \
            waits.",
        confused_with: "partial-connect-hang: no idle gap before it, and prompt successes meanwhile. database-unreachable: no \
            idle gap, or no end. traffic-lull: the same gap, and fast requests behind it.",
        what_to_do: "Nothing ends it sooner. Keep the database awake (its minimum compute, or a heartbeat that runs queries), and \
            give connects a timeout so that the first requests fail fast and are tried again.",
    },
    needs: &["gaps", "hangs", "errors"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Verdict {
    let hung = scene.hangs_on("connect");
    let bursts = scene.failing_with(&[ErrorClass::PoolExhausted, ErrorClass::ConnectTimeout]);
    let starts = hung
        .iter()
        .map(|hang| hang.started_at)
        .chain(bursts.iter().map(|burst| burst.first_at));
    let Some(begun_at) = starts.min() else {
        return Verdict::NotMatched(String::from("no request waited long for a connection"));
    };
    let Some((from, to)) = scene.extent(&hung, &bursts) else {
        return Verdict::NotMatched(String::from("it has no extent"));
    };
    // The listener's first sign can lie inside the pause: what is idle ends there.
    let idle = scene
        .facts
        .gaps
        .rows
        .iter()
        .filter(|gap| gap.after_at <= begun_at + TimeDelta::seconds(1) && begun_at - gap.after_at <= BEGINS_WITHIN);
    let Some(gap) = idle.max_by_key(|gap| from.min(gap.after_at) - gap.before_at) else {
        return Verdict::NotMatched(String::from("there was traffic right before it: no idle gap"));
    };
    let idle = from.min(gap.after_at) - gap.before_at;
    if idle < LEAST_IDLE {
        return Verdict::NotMatched(format!(
            "the pause before the first sign was {} only: too short for a database to fall asleep",
            duration(to_seconds(idle))
        ));
    }
    if let Some(reason) = not_by_itself(scene, &hung, to) {
        return Verdict::NotMatched(reason);
    }
    let beside = checkouts(&scene.prompt_connects(|at| Scene::open_at(&hung, at)));
    if beside > MOST_BESIDE_A_HANG {
        return Verdict::NotMatched(format!(
            "{} succeeded promptly while others hung: the database was awake",
            counted(beside, "checkout")
        ));
    }
    matched(scene, &hung, &bursts, (gap.before_at, idle), to)
}

/// Why it is not over, or over by a restart.
fn not_by_itself(scene: &Scene<'_>, hung: &[&Hang], to: Option<DateTime<Utc>>) -> Option<String> {
    let Some(to) = to else {
        return Some(String::from("it is not over: a cold start ends by itself"));
    };
    if hung.iter().any(|hang| matches!(hang.fate, Fate::Died(_))) {
        return Some(format!("it ended with a restart at {}, not by itself", clock(to)));
    }
    (!scene.served_after(to)).then(|| String::from("no success is seen behind it"))
}

fn matched(
    scene: &Scene<'_>,
    hung: &[&Hang],
    bursts: &[&ErrorBurst],
    (idle_from, idle): (DateTime<Utc>, TimeDelta),
    to: Option<DateTime<Utc>>,
) -> Verdict {
    let now = scene.facts.window.to;
    let mut found = vec![evidence(
        Basis::Traffic,
        format!(
            "nothing was asked of the database for {} from {} on",
            duration(to_seconds(idle)),
            clock(idle_from)
        ),
        "gaps",
        1,
        Vec::new(),
    )];
    if !hung.is_empty() {
        found.push(evidence(
            Basis::Hung,
            format!(
                "the first {} after it hung {} in their connect",
                counted(hung.len() as u64, "request"),
                lengths(hung, now)
            ),
            "hangs",
            hung.len(),
            traces_of(hung),
        ));
    }
    if !bursts.is_empty() {
        found.push(evidence(
            Basis::Failed,
            format!(
                "{} failed for want of a connection, and nothing succeeded meanwhile",
                counted(failed(bursts), "request")
            ),
            "errors",
            size(failed(bursts)),
            traces_in(bursts),
        ));
    }
    if let Some(to) = to {
        found.push(evidence(
            Basis::Processes,
            format!("all of it was over at {} without a restart", clock(to)),
            "processes",
            1,
            Vec::new(),
        ));
    }
    let summary = format!(
        "after {} without traffic the first connects waited {} for the database, then all recovered by itself",
        duration(to_seconds(idle)),
        if hung.is_empty() {
            String::from("in vain")
        } else {
            lengths(hung, now)
        }
    );
    scene.matched(hung, bursts, summary, found).map_or_else(
        || Verdict::NotMatched(String::from("it has no extent")),
        Verdict::Matched,
    )
}
