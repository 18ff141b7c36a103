//! Is it healthy now? Facts -> checks, each pass, fail or inconclusive, and one outcome. Pure.
//!
//! An instance is judged by its newest process alone: what older ones left behind is shown and not counted. What no
//! record tells is inconclusive, never a pass.

mod bound;
mod check;
mod checks;
mod instances;
mod report;
mod subject;
mod summary;

pub use bound::zero_of;
pub use check::{Check, Seen, Verdict};
pub use checks::{CHECKS, Rule};
pub use instances::Instance;
pub use report::{VerifyDocument, told};
pub(crate) use subject::Subject;

use chrono::{DateTime, TimeDelta, Utc};

use crate::diagnosis::Diagnosis;
use crate::episodes::Episodes;
use crate::facts::STARTUP;
use crate::facts::health::HealthFacts;
use crate::paste::{self, Question};
use crate::window::rfc3339;

/// Sections of the common evidence that it rests on.
pub const FACTS: [&str; 4] = ["bounds", "traffic", "hangs", "database"];
/// An instance that said goodbye so lately is expected back; one that is gone for longer was taken away.
const RESTART_TAKES: TimeDelta = TimeDelta::minutes(2);

/// What was asked besides the profile.
#[derive(Debug, Clone, Default)]
pub struct Demands {
    /// Every instance must have a process younger than this.
    pub restarted_after: Option<DateTime<Utc>>,
    /// Which records: for commands that ask of the same.
    pub question: Question,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Verification<'a> {
    /// Pass only if every check passes.
    pub outcome: Verdict,
    /// The first line: outcome and deciding reason.
    pub headline: String,
    /// By instance, in the order in which they matter.
    pub checks: Vec<Check>,
    /// Every instance that was seen in the lookback.
    pub instances: Vec<Instance<'a>>,
    /// Errors that their requests survived, by text, and how many.
    pub recovered: Vec<(String, u64)>,
    /// What was seen and not counted.
    pub notes: Vec<String>,
    /// Commands for a failure, in their order.
    pub next: Vec<String>,
}

/// Judges the evidence.
pub fn verify<'a>(
    episodes: &'a Episodes<'a>,
    diagnosis: &Diagnosis,
    health: &'a HealthFacts,
    demands: &Demands,
) -> Verification<'a> {
    let profile = episodes.profile;
    let subject = Subject {
        episodes,
        diagnosis,
        health,
        profile,
        demands,
        now: episodes.facts.window.to,
    };
    let since = subject.now - profile.verify.starts_within;
    let instances = instances::instances(health, episodes, since);
    let checks = checks::judged(&subject, &instances);
    // A stable sort: within a check, the order of instances.
    let mut ranked: Vec<&Check> = checks.iter().collect();
    ranked.sort_by_key(|check| check.order());
    let outcome = ranked.first().map_or(Verdict::Inconclusive, |check| check.seen.outcome);
    let headline = headline(outcome, &ranked, &subject, &instances);
    let recovered = summary::recovered(&subject);
    let mut notes = summary::notes(&subject, &instances, &recovered);
    let next = match outcome {
        Verdict::Fail => {
            let restart = restart(&subject, &checks, &instances);
            let why = instances
                .iter()
                .find_map(|instance| subject.episodes.facts.names.unfit(instance.name));
            notes.extend(
                why.filter(|_| restart.command.is_none())
                    .map(|why| format!("no command to restart it: {why}")),
            );
            notes.extend(restart.warning());
            restart.command.into_iter().chain(again(demands)).collect()
        }
        Verdict::Pass | Verdict::Inconclusive => Vec::new(),
    };
    Verification {
        outcome,
        headline,
        checks,
        instances,
        recovered,
        notes,
        next,
    }
}

fn headline(outcome: Verdict, ranked: &[&Check], subject: &Subject<'_>, instances: &[Instance<'_>]) -> String {
    let label = match outcome {
        Verdict::Pass => "PASS",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::Fail => "FAIL",
    };
    if outcome == Verdict::Pass {
        return format!("{label}: {}", summary::passed(subject, instances));
    }
    let Some(first) = ranked.first() else {
        return format!("{label}: there is nothing to judge");
    };
    let on = match &first.instance {
        Some(name) if instances.len() > 1 => format!("{name}: "),
        _ => String::new(),
    };
    let same = ranked.iter().filter(|check| check.seen.outcome == outcome).count();
    let others = match (same, outcome) {
        (0 | 1, _) => String::new(),
        (2, Verdict::Fail) => String::from("; 1 other check fails"),
        (2, _) => String::from("; 1 other check is inconclusive"),
        (n, Verdict::Fail) => format!("; {} other checks fail", n - 1),
        (n, _) => format!("; {} other checks are inconclusive", n - 1),
    };
    format!("{label}: {on}{}{others}", first.seen.detail)
}

/// The restart of the instances that fail, by the profile.
fn restart<'a>(subject: &Subject<'a>, checks: &[Check], instances: &[Instance<'a>]) -> paste::Filled<'a> {
    let profile = subject.profile;
    let fails = |name: &str| {
        let mut of_it = checks.iter().filter(|check| check.instance.as_deref() == Some(name));
        of_it.any(|check| check.seen.outcome == Verdict::Fail)
    };
    let names: Vec<&str> = instances.iter().map(|instance| instance.name).collect();
    let is_fit = |name: &&str| subject.episodes.facts.names.unfit(name).is_none();
    let failing: Vec<&str> = names.into_iter().filter(is_fit).filter(|name| fails(name)).collect();
    paste::filled(&profile.remedies.restart_instances, &profile.app.name, &failing)
}

/// The question after it: the same, until it passes.
fn again(demands: &Demands) -> Option<String> {
    let mut words = vec!["verify", "--wait", "5m"];
    let after = demands.restarted_after.map(rfc3339);
    words.extend(after.iter().flat_map(|after| ["--restarted-after", after]));
    demands.question.command(&words)
}

#[cfg(test)]
mod tests;
