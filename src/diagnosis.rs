//! Why: one answer from the episodes, by failure modes that are judged one by one. Pure: it knows no rows, no format and no
//! source, and no view of the same episodes.
//!
//! Confidence counts independent pieces of evidence, which rest on different records ([`Basis`]): three or more = high, two =
//! medium, one = low; one step lower if evidence that the mode needs could not be read.

mod claim;
mod finding;
mod healthy;
mod mode;
mod modes;
mod scene;

pub use claim::{Basis, Claim};
pub use finding::Finding;
pub use healthy::no_records;
pub use mode::{Cause, Documentation, FailureMode, Hits, LooksAt, Questions, Remedy, named, showing};
pub use modes::REGISTRY;
pub use scene::{Failing, Scene};

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::episodes::{Episodes, RESTART_GOES_WITH};
use crate::report::{Outcome, Severity};
use crate::schema::Time;
use crate::words::clock;

/// What a rule says.
enum Judgement {
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
    evidence: Vec<Claim>,
    /// From the first sign to the recovery; no end = it still goes on.
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
    instances: Vec<String>,
}

/// How sure the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
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
    fn of(evidence: &[Claim], all_known: bool) -> Self {
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

/// What is concluded: a failure mode that matches, or a finding.
#[derive(Debug, Clone)]
pub struct Conclusion {
    /// A failure mode; `None` = the finding is the answer.
    pub failure_mode: Option<&'static FailureMode>,
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
    /// The restart that went with the recovery.
    pub restarted_at: Option<DateTime<Utc>>,
    /// One sentence.
    pub summary: String,
    /// What it rests on.
    pub evidence: Vec<Claim>,
    /// The instances concerned.
    pub instances: Vec<String>,
    /// The service concerned, if there are several.
    pub service: Option<String>,
}

/// The one answer, and what it is not.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The answer; `None` = inconclusive.
    pub answer: Option<Conclusion>,
    /// Other matches.
    pub also: Vec<Conclusion>,
    /// What does not fit, and why.
    pub ruled_out: Vec<(&'static FailureMode, String)>,
    /// What could not be judged, and what was missing.
    pub not_assessed: Vec<(&'static FailureMode, String)>,
    /// Why there is no answer.
    pub inconclusive: Option<String>,
}

/// The answer in a document; all null where the evidence is inconclusive.
#[derive(Serialize, JsonSchema)]
pub struct Short<'a> {
    /// Whether something is wrong.
    incident: Option<bool>,
    /// What is wrong.
    failure_mode: Option<&'static FailureMode>,
    /// What is no incident and has a name.
    finding: Option<Finding>,
    /// In a few words.
    title: Option<&'a str>,
    /// How sure it is.
    confidence: Option<Confidence>,
    /// The first sign.
    from: Option<Time>,
    /// The recovery; null while it goes on, and for what is no incident.
    to: Option<Time>,
}

impl Diagnosis {
    /// What is wrong, if something is.
    pub fn incident(&self) -> Option<(&Conclusion, &'static FailureMode)> {
        let answer = self.answer.as_ref()?;
        Some((answer, answer.failure_mode?))
    }

    /// An incident that still goes on at the end of the window: the answer, or that of another service beside it.
    pub fn going_on(&self) -> Option<&Conclusion> {
        let (answer, _) = self.incident()?;
        let others = self.also.iter().filter(|other| other.service != answer.service);
        let mut all = std::iter::once(answer).chain(others);
        all.find(|conclusion| conclusion.to.is_none())
    }

    /// The answer in one line, with what `more` says of it. Every command begins with it.
    pub fn headline(&self, more: &[String]) -> String {
        let Some(answer) = &self.answer else {
            let why = self.inconclusive.as_deref().unwrap_or("the evidence is incomplete");
            return format!("inconclusive: {why}");
        };
        let mut parts = vec![answer.summary.clone()];
        parts.extend(more.iter().cloned());
        parts.extend(answer.ending());
        format!(
            "{} ({} confidence): {}",
            answer.id(),
            answer.confidence.word(),
            parts.join("; ")
        )
    }

    /// How grave the answer is.
    pub fn severity(&self) -> Severity {
        match self.outcome() {
            Outcome::Incident => Severity::Critical,
            Outcome::Fine => Severity::Ok,
            Outcome::Inconclusive => Severity::Warning,
        }
    }

    /// For the exit code.
    pub fn outcome(&self) -> Outcome {
        match &self.answer {
            Some(answer) if answer.failure_mode.is_some() => Outcome::Incident,
            Some(_) => Outcome::Fine,
            None => Outcome::Inconclusive,
        }
    }

    /// The contract's short form.
    pub fn short(&self) -> Short<'_> {
        let answer = self.answer.as_ref();
        Short {
            incident: answer.map(|answer| answer.failure_mode.is_some()),
            failure_mode: answer.and_then(|answer| answer.failure_mode),
            finding: answer.and_then(|answer| answer.finding),
            title: answer.map(|answer| answer.title.as_str()),
            confidence: answer.map(|answer| answer.confidence),
            from: answer.and_then(|answer| answer.from).map(Time),
            to: answer.and_then(|answer| answer.to).map(Time),
        }
    }
}

