//! What follows from the answer: the contrast, the connect budget, the pool, the impact, and what to do next.

use serde_json::{Map, Value, json};

use super::budget::{Budget, budget};
use super::contrast::{Contrast, contrast};
use super::report::Findings;
use super::scene::clock;
use super::{Answer, Diagnosis, FailureMode};
use crate::error_text::{ErrorClass, PoolLimits, classify, pool_limits};
use crate::facts::{Affected, Facts, Fate, Second, to_seconds};
use crate::profile::Settings;
use crate::words::{counted, duration, grouped};

/// Routes and instances that are named to people.
const MOST_NAMED: usize = 4;
/// What a verification after a restart looks at.
const VERIFY: &str = "relay-diag verify --since 5m";

/// Puts together what the first and the second request say beside the answer.
pub fn advise(diagnosis: &Diagnosis, facts: &Facts, second: Option<&Second>, profile: &Settings) -> Findings {
    let mut findings = Findings {
        impact: Value::Null,
        ..Findings::default()
    };
    let Some(answer) = diagnosis.answer.as_ref().filter(|answer| answer.failure_mode.is_some()) else {
        return findings;
    };
    let budget = lengths(facts, second);
    let contrast = second.map(|second| contrast(&second.contrast.rows)).unwrap_or_default();
    let limits = facts.errors.rows.iter().find_map(|burst| pool_limits(&burst.sample));
    let mode = answer.failure_mode;
    if mode == Some(FailureMode::PartialConnectHang) {
        findings
            .paragraphs
            .push((String::from("why some succeed while others fail"), why_some(&contrast)));
        findings.paragraphs.push((
            String::from("Neon proxy, DNS or application"),
            where_it_lies(facts, answer, &contrast),
        ));
        findings
            .paragraphs
            .push((String::from("why it does not give up"), budget.lines.clone()));
    } else {
        let told = contrast
            .differences
            .iter()
            .map(|difference| difference.claim.clone())
            .collect();
        findings.paragraphs.push((String::from("what tells them apart"), told));
        findings
            .paragraphs
            .push((String::from("connect budget"), budget.lines.clone()));
    }
    findings
        .paragraphs
        .push((String::from("pool"), pool(facts, second, limits)));
    findings.paragraphs.retain(|(_, lines)| !lines.is_empty());
    let affected: Vec<&Affected> = second
        .map(|second| second.affected.rows.iter().filter(|row| row.affected > 0).collect())
        .unwrap_or_default();
    let (impact, text) = impact(answer, facts, second.is_some().then_some(&affected[..]));
    findings.impact = impact;
    findings.impact_text = text;
    let mut instances = answer.instances.clone();
    if instances.is_empty() {
        instances = distinct(affected.iter().map(|row| row.instance.as_str()));
    }
    findings.next_steps = next_steps(answer, &instances, profile);
    findings.more = more(&contrast, &budget, limits);
    findings
}

fn lengths(facts: &Facts, second: Option<&Second>) -> Budget {
    let ended = facts
        .hangs
        .rows
        .iter()
        .filter(|hang| hang.waits_on.as_deref() == Some("connect"))
        .filter_map(|hang| match hang.fate {
            Fate::Ended { duration_s, .. } => Some(duration_s),
            _ => None,
        });
    let ended: Vec<f64> = ended.collect();
    let errors = second.map(|second| &second.errors.rows[..]).unwrap_or_default();
    let texts: Vec<(&str, Option<f64>)> = errors
        .iter()
        .filter(|error| matches!(classify(&error.text), Some(ErrorClass::ConnectTimeout)))
        .map(|error| (error.text.as_str(), error.took_s.map(|(_, longest)| longest)))
        .collect();
    budget(&ended, &texts)
}

