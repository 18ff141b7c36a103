//! Rows of bursts of failures, an empty pool among them.

use std::cmp::Reverse;

use super::{Entry, EntryKind};
use crate::episodes::Episodes;
use crate::error_text::pool_limits;
use crate::facts::ErrorBurst;
use crate::report::Severity;
use crate::words::{self, counted};

/// Kinds of error that have rows of their own; the rest is one row.
const SHOWN: usize = 6;
/// Room for an error in the event column.
const ERROR_WIDTH: usize = 110;

pub(super) fn entries(episodes: &Episodes<'_>) -> Vec<Entry> {
    // A request that hung and then failed is told by its own row.
    let mut bursts: Vec<&ErrorBurst> = episodes
        .facts
        .errors
        .rows
        .iter()
        .filter(|burst| burst.traces > burst.hung && !burst.survived)
        .collect();
    // Most traces first; what stands for several bursts has no row of its own.
    bursts.sort_by_key(|burst| {
        let most = (Reverse(burst.requests), Reverse(burst.traces));
        (burst.bursts > 1, most, burst.first_at, burst.template.clone())
    });
    let (shown, folded) = bursts.split_at(bursts.iter().take(SHOWN).take_while(|burst| burst.bursts == 1).count());
    let mut entries: Vec<Entry> = shown.iter().map(|burst| told(episodes, burst)).collect();
    match folded {
        [] => {}
        [one] if one.bursts == 1 => entries.push(told(episodes, one)),
        [first, ..] => entries.push(more(first, folded)),
    }
    entries
}

/// Errors that their requests survived, in one line.
pub(super) fn notes(episodes: &Episodes<'_>) -> Option<String> {
    let mut bursts: Vec<&ErrorBurst> = episodes.recovered().collect();
    bursts.sort_by_key(|burst| (Reverse(burst.traces), burst.template.clone(), burst.first_at));
    let all: u64 = bursts.iter().map(|burst| burst.traces).sum();
    let most = words::error(&bursts.first()?.sample, ERROR_WIDTH);
    Some(format!(
        "recovered: {} had errors that their requests survived, most of them: {most}",
        counted(all, "trace")
    ))
}

fn told(episodes: &Episodes<'_>, burst: &ErrorBurst) -> Entry {
    let fast = burst.traces - burst.hung;
    let on = match &burst.instance {
        Some(instance) => episodes.on(instance, burst.first_at),
        None => String::new(),
    };
    let error = words::error(&burst.sample, ERROR_WIDTH);
    let (kind, event) = match pool_limits(&burst.sample) {
        Some(limits) => (
            EntryKind::PoolExhausted,
            format!(
                "connection pool empty (size {}, overflow {}){on}",
                limits.size, limits.overflow
            ),
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
            format!("{} {verb} after {}", counted(fast, "request"), spread.in_words(fast))
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
