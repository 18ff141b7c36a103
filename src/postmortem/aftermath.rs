//! What ended it, and whether all was well from then to the end of the window: by the same evidence, asked of the time behind it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnosis::Conclusion;
use crate::episodes::{Episodes, RESTART_GOES_WITH};
use crate::facts::{SHORTEST_GAP, to_seconds};
use crate::report::Severity;
use crate::words::{clock, counted, duration, grouped};

/// Of statements, one in so many may be slow: that is `verify`'s limit, a 95th percentile below what is slow.
const MOST_SLOW_SHARE: u64 = 20;

/// A requirement of health, as it was met behind the incident.
pub(super) struct Check {
    pub name: &'static str,
    pub detail: String,
    /// [`Severity::Ok`], [`Severity::Critical`], or [`Severity::Warning`] where nothing tells.
    pub severity: Severity,
}

/// The time behind an incident.
pub(super) struct Aftermath {
    /// Restarts and deploys that were seen, in sentences.
    pub remediation: Vec<String>,
    /// Empty where it goes on.
    pub checks: Vec<Check>,
    /// In a sentence.
    pub sentence: String,
    pub document: AftermathDocument,
}

/// The time behind an incident, for scripts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Aftermath")]
pub(super) struct AftermathDocument {
    /// Whether it was over at the end of the window.
    over: bool,
    /// Restarts and deploys that were seen, in sentences.
    remediation: Vec<String>,
    /// Requirements of health behind it; empty where it goes on.
    checks: Vec<CheckDocument>,
}

/// A requirement of health, as it was met behind the incident.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "CheckBehind")]
struct CheckDocument {
    name: &'static str,
    /// False also where nothing tells.
    passed: bool,
    detail: String,
}

pub(super) fn aftermath(answer: &Conclusion, episodes: &Episodes<'_>) -> Aftermath {
    let remediation = remediation(answer, episodes);
    let Some(to) = answer.to else {
        return Aftermath {
            sentence: String::from("It was not over at the end of the window."),
            document: AftermathDocument {
                over: false,
                remediation: remediation.clone(),
                checks: Vec::new(),
            },
            remediation,
            checks: Vec::new(),
        };
    };
    let checks = checks(answer, episodes, to);
    let wrong: Vec<&Check> = checks.iter().filter(|check| check.severity != Severity::Ok).collect();
    let end = episodes.facts.window.to;
    let after = duration(to_seconds(end - to));
    let sentence = match wrong.first() {
        None => format!("In the {after} from then to the end of the window all was well."),
        Some(first) => format!("In the {after} from then to the end of the window: {}.", first.detail),
    };
    let documents = checks.iter().map(|check| CheckDocument {
        name: check.name,
        passed: check.severity == Severity::Ok,
        detail: check.detail.clone(),
    });
    Aftermath {
        document: AftermathDocument {
            over: true,
            remediation: remediation.clone(),
            checks: documents.collect(),
        },
        remediation,
        checks,
        sentence,
    }
}

/// Processes that began from the first sign on, to as long behind the recovery as a restart goes with it.
fn remediation(answer: &Conclusion, episodes: &Episodes<'_>) -> Vec<String> {
    let window = episodes.facts.window;
    let (from, to) = (answer.from.unwrap_or(window.from), answer.to.unwrap_or(window.to));
    let starts = episodes.starts.iter().filter(|start| answer.is_about(start.service));
    let during = starts.filter(|start| start.at >= from && start.at <= to + RESTART_GOES_WITH);
    let sentence = during.map(|start| match (start.deployed(), start.before) {
        (Some((old, new)), _) => format!(
            "{}: {} started with version {new} after {old}",
            clock(start.at),
            start.instance
        ),
        (None, Some(_)) => format!("{}: {} restarted", clock(start.at), start.instance),
        (None, None) => format!("{}: {} started", clock(start.at), start.instance),
    });
    sentence.collect()
}

fn checks(answer: &Conclusion, episodes: &Episodes<'_>, to: DateTime<Utc>) -> Vec<Check> {
    let facts = episodes.facts;
    let end = facts.window.to;
    let behind = || {
        facts
            .traffic
            .rows
            .iter()
            .filter(|bucket| bucket.at >= to && answer.is_about(&bucket.service))
    };
    let requests: u64 = behind().map(|bucket| bucket.requests).sum();
    let failed: u64 = behind().map(|bucket| bucket.failed).sum();
    let statements: u64 = behind().map(|bucket| bucket.statements).sum();
    let slow: u64 = behind().map(|bucket| bucket.statements_slow).sum();
    let open = episodes
        .hung()
        .filter(|hang| answer.is_about(&hang.service) && hang.in_flight())
        .count() as u64;
    let begun = episodes
        .hung()
        .filter(|hang| answer.is_about(&hang.service) && hang.started_at >= to)
        .count() as u64;
    let check = |name, is_well: Option<bool>, detail: String| Check {
        name,
        detail,
        severity: match is_well {
            Some(true) => Severity::Ok,
            Some(false) => Severity::Critical,
            None => Severity::Warning,
        },
    };
    let known = facts.traffic.not_known.is_none();
    let served = requests - failed.min(requests);
    let mut checks = vec![
        check(
            "requests",
            if !known || requests == 0 {
                None
            } else {
                Some(served > 0)
            },
            match requests {
                0 => String::from("no request came in"),
                _ => format!("{} succeeded", counted(served, "request")),
            },
        ),
        check(
            "errors",
            known.then_some(failed == 0).filter(|_| requests > 0),
            format!("{} of {} failed", grouped(failed), counted(requests, "request")),
        ),
        check(
            "hangs",
            facts.hangs.not_known.is_none().then_some(open + begun == 0),
            format!("{} began to hang, {} still open", grouped(begun), grouped(open)),
        ),
    ];
    if statements > 0 {
        let text = format!("{} of {} slow", grouped(slow), counted(statements, "statement"));
        checks.push(check("statements", Some(slow * MOST_SLOW_SHARE <= statements), text));
    }
    let troubled = episodes.listener.iter().filter(|trouble| trouble.over_at.is_none());
    let names: Vec<&str> = troubled.map(|trouble| trouble.instance).collect();
    if !episodes.listener.is_empty() {
        let name = &episodes.profile.listener.name;
        let text = match names.as_slice() {
            [] => format!("{name} connected again"),
            names => format!("{name} not connected on {}", names.join(", ")),
        };
        checks.push(check("listener", Some(names.is_empty()), text));
    }
    if end - to < SHORTEST_GAP {
        let text = format!("only {} of it are in the window", duration(to_seconds(end - to)));
        checks.push(check("time behind it", None, text));
    }
    checks
}
