//! Is it healthy now? Facts -> checks, each pass, fail or inconclusive, and one outcome. Pure.
//!
//! An instance is judged by its newest process alone: what older ones left behind is shown and not counted. What no
//! record tells is inconclusive, never a pass.

mod bound;
mod check;
mod instances;
mod report;
mod rules;

pub use bound::zero_of;
pub use check::{Check, Verdict};
pub use instances::Instance;
pub use report::told;

use chrono::{DateTime, TimeDelta, Utc};

use crate::episodes::Episodes;
use crate::facts::STARTUP;
use crate::facts::health::HealthFacts;
use crate::profile::Settings;

/// Sections of the common evidence that it rests on.
pub const FACTS: [&str; 2] = ["bounds", "hangs"];
/// An instance that said goodbye so lately is expected back; one that is gone for longer was taken away.
const RESTART_TAKES: TimeDelta = TimeDelta::minutes(2);

/// What was asked besides the profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demands {
    /// Every instance must have a process younger than this.
    pub restarted_after: Option<DateTime<Utc>>,
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
    /// What was seen and not counted.
    pub notes: Vec<String>,
    /// Commands for a failure, in their order.
    pub next: Vec<String>,
}

/// Facts, names and demands, as every rule needs them.
pub(crate) struct Scene<'a> {
    episodes: &'a Episodes<'a>,
    health: &'a HealthFacts,
    profile: &'a Settings,
    now: DateTime<Utc>,
}

/// Judges the evidence.
pub fn verify<'a>(episodes: &'a Episodes<'a>, health: &'a HealthFacts, demands: Demands) -> Verification<'a> {
    let profile = episodes.profile;
    let scene = Scene {
        episodes,
        health,
        profile,
        now: episodes.facts.window.to,
    };
    let instances = instances::instances(&scene);
    let mut checks = rules::of_evidence(&scene, &instances);
    for instance in &instances {
        checks.extend(rules::of_instance(&scene, instance));
        if let Some(after) = demands.restarted_after {
            checks.push(rules::restarted(instance, after));
        }
    }
    // A stable sort: failures first, then what is not known, each in the order of instances and rules.
    let mut ranked: Vec<&Check> = checks.iter().collect();
    ranked.sort_by_key(|check| (std::cmp::Reverse(check.outcome), check.rank()));
    let outcome = ranked.first().map_or(Verdict::Inconclusive, |check| check.outcome);
    let headline = headline(outcome, &ranked, &scene, &instances);
    let next = match outcome {
        Verdict::Fail => next(&checks, &instances, profile),
        Verdict::Pass | Verdict::Inconclusive => Vec::new(),
    };
    let notes = rules::notes(&scene, &instances);
    Verification {
        outcome,
        headline,
        checks,
        instances,
        notes,
        next,
    }
}

fn headline(outcome: Verdict, ranked: &[&Check], scene: &Scene<'_>, instances: &[Instance<'_>]) -> String {
    let label = match outcome {
        Verdict::Pass => "PASS",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::Fail => "FAIL",
    };
    if outcome == Verdict::Pass {
        return format!("{label}: {}", rules::summary(scene, instances));
    }
    let Some(first) = ranked.first() else {
        return format!("{label}: there is nothing to judge");
    };
    let on = match &first.instance {
        Some(name) if instances.len() > 1 => format!("{name}: "),
        _ => String::new(),
    };
    let same = ranked.iter().filter(|check| check.outcome == outcome).count();
    let others = match (same, outcome) {
        (0 | 1, _) => String::new(),
        (2, Verdict::Fail) => String::from("; 1 other check fails"),
        (2, _) => String::from("; 1 other check is inconclusive"),
        (n, Verdict::Fail) => format!("; {} other checks fail", n - 1),
        (n, _) => format!("; {} other checks are inconclusive", n - 1),
    };
    format!("{label}: {on}{}{others}", first.detail)
}

/// The restart of the instances that fail, by the profile, and the question after it.
fn next(checks: &[Check], instances: &[Instance<'_>], profile: &Settings) -> Vec<String> {
    let failing: Vec<String> = instances
        .iter()
        .filter(|instance| {
            let own = checks.iter().filter(|c| c.instance.as_deref() == Some(instance.name));
            own.into_iter().any(|check| check.outcome == Verdict::Fail)
        })
        .map(|instance| shell_word(instance.name))
        .collect();
    let mut commands = Vec::new();
    let command = profile.remedies.restart_instances.trim();
    if !command.is_empty() && !failing.is_empty() {
        commands.push(
            command
                .replace("{app}", &shell_word(&profile.app.name))
                .replace("{instances}", &failing.join(" ")),
        );
    }
    commands.push(String::from("relay-diag verify --wait 5m"));
    commands
}

/// A name as one word of a shell, whatever a record says an instance is called.
fn shell_word(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(plain) {
        return name.to_owned();
    }
    let printable: String = name.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", printable.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
