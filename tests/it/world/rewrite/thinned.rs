//! Records that are not there: what was not sampled, and what was never instrumented.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::draws::mixed;
use super::super::recording::Recording;
use super::super::rows::is_database;

/// Half of the traces, each whole.
pub(super) fn sample(recording: &mut Recording, seed: u64) {
    let kept = |trace: &Value| mixed(seed, trace.as_str().unwrap_or_default()) & 1 == 0;
    recording.rows.retain(|row| kept(&row["trace_id"]));
    let label = &mut recording.label;
    for list in ["stuck", "cut_off", "long_but_fine", "long_and_failed"] {
        if let Some(entries) = label[list].as_array_mut() {
            entries.retain(|entry| kept(&entry["trace_id"]));
        }
    }
    // The lines of a process are traces of their own: any of them may be gone, so not everything can be told.
    label["judged_loosely"] = json!(true);
    if label["incident"] == true {
        label["never_finding"] = json!("healthy");
    }
    loosen(label, |expected, incident| match expected {
        "fail" => &["inconclusive"],
        "pass" if incident => &["inconclusive", "fail"],
        "pass" => &["inconclusive"],
        _ => &[],
    });
}

pub(super) fn without_database(recording: &mut Recording) {
    recording.rows.retain(|row| !is_database(row));
    let left: BTreeSet<&str> = recording
        .rows
        .iter()
        .filter_map(|row| row["span_id"].as_str())
        .collect();
    let label = &mut recording.label;
    // Of a route that lasts by design nothing tells any more which of its requests waited for the database.
    let lasting: BTreeSet<String> = routes(&label["long_but_fine"]).collect();
    let told = |entry: &Value| entry["route"].as_str().is_none_or(|route| !lasting.contains(route));
    if let Some(stuck) = label["stuck"].as_array_mut() {
        let (kept, either): (Vec<Value>, Vec<Value>) = stuck.drain(..).partition(told);
        stuck.extend(kept);
        let before = label["cut_off"].as_array().cloned().unwrap_or_default();
        label["cut_off"] = json!([before, either].concat());
    }
    for list in ["stuck", "cut_off"] {
        if let Some(entries) = label[list].as_array_mut() {
            entries.retain(|entry| entry["span_id"].as_str().is_some_and(|id| left.contains(id)));
        }
    }
    label["judged_loosely"] = json!(true);
    label["never_finding"] = json!("healthy");
    label["inconclusive_names"] = json!("database");
    // Failed requests are still seen to fail; nothing is seen to be well.
    replace_pass(label);
    loosen(label, |expected, incident| match expected {
        "fail" => &["inconclusive"],
        _ if incident => &["fail"],
        _ => &[],
    });
}

fn routes(entries: &Value) -> impl Iterator<Item = String> {
    let entries = entries.as_array().into_iter().flatten();
    entries.filter_map(|entry| Some(entry["route"].as_str()?.to_owned()))
}

fn points(label: &mut Value) -> impl Iterator<Item = (&mut Value, &'static str, &'static str)> {
    let (mut ends, mut inner) = (None, None);
    if let Value::Object(fields) = label {
        for (key, value) in fields.iter_mut() {
            match key.as_str() {
                "verify_points" => inner = value.as_array_mut(),
                "expected_verify" => ends = Some(value),
                _ => {}
            }
        }
    }
    let inner = inner
        .into_iter()
        .flatten()
        .map(|point| (point, "expected", "acceptable"));
    inner.chain(ends.map(|value| (value, "", "")))
}

fn replace_pass(label: &mut Value) {
    for (point, expected, _) in points(label) {
        let value = if expected.is_empty() {
            point
        } else {
            &mut point[expected]
        };
        if *value == "pass" {
            *value = json!("inconclusive");
        }
    }
}

/// Other outcomes that are as honest.
fn loosen(label: &mut Value, honest: impl Fn(&str, bool) -> &'static [&'static str]) {
    let incident = label["incident"] == true;
    let last = label["expected_verify"].as_str().unwrap_or_default().to_owned();
    label["acceptable_verify"] = json!(honest(&last, incident));
    for (point, expected, acceptable) in points(label) {
        if !expected.is_empty() {
            let outcomes = honest(point[expected].as_str().unwrap_or_default(), incident);
            point[acceptable] = json!(outcomes);
        }
    }
}
