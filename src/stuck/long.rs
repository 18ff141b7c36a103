//! Requests that last long and are no hangs: told apart, in few lines for people, one by one for scripts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::microseconds;
use crate::facts::{Long, Nature, to_seconds};
use crate::report::Note;
use crate::schema::Time;
use crate::words;

/// Kinds that have a line of their own.
const MOST_LINES: usize = 4;

/// Why it is no hang, in a few words.
fn why(long: &Long) -> String {
    match &long.nature {
        Nature::Named => String::from("long-lived by the profile"),
        Nature::WebSocket => String::from("a WebSocket"),
        Nature::Call => format!("waits on a call: {}", long.call.as_deref().unwrap_or("unnamed")),
        Nature::Route { lasted, count } => {
            format!(
                "its route usually lasts: {} of {} did",
                words::grouped(*lasted),
                words::grouped(*count)
            )
        }
        Nature::Unknown => String::from("long, cause not recorded"),
    }
}

/// One line a kind, the most frequent first.
pub(super) fn notes(all: &[&Long], now: DateTime<Utc>) -> Vec<Note> {
    let mut kinds: BTreeMap<(&str, String), Vec<f64>> = BTreeMap::new();
    for long in all {
        let kind = (long.request.span_name.as_str(), why(long));
        kinds.entry(kind).or_default().push(long.request.length_s(now));
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let rest: usize = kinds.iter().skip(MOST_LINES).map(|(_, lengths)| lengths.len()).sum();
    let line = |((name, why), lengths): &((&str, String), Vec<f64>)| {
        let (shortest, longest) = lengths.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), length| {
            (low.min(*length), high.max(*length))
        });
        let many = words::grouped(lengths.len() as u64);
        format!(
            "long and no hang: {many} x {name}, {} ({why})",
            words::range(shortest, longest)
        )
    };
    let mut lines: Vec<Note> = kinds.iter().take(MOST_LINES).map(line).map(Note::from).collect();
    if rest > 0 {
        lines.push(Note::from(format!(
            "long and no hang: {rest} more of other kinds; --format json has all"
        )));
    }
    lines
}

/// A request that lasts long and is no hang.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Long")]
pub(super) struct LongDocument<'a> {
    start: Time,
    span_name: &'a str,
    /// From its start to the end of the window.
    age_s: f64,
    /// Null while in progress.
    duration_s: Option<f64>,
    in_progress: bool,
    /// Null while in progress.
    failed: Option<bool>,
    /// For people.
    why: String,
    instance: &'a str,
    trace_id: &'a str,
    span_id: &'a str,
}

impl<'a> LongDocument<'a> {
    pub(super) fn of(long: &'a Long, now: DateTime<Utc>) -> Self {
        let request = &long.request;
        Self {
            start: Time(request.started_at),
            span_name: &request.span_name,
            age_s: microseconds(to_seconds(now - request.started_at)),
            duration_s: request.duration_s(),
            in_progress: request.in_flight(),
            failed: request.duration_s().map(|_| request.failed()),
            why: why(long),
            instance: &request.instance,
            trace_id: &request.trace_id,
            span_id: &request.span_id,
        }
    }
}
