//! Bursts of failures, an empty pool among them, and stretches of slow statements.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::{BUCKETS, Entry, EntryKind, Scene};
use crate::facts::{Bucket, ErrorBurst, Facts};
use crate::report::Severity;
use crate::words::{self, counted};

/// Kinds of error that have rows of their own; the rest is one row.
const SHOWN: usize = 6;
/// Room for an error in the event column.
const ERROR_WIDTH: usize = 110;
/// Fewer slow statements in a bucket than this are chance.
const LEAST_SLOW_STATEMENTS: u64 = 5;
/// Buckets on either side that help to tell.
const NEIGHBOURS: usize = 5;
/// Buckets in between that had too few statements to tell do not end a slow stretch.
const SLOW_PAUSE: TimeDelta = TimeDelta::seconds(60);

/// Size and overflow of the pool that an error says is empty.
pub(super) fn empty_pool(error: &str) -> Option<(u64, u64)> {
    let limits = crate::error_text::pool_limits(error)?;
    Some((limits.size, limits.overflow))
}

pub(super) fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    // A request that hung and then failed is told by its own row.
    let mut bursts: Vec<&ErrorBurst> = scene
        .facts
        .errors
        .rows
        .iter()
        .filter(|burst| burst.traces > burst.hung)
        .collect();
    // Most traces first; what stands for several bursts has no row of its own.
    bursts.sort_by_key(|burst| {
        let most = (Reverse(burst.requests), Reverse(burst.traces));
        (burst.bursts > 1, most, burst.first_at, burst.template.clone())
    });
    let (shown, folded) = bursts.split_at(bursts.iter().take(SHOWN).take_while(|burst| burst.bursts == 1).count());
    let mut entries: Vec<Entry> = shown.iter().map(|burst| told(scene, burst)).collect();
    match folded {
        [] => {}
        [one] if one.bursts == 1 => entries.push(told(scene, one)),
        [first, ..] => entries.push(more(first, folded)),
    }
    entries
}

fn told(scene: &Scene<'_>, burst: &ErrorBurst) -> Entry {
    let fast = burst.traces - burst.hung;
    let on = match &burst.instance {
        Some(instance) => scene.on(instance, burst.first_at),
        None => String::new(),
    };
    let error = words::error(&burst.sample, ERROR_WIDTH);
    let (kind, event) = match empty_pool(&burst.sample) {
        Some((size, overflow)) => (
            EntryKind::PoolExhausted,
            format!("connection pool empty (size {size}, overflow {overflow}){on}"),
        ),
        None if !burst.requests => (EntryKind::Errors, format!("{error}{on}")),
        None if burst.in_connect => (EntryKind::ConnectsFail, format!("database connects fail{on}: {error}")),
        None => {
            let who = match &burst.route {
                Some(route) => format!("{route} fails"),
                None => String::from("requests fail"),
            };
            (EntryKind::RequestsFail, format!("{who}{on}: {error}"))
        }
    };
    let severity = if burst.requests {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let mut entry = Entry::new(burst.first_at, kind, event, severity);
    entry.end = Some(burst.last_ended_at.max(burst.last_at));
    entry.duration = match (&burst.spread, burst.requests) {
        (Some(spread), true) => {
            let verb = if fast == 1 { "fails" } else { "fail" };
            format!(
                "{} {verb} after {}",
                counted(fast, "request"),
                words::spread(fast, spread)
            )
        }
        _ => counted(burst.traces, "time"),
    };
    entry.duration_s = burst.spread.map(|spread| (spread.min_s, spread.max_s));
    entry.count = fast;
    entry.instances = burst.instance.iter().cloned().collect();
    entry.trace_ids = burst.trace_id.iter().cloned().collect();
    entry
}

fn more(first: &ErrorBurst, folded: &[&ErrorBurst]) -> Entry {
    let start = folded
        .iter()
        .map(|burst| burst.first_at)
        .min()
        .unwrap_or(first.first_at);
    let traces: u64 = folded.iter().map(|burst| burst.traces - burst.hung).sum();
    let bursts: u64 = folded.iter().map(|burst| burst.bursts).sum();
    let critical = folded.iter().any(|burst| burst.requests);
    let severity = if critical {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let kind = if critical {
        EntryKind::RequestsFail
    } else {
        EntryKind::Errors
    };
    let event = format!("{} more bursts of errors", bursts);
    let mut entry = Entry::new(start, kind, event, severity);
    entry.end = folded.iter().map(|burst| burst.last_ended_at).max();
    entry.duration = counted(traces, "trace");
    entry.count = traces;
    entry.trace_ids = folded.iter().filter_map(|burst| burst.trace_id.clone()).collect();
    entry
}

/// A bucket in which most statements were slow: their median is over the limit, and they are enough to be no chance. Where
/// a bucket holds few its neighbours decide with it.
fn is_slow(buckets: &[&Bucket], place: usize) -> bool {
    let most = |slow: u64, all: u64| slow >= LEAST_SLOW_STATEMENTS && 2 * slow > all;
    let count = |some: &[&Bucket]| {
        let slow: u64 = some.iter().map(|bucket| bucket.statements_slow).sum();
        (slow, some.iter().map(|bucket| bucket.statements).sum::<u64>())
    };
    let Some(own) = buckets
        .get(place)
        .filter(|own| 2 * own.statements_slow > own.statements)
    else {
        return false;
    };
    let around = (0..=NEIGHBOURS).find_map(|width| {
        let near = buckets.get(place.saturating_sub(width)..(place + width + 1).min(buckets.len()))?;
        let (slow, all) = count(near);
        (all >= 2 * LEAST_SLOW_STATEMENTS).then(|| most(slow, all))
    });
    most(own.statements_slow, own.statements) || around.unwrap_or(false)
}

/// Stretches in which most statements of a service were slow.
pub(crate) struct SlowStretches<'a> {
    pub stretches: Vec<Vec<&'a Bucket>>,
    /// The median of the other buckets, else of the lookback, seconds.
    pub usual_s: Option<f64>,
    /// The last one goes on at the end of the window.
    pub goes_on: bool,
}

/// Finds them, service by service: one that is fast says nothing of another.
pub(crate) fn slow_stretches(facts: &Facts) -> Vec<SlowStretches<'_>> {
    let services: BTreeSet<&str> = facts
        .traffic
        .rows
        .iter()
        .map(|bucket| bucket.service.as_str())
        .collect();
    services.into_iter().map(|service| slow_in(facts, service)).collect()
}

