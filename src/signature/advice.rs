//! What follows from the answer: what tells the hung requests apart, the connect budget, the pool, the shape, the impact,
//! and what to do next.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::budget::{Budget, Ended, budget, seconds};
use super::contrast::{Contrast, contrast};
use super::impact::impact;
use super::pool::{Pool, pool};
use super::questions::{where_it_lies, why_some};
use super::report::Findings;
use super::scene::Scene;
use super::shape::shape;
use super::{Answer, Diagnosis, FailureMode};
use crate::error_text::{ErrorClass, classify};
use crate::facts::{Affected, Facts, Fate, Second, to_seconds};
use crate::paste;
use crate::profile::Settings;

/// What a verification after a restart looks at.
const VERIFY: &str = "relay-diag verify --since 5m";

/// Puts together what the first and the second request say beside the answer.
pub fn advise(diagnosis: &Diagnosis, facts: &Facts, second: Option<&Second>, profile: &Settings) -> Findings {
    let mut findings = Findings {
        impact: Value::Null,
        ..Findings::default()
    };
    let Some((answer, mode)) = diagnosis
        .answer
        .as_ref()
        .and_then(|answer| Some((answer, answer.failure_mode?)))
    else {
        return findings;
    };
    let scene = Scene::new(facts, profile);
    let budget = lengths(&scene, second);
    let contrast = second
        .filter(|second| second.contrast.not_known.is_none())
        .map(|second| contrast(&second.contrast.rows));
    let pool = pool(&scene, second, extent(diagnosis, facts));
    let compared = contrast.clone().unwrap_or_default();
    let mut paragraphs = if mode == FailureMode::PartialConnectHang {
        findings.because = because(&compared, &budget);
        vec![
            (
                "why some connections succeed while others hang",
                why_some(&scene, &compared),
            ),
            (
                "the proxy, DNS or the application?",
                where_it_lies(&scene, second, &compared),
            ),
            ("why the driver does not give up", budget.lines.clone()),
        ]
    } else {
        let claims = compared.differences.iter().map(|one| one.claim.clone());
        vec![
            ("what the hung requests have in common", claims.collect()),
            ("how long a connect can take", budget.lines.clone()),
        ]
    };
    paragraphs.push(("the pool", pool.lines.clone()));
    if let Some(from) = answer.from {
        paragraphs.push(("the shape", shape(&scene, from, answer.to)));
    }
    paragraphs.retain(|(_, lines)| !lines.is_empty());
    let titled = paragraphs.into_iter().map(|(title, lines)| (title.to_owned(), lines));
    findings.paragraphs = titled.collect();
    let affected = second
        .filter(|second| second.affected.not_known.is_none())
        .map(|second| affected(&scene, second, mode));
    (findings.impact, findings.impact_text) = impact(answer, &scene, affected.as_deref());
    let mut instances = answer.instances.clone();
    if instances.is_empty() {
        let suffered = affected.iter().flatten().map(|row| row.instance.clone());
        instances = suffered.collect::<BTreeSet<_>>().into_iter().collect();
    }
    findings.next_steps = next_steps(answer, &instances, profile);
    findings.more = more(contrast.as_ref(), &budget, pool);
    findings
}

/// Those of the service that suffered; a slow database slows every request.
fn affected<'a>(scene: &Scene<'_>, second: &'a Second, mode: FailureMode) -> Vec<&'a Affected> {
    let rows = second.affected.rows.iter().filter(|row| scene.is_ours(&row.service));
    rows.filter(|row| row.affected > 0 || mode == FailureMode::SlowDatabase)
        .collect()
}

/// What the person on call wants to know at once of hanging connects.
fn because(contrast: &Contrast, budget: &Budget) -> Vec<String> {
    let on_one = contrast.differences.iter().find(|one| one.attribute == "instance");
    let all_on_one = on_one.filter(|one| {
        contrast
            .instances
            .iter()
            .any(|(name, hung, _)| *name == one.value && *hung == contrast.hung)
    });
    let tries = budget
        .addresses
        .zip(budget.each_s)
        .map(|((ipv4, ipv6), each_s)| format!("one connect tries {} addresses, {} each", ipv4 + ipv6, seconds(each_s)));
    let machine = all_on_one.map(|one| format!("all of them on instance {}", one.value));
    machine.into_iter().chain(tries).collect()
}

fn lengths(scene: &Scene<'_>, second: Option<&Second>) -> Budget {
    let connects = scene.hangs_on("connect").into_iter();
    let ended: Vec<Ended> = connects
        .filter_map(|hang| match hang.fate {
            Fate::Ended { duration_s, failed } => Some(Ended { duration_s, failed }),
            _ => None,
        })
        .collect();
    let errors = second.map(|second| &second.errors.rows[..]).unwrap_or_default();
    let texts: Vec<(&str, Option<f64>)> = errors
        .iter()
        .filter(|error| matches!(classify(&error.text), Some(ErrorClass::ConnectTimeout)))
        .map(|error| (error.text.as_str(), error.took_s.map(|(_, longest)| longest)))
        .collect();
    budget(&ended, &texts)
}

fn next_steps(answer: &Answer, instances: &[String], profile: &Settings) -> Vec<(String, Option<String>)> {
    use FailureMode as F;
    let Some(mode) = answer.failure_mode else {
        return Vec::new();
    };
    let names: Vec<&str> = instances.iter().map(String::as_str).collect();
    let filled = |template: &str, text: &str| {
        let filled = paste::filled(template, &profile.app.name, &names);
        let warning = filled.warning().map(|warning| format!(" ({warning})"));
        Some((format!("{text}{}", warning.unwrap_or_default()), Some(filled.command?)))
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

fn more(contrast: Option<&Contrast>, budget: &Budget, pool: Pool) -> Map<String, Value> {
    let contrast = contrast.map(|contrast| {
        let claims = contrast.differences.iter();
        let differences: Vec<Value> = claims
            .map(|one| json!({"claim": one.claim, "attribute": one.attribute, "value": one.value, "p": one.p}))
            .collect();
        json!({
            "hung": contrast.hung, "fast": contrast.fast, "compared": contrast.compared,
            "attributes": contrast.attributes, "differences": differences,
        })
    });
    let budget = json!({
        "lines": budget.lines,
        "addresses_ipv4": budget.addresses.map(|(ipv4, _)| ipv4),
        "addresses_ipv6": budget.addresses.map(|(_, ipv6)| ipv6),
        "each_s": budget.each_s,
        "worst_s": budget.worst_s.map(|(worst_s, _)| worst_s),
        "worst_with_connect_timeout_10_s": budget.worst_s.map(|(_, short_s)| short_s),
    });
    let parts = [
        ("contrast", json!(contrast)),
        ("connect_budget", budget),
        ("pool", pool.document),
    ];
    parts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The part of the window that the second request asks about: the incident, without the time since a silent start.
pub fn extent(diagnosis: &Diagnosis, facts: &Facts) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let answer = diagnosis
        .answer
        .as_ref()
        .filter(|answer| answer.failure_mode.is_some())?;
    let from = answer.from?;
    let to = answer.to.unwrap_or(facts.window.to);
    (to_seconds(to - from) > 0.0).then_some((from, to))
}
