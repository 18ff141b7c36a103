//! One instance stops emitting while others, or its clients, go on.

use chrono::{DateTime, TimeDelta, Utc};

use super::scene::{Scene, clock};
use super::{Basis, Documentation, FailureMode, Matched, Signature, Verdict, evidence};
use crate::facts::{Fate, Gap, LineKind, Process, to_seconds};
use crate::words::{counted, duration};

/// A machine that is replaced is back by then.
const LEAST_SILENCE: TimeDelta = TimeDelta::minutes(2);
/// A silence is longer than its usual distance between records by this factor.
const UNUSUAL: f64 = 10.0;
/// A shutdown line this long before the last record makes the end an orderly one.
const SAID_WITHIN: TimeDelta = TimeDelta::seconds(60);
/// Requests in the minute after a silence, against the usual minute, that are clients catching up.
const BURST_FACTOR: f64 = 3.0;

pub(super) const SIGNATURE: Signature = Signature {
    mode: FailureMode::InstanceSilent,
    title: "an instance stopped emitting",
    documentation: Documentation {
        looks_like: "The last record of an instance stands in mid-request, without a shutdown line, and then nothing of it for \
            minutes, while other instances work on, clients come back in a burst, or it has to be started again. Often not one \
            error.",
        why: "The process is frozen (memory, a blocked event loop, a suspended machine) or was killed: it neither serves nor sends \
            telemetry.",
        confused_with: "traffic-lull: nobody asked, and the first requests afterwards are fast and no more than usual. deploy and \
            restart: an orderly end, and a start within a minute. A platform that stops an idle machine says so in its shutdown \
            lines.",
        what_to_do: "Restart it. Then a health check that restarts a frozen process, and an alert on the absence of its records.",
    },
    needs: &["processes", "gaps", "lifecycle"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Verdict {
    let processes = &scene.facts.processes.rows;
    let ended = processes
        .iter()
        .filter_map(|process| silence(scene, process))
        .max_by_key(|matched| matched.to.unwrap_or(scene.facts.window.to) - matched.from);
    let frozen = || scene.facts.gaps.rows.iter().find_map(|gap| caught_up(scene, gap));
    match ended.or_else(frozen) {
        Some(matched) => Verdict::Matched(matched),
        None => Verdict::NotMatched(String::from(
            "no instance fell silent while others or its clients went on",
        )),
    }
}

/// A process that ended without a word, and what shows that it was missed.
fn silence(scene: &Scene<'_>, process: &Process) -> Option<Matched> {
    let facts = scene.facts;
    let last_at = process.last_at;
    let orderly = facts.lifecycle.rows.iter().any(|line| {
        line.instance == process.instance
            && line.kind == LineKind::Stopping
            && (last_at - line.last_at).abs() <= SAID_WITHIN
    });
    let beside = facts.processes.rows.iter().any(|other| {
        other.instance == process.instance
            && other.process != process.process
            && other.first_at <= last_at
            && other.last_at > last_at
    });
    if orderly || beside || last_at < facts.window.from {
        return None;
    }
    let next = facts
        .processes
        .rows
        .iter()
        .filter(|other| {
            other.instance == process.instance && other.first_at >= last_at && other.process != process.process
        })
        .map(|other| other.first_at)
        .min();
    let until = next.unwrap_or(facts.window.to);
    if until - last_at < LEAST_SILENCE || to_seconds(until - last_at) < UNUSUAL * usual_s(process) {
        return None;
    }
    let others: Vec<&Process> = facts
        .processes
        .rows
        .iter()
        .filter(|other| {
            other.instance != process.instance
                && other.first_at < last_at
                && other.last_at >= (last_at + LEAST_SILENCE).min(until)
        })
        .collect();
    let open = mid_request(scene, &process.instance, last_at);
    // Nobody else works, it never comes back, and nothing was open: that is how a quiet night looks, too.
    if others.is_empty() && next.is_none() && open == 0 {
        return None;
    }
    // Alone, an end with a later start is a stop for want of traffic as well; something must have been open or lost.
    let lost = scene.episodes.iter().any(|episode| {
        episode.instance == process.instance
            && episode.first_at <= last_at
            && last_at - episode.first_at <= LEAST_SILENCE
    });
    if others.is_empty() && open == 0 && !lost {
        return None;
    }
    let mut found = vec![evidence(
        Basis::Processes,
        format!(
            "the last record of {} is of {}, without a shutdown line; then nothing for {}",
            process.instance,
            clock(last_at),
            duration(to_seconds(until - last_at))
        ),
        "processes",
        1,
        Vec::new(),
    )];
    if !others.is_empty() {
        found.push(evidence(
            Basis::Succeeded,
            format!(
                "other instances went on meanwhile ({})",
                counted(others.len() as u64, "machine")
            ),
            "processes",
            others.len(),
            Vec::new(),
        ));
    }
    if open > 0 {
        found.push(evidence(
            Basis::Hung,
            format!("{} stood open when it fell silent", counted(open as u64, "request")),
            "hangs",
            open,
            Vec::new(),
        ));
    }
    if lost {
        found.push(evidence(
            Basis::LogLines,
            format!("its {} had just lost its connection", scene.profile.listener.name),
            "lifecycle",
            1,
            Vec::new(),
        ));
    }
    if let Some(next) = next {
        found.push(evidence(
            Basis::Processes,
            format!("it had to be started again, at {}", clock(next)),
            "processes",
            1,
            Vec::new(),
        ));
    }
    let from = scene
        .episodes
        .iter()
        .filter(|episode| lost && episode.instance == process.instance && episode.first_at <= last_at)
        .map(|episode| episode.first_at)
        .max()
        .unwrap_or(last_at);
    Some(Matched {
        summary: format!(
            "{} emitted nothing from {} on, without a shutdown, while it was expected to",
            process.instance,
            clock(last_at)
        ),
        evidence: found,
        from,
        to: next,
        instances: vec![process.instance.clone()],
    })
}

/// The mean distance of its records, seconds: a worker that has little to do says little.
fn usual_s(process: &Process) -> f64 {
    #[allow(clippy::cast_precision_loss)] // counts of records
    let records = process.lines.max(1) as f64;
    to_seconds(process.last_at - process.first_at) / records
}

fn mid_request(scene: &Scene<'_>, instance: &str, at: DateTime<Utc>) -> usize {
    let open = scene.facts.hangs.rows.iter().filter(|hang| {
        hang.instance == instance && hang.started_at <= at && matches!(hang.fate, Fate::Died(_) | Fate::InFlight)
    });
    open.count()
}

/// A pause of everything that ends with a burst: the clients had gone on.
fn caught_up(scene: &Scene<'_>, gap: &Gap) -> Option<Matched> {
    let facts = scene.facts;
    if gap.after_at - gap.before_at < LEAST_SILENCE / 2 || gap.after_at >= facts.window.to {
        return None;
    }
    let buckets = &facts.traffic.rows;
    let mut usual: Vec<u64> = buckets
        .iter()
        .filter(|bucket| bucket.at < gap.before_at)
        .map(|bucket| bucket.requests)
        .collect();
    usual.sort_unstable();
    let median = usual.get(usual.len() / 2).copied()?.max(1);
    let bucket_at = buckets
        .iter()
        .filter(|bucket| bucket.at <= gap.after_at)
        .max_by_key(|bucket| bucket.at)?
        .at;
    let after = buckets
        .iter()
        .filter(|bucket| bucket.at >= bucket_at)
        .take(2)
        .map(|bucket| bucket.requests)
        .max()?;
    let open = facts
        .hangs
        .rows
        .iter()
        .filter(|hang| hang.started_at <= gap.before_at && hang.ended_at().is_none_or(|end| end >= gap.after_at))
        .count();
    #[allow(clippy::cast_precision_loss)] // counts of requests in a bucket
    if open == 0 || (after as f64) < BURST_FACTOR * median as f64 {
        return None;
    }
    let instances: Vec<String> = {
        let mut names: Vec<String> = facts
            .hangs
            .rows
            .iter()
            .filter(|hang| hang.started_at <= gap.before_at)
            .map(|hang| hang.instance.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    };
    Some(Matched {
        summary: format!(
            "nothing was emitted from {} to {}, then clients came back in a burst",
            clock(gap.before_at),
            clock(gap.after_at)
        ),
        evidence: vec![
            evidence(
                Basis::Traffic,
                format!(
                    "no record begins between {} and {}",
                    clock(gap.before_at),
                    clock(gap.after_at)
                ),
                "gaps",
                1,
                Vec::new(),
            ),
            evidence(
                Basis::Hung,
                format!("{} stood open all the while", counted(open as u64, "request")),
                "hangs",
                open,
                Vec::new(),
            ),
            evidence(
                Basis::Traffic,
                format!(
                    "{} in the first bucket after it, {median} as a rule: clients that try again",
                    counted(after, "request")
                ),
                "traffic",
                usize::try_from(after).unwrap_or(usize::MAX),
                Vec::new(),
            ),
        ],
        from: gap.before_at,
        to: Some(gap.after_at),
        instances,
    })
}
