//! Who suffered from the incident: requests that failed or hung, by route and instance.

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
    let by = |key: fn(&Affected) -> &str, name: &str| -> Vec<Value> {
        let mut told: Vec<(u64, Value)> = distinct(affected.iter().map(|row| key(row)))
            .into_iter()
            .map(|value| {
                let own = || affected.iter().filter(|row| key(row) == value);
                let all: u64 = own().map(|row| count(row)).sum();
                let entry = json!({
                    name: value, "requests": all,
                    "failed": own().map(|row| row.failed).sum::<u64>(),
                    "hung": own().map(|row| row.hung).sum::<u64>(),
                });
                (all, entry)
            })
            .collect();
        told.sort_by_key(|(all, _)| std::cmp::Reverse(*all));
        told.into_iter().map(|(_, entry)| entry).collect()
    };
    let routes = by(|row| row.route.as_deref().unwrap_or_default(), "route");
    let instances = by(|row| &row.instance, "instance");
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
    let named = |list: &[Value], name: &str| {
        let names = list
            .iter()
            .take(MOST_NAMED)
            .map(|entry| format!("{} {}", entry["requests"], entry[name].as_str().unwrap_or_default()));
        names.collect::<Vec<_>>().join(", ")
    };
    if !routes.is_empty() {
        text.push(format!(
            "by route: {}; by instance: {}",
            named(&routes, "route"),
            named(&instances, "instance")
        ));
    }
    let value = json!({
        "requests": requests, "failed": failed, "hung": hung, "errors": errors, "longest_hang_s": longest,
        "routes": routes, "instances": instances,
    });
    (value, text)
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

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let unique: std::collections::BTreeSet<&str> = names.collect();
    unique.into_iter().map(str::to_owned).collect()
}
