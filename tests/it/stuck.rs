//! `stuck` on the demo and on every recording: each labelled request, and nothing else but what was cut off.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{cases, run};

/// The document's spans by their ids.
fn spans(document: &Value) -> BTreeMap<String, &Value> {
    let rows = document["spans"].as_array().unwrap();
    let id = |row: &Value| row["span_id"].as_str().unwrap().to_owned();
    rows.iter().map(|row| (id(row), row)).collect()
}

fn ids(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().unwrap();
    rows.iter().map(|row| row["span_id"].as_str().unwrap()).collect()
}

#[test]
fn every_labelled_request_is_there_with_start_and_duration_and_nothing_else() {
    for case in cases() {
        let run = run(&["stuck", "--source", &case.records, "--format", "json"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", case.name);
        let document = run.json();
        assert_eq!(document["schema"], "relay-diag.stuck.v1");
        assert_eq!(
            (&document["queries_spent"], &document["complete"]),
            (&1.into(), &true.into())
        );
        let found = spans(&document);
        for labelled in case.label["stuck"].as_array().unwrap() {
            let told = found.get(labelled["span_id"].as_str().unwrap());
            let told = told.unwrap_or_else(|| panic!("{}: {labelled} is missing", case.name));
            assert_eq!(told["start"], labelled["start"], "{}", case.name);
            assert_eq!(told["duration_s"], labelled["duration_s"], "{}", case.name);
            for (field, label) in [("route", "route"), ("trace_id", "trace_id"), ("instance", "instance")] {
                // Not every label names the instance.
                let expected = &labelled[label];
                assert!(expected.is_null() || told[field] == *expected, "{}: {told}", case.name);
            }
            // A recording is longer than its last record; a death is known from the first record of the next process.
            let waited = told["waited_s"].as_f64().unwrap() - labelled["waited_s"].as_f64().unwrap();
            assert!((-3.0..6.0).contains(&waited), "{}: {waited} s: {told}", case.name);
        }
        let (labelled, cut_off) = (ids(&case.label["stuck"]), ids(&case.label["cut_off"]));
        for (id, told) in &found {
            let unfinished = told["in_progress"] == true || told["died_with_process"] == true;
            let allowed = labelled.contains(&id.as_str()) || (cut_off.contains(&id.as_str()) && unfinished);
            assert!(allowed, "{}: nobody labelled {told}", case.name);
        }
    }
}

#[test]
fn each_failure_mode_has_its_own_thing_to_wait_on() {
    for (name, now, on) in [
        ("partial-connect-hang", None, "connect"),
        ("in-progress", None, "connect"),
        ("cold-start", None, "connect"),
        ("lock-contention", None, "statement"),
        ("connection-leak", Some("2026-11-23T02:57:18.921298Z"), "pool"),
    ] {
        let case = cases().into_iter().find(|case| case.name == name).unwrap();
        let mut args = vec!["stuck", "--source", &case.records, "--format", "json"];
        args.extend(now.iter().flat_map(|now| ["--now", now]));
        let document = run(&args).json();
        let labelled = ids(&case.label["stuck"]);
        for (id, told) in spans(&document) {
            let counts = labelled.contains(&id.as_str()) || now.is_some();
            assert!(!counts || told["waiting_on"] == on, "{name}: {told}");
        }
        assert!(
            document["headline"]
                .as_str()
                .unwrap()
                .contains(&format!("waiting on {on}"))
        );
    }
}

#[test]
fn the_first_line_answers_while_it_hangs() {
    let case = cases().into_iter().find(|case| case.name == "in-progress").unwrap();
    let run = run(&["stuck", "--source", &case.records]);
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stdout.lines().next(),
        Some("12 requests are hanging now, the longest for 9.5 min, all waiting on connect")
    );
    // A hang that began before the window is in it.
    let late = crate::support::run(&[
        "stuck",
        "--source",
        &case.records,
        "--since",
        "30s",
        "--fail-on-incident",
    ]);
    assert_eq!(late.code, 1);
    assert!(
        late.stdout.starts_with("12 requests are hanging now"),
        "{}",
        late.stdout
    );
}

#[test]
fn the_addresses_of_a_failed_connect_are_told() {
    let document = run(&["stuck", "--source", "demo", "--format", "json"]).json();
    let rows = document["spans"].as_array().unwrap();
    let longest = &rows[0];
    assert_eq!(
        (&longest["addresses_tried"], &longest["failed"]),
        (&12.into(), &true.into())
    );
    let attempts = longest["address_attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 12);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt["cause"] == "connection timeout expired")
    );
    assert!(
        rows.windows(2)
            .all(|pair| pair[0]["waited_s"].as_f64() >= pair[1]["waited_s"].as_f64())
    );
    // Without such an error nothing is claimed.
    assert!(rows.iter().any(|row| row["addresses_tried"].is_null()));
}

#[test]
fn people_get_a_table_and_scripts_get_all() {
    let case = cases().into_iter().find(|case| case.name == "connection-leak").unwrap();
    let table = run(&["stuck", "--source", &case.records, "--format", "markdown"]);
    let rows = table.stdout.lines().filter(|line| line.starts_with("| 0")).count();
    assert_eq!(rows, 25);
    assert!(table.stdout.contains("52 more, shorter"), "{}", table.stdout);
    let csv = run(&["stuck", "--source", &case.records, "--format", "csv"]);
    assert_eq!(csv.stdout.lines().count(), 78);
}

#[test]
fn no_records_are_no_calm() {
    let run = run(&[
        "stuck",
        "--source",
        "demo",
        "--from",
        "2025-12-08T01:00",
        "--to",
        "2025-12-08T02:00",
    ]);
    assert_eq!(run.code, 4);
    assert!(
        run.stdout.starts_with("inconclusive: no records at all"),
        "{}",
        run.stdout
    );
}
