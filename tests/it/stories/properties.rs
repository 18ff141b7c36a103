//! What must not change an answer: the order of rows, their time zone and arrival, how many instances there are, another
//! service in the project, sampling, and missing pending rows. Several of these at a time, since each run costs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::builder::{Failed, Life, Story, Took, judged, name, overlap};
use super::{AT_ONCE, Case, incidents, modes, near_misses};
use crate::support::{cases, on_each};

type Change = fn(&mut Vec<Value>);

fn case(part: &str) -> Case {
    let told = incidents::TABLE.iter().chain(modes::TABLE);
    let found = told.chain(near_misses::all()).find(|case| case.name.contains(part));
    let found = found.unwrap_or_else(|| panic!("no story is called {part}"));
    Case { ..*found }
}

/// Stories with what is done to them; what is right to say stays the same.
fn check(table: &[(&str, Change, &str)]) {
    let wrong = on_each(table, AT_ONCE, |(part, change, settings)| {
        let own = case(part);
        let mut story = Story::new();
        (own.build)(&mut story);
        change(&mut story.rows);
        // The window that was asked for stays, although what came late or was added may reach beyond it.
        let settings: &str = settings;
        own.wrong_of(&story, settings)
    });
    let wrong: Vec<String> = table
        .iter()
        .zip(wrong)
        .filter(|(_, wrong)| !wrong.is_empty())
        .map(|((part, _, _), wrong)| format!("{part}: {}", wrong.join("; ")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn time(row: &Value, column: &str) -> DateTime<Utc> {
    row[column].as_str().unwrap().parse().unwrap()
}

/// The same rows, in another order, in other time zones, and minutes late.
fn retold(rows: &mut Vec<Value>) {
    let mut runner = TestRunner::deterministic();
    *rows = Just(rows.clone())
        .prop_shuffle()
        .new_tree(&mut runner)
        .unwrap()
        .current();
    for (n, row) in rows.iter_mut().enumerate() {
        let offset = if n % 2 == 0 { 19_800 } else { -28_800 };
        let zone = FixedOffset::east_opt(offset).unwrap();
        for column in ["start_timestamp", "end_timestamp", "created_at"] {
            let late = TimeDelta::seconds(if column == "created_at" { 150 } else { 0 });
            row[column] = json!((time(row, column) + late).with_timezone(&zone).to_rfc3339());
        }
    }
}

/// A service with machines, routes and a database of its own, that has an error now and then.
fn beside(rows: &mut Vec<Value>) {
    let from = rows.iter().map(|row| time(row, "start_timestamp")).min().unwrap();
    let to = rows.iter().map(|row| time(row, "end_timestamp")).max().unwrap();
    let mut other = Story::from(from);
    other.service = "landing-page";
    let life: Life = ("pages-1", 70);
    let mut at = 0.5;
    let mut nth = 0;
    while at < (to - from).as_seconds_f64() - 1.0 {
        let error = "(psycopg.errors.UniqueViolation) duplicate key value";
        let checkout = if nth % 20 == 7 {
            Failed(0.003, error)
        } else {
            Took(0.003)
        };
        other.request(life, at, "GET /pages", checkout, 0.003);
        at += 4.0;
        nth += 1;
    }
    for row in &mut other.rows {
        rename(row, "pages");
    }
    rows.extend(other.rows);
}

/// Two more machines, on which nothing is wrong.
fn more_machines(rows: &mut Vec<Value>) {
    let from = rows.iter().map(|row| time(row, "start_timestamp")).min().unwrap();
    let to = rows.iter().map(|row| time(row, "end_timestamp")).max().unwrap();
    let mut other = Story::from(from);
    for life in [("machine-x", 80), ("machine-y", 81)] {
        other.traffic(life, 1.0, (to - from).as_seconds_f64() - 1.0, 9.0);
    }
    for row in &mut other.rows {
        rename(row, "more");
    }
    rows.extend(other.rows);
}

/// The same again on another machine.
fn twice(rows: &mut Vec<Value>) {
    let mut again = rows.clone();
    for row in &mut again {
        rename(row, "twin");
        let instance = row["otel_resource_attributes"]["fly.machine_id"]
            .as_str()
            .unwrap()
            .to_owned();
        row["otel_resource_attributes"]["fly.machine_id"] = json!(format!("{instance}-twin"));
        for column in ["start_timestamp", "end_timestamp", "created_at"] {
            row[column] = json!((time(row, column) + TimeDelta::milliseconds(300)).to_rfc3339());
        }
    }
    rows.extend(again);
}

/// What stood directly below a request stands below two spans of the application itself, one in the other.
fn deeper(rows: &mut Vec<Value>) {
    let is_request = |row: &Value| row["parent_span_id"].is_null() && row["kind"] != "log";
    let requests: Vec<Value> = rows.iter().filter(|row| is_request(row)).cloned().collect();
    let outermost: BTreeSet<String> = requests.iter().map(|row| row["span_id"].to_string()).collect();
    for row in rows
        .iter_mut()
        .filter(|row| outermost.contains(&row["parent_span_id"].to_string()))
    {
        let parent = row["parent_span_id"].as_str().unwrap();
        row["parent_span_id"] = json!(format!("inner-{parent}"));
    }
    for request in requests {
        let parent = request["span_id"].as_str().unwrap();
        for (name, above) in [("outer", parent.to_owned()), ("inner", format!("outer-{parent}"))] {
            let mut span = request.clone();
            span["span_id"] = json!(format!("{name}-{parent}"));
            span["parent_span_id"] = json!(above);
            span["span_name"] = json!(name);
            span["message"] = json!(name);
            span["otel_scope_name"] = json!("logfire");
            span["http_response_status_code"] = Value::Null;
            rows.push(span);
        }
    }
}

/// Ids of their own for rows that are added.
fn rename(row: &mut Value, to: &str) {
    for column in ["trace_id", "span_id", "parent_span_id"] {
        if let Some(id) = row[column].as_str() {
            row[column] = json!(format!("{to}-{id}"));
        }
    }
}

/// Every second trace of requests that went well, and with `all` of the others as well.
fn sample(rows: &mut Vec<Value>, all: bool) {
    let ids = |row: &Value| {
        (
            row["trace_id"].as_str().unwrap().to_owned(),
            row["span_id"].as_str().unwrap().to_owned(),
        )
    };
    let finished: BTreeSet<_> = rows.iter().filter(|row| row["kind"] == "span").map(ids).collect();
    let mut traces: BTreeMap<String, bool> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["kind"] != "log") {
        let long = row["duration"].as_f64().unwrap_or_default() > 20.0;
        let bad = row["otel_status_code"] == "ERROR" || long || !finished.contains(&ids(row));
        *traces.entry(ids(row).0).or_default() |= bad;
    }
    let mut counts = [0_u32; 2];
    let mut dropped = BTreeSet::new();
    for (trace, bad) in traces {
        let kind = usize::from(bad);
        counts[kind] += 1;
        if counts[kind] % 2 == 0 && (all || !bad) {
            dropped.insert(trace);
        }
    }
    rows.retain(|row| row["kind"] == "log" || !dropped.contains(row["trace_id"].as_str().unwrap()));
}

const OF_IT: &str = "service = \"plyr-api\"\n";
const SHAPES: [&str; 12] = [
    "2025-11-17: the listener never",
    "2025-12-02: a database",
    "2026-04-02: frozen",
    "2026-08-14: a machine",
    "six starts in ten minutes",
    "work is queued and nobody",
    "killed in mid-request",
    "no connect of two",
    "a hang that ends well",
    "refused, and one pooled",
    "to the end of the window",
    "so slow that",
];

#[test]
fn another_service_and_the_order_zone_and_arrival_of_rows_change_nothing() {
    let both: Change = |rows| {
        beside(rows);
        retold(rows);
    };
    let mut table: Vec<(&str, Change, &str)> = SHAPES.iter().map(|part| (*part, both, "")).collect();
    for part in ["2025-12-02: a database", "a storm of 404s"] {
        table.push((part, beside, OF_IT));
    }
    table.push(("a storm of 404s", beside, ""));
    check(&table);
}

#[test]
fn the_number_of_machines_changes_nothing() {
    check(&[
        ("2025-11-17: the listener never", more_machines, ""),
        ("killed in mid-request", more_machines, ""),
        ("connects of one of two", more_machines, ""),
        ("2025-12-02: a database", twice, ""),
        ("no connect of two", twice, ""),
        ("2026-04-02: frozen", twice, ""),
    ]);
}

#[test]
fn half_of_the_traces_are_enough() {
    check(&[
        ("2025-11-17: the listener never", |rows| sample(rows, true), ""),
        ("2025-12-02: a database", |rows| sample(rows, true), ""),
        ("2026-08-14: a machine", |rows| sample(rows, true), ""),
        ("so slow that", |rows| sample(rows, true), ""),
        ("to the end of the window", |rows| sample(rows, false), ""),
    ]);
}

/// A span by hand between a request and its checkout hides no hang.
#[test]
fn the_depth_of_a_checkout_changes_nothing() {
    let table: Vec<(&str, Change, &str)> = SHAPES.iter().map(|part| (*part, deeper as Change, "")).collect();
    check(&table);
}

/// Recordings of real telemetry, told otherwise and with another service beside.
#[test]
fn recordings_say_the_same_told_otherwise() {
    let changes: [(&str, Change); 5] = [
        ("traffic-lull", retold),
        ("partial-connect-hang", deeper),
        ("lock-contention", deeper),
        ("in-progress", beside),
        ("slow-database", |rows| {
            sample(rows, true);
            beside(rows);
        }),
    ];
    let recordings = cases();
    let wrong = on_each(&changes, AT_ONCE, |(part, change)| {
        let recording = recordings.iter().find(|case| case.name == *part).unwrap();
        let (mut rows, held) = read(&recording.records);
        change(&mut rows);
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        std::fs::write(folder.path().join("records.ndjson"), lines.join("\n")).unwrap();
        let (diagnosis, window) = judged(&folder.path().join("records.ndjson"), folder.path(), "", Some(held));
        let found = name(diagnosis.answer.as_ref());
        let expected = recording.label["failure_mode"].as_str().unwrap_or(part);
        let answer = diagnosis.answer.as_ref();
        let expected_from = recording.label["incident_window"]["from"].as_str();
        let share = answer
            .and_then(|answer| answer.from)
            .zip(expected_from)
            .map(|(from, label)| {
                let to = recording.label["incident_window"]["to"].as_str();
                let to = to.map_or(window.to, |to| to.parse().unwrap());
                overlap(
                    (label.parse().unwrap(), to),
                    (from, answer.and_then(|answer| answer.to).unwrap_or(window.to)),
                )
            });
        (found != expected || share.is_some_and(|share| share < super::LEAST_OVERLAP)).then(|| {
            format!(
                "{part}: {found}, {share:?}, {:?}",
                answer.map(|answer| answer.summary.clone())
            )
        })
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Hangs in flight have pending rows only. Without these what is left must not read as healthy.
#[test]
fn without_pending_rows_an_outage_is_not_healthy() {
    let recording = cases().into_iter().find(|case| case.name == "in-progress").unwrap();
    let (mut rows, held) = read(&recording.records);
    rows.retain(|row| row["kind"] != "pending_span");
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    std::fs::write(folder.path().join("records.ndjson"), lines.join("\n")).unwrap();
    let (diagnosis, _) = judged(&folder.path().join("records.ndjson"), folder.path(), "", Some(held));
    let found = name(diagnosis.answer.as_ref());
    assert!(!["healthy", "restart", "deploy"].contains(&found), "{found}");
}

fn read(path: &str) -> (Vec<Value>, (DateTime<Utc>, DateTime<Utc>)) {
    let text = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let lines = std::str::from_utf8(&text).unwrap().lines();
    let rows: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let from = rows.iter().map(|row| time(row, "start_timestamp")).min().unwrap();
    let to = rows.iter().map(|row| time(row, "created_at")).max().unwrap();
    (rows, (from, to))
}
