//! Claims: what speaks for a conclusion, each in a sentence with its numbers, the query that shows it and traces to open.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::scene::failed;
use crate::episodes::Hanging;
use crate::facts::{ErrorBurst, Run, asked_by};
use crate::words::{counted, range};

/// Traces named beside a claim.
const MOST_TRACES: usize = 5;
/// Traces of successes named beside a claim: one is like the other.
const MOST_SUCCESSES: usize = 3;

/// The records that an observation rests on. What is said twice of the same ones is one piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = crate::schema::grows)]
pub enum Basis {
    /// Operations that hung, or have no end.
    Hung,
    /// Requests that hold what others wait for.
    Held,
    /// Requests that failed.
    Failed,
    /// What succeeded beside them or before, or should have.
    Succeeded,
    /// Statements that ran, or did not.
    Statements,
    /// What the listener and the processes logged of themselves.
    LogLines,
    /// First and last records of processes.
    Processes,
    /// Pauses and bursts of everything.
    Traffic,
    /// Work that was queued.
    Queued,
    /// Runs of such work.
    Runs,
}

/// One observation that speaks for a conclusion.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Claim {
    /// What it rests on.
    pub basis: Basis,
    /// In a sentence, with its numbers.
    #[serde(rename = "claim")]
    pub text: String,
    /// The query of the catalogue that shows it.
    pub query: &'static str,
    /// How many spans, traces or lines it rests on.
    pub count: u64,
    /// Some of their traces.
    pub trace_ids: Vec<String>,
}

/// A claim that rests on so many spans, traces or lines; `traces` are some of theirs.
pub(super) fn claim(
    basis: Basis,
    text: impl Into<String>,
    query: &'static str,
    count: u64,
    trace_ids: Vec<String>,
) -> Claim {
    Claim {
        basis,
        text: text.into(),
        query: asked_by(query),
        count,
        trace_ids,
    }
}

/// What these hangs show.
pub(super) fn of_hangs(text: impl Into<String>, hangs: &[Hanging<'_>]) -> Claim {
    let traces = hangs.iter().map(|hang| hang.trace_id.clone()).take(MOST_TRACES);
    claim(Basis::Hung, text, "hangs", hangs.len() as u64, traces.collect())
}

/// "3 requests hung 5-7 min <where>", if any did.
pub(super) fn hung(hangs: &[Hanging<'_>], now: DateTime<Utc>, whereabouts: &str) -> Option<Claim> {
    let many = counted(hangs.len() as u64, "request");
    let text = format!("{many} hung {} {whereabouts}", lengths(hangs, now));
    (!hangs.is_empty()).then(|| of_hangs(text, hangs))
}

/// "3 requests failed <how>", if any did.
pub(super) fn failures(bursts: &[&ErrorBurst], how: &str) -> Option<Claim> {
    let text = format!("{} failed {how}", counted(failed(bursts), "request"));
    (!bursts.is_empty()).then(|| of_failures(text, bursts))
}

/// What these failures show.
pub(super) fn of_failures(text: impl Into<String>, bursts: &[&ErrorBurst]) -> Claim {
    let traces = bursts.iter().filter_map(|burst| burst.trace_id.clone());
    claim(
        Basis::Failed,
        text,
        "errors",
        failed(bursts),
        traces.take(MOST_TRACES).collect(),
    )
}

/// What so many checkouts of these runs show.
pub(super) fn of_successes(text: impl Into<String>, runs: &[&Run], count: u64) -> Claim {
    let traces = runs.iter().filter_map(|run| run.trace_id.clone());
    claim(
        Basis::Succeeded,
        text,
        "runs",
        count,
        traces.take(MOST_SUCCESSES).collect(),
    )
}

/// From the shortest to the longest of these, as a person says it; "so far" if one of them still hangs.
pub(super) fn lengths(hangs: &[Hanging<'_>], now: DateTime<Utc>) -> String {
    let all = || hangs.iter().map(|hang| hang.length_s(now));
    let range = range(all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    if hangs.iter().any(|hang| hang.in_flight()) {
        format!("{range} so far")
    } else {
        range
    }
}
