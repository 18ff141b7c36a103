//! The checks of a process: what it holds in flight, how often it starts, its listener, its silence.

use chrono::{DateTime, Utc};

use super::super::check::{Check, Verdict};
use super::super::{Instance, STARTUP, Scene};
use super::{check, clock};
use crate::episodes::UNUSUAL_SPACING;
use crate::facts::health::Life;
use crate::facts::to_seconds;
use crate::words::{counted, duration, grouped};

/// Silence is worth a word from here on, if it is out of the ordinary as well: below, traffic alone explains it.
const SHORTEST_SILENCE_S: f64 = 60.0;

pub(super) fn in_flight(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
    let limit = duration(to_seconds(scene.profile.in_flight_after));
    let required = format!("none for more than {limit}");
    let open = scene.open(instance, true);
    let longest = open.iter().min_by_key(|span| (span.started_at, &span.span_id));
    let name = Some(instance.name);
    if let Some(longest) = longest {
        let requests = open.iter().all(|span| span.is_request());
        let some = counted(open.len() as u64, if requests { "request" } else { "operation" });
        let age = scene.ago(longest.started_at);
        let detail = match open.len() {
            1 => format!("{} is in flight for {age}", longest.span_name),
            _ => format!("{some} are in flight, the longest for {age} ({})", longest.span_name),
        };
        return check("in_flight", name, Verdict::Fail, detail)
            .seen(format!("{}, longest {age}", grouped(open.len() as u64)), required)
            .with("in_flight", open.len())
            .with("longest_s", to_seconds(scene.now - longest.started_at));
    }
    if let Some(why) = &scene.episodes.facts.hangs.not_known {
        let detail = format!("what is in flight is not known: {why}");
        return check("in_flight", name, Verdict::Inconclusive, detail).seen("not known", required);
    }
    let detail = format!(
        "nothing is in flight for more than {limit}, looked for since {}",
        clock(scene.health.lookback_from)
    );
    check("in_flight", name, Verdict::Pass, detail)
        .seen("0", required)
        .with("in_flight", 0)
}

pub(super) fn restarts(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
    let limit = &scene.profile.verify;
    let within = duration(to_seconds(limit.starts_within));
    let outcome = if instance.starts > limit.max_starts {
        Verdict::Fail
    } else {
        Verdict::Pass
    };
    let detail = match (outcome, instance.starts) {
        (Verdict::Fail, n) => format!("it started {} within {within}: a crash loop", counted(n, "time")),
        (_, 0) => format!("it did not start within {within}"),
        (_, n) => format!("it started {} within {within}", counted(n, "time")),
    };
    check("restarts", Some(instance.name), outcome, detail)
        .seen(
            grouped(instance.starts),
            format!("at most {} in {within}", limit.max_starts),
        )
        .with("starts", instance.starts)
}

/// `None` for an application without a listener.
pub(super) fn listener(scene: &Scene<'_>, instance: &Instance<'_>) -> Option<Check> {
    let names = &scene.profile.listener;
    if names.connected.is_empty() {
        return None;
    }
    let verdicts = instance.current.iter().map(|life| listener_of(scene, instance, life));
    let (outcome, detail, observed) = verdicts.max_by_key(|(outcome, ..)| *outcome)?;
    Some(check("listener", Some(instance.name), outcome, detail).seen(observed, "newest event: connected"))
}

fn listener_of(scene: &Scene<'_>, instance: &Instance<'_>, life: &Life) -> (Verdict, String, String) {
    let name = &scene.profile.listener.name;
    match (life.connected_at, life.trouble, instance.started_at) {
        (before, Some((first, last)), _) => {
            let before = before
                .map(|at| format!(", connected before at {}", clock(at)))
                .unwrap_or_default();
            let detail = format!(
                "{name} is in trouble since {} (last sign at {}){before}",
                clock(first),
                clock(last)
            );
            (Verdict::Fail, detail, format!("trouble at {}", clock(last)))
        }
        (Some(at), None, _) => (
            Verdict::Pass,
            format!("{name} connected at {}, no loss since", clock(at)),
            format!("connected at {}", clock(at)),
        ),
        (None, None, None) => {
            let since = clock(life.first_at);
            let detail = format!("{name}: no loss seen since {since}; its process is older than the evidence");
            (Verdict::Pass, detail, format!("no loss since {since}"))
        }
        (None, None, Some(started)) if scene.now - started <= STARTUP => (
            Verdict::Inconclusive,
            format!(
                "{name} has not connected yet: its process began {} ago",
                scene.ago(started)
            ),
            String::from("starting"),
        ),
        (None, None, Some(started)) => (
            Verdict::Fail,
            format!("{name} never connected since its process began at {}", clock(started)),
            String::from("never connected"),
        ),
    }
}

/// Silence may be a quiet night, a process that froze or one that is gone: it is never a failure by itself.
pub(super) fn freshness(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
    let last_at = instance.last_at();
    let silence_s = to_seconds(scene.now - last_at).max(0.0);
    let seconds = instance
        .current
        .iter()
        .map(|life| life.active_seconds)
        .max()
        .unwrap_or(0);
    let length_s = to_seconds(last_at - instance.first_at()).max(0.0);
    #[allow(clippy::cast_precision_loss)] // at most the seconds of the lookback
    let spacing_s = if seconds > 1 {
        length_s / (seconds - 1) as f64
    } else {
        0.0
    };
    let allowed_s = SHORTEST_SILENCE_S.max(UNUSUAL_SPACING * spacing_s);
    let (age, usual, allowed) = (duration(silence_s), duration(spacing_s), duration(allowed_s));
    let (outcome, detail) = if silence_s <= allowed_s {
        (Verdict::Pass, format!("its last record is {age} old"))
    } else {
        let detail = format!("its last record is {age} old, and one came every {usual} before: quiet, frozen or gone");
        (Verdict::Inconclusive, detail)
    };
    check("freshness", Some(instance.name), outcome, detail)
        .seen(format!("{age} ago"), format!("within {allowed}"))
        .with("silence_s", silence_s)
        .with("allowed_s", allowed_s)
}

/// The demand of `--restarted-after`.
pub(in crate::verify) fn restarted(instance: &Instance<'_>, after: DateTime<Utc>) -> Check {
    let name = instance.name;
    let first = instance.first_at();
    let required = format!("started after {}", clock(after));
    let (outcome, detail, observed) = match instance.started_at {
        _ if instance.stopped_at.is_some() => (
            Verdict::Fail,
            format!("{name} stopped and has not started again since {}", clock(after)),
            String::from("stopped"),
        ),
        Some(at) if at > after => (
            Verdict::Pass,
            format!("its process began at {}", clock(at)),
            format!("started at {}", clock(at)),
        ),
        _ if first <= after => (
            Verdict::Fail,
            format!(
                "{name} was not restarted after {}: its process {} ran already at {}",
                clock(after),
                instance.newest.process,
                clock(first)
            ),
            format!("running at {}", clock(first)),
        ),
        _ => (
            Verdict::Inconclusive,
            format!(
                "{name}: the start of its process was not seen, its first record is of {}",
                clock(first)
            ),
            String::from("start not seen"),
        ),
    };
    check("restarted", Some(name), outcome, detail).seen(observed, required)
}
