//! What hangs or hung, and what each waits on: facts -> the answer in one line, longest first. Pure.
//!
//! A checkout covers the wait for the pool and the new connection alike. It is told by the pool's own error, or, while
//! it is open, by its age: a pool gives up after its timeout, so a longer wait is a connect that does not come.

mod report;

pub use report::{Context, to_report};

use chrono::TimeDelta;
use serde::Serialize;

use crate::facts::stuck::{Hung, Role, StuckFacts};
use crate::profile::Settings;
use crate::report::{Outcome, Severity};
use crate::words;

/// A pool gives up a moment after its timeout: its error was seen 10 to 50 ms late, and up to half a second under load.
const POOL_TIMEOUT_SLACK: TimeDelta = TimeDelta::seconds(1);
/// What took less than half of a request does not explain why it hung.
const EXPLAINING_SHARE: f64 = 0.5;
/// A process that emitted something so lately is alive; the oldest of in-flight spans say nothing about it.
const ALIVE_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// What a hanging request waits on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitingOn {
    /// A connection from the pool, which has none to give.
    Pool,
    /// A checkout: a new connection, or the pre-ping of an old one.
    Connect,
    /// SQL.
    Statement,
    /// Another service.
    External,
    /// No record tells.
    Unknown,
}

impl WaitingOn {
    /// As in "waiting on connect".
    pub fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Connect => "connect",
            Self::Statement => "statement",
            Self::External => "external",
            Self::Unknown => "unknown",
        }
    }
}

/// One of them, judged.
#[derive(Debug, Clone)]
pub struct Stuck<'a> {
    /// The facts.
    pub span: &'a Hung,
    /// What it waits on.
    pub waiting_on: WaitingOn,
    /// Until its end, its process's death or the window's end; seconds.
    pub waited_s: f64,
    /// Proven, disproven, or not known.
    pub died_with_process: Option<bool>,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// The first line.
    pub headline: String,
    /// How bad it is.
    pub severity: Severity,
    /// For the exit code.
    pub outcome: Outcome,
    /// Longest first.
    pub spans: Vec<Stuck<'a>>,
}

/// Judges what hangs.
pub fn stuck<'a>(facts: &'a StuckFacts, profile: &Settings) -> Answer<'a> {
    let now = facts.window.to;
    let mut spans: Vec<Stuck<'a>> = facts
        .spans
        .rows
        .iter()
        .map(|span| Stuck {
            span,
            waiting_on: waiting_on(span, facts, profile),
            waited_s: span.waited_s(now),
            died_with_process: died(span, facts),
        })
        .collect();
    spans.sort_by(|a, b| {
        let place = |s: &Stuck<'_>| (s.span.started_at, s.span.span_id.clone());
        b.waited_s.total_cmp(&a.waited_s).then_with(|| place(a).cmp(&place(b)))
    });
    let (headline, severity, outcome) = headline(&spans, facts, profile);
    Answer {
        headline,
        severity,
        outcome,
        spans,
    }
}

/// What a span waits on, or waited on the longest.
fn waiting_on(span: &Hung, facts: &StuckFacts, profile: &Settings) -> WaitingOn {
    if span.pool_timed_out {
        return WaitingOn::Pool;
    }
    let (role, started_at, duration_s) = match (span.role, span.leaf) {
        (Role::Request, Some(leaf)) => (leaf.role, leaf.started_at, leaf.duration_s),
        (Role::Request, None) => return WaitingOn::Unknown,
        (own, _) => (own, span.started_at, span.duration_s),
    };
    if let (Some(whole), Some(part)) = (span.duration_s, duration_s)
        && part < EXPLAINING_SHARE * whole
    {
        return WaitingOn::Unknown;
    }
    match role {
        Role::Request => WaitingOn::Unknown,
        Role::Statement => WaitingOn::Statement,
        Role::External => WaitingOn::External,
        Role::Connect if duration_s.is_none() => {
            // A process dies between its last record and the proof: the former says how long the checkout waited at least.
            let until = match (span.died_at, span.process_last_at) {
                (Some(died), last) => last.map_or(died, |at| at.clamp(started_at, died.max(started_at))),
                (None, _) => facts.window.to,
            };
            let longest = profile.pool.timeout + POOL_TIMEOUT_SLACK;
            let others_gave_up = span
                .pool_timeout_at
                .is_some_and(|at| at >= started_at - profile.pool.timeout);
            if until - started_at <= longest && others_gave_up {
                WaitingOn::Pool
            } else {
                WaitingOn::Connect
            }
        }
        Role::Connect => WaitingOn::Connect,
    }
}

/// Without proof, a process that lately emitted something is alive, and a silent one may be frozen or dead.
fn died(span: &Hung, facts: &StuckFacts) -> Option<bool> {
    if span.duration_s.is_some() {
        return Some(false);
    }
    if span.died_at.is_some() {
        return Some(true);
    }
    let alive = span
        .process_last_at
        .is_some_and(|at| facts.window.to - at <= ALIVE_WITHIN);
    alive.then_some(false)
}