fn why_some(contrast: &Contrast) -> Vec<String> {
    let mut lines = vec![String::from(
        "requests that are given a connection which the pool has open already succeed; those that need a new one hang \
         (inferred from prompt checkouts beside hung ones: whether a checkout connects anew is not in the records)",
    )];
    if contrast.compared > 0 {
        lines.extend(contrast.differences.iter().map(|difference| difference.claim.clone()));
        if contrast.differences.is_empty() {
            lines.push(format!(
                "nothing else tells them apart: {} hung and {} fast requests compared by {} values of instance, process, route, \
                 requests under way and age of the process",
                grouped(contrast.hung),
                grouped(contrast.fast),
                contrast.compared
            ));
        }
    }
    lines
}

fn where_it_lies(facts: &Facts, answer: &Answer, contrast: &Contrast) -> Vec<String> {
    let classes: Vec<Option<ErrorClass>> = facts.errors.rows.iter().map(|burst| classify(&burst.sample)).collect();
    let mut lines = Vec::new();
    if !classes.contains(&Some(ErrorClass::Dns)) {
        lines.push(String::from(
            "not DNS: no name failed to resolve; addresses were found, and did not answer",
        ));
    }
    if !classes.contains(&Some(ErrorClass::ConnectRefused)) {
        lines.push(String::from(
            "the way to the database or the proxy before it: no connect was refused, packets of new ones got no answer. \
             Which of the two the records cannot tell: nothing of the proxy or the network is in them",
        ));
    }
    let one_instance = contrast
        .differences
        .iter()
        .any(|difference| difference.attribute == "instance");
    lines.push(if one_instance {
        format!("one instance alone is concerned ({}), so look at its network first, not at the database", answer.instances.join(", "))
    } else {
        String::from(
            "the application's part: it does not cause the hang, it prolongs it, without a timeout of its own for a connect \
             and with a pool that the hung ones fill",
        )
    });
    lines
}

fn pool(facts: &Facts, second: Option<&Second>, limits: Option<PoolLimits>) -> Vec<String> {
    let Some(limits) = limits else { return Vec::new() };
    let mut lines = vec![format!(
        "{} (from the error's own text)",
        super::connection_leak::limits_text(&limits)
    )];
    let empty = facts
        .errors
        .rows
        .iter()
        .filter(|burst| classify(&burst.sample) == Some(ErrorClass::PoolExhausted));
    if let Some(burst) = empty.min_by_key(|burst| burst.first_at) {
        let on = burst
            .instance
            .as_ref()
            .map(|name| format!(" on {name}"))
            .unwrap_or_default();
        lines.push(format!(
            "ran dry{on} at {}: the first request that waited in vain began then",
            clock(burst.first_at)
        ));
    }
    let Some(second) = second else { return lines };
    let named = |count: fn(&Affected) -> u64| {
        let mut rows: Vec<&Affected> = second.affected.rows.iter().filter(|row| count(row) > 0).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(count(row)));
        let names = rows.iter().take(MOST_NAMED).map(|row| {
            format!(
                "{} x {} on {}",
                count(row),
                row.route.as_deref().unwrap_or("-"),
                row.instance
            )
        });
        (
            names.collect::<Vec<_>>().join(", "),
            rows.len().saturating_sub(MOST_NAMED),
        )
    };
    for (verb, (names, others)) in [
        ("held by hung requests", named(|row| row.hung)),
        ("failed meanwhile", named(|row| row.failed)),
    ] {
        if !names.is_empty() {
            let rest = if others > 0 {
                format!(" and {others} more")
            } else {
                String::new()
            };
            lines.push(format!("{verb}: {names}{rest}"));
        }
    }
    if let Some(most) = second.occupancy.rows.iter().max_by_key(|row| row.most) {
        lines.push(format!(
            "at most {} requests with or waiting for a connection at a time on {}, first at {} (an estimate, from requests that enclose a checkout)",
            most.most,
            most.instance,
            clock(most.most_at)
        ));
    }
    lines
}

