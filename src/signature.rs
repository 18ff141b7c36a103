//! The registry of failure modes, and how several matches become one answer. Pure: facts and a profile's thresholds in,
//! a diagnosis out; it knows no rows, no format and no source.
//!
//! Confidence counts independent pieces of evidence, which rest on different records ([`Basis`]): three or more = high, two =
//! medium, one = low; one step lower if evidence that the signature needs could not be read.

mod advice;
mod budget;
mod contrast;
mod impact;
mod mode;
mod pool;
mod questions;
mod scene;
mod shape;
mod silence;

mod cold_start;
mod connection_leak;
mod crash_loop;
mod database_down;
mod database_unreachable;
mod dns_failure;
mod findings;
mod instance_silent;
mod listener_hang;
mod lock_contention;
mod partial_connect_hang;
mod pool_exhausted;
mod report;
mod slow_database;
mod worker_silent;

pub use advice::{advise, extent};
pub use mode::{FailureMode, Finding};
pub use report::{Findings, ReportContext, short, to_report};

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::facts::{ErrorBurst, Facts, Hang};
use crate::profile::Settings;
use scene::{Scene, failed, size, traces_in, traces_of};

/// What a person should know of a failure mode. Kept beside the rule, so that `explain` cannot drift from it.
#[derive(Debug, Clone, Copy)]
pub struct Documentation {
    /// What the records show.
    pub looks_like: &'static str,
    /// The mechanism.
    pub why: &'static str,
    /// What shows the same at first sight, and what tells them apart.
    pub confused_with: &'static str,
    /// First what ends it, then what keeps it from coming back.
    pub what_to_do: &'static str,
}

/// A failure mode: its name, its documentation, and the rule that recognises it.
pub struct Signature {
    /// The name.
    pub mode: FailureMode,
    /// In a few words.
    pub title: &'static str,
    /// For people.
    pub documentation: Documentation,
    /// Sections of evidence without which a "no" is worth nothing.
    needs: &'static [&'static str],
    judge: fn(&Scene<'_>) -> Verdict,
}

/// Every failure mode. The order decides between several matches: mechanisms before symptoms, and among mechanisms what
/// is told by a sign of its own before what is told by the absence of others.
pub const REGISTRY: &[Signature] = &[
    listener_hang::SIGNATURE,
    lock_contention::SIGNATURE,
    dns_failure::SIGNATURE,
    database_down::SIGNATURE,
    cold_start::SIGNATURE,
    partial_connect_hang::SIGNATURE,
    database_unreachable::SIGNATURE,
    connection_leak::SIGNATURE,
    crash_loop::SIGNATURE,
    worker_silent::SIGNATURE,
    instance_silent::SIGNATURE,
    slow_database::SIGNATURE,
    pool_exhausted::SIGNATURE,
];

/// The records that an observation rests on. What is said twice of the same ones is one piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Operations that hung, or have no end.
    Hung,
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

/// One observation that speaks for a match.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// What it rests on.
    pub basis: Basis,
    /// In a sentence, with its numbers.
    pub claim: String,
    /// The query of the catalogue that shows it.
    pub query: &'static str,
    /// How many spans, traces or lines it rests on.
    pub count: u64,
    /// Some of their traces.
    pub trace_ids: Vec<String>,
}

/// What a rule says.
enum Verdict {
    Matched(Matched),
    /// Why not.
    NotMatched(String),
    /// What it was not asked to look for, or cannot see here whatever came back.
    NotAssessed(String),
}

/// What a rule found.
struct Matched {
    /// One sentence for the person on call.
    summary: String,
    /// The first piece is the one that decides.
    evidence: Vec<Evidence>,
    /// From the first sign to the recovery; no end = it still goes on.
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
    instances: Vec<String>,
}

/// How sure the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One independent piece of evidence.
    Low,
    /// Two.
    Medium,
    /// Three or more.
    High,
}

impl Confidence {
    fn of(evidence: &[Evidence], all_known: bool) -> Self {
        let independent: BTreeSet<Basis> = evidence.iter().map(|piece| piece.basis).collect();
        match (independent.len(), all_known) {
            (3.., true) => Self::High,
            (3.., false) | (2, true) => Self::Medium,
            _ => Self::Low,
        }
    }

