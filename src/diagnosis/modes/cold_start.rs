//! After an idle gap the first requests wait long for the database, then all recovers by itself.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};

use crate::diagnosis::scene::{checkouts, failed};
use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Matched, Questions, Remedy, Scene,
    claim::{claim, lengths, of_failures, of_hangs},
};
use crate::episodes::Hanging;
use crate::error_text::ErrorClass;
use crate::facts::{ErrorBurst, Fate, Gap, seconds, to_seconds};
use crate::words::{clock, counted, duration};

/// The trouble begins with the first thing that is asked after the pause.
const BEGINS_WITHIN: TimeDelta = TimeDelta::minutes(2);
/// Prompt checkouts before it was over, at most: more, and the database was awake.
const MOST_BESIDE_A_HANG: u64 = 3;
/// What waited ends soon after the first success; a hang that goes on for longer than this share of the outage is another.
const TAIL_SHARE: i32 = 2;
/// Or within this, however short the outage was.
const TAIL: TimeDelta = TimeDelta::seconds(15);

pub(super) static MODE: FailureMode = FailureMode {
    id: "cold-start",
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
    error_classes: &[
        ErrorClass::PoolExhausted,
        ErrorClass::ConnectTimeout,
        ErrorClass::PoolerTimeout,
        ErrorClass::PoolerBackendDown,
        ErrorClass::StaleConnection,
    ],
    cause: Cause::Mechanism,
    remedy: Remedy::Nothing,
    hits: Hits::Suffering,
    looks_at: LooksAt::EachService,
    questions: Questions::General,
    needs: &["gaps", "hangs", "errors", "runs", "database"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let mut gaps = scene.idle();
    gaps.sort_by_key(|gap| Reverse(gap.after_at - gap.before_at));
    if scene.hung_connecting().is_empty() && trouble(scene).is_empty() {
        let slowly = gaps.into_iter().find_map(|gap| woke_slowly(scene, gap));
        return slowly.map_or_else(
            || Judgement::NotMatched(String::from("no request waited long for a connection")),
            Judgement::Matched,
        );
    }
    let mut why = String::from("there was traffic right before it: no idle gap");
    for gap in gaps {
        match after(scene, gap) {
            Ok(matched) => return Judgement::Matched(matched),
            Err(Some(reason)) => why = reason,
            Err(None) => {}
        }
    }
    Judgement::NotMatched(why)
}

/// The first checkouts after a pause waited long, although not so long that they count as hangs.
fn woke_slowly(scene: &Scene<'_>, gap: &Gap) -> Option<Matched> {
    let idle = gap.after_at - gap.before_at;
    let first = scene.runs.iter().filter_map(|run| Some((run, run.connects.as_ref()?)));
    let (run, first) = first
        .filter(|(_, connects)| connects.first_at >= gap.after_at)
        .min_by_key(|(_, connects)| connects.first_at)?;
    let waited = seconds(first.spread.max_s);
    let to = gap.after_at + waited;
    if idle < scene.profile.diagnose.idle_before_cold_start
        || first.first_at - gap.after_at > BEGINS_WITHIN
        || waited < scene.profile.in_flight_after
        || !scene.served_after(to)
    {
        return None;
    }
    let (idle, waited) = (duration(to_seconds(idle)), duration(to_seconds(waited)));
    Some(Matched {
        summary: format!("after {idle} without traffic the first checkouts waited up to {waited} for the database"),
        evidence: vec![
            claim(
                Basis::Traffic,
                format!(
                    "nothing was asked of the database for {idle} from {} on",
                    clock(gap.before_at)
                ),
                "gaps",
                1,
                Vec::new(),
            ),
            claim(
                Basis::Succeeded,
                format!("of the checkouts right after it the longest took {waited}, and requests succeeded behind it"),
                "runs",
                1,
                run.trace_id.iter().cloned().collect(),
            ),
        ],
        from: gap.after_at,
        to: Some(to),
        instances: run.instance.iter().cloned().collect(),
    })
}

fn trouble<'a>(scene: &Scene<'a>) -> Vec<&'a ErrorBurst> {
    scene.failing_with(&[ErrorClass::PoolExhausted, ErrorClass::ConnectTimeout])
}