impl Conclusion {
    /// The name of the failure mode or of the finding.
    pub fn id(&self) -> &'static str {
        let mode = self.failure_mode.map(|mode| mode.id);
        mode.or(self.finding.map(|finding| finding.id())).unwrap_or_default()
    }

    /// Whether it is about a service: that of the answer, or any where there is only one.
    pub fn is_about(&self, service: &str) -> bool {
        self.service.as_deref().is_none_or(|own| own == service)
    }

    /// Whether an incident is over, and with what; nothing for a finding.
    fn ending(&self) -> Option<String> {
        self.failure_mode?;
        Some(match (self.to, self.restarted_at) {
            (Some(_), Some(at)) => format!("over with the restart at {}", clock(at)),
            (Some(at), None) => format!("over since {}", clock(at)),
            (None, _) => String::from("still going on"),
        })
    }
}

/// Judges every failure mode, service by service, and gives one answer: that of the service with most trouble.
pub fn diagnose(episodes: &Episodes<'_>) -> Diagnosis {
    let (whole, scenes) = (Scene::of(episodes, None), Scene::by_service(episodes));
    let facts = episodes.facts;
    let missing = facts.not_known();
    let mut found = Vec::new();
    let (mut ruled_out, mut unjudged, mut unasked) = (Vec::new(), Vec::new(), Vec::new());
    for mode in REGISTRY.iter().copied() {
        let lacks: Vec<_> = missing
            .iter()
            .filter(|part| mode.needs.contains(&part.section.as_str()))
            .collect();
        let judged = match mode.looks_at {
            LooksAt::AllServices => std::slice::from_ref(&whole),
            LooksAt::EachService => &scenes,
        };
        let (mut matches, mut cannot, mut against) = (Vec::new(), None, None);
        for (rank, scene) in judged.iter().enumerate() {
            match (mode.judge)(scene) {
                Judgement::Matched(matched) => matches.push((rank, conclusion(scene, mode, matched, lacks.is_empty()))),
                Judgement::NotAssessed(why) => cannot = cannot.or(Some(why)),
                Judgement::NotMatched(why) => against = against.or(Some(why)),
            }
        }
        match (matches.is_empty(), cannot, lacks.first(), against) {
            (false, ..) => found.extend(matches),
            (true, Some(why), ..) => unasked.push((mode, why)),
            (true, None, Some(part), _) => unjudged.push((mode, format!("{}: {}", part.section, part.why))),
            // Where nothing is recorded nothing is ruled out.
            (true, None, None, _) if facts.bounds.no_records() => {
                unasked.push((mode, String::from("there are no records")));
            }
            (true, None, None, why) => ruled_out.push((mode, why.unwrap_or_default())),
        }
    }
    // A stable sort: within a service, the order of the registry.
    found.sort_by_key(|(rank, _)| *rank);
    let mut found = found.into_iter().map(|(_, conclusion)| conclusion);
    let (answer, inconclusive) = match found.next() {
        Some(answer) => (Some(answer), None),
        None => match healthy::finding(&whole, &unjudged) {
            Ok(finding) => (Some(finding), None),
            Err(why) => (None, Some(why)),
        },
    };
    let service = answer.as_ref().and_then(|answer| answer.service.clone());
    let also = found.map(|other| {
        if other.service == service {
            explained(other)
        } else {
            other
        }
    });
    Diagnosis {
        also: also.collect(),
        answer,
        ruled_out,
        not_assessed: unjudged.into_iter().chain(unasked).collect(),
        inconclusive,
    }
}

/// Beside a mechanism a symptom is explained.
fn explained(mut other: Conclusion) -> Conclusion {
    if other.failure_mode.is_some_and(|mode| mode.cause == Cause::Symptom) {
        other.summary = format!("{}, as a symptom of the answer above", other.title);
    }
    other
}

fn conclusion(scene: &Scene<'_>, mode: &'static FailureMode, matched: Matched, all_known: bool) -> Conclusion {
    Conclusion {
        failure_mode: Some(mode),
        finding: None,
        title: mode.title.to_owned(),
        confidence: Confidence::of(&matched.evidence, all_known),
        from: Some(matched.from),
        to: matched.to,
        restarted_at: matched.to.and_then(|to| restart_with(scene, &matched.instances, to)),
        summary: match scene.service {
            Some(service) => format!("{service}: {}", matched.summary),
            None => matched.summary,
        },
        evidence: matched.evidence,
        instances: matched.instances,
        service: scene.service.map(str::to_owned),
    }
}

/// The restart of one of these instances that goes with the end of their trouble.
fn restart_with(scene: &Scene<'_>, instances: &[String], to: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let own = scene
        .starts
        .iter()
        .filter(|start| instances.iter().any(|name| name == start.instance));
    let times = own.filter(|start| start.before.is_some()).map(|start| start.at);
    times
        .filter(|at| (to - *at).abs() <= RESTART_GOES_WITH)
        .min_by_key(|at| (to - *at).abs())
}