    /// As people and scripts read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A match, as it is told.
#[derive(Debug, Clone)]
pub struct Answer {
    /// A failure mode; `None` = the finding is the answer.
    pub failure_mode: Option<FailureMode>,
    /// What is no incident.
    pub finding: Option<Finding>,
    /// In a few words.
    pub title: String,
    /// By the stated rule.
    pub confidence: Confidence,
    /// The first sign.
    pub from: Option<DateTime<Utc>>,
    /// The recovery; `None` = not over, or no incident.
    pub to: Option<DateTime<Utc>>,
    /// One sentence.
    pub summary: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// The instances concerned.
    pub instances: Vec<String>,
}

/// The one answer, and what it is not.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The answer; `None` = inconclusive.
    pub answer: Option<Answer>,
    /// Other matches.
    pub also: Vec<Answer>,
    /// What does not fit, and why.
    pub ruled_out: Vec<(FailureMode, String)>,
    /// What could not be judged, and what was missing.
    pub not_assessed: Vec<(FailureMode, String)>,
    /// Why there is no answer.
    pub inconclusive: Option<String>,
}

impl Diagnosis {
    /// Whether something is wrong.
    pub fn incident(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.failure_mode.is_some())
    }
}

/// Judges every failure mode and gives one answer.
pub fn classify(facts: &Facts, profile: &Settings) -> Diagnosis {
    let scene = Scene::new(facts, profile);
    let missing = facts.not_known();
    let mut found = Vec::new();
    let (mut ruled_out, mut unjudged, mut unasked) = (Vec::new(), Vec::new(), Vec::new());
    for signature in REGISTRY {
        let lacks: Vec<&(&str, &str)> = missing
            .iter()
            .filter(|(name, _)| signature.needs.contains(name))
            .collect();
        match ((signature.judge)(&scene), lacks.first()) {
            (Verdict::Matched(matched), _) => found.push(answer(signature, matched, lacks.is_empty())),
            (Verdict::NotAssessed(why), _) => unasked.push((signature.mode, why)),
            (Verdict::NotMatched(_), Some((section, why))) => {
                unjudged.push((signature.mode, format!("{section}: {why}")));
            }
            // Where nothing is recorded nothing is ruled out.
            (Verdict::NotMatched(_), None) if facts.bounds.no_records() => {
                unasked.push((signature.mode, String::from("there are no records")));
            }
            (Verdict::NotMatched(why), None) => ruled_out.push((signature.mode, why)),
        }
    }
    let mut found = found.into_iter();
    let first = found.next();
    let (answer, inconclusive) = match first {
        Some(answer) => (Some(answer), None),
        None => match findings::finding(&scene, &unjudged) {
            Ok(finding) => (Some(finding), None),
            Err(why) => (None, Some(why)),
        },
    };
    Diagnosis {
        answer,
        also: found.map(symptom).collect(),
        ruled_out,
        not_assessed: unjudged.into_iter().chain(unasked).collect(),
        inconclusive,
    }
}

/// Beside a mechanism an empty pool is explained.
fn symptom(mut other: Answer) -> Answer {
    if other.failure_mode == Some(FailureMode::PoolExhausted) {
        other.summary = String::from("the connection pool was empty, as a symptom of the answer above");
    }
    other
}

fn answer(signature: &Signature, matched: Matched, all_known: bool) -> Answer {
    Answer {
        failure_mode: Some(signature.mode),
        finding: None,
        title: signature.title.to_owned(),
        confidence: Confidence::of(&matched.evidence, all_known),
        from: Some(matched.from),
        to: matched.to,
        summary: matched.summary,
        evidence: matched.evidence,
        instances: matched.instances,
    }
}

/// What these hangs show.
fn of_hangs(claim: impl Into<String>, hangs: &[&Hang]) -> Evidence {
    evidence(Basis::Hung, claim, "hangs", hangs.len(), traces_of(hangs))
}

/// What these failures show.
fn of_failures(claim: impl Into<String>, bursts: &[&ErrorBurst]) -> Evidence {
    evidence(Basis::Failed, claim, "errors", size(failed(bursts)), traces_in(bursts))
}

fn evidence(
    basis: Basis,
    claim: impl Into<String>,
    query: &'static str,
    count: usize,
    traces: Vec<String>,
) -> Evidence {
    Evidence {
        basis,
        claim: claim.into(),
        query,
        count: count as u64,
        trace_ids: traces,
    }
}
