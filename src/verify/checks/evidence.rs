//! Is there anything to judge? Records of the service, and an answer to each question.

use super::{About, Judge, Rule};
use crate::verify::check::{Seen, Verdict};
use crate::verify::scene::clock;
use crate::verify::{Instance, Scene};
use crate::words::counted;

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "evidence",
    requires: "there are records, and no part of them is missing",
    judge: Judge::Service(judge),
};

fn judge(scene: &Scene<'_>, instances: &[Instance<'_>]) -> Vec<About> {
    let inconclusive = |detail: String| Seen::new(Verdict::Inconclusive, detail);
    let missing = scene.facts.not_known().into_iter();
    // What is in flight has a check of its own that says so.
    let mut seen: Vec<Seen> = missing
        .filter(|(section, _)| *section != "stuck")
        .map(|(section, why)| {
            inconclusive(format!("{section} is not known: {why}")).beside("incomplete", "all sections")
        })
        .collect();
    if instances.is_empty() {
        seen.push(inconclusive(why_nothing(scene)).beside("0 records", "records"));
    }
    seen.into_iter().map(|seen| (None, seen)).collect()
}

fn why_nothing(scene: &Scene<'_>) -> String {
    let bounds = &scene.facts.bounds.rows;
    let unfiltered: u64 = bounds.iter().map(|b| b.records_unfiltered).sum();
    match bounds.first() {
        Some(bounds) if unfiltered > 0 => format!(
            "no record passes the filters; there are {}, environments: {}; services: {}",
            counted(unfiltered, "other record"),
            bounds.environments.as_deref().unwrap_or("none"),
            bounds.services.as_deref().unwrap_or("none"),
        ),
        _ => format!("there are no records since {}", clock(scene.facts.lookback_from)),
    }
}