fn headline(spans: &[Stuck<'_>], facts: &StuckFacts, profile: &Settings) -> (String, Severity, Outcome) {
    let open: Vec<&Stuck<'_>> = spans.iter().filter(|s| s.span.in_flight()).collect();
    let hang_after_s = crate::facts::to_seconds(profile.hang_after);
    let ended: Vec<&Stuck<'_>> = spans.iter().filter(|s| s.span.duration_s.is_some()).collect();
    let died: Vec<&Stuck<'_>> = spans.iter().filter(|s| s.span.died_at.is_some()).collect();
    let hung: Vec<&Stuck<'_>> = spans
        .iter()
        .filter(|s| !s.span.in_flight() && s.waited_s > hang_after_s)
        .collect();
    if let Some(longest) = open.first() {
        let one = open.len() == 1;
        let mut text = format!(
            "{}{} {} hanging now, {} {}, {}",
            if facts.spans.not_known.is_some() {
                "at least "
            } else {
                ""
            },
            noun(&open),
            if one { "is" } else { "are" },
            if one { "for" } else { "the longest for" },
            words::duration(longest.waited_s),
            waits(&open, "waiting")
        );
        for (some, what) in [(&ended, "hung and ended"), (&died, "died with their process")] {
            if !some.is_empty() {
                text.push_str(&format!("; {} {what}", words::grouped(some.len() as u64)));
            }
        }
        return (text, Severity::Critical, Outcome::Incident);
    }
    let missing = facts.not_known();
    if spans.is_empty() || !missing.is_empty() {
        let records: u64 = facts.bounds.rows.iter().map(|bounds| bounds.records).sum();
        let why = match missing.first() {
            Some((section, why)) => Some(format!("{section} is not known: {why}")),
            None if records == 0 => Some(no_records(facts)),
            None => None,
        };
        if let (Some(why), true) = (&why, hung.is_empty()) {
            return (format!("inconclusive: {why}"), Severity::Warning, Outcome::Inconclusive);
        }
        if spans.is_empty() {
            let text = format!(
                "nothing hangs: none of {} lasted longer than {} or is in flight for more than {}",
                words::counted(records, "record"),
                words::duration(hang_after_s),
                words::duration(crate::facts::to_seconds(profile.in_flight_after))
            );
            return (text, Severity::Ok, Outcome::Fine);
        }
    }
    match hung.first() {
        Some(longest) => {
            let mut text = format!(
                "nothing hangs now; {} hung, {} {}, {}",
                noun(&hung),
                if hung.len() == 1 { "for" } else { "the longest for" },
                words::duration(longest.waited_s),
                waits(&hung, "waiting")
            );
            if !died.is_empty() {
                text.push_str(&format!("; {} died with their process", noun(&died)));
            }
            (text, Severity::Warning, Outcome::Incident)
        }
        None => {
            let longest = spans.first().map_or(0.0, |s| s.waited_s);
            let text = format!(
                "nothing hangs; {} died with {} process after {}{}",
                noun(&died),
                if died.len() == 1 { "its" } else { "their" },
                if died.len() == 1 { "" } else { "at most " },
                words::duration(longest)
            );
            (text, Severity::Info, Outcome::Fine)
        }
    }
}

/// Why there is nothing to judge, with what the filters left out.
fn no_records(facts: &StuckFacts) -> String {
    let bounds = facts.bounds.rows.first();
    match bounds {
        Some(bounds) if bounds.records_unfiltered > 0 => format!(
            "no record passes the filters; there are {}, environments: {}; services: {}",
            words::counted(bounds.records_unfiltered, "other record"),
            bounds.environments.as_deref().unwrap_or("none"),
            bounds.services.as_deref().unwrap_or("none"),
        ),
        _ => String::from("there are no records in the window"),
    }
}

fn noun(spans: &[&Stuck<'_>]) -> String {
    let requests = spans.iter().all(|s| s.span.role == Role::Request);
    words::counted(spans.len() as u64, if requests { "request" } else { "operation" })
}

/// "all waiting on connect", or how many wait on what, the most first.
fn waits(spans: &[&Stuck<'_>], verb: &str) -> String {
    let mut counts: Vec<(usize, WaitingOn)> = Vec::new();
    for span in spans {
        match counts.iter_mut().find(|(_, on)| *on == span.waiting_on) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, span.waiting_on)),
        }
    }
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let said = |on: WaitingOn| match on {
        WaitingOn::Unknown => format!("{verb} on something that no record tells"),
        on => format!("{verb} on {}", on.name()),
    };
    match counts.as_slice() {
        [(1, on)] => said(*on),
        [(_, on)] => format!("all {}", said(*on)),
        several => {
            let parts: Vec<String> = several
                .iter()
                .map(|(count, on)| format!("{count} on {}", on.name()))
                .collect();
            format!("{verb} {}", parts.join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