/// Whether what followed this pause was a cold start; else what speaks against it, if it is a pause before trouble at all.
fn after(scene: &Scene<'_>, gap: &Gap) -> Result<Matched, Option<String>> {
    let behind = |at: DateTime<Utc>| at >= gap.after_at - TimeDelta::seconds(1);
    let mut hung = scene.hung_connecting();
    let before = hung
        .iter()
        .any(|hang| !behind(hang.started_at) && hang.ended_at().is_none_or(|end| end > gap.before_at));
    hung.retain(|hang| behind(hang.started_at));
    let mut bursts = trouble(scene);
    bursts.retain(|burst| behind(burst.first_at));
    let starts = || {
        hung.iter()
            .map(|hang| hang.started_at)
            .chain(bursts.iter().map(|burst| burst.first_at))
    };
    let begun_at = starts()
        .min()
        .filter(|at| *at - gap.after_at <= BEGINS_WITHIN)
        .ok_or(None)?;
    let (from, end) = scene.extent(&hung, &bursts).ok_or(None)?;
    if before {
        return Err(Some(String::from("something hung already before the pause")));
    }
    // The listener's first sign can lie inside the pause: what is idle ends there.
    let idle = from.min(gap.after_at) - gap.before_at;
    if idle < scene.profile.diagnose.idle_before_cold_start {
        return Err(Some(format!(
            "the pause before the first sign was {} only: too short for a database to fall asleep",
            duration(to_seconds(idle))
        )));
    }
    let last_begun = starts()
        .chain(bursts.iter().map(|burst| burst.last_at))
        .max()
        .unwrap_or(begun_at);
    let served = scene.first_served_after(last_begun);
    let to = by_itself(&hung, end, served).map_err(Some)?;
    let awake_at = served.filter(|served| *served <= to);
    let tail = awake_at.map(|served| (end.unwrap_or(to) - served, served - begun_at));
    if let Some(why) = awake(scene, &hung, tail, to) {
        return Err(Some(why));
    }
    let found = seen(scene, &hung, &bursts, (gap.before_at, idle), to);
    let summary = format!(
        "after {} without traffic the first connects waited {} for the database, then all recovered by itself{}",
        duration(to_seconds(idle)),
        if hung.is_empty() {
            String::from("in vain")
        } else {
            lengths(&hung, scene.facts.window.to)
        },
        scene.and_failed()
    );
    Ok(Matched {
        summary,
        evidence: found,
        from,
        to: Some(to),
        instances: scene.instances(&hung, &bursts),
    })
}

/// What shows that the database did not sleep while requests hung. `tail`: how long they went on to hang once the first
/// succeeded, and how long that had taken.
fn awake(
    scene: &Scene<'_>,
    hung: &[Hanging<'_>],
    tail: Option<(TimeDelta, TimeDelta)>,
    to: DateTime<Utc>,
) -> Option<String> {
    let too_long = tail.filter(|(length, woke_in)| *length > TAIL.max(*woke_in / TAIL_SHARE));
    if let Some((length, _)) = too_long {
        let length = duration(to_seconds(length));
        return Some(format!("requests hung for {length} more while others succeeded"));
    }
    let beside = checkouts(&scene.prompt_connects(|at| at < to && Scene::open_at(hung, at)));
    (beside > MOST_BESIDE_A_HANG).then(|| {
        format!(
            "{} succeeded promptly while others hung: the database was awake",
            counted(beside, "checkout")
        )
    })
}

/// When it was over, or why it did not end by itself.
fn by_itself(
    hung: &[Hanging<'_>],
    end: Option<DateTime<Utc>>,
    served: Option<DateTime<Utc>>,
) -> Result<DateTime<Utc>, String> {
    let Some(end) = end else {
        return Err(String::from("it is not over: a cold start ends by itself"));
    };
    if hung.iter().any(|hang| matches!(hang.fate, Fate::Died(_))) {
        return Err(format!("it ended with a restart at {}, not by itself", clock(end)));
    }
    let Some(served) = served else {
        return Err(String::from("no success is seen behind it"));
    };
    // What had begun to wait before may still wait when all is well again.
    Ok(end.min(served))
}

fn seen(
    scene: &Scene<'_>,
    hung: &[Hanging<'_>],
    bursts: &[&ErrorBurst],
    (idle_from, idle): (DateTime<Utc>, TimeDelta),
    to: DateTime<Utc>,
) -> Vec<Claim> {
    let now = scene.facts.window.to;
    let mut found = vec![claim(
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
        found.push(of_hangs(
            format!(
                "the first {} after it hung {} in their connect",
                counted(hung.len() as u64, "request"),
                lengths(hung, now)
            ),
            hung,
        ));
    }
    if !bursts.is_empty() {
        found.push(of_failures(
            format!(
                "{} failed for want of a connection, and nothing succeeded meanwhile",
                counted(failed(bursts), "request")
            ),
            bursts,
        ));
    }
    found.push(claim(
        Basis::Processes,
        format!("all of it was over at {} without a restart", clock(to)),
        "processes",
        1,
        Vec::new(),
    ));
    found
}
