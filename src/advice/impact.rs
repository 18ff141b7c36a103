//! Who suffered from the incident: requests that failed or hung, by route and instance.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnosis::{Conclusion, FailureMode, Hits, Scene};
use crate::facts::Affected;
use crate::words::{counted, duration, grouped};

/// Routes and instances that are named to people.
const MOST_NAMED: usize = 4;

/// Who suffered. Null = not known.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Impact {
    /// Requests that failed or hung; all of them where a slow database slows each.
    pub requests: Option<u64>,
    /// Those that failed.
    pub failed: Option<u64>,
    /// Those that hung.
    pub hung: Option<u64>,
    /// Traces that failed meanwhile, requests or not.
    pub errors: u64,
    /// How long the longest hang took, seconds.
    pub longest_hang_s: Option<f64>,
    /// By route, the most first.
    pub routes: Vec<RouteHit>,
    /// By instance, the most first.
    pub instances: Vec<InstanceHit>,
}

/// A route that suffered.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RouteHit {
    /// Its name.
    pub route: String,
    #[serde(flatten)]
    #[allow(missing_docs)]
    pub hit: Hit,
}

/// An instance that suffered; by its name alone where its requests could not be counted.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum InstanceHit {
    Counted {
        instance: String,
        #[serde(flatten)]
        hit: Hit,
    },
    Named(String),
}

/// Its requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Hit {
    /// Those that failed or hung, or all of them: see above.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that hung.
    pub hung: u64,
}

impl InstanceHit {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Counted { instance, .. } | Self::Named(instance) => instance,
        }
    }
}

/// For scripts, and for people. `affected` is `None` if it could not be asked.
pub(super) fn impact(
    answer: &Conclusion,
    mode: &FailureMode,
    scene: &Scene<'_>,
    affected: Option<&[&Affected]>,
) -> (Impact, Vec<String>) {
    let errors = errors(answer, scene);
    let Some(affected) = affected else {
        let unknown = Impact {
            requests: None,
            failed: None,
            hung: None,
            errors,
            longest_hang_s: None,
            routes: Vec::new(),
            instances: answer.instances.iter().cloned().map(InstanceHit::Named).collect(),
        };
        return (unknown, Vec::new());
    };
    // A slow database slows every request, and fails none.
    let slow = mode.hits == Hits::EveryRequest;
    let count: fn(&Affected) -> u64 = if slow { |row| row.requests } else { |row| row.affected };
    let sum = |count: fn(&Affected) -> u64| affected.iter().map(|row| count(row)).sum::<u64>();
    let (requests, failed, hung) = (sum(count), sum(|row| row.failed), sum(|row| row.hung));
    let longest = affected
        .iter()
        .filter(|row| row.hung > 0)
        .filter_map(|row| row.longest_s)
        .reduce(f64::max);
    let routes = by(affected, count, |row| row.route.as_deref().unwrap_or_default());
    let instances = by(affected, count, |row| &row.instance);
    let mut text = vec![format!(
        "impact: {} {} ({} failed, {} hung{})",
        counted(requests, "request"),
        if slow { "while it was slow" } else { "affected" },
        grouped(failed),
        grouped(hung),
        longest
            .map(|longest| format!(", the longest {}", duration(longest)))
            .unwrap_or_default()
    )];
    if !routes.is_empty() {
        text.push(format!(
            "by route: {}; by instance: {}",
            names(&routes),
            names(&instances)
        ));
    }
    let routes = routes.into_iter().map(|(route, hit)| RouteHit {
        route: route.to_owned(),
        hit,
    });
    let instances = instances.into_iter().map(|(instance, hit)| InstanceHit::Counted {
        instance: instance.to_owned(),
        hit,
    });
    let told = Impact {
        requests: Some(requests),
        failed: Some(failed),
        hung: Some(hung),
        errors,
        longest_hang_s: longest,
        routes: routes.collect(),
        instances: instances.collect(),
    };
    (told, text)
}

/// Requests by route or instance, the most first.
fn by<'a>(affected: &[&'a Affected], count: fn(&Affected) -> u64, key: fn(&Affected) -> &str) -> Vec<(&'a str, Hit)> {
    let values: BTreeSet<&str> = affected.iter().map(|row| key(row)).collect();
    let hit = |value: &'a str| {
        let own = || affected.iter().filter(|row| key(row) == value);
        let hit = Hit {
            requests: own().map(|row| count(row)).sum(),
            failed: own().map(|row| row.failed).sum(),
            hung: own().map(|row| row.hung).sum(),
        };
        (value, hit)
    };
    let mut told: Vec<(&str, Hit)> = values.into_iter().map(hit).collect();
    told.sort_by_key(|(_, hit)| std::cmp::Reverse(hit.requests));
    told
}

/// The first of them, for people.
fn names(list: &[(&str, Hit)]) -> String {
    let names = list
        .iter()
        .take(MOST_NAMED)
        .map(|(name, hit)| format!("{} {name}", hit.requests));
    names.collect::<Vec<_>>().join(", ")
}

/// Traces that failed in bursts which overlap the incident, requests or not.
fn errors(answer: &Conclusion, scene: &Scene<'_>) -> u64 {
    let facts = scene.facts;
    let from = answer.from.unwrap_or(facts.window.from);
    let to = answer.to.unwrap_or(facts.window.to);
    let during = facts
        .errors
        .rows
        .iter()
        .filter(|burst| burst.first_at <= to && burst.last_ended_at >= from);
    let own = during.filter(|burst| burst.service.as_deref().is_none_or(|name| scene.is_ours(name)));
    own.map(|burst| burst.traces).sum()
}
