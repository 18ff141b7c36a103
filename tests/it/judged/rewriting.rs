//! The rewriting itself: what it adds is as the SDK writes it, what it leaves is untouched, and its label says so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::fixture;
use crate::world::recording::{Recording, time};
use crate::world::rewrite::{Way, parse, rewrite};

fn recording(name: &str) -> Recording {
    Recording::read(&fixture(name)).unwrap()
}

fn id(row: &Value) -> String {
    format!("{}/{}/{}", row["trace_id"], row["span_id"], row["kind"])
}

fn added(before: &Recording, after: &Recording) -> Vec<Value> {
    let known: BTreeSet<String> = before.rows.iter().map(id).collect();
    after
        .rows
        .iter()
        .filter(|row| !known.contains(&id(row)))
        .cloned()
        .collect()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

fn columns(row: &Value) -> Vec<&String> {
    row.as_object().unwrap().keys().collect()
}

const ADDING: [Way; 3] = [Way::LongLived, Way::Outgoing, Way::PrePing];

#[test]
fn the_same_seed_gives_the_same_rows_and_another_gives_others() {
    let before = recording("database-down");
    for way in Way::ALL {
        let first = rewrite(&before, &[way], 1);
        assert_eq!(first, rewrite(&before, &[way], 1), "{}", way.name());
        assert_ne!(first.rows, before.rows, "{}", way.name());
        if way != Way::NoDatabase {
            assert_ne!(first.rows, rewrite(&before, &[way], 2).rows, "{}", way.name());
        }
    }
}

#[test]
fn ways_are_called_by_their_names() {
    for way in Way::ALL {
        assert_eq!(parse(way.name()), Ok(vec![way]));
    }
    assert_eq!(parse("pre-ping+no-machines"), Ok(vec![Way::PrePing, Way::Machines]));
    assert!(parse("sideways").unwrap_err().contains("long-lived"));
    assert_eq!(Way::pairs().len(), 6);
}

#[test]
fn what_was_recorded_stays_and_what_is_added_is_whole() {
    for name in ["one-sick-instance", "connection-leak", "others/shop-deploy"] {
        let before = recording(name);
        let end = time(&before.label["window"]["to"]).unwrap();
        for way in ADDING {
            let after = rewrite(&before, &[way], 1);
            let new = added(&before, &after);
            assert!(new.len() >= 10, "{name} {}: {} rows", way.name(), new.len());
            assert_eq!(after.rows.len(), before.rows.len() + new.len(), "no id twice");
            let known: BTreeSet<String> = before.rows.iter().map(id).collect();
            let kept: Vec<&Value> = after.rows.iter().filter(|row| known.contains(&id(row))).collect();
            assert!(kept.into_iter().eq(&before.rows), "{name} {}", way.name());
            let spans: BTreeSet<(&str, &str)> = after
                .rows
                .iter()
                .map(|row| (text(row, "trace_id"), text(row, "span_id")))
                .collect();
            for row in &new {
                assert_eq!(columns(row), columns(&before.rows[0]));
                let parent = &row["parent_span_id"];
                assert!(
                    parent.is_null() || spans.contains(&(text(row, "trace_id"), text(row, "parent_span_id"))),
                    "an orphan: {row}"
                );
                let (from, to) = (
                    time(&row["start_timestamp"]).unwrap(),
                    time(&row["end_timestamp"]).unwrap(),
                );
                assert!(
                    from <= to && to <= time(&row["created_at"]).unwrap() && to < end,
                    "{row}"
                );
            }
        }
    }
}

#[test]
fn streams_are_open_over_the_incident_and_at_the_end_and_wait_for_nothing() {
    for name in ["database-down", "in-progress", "traffic-lull", "connection-leak"] {
        let before = recording(name);
        let after = rewrite(&before, &[Way::LongLived], 1);
        let new = added(&before, &after);
        let roots: Vec<&Value> = new.iter().filter(|row| row["parent_span_id"].is_null()).collect();
        let labelled: BTreeMap<&str, &Value> = ["long_but_fine", "cut_off"]
            .iter()
            .flat_map(|list| after.label[list].as_array().unwrap())
            .map(|entry| (text(entry, "span_id"), entry))
            .collect();
        for root in &roots {
            let entry = labelled
                .get(text(root, "span_id"))
                .unwrap_or_else(|| panic!("{name}: {root}"));
            let finished = roots
                .iter()
                .find(|row| row["span_id"] == root["span_id"] && row["kind"] == "span");
            assert_eq!(
                entry["duration_s"],
                finished.map_or(Value::Null, |row| row["duration"].clone()),
                "{name}"
            );
            let webby = root["attributes"]["http.scheme"] == "ws";
            assert_eq!(
                webby,
                root["http_method"].is_null() && root["span_name"].as_str().unwrap().starts_with("HTTP /")
            );
        }
        assert!(
            roots
                .iter()
                .any(|root| labelled[text(root, "span_id")]["ended_by"] == "end of the window"),
            "{name}"
        );
        let slow = new.iter().filter(|row| row["attributes"]["db.system"].is_string());
        assert!(
            slow.into_iter().all(|row| row["duration"].as_f64().unwrap() < 0.5),
            "{name}"
        );
        let Some(from) = time(&before.label["incident_window"]["from"]) else {
            continue;
        };
        let over = |entry: &&Value| {
            let start = time(&entry["start"]).unwrap();
            let lasted = chrono::TimeDelta::milliseconds((entry["waited_s"].as_f64().unwrap() * 1e3) as i64);
            start < from && start + lasted > from
        };
        let fine = after.label["long_but_fine"].as_array().unwrap();
        assert!(fine.iter().any(|entry| over(&entry)), "{name}");
    }
}

#[test]
fn refused_calls_are_made_by_requests_that_are_fine() {
    let before = recording("slow-database");
    let after = rewrite(&before, &[Way::Outgoing], 1);
    let new = added(&before, &after);
    let refused = new.iter().filter(|row| row["otel_status_code"] == "ERROR");
    let statuses: BTreeSet<i64> = refused
        .clone()
        .map(|row| row["http_response_status_code"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, BTreeSet::from([404, 409]));
    for row in refused {
        assert_eq!(row["otel_scope_name"], "opentelemetry.instrumentation.httpx");
        let request = before
            .rows
            .iter()
            .find(|request| request["span_id"] == row["parent_span_id"] && request["kind"] == "span");
        assert!(request.unwrap()["otel_status_code"].is_null());
    }
}

#[test]
fn a_dead_connection_is_replaced_within_a_checkout_that_succeeds() {
    for (name, parent) in [("database-down", "connect"), ("others/django-slow-queries", "GET")] {
        let before = recording(name);
        let after = rewrite(&before, &[Way::PrePing], 1);
        for row in added(&before, &after) {
            assert_eq!((&row["otel_status_code"], &row["level"]), (&"ERROR".into(), &17.into()));
            let outer = before
                .rows
                .iter()
                .find(|outer| outer["span_id"] == row["parent_span_id"] && outer["kind"] == "span");
            let outer = outer.unwrap();
            assert!(outer["otel_status_code"].is_null(), "{name}: {outer}");
            assert!(parent == "GET" || outer["span_name"] == parent, "{name}: {outer}");
            assert!(time(&row["end_timestamp"]) <= time(&outer["end_timestamp"]));
        }
    }
}

#[test]
fn without_machines_each_process_has_a_random_id() {
    let before = recording("one-sick-instance");
    let after = rewrite(&before, &[Way::Machines], 1);
    let ids = |recording: &Recording| {
        let of = |row: &Value| (row["service_instance_id"].to_string(), row["process_pid"].to_string());
        recording.rows.iter().map(of).collect::<BTreeSet<_>>()
    };
    let processes = ids(&after);
    assert_eq!(processes.len(), ids(&before).len());
    let names: BTreeSet<&String> = processes.iter().map(|(id, _)| id).collect();
    assert_eq!(names.len(), processes.len(), "an id is new with each process");
    for row in &after.rows {
        let resource = &row["otel_resource_attributes"];
        assert_eq!(resource["service.instance.id"], row["service_instance_id"]);
        assert!(resource["host.name"].is_null() && resource["fly.machine_id"].is_null());
        assert!(resource["service.name"].is_string());
    }
}

#[test]
fn half_of_the_traces_go_and_each_goes_whole() {
    let before = recording("healthy-load");
    let after = rewrite(&before, &[Way::Sampled], 1);
    let count = |recording: &Recording| {
        let mut rows: BTreeMap<String, usize> = BTreeMap::new();
        recording
            .rows
            .iter()
            .for_each(|row| *rows.entry(row["trace_id"].to_string()).or_default() += 1);
        rows
    };
    let (all, left) = (count(&before), count(&after));
    let share = left.len() as f64 / all.len() as f64;
    assert!((0.45..0.55).contains(&share), "{share}");
    assert!(left.iter().all(|(trace, rows)| all[trace] == *rows));
}

#[test]
fn only_the_database_goes_and_the_label_asks_for_doubt() {
    for name in [
        "database-down",
        "others/django-slow-queries",
        "others/shop-partial-hang-live",
    ] {
        let before = recording(name);
        let after = rewrite(&before, &[Way::NoDatabase], 1);
        let gone = added(&after, &before);
        assert!(gone.len() > 500, "{name}");
        let scopes: BTreeSet<&str> = gone
            .iter()
            .map(|row| row["otel_scope_name"].as_str().unwrap())
            .collect();
        let database = ["sqlalchemy", "psycopg", "asyncpg"];
        assert!(
            scopes
                .iter()
                .all(|scope| database.iter().any(|name| scope.ends_with(name))),
            "{scopes:?}"
        );
        assert!(after.rows.iter().all(|row| row["attributes"]["db.system"].is_null()));
        let points = after.label["verify_points"].as_array().unwrap();
        assert!(points.iter().all(|point| point["expected"] != "pass"), "{name}");
    }
}
