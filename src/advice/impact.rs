//! Who suffered from the incident: requests that failed or hung, by route and instance.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::diagnosis::{Conclusion, FailureMode, Hits, Scene};
use crate::facts::Affected;
use crate::words::{counted, duration, grouped};

/// Routes and instances that are named to people.
const MOST_NAMED: usize = 4;

/// For scripts, and for people. `affected` is `None` if it could not be asked.
pub(super) fn impact(
    answer: &Conclusion,
    mode: &FailureMode,
    scene: &Scene<'_>,
    affected: Option<&[&Affected]>,
) -> (Value, Vec<String>) {
    let errors = errors(answer, scene);
    let Some(affected) = affected else {
        return (
            json!({"requests": null, "failed": null, "hung": null, "errors": errors, "longest_hang_s": null, "routes": [], "instances": answer.instances}),
            Vec::new(),
        );
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
    let routes = by(affected, count, "route", |row| row.route.as_deref().unwrap_or_default());
    let instances = by(affected, count, "instance", |row| &row.instance);
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
            names(&routes, "route"),
            names(&instances, "instance")
        ));
    }
    let value = json!({
        "requests": requests, "failed": failed, "hung": hung, "errors": errors, "longest_hang_s": longest,
        "routes": routes, "instances": instances,
    });
    (value, text)
}

/// Requests by route or instance, the most first.
fn by(affected: &[&Affected], count: fn(&Affected) -> u64, name: &str, key: fn(&Affected) -> &str) -> Vec<Value> {
    let values: BTreeSet<&str> = affected.iter().map(|row| key(row)).collect();
    let entry = |value: &str| {
        let own = || affected.iter().filter(|row| key(row) == value);
        let all: u64 = own().map(|row| count(row)).sum();
        let entry = json!({
            name: value, "requests": all,
            "failed": own().map(|row| row.failed).sum::<u64>(),
            "hung": own().map(|row| row.hung).sum::<u64>(),
        });
        (all, entry)
    };
    let mut told: Vec<(u64, Value)> = values.into_iter().map(entry).collect();
    told.sort_by_key(|(all, _)| std::cmp::Reverse(*all));
    told.into_iter().map(|(_, entry)| entry).collect()
}

/// The first of them, for people.
fn names(list: &[Value], name: &str) -> String {
    let names = list
        .iter()
        .take(MOST_NAMED)
        .map(|entry| format!("{} {}", entry["requests"], entry[name].as_str().unwrap_or_default()));
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