fn slow_in<'a>(facts: &'a Facts, service: &'a str) -> SlowStretches<'a> {
    let own = facts.traffic.rows.iter().filter(|bucket| bucket.service == service);
    let mut buckets: Vec<&Bucket> = own.collect();
    buckets.sort_by_key(|bucket| bucket.at);
    let places = 0..buckets.len();
    let (slow, others): (Vec<usize>, Vec<usize>) = places.partition(|place| is_slow(&buckets, *place));
    let of = |places: Vec<usize>| places.into_iter().filter_map(|place| buckets.get(place).copied());
    let usual_s = median(of(others).filter_map(|bucket| bucket.statements_p50_s))
        .or_else(|| buckets.iter().find_map(|bucket| bucket.usual_before_s));
    let pause = (facts.window.length() / BUCKETS * 2).max(SLOW_PAUSE);
    let slow: Vec<&Bucket> = of(slow).collect();
    let stretches: Vec<Vec<&Bucket>> = slow.chunk_by(|a, b| b.at - a.at <= pause).map(<[_]>::to_vec).collect();
    let last = stretches.last().and_then(|stretch| stretch.last());
    let goes_on = last
        .and_then(|bucket| bucket.slow_between)
        .is_some_and(|(_, end)| facts.window.to - end <= pause);
    SlowStretches {
        stretches,
        usual_s,
        goes_on,
    }
}

pub(super) fn slow_statements(scene: &Scene<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for slow in slow_stretches(scene.facts) {
        let stretches = slow.stretches.iter();
        entries.extend(stretches.filter_map(|stretch| slow_stretch(stretch, slow.usual_s)));
        if let Some(last) = entries.last_mut().filter(|_| slow.goes_on) {
            last.in_progress = true;
            last.end = None;
        }
    }
    entries
}

fn slow_stretch(stretch: &[&Bucket], usual: Option<f64>) -> Option<Entry> {
    let (first_at, _) = stretch.first()?.slow_between?;
    let (_, last_at) = stretch.last()?.slow_between?;
    let medians = || stretch.iter().filter_map(|bucket| bucket.statements_p50_s);
    let spreads = || stretch.iter().filter_map(|bucket| bucket.statements_spread);
    let said = words::range(medians().reduce(f64::min)?, medians().reduce(f64::max)?);
    let mut entry = Entry::new(
        first_at,
        EntryKind::StatementsSlow,
        "statements slow",
        Severity::Warning,
    );
    entry.end = Some(last_at);
    entry.duration = match usual {
        Some(usual) => format!("medians {said} (else {})", words::duration(usual)),
        None => format!("medians {said}"),
    };
    let shortest = spreads().map(|spread| spread.min_s).reduce(f64::min);
    entry.duration_s = shortest.zip(spreads().map(|spread| spread.max_s).reduce(f64::max));
    entry.count = stretch.iter().map(|bucket| bucket.statements_slow).sum();
    entry.trace_ids = stretch
        .iter()
        .filter_map(|bucket| bucket.trace_id.clone())
        .take(3)
        .collect();
    Some(entry)
}

/// The middle value; of an even number the lower of the two.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_pool_is_known_by_its_numbers() {
        let text = "QueuePool limit of size 10 overflow 5 reached, connection timed out, timeout 30.00";
        assert_eq!(empty_pool(text), Some((10, 5)));
        assert_eq!(empty_pool("deadlock detected"), None);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median(std::iter::empty()), None);
    }
}