fn impact(answer: &Answer, facts: &Facts, affected: Option<&[&Affected]>) -> (Value, Vec<String>) {
    let errors: u64 = facts.errors.rows.iter().map(|burst| burst.traces).sum();
    let Some(affected) = affected else {
        return (
            json!({"requests": null, "failed": null, "hung": null, "errors": errors, "longest_hang_s": null, "routes": [], "instances": answer.instances}),
            Vec::new(),
        );
    };
    let sum = |count: fn(&Affected) -> u64| affected.iter().map(|row| count(row)).sum::<u64>();
    let (requests, failed, hung) = (sum(|row| row.affected), sum(|row| row.failed), sum(|row| row.hung));
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
                let all: u64 = own().map(|row| row.affected).sum();
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
        "impact: {} affected ({} failed, {} hung{})",
        counted(requests, "request"),
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

fn next_steps(answer: &Answer, instances: &[String], profile: &Settings) -> Vec<(String, Option<String>)> {
    use FailureMode as F;
    let Some(mode) = answer.failure_mode else {
        return Vec::new();
    };
    let filled = |template: &str, text: &str| {
        // Names of instances come from telemetry: what a shell would read as more than a name is not pasted.
        let safe =
            |name: &&String| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let names: Vec<&str> = instances.iter().filter(safe).map(String::as_str).collect();
        if template.is_empty() || (template.contains("{instances}") && names.is_empty()) {
            return None;
        }
        Some((
            text.to_owned(),
            Some(
                template
                    .replace("{app}", &profile.app.name)
                    .replace("{instances}", &names.join(" ")),
            ),
        ))
    };
    let list = filled(&profile.remedies.list_instances, "see which instances run");
    let logs = filled(&profile.remedies.instance_logs, "read what the platform says of them");
    let over = answer.to.is_some();
    let restart_text = if over {
        "if it comes back: restart the instances concerned"
    } else {
        "restart the instances concerned"
    };
    let restart = filled(&profile.remedies.restart_instances, restart_text);
    let mut steps: Vec<(String, Option<String>)> = Vec::new();
    match mode {
        F::PartialConnectHang | F::ListenerHang | F::ConnectionLeak | F::InstanceSilent | F::PoolExhausted => {
            steps.extend([list, restart].into_iter().flatten())
        }
        F::CrashLoop | F::WorkerSilent => steps.extend([list, logs].into_iter().flatten()),
        _ => {}
    }
    let lasting = super::REGISTRY
        .iter()
        .find(|signature| signature.mode == mode)
        .map(|signature| signature.documentation.what_to_do);
    let verify = (String::from("see whether it is healthy again"), Some(VERIFY.to_owned()));
    steps.push(verify);
    steps.extend(lasting.map(|text| (text.to_owned(), None)));
    steps.push((
        String::from("what this failure mode is, and what it is confused with"),
        Some(format!("relay-diag explain {}", mode.id())),
    ));
    steps
}

fn more(contrast: &Contrast, budget: &Budget, limits: Option<PoolLimits>) -> Map<String, Value> {
    let differences: Vec<Value> = contrast
        .differences
        .iter()
        .map(|one| json!({"claim": one.claim, "attribute": one.attribute, "p": one.p}))
        .collect();
    let mut map = Map::new();
    map.insert(
        String::from("contrast"),
        json!({"hung": contrast.hung, "fast": contrast.fast, "compared": contrast.compared, "differences": differences}),
    );
    map.insert(
        String::from("connect_budget"),
        json!({"lines": budget.lines, "addresses_ipv4": budget.addresses.map(|(v4, _)| v4), "addresses_ipv6": budget.addresses.map(|(_, v6)| v6), "each_s": budget.each_s}),
    );
    map.insert(
        String::from("pool"),
        limits.map_or(
            Value::Null,
            |limits| json!({"size": limits.size, "overflow": limits.overflow, "timeout_s": limits.timeout_s}),
        ),
    );
    map
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let unique: std::collections::BTreeSet<&str> = names.collect();
    unique.into_iter().map(str::to_owned).collect()
}

/// The part of the window that the second request asks about: the incident, without the time since a silent start.
pub fn extent(
    diagnosis: &Diagnosis,
    facts: &Facts,
) -> Option<(chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>)> {
    let answer = diagnosis
        .answer
        .as_ref()
        .filter(|answer| answer.failure_mode.is_some())?;
    let from = answer.from?;
    let to = answer.to.unwrap_or(facts.window.to);
    (to_seconds(to - from) > 0.0).then_some((from, to))
}
