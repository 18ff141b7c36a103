//! What `diagnose` adds to its answer: the contrast, the connect budget, the pool, the impact, what to do.

use serde_json::Value;

use crate::support::{fixture, run};

fn diagnosed(case: &str, more: &[&str]) -> Value {
    let records = fixture(case).join("records.ndjson.zst");
    let mut args = vec!["diagnose", "--source", records.to_str().unwrap(), "--format", "json"];
    args.extend(more);
    run(&args).json()
}

#[test]
fn the_demo_answers_the_runbooks_open_questions() {
    let run = run(&["diagnose", "--full", "--source", "demo", "--format", "table"]);
    // Lines are wrapped at 80 columns.
    let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for answer in [
        "those had a connection that the pool had open already, and the hung ones needed a new one (inferred",
        "not DNS: the name resolved to 12 addresses, and those did not answer",
        "Which of the two is not known: neither the proxy nor the network has records here",
        "12 addresses x 130 s = 26 min; with connect_timeout=10: 2 min",
        "disabling IPv6 would shorten it from 26 min to 13 min",
        "11 hangs ended well after 18-24 min",
        "fly machines restart 3d8dd15c016789 -a relay-api",
        "not database-down: no request failed because its connect was refused",
    ] {
        assert!(text.contains(answer), "{answer:?} is not in\n{}", run.stdout);
    }
    let first = "partial-connect-hang (high confidence): 17 requests hung 7-26 min waiting for a new database connection, while \
                 128 others got one in milliseconds; 37 requests failed; one connect tries 12 addresses, 130 s each";
    assert!(text.starts_with(first), "{text}");
}

#[test]
fn the_pool_of_the_demo_is_full_when_it_runs_dry() {
    let document = diagnosed("demo", &[]);
    let pool = &document["pool"];
    assert_eq!((&pool["size"], &pool["overflow"]), (&Value::from(10), &Value::from(5)));
    let held: Vec<u64> = serde_json::from_value(pool["occupancy"][0]["held"].clone()).unwrap();
    let waiting: Vec<u64> = serde_json::from_value(pool["occupancy"][0]["waiting"].clone()).unwrap();
    assert_eq!(held.iter().max(), Some(&15), "no more than size + overflow: {held:?}");
    let dry = waiting.iter().position(|waiting| *waiting > 0).unwrap();
    assert_eq!(held[dry], 15, "{held:?} {waiting:?}");
    assert!(held[..dry].windows(2).all(|pair| pair[0] <= pair[1]), "{held:?}");
    let impact = &document["impact"];
    assert_eq!(
        (&impact["hung"], &impact["requests"]),
        (&Value::from(17), &Value::from(51))
    );
    let by_route: u64 = impact["routes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|route| route["requests"].as_u64().unwrap())
        .sum();
    assert_eq!(by_route, 51);
}

#[test]
fn one_sick_instance_is_told_by_counts() {
    let document = diagnosed("one-sick-instance", &[]);
    let difference = &document["contrast"]["differences"][0];
    assert_eq!(difference["attribute"], "instance");
    assert_eq!(difference["value"], document["diagnosis"]["instances"][0]);
    let claim = difference["claim"].as_str().unwrap();
    assert!(claim.starts_with("15 of 15 hung requests, 0 of "), "{claim}");
    assert!(difference["p"].as_f64().unwrap() < 1e-6);
    let command = document["next_steps"][1]["command"].as_str().unwrap();
    assert_eq!(
        command,
        format!(
            "fly machines restart {} -a relay-api",
            difference["value"].as_str().unwrap()
        )
    );
}

#[test]
fn a_hang_that_still_runs_is_diagnosed_as_such() {
    let document = diagnosed(
        "demo",
        &[
            "--now",
            "2025-12-08T06:50",
            "--from",
            "2025-12-08T06:00",
            "--to",
            "2025-12-08T06:50",
        ],
    );
    let found = &document["diagnosis"];
    assert_eq!(found["failure_mode"], "partial-connect-hang", "{found:#}");
    assert!(found["to"].is_null(), "{}", found["to"]);
    assert!(found["from"].as_str().unwrap().starts_with("2025-12-08T06:33:36"));
    assert!(document["queries_spent"].as_u64().unwrap() <= 2);
    // Nothing ended yet, so no length is explained and no pool is said to be dry.
    assert_eq!(document["connect_budget"]["each_s"], Value::Null);
    assert!(document["impact"]["hung"].as_u64().unwrap() >= 9);
}

#[test]
fn a_slow_database_has_slow_requests_and_no_pool() {
    let document = diagnosed("slow-database", &[]);
    assert!(document["impact"]["requests"].as_u64().unwrap() > 100);
    assert_eq!(document["impact"]["failed"], 0);
    assert!(document["pool"].is_null());
    assert_eq!(document["contrast"]["compared"], 0);
}

#[test]
fn a_part_of_the_incident_is_diagnosed_as_the_whole() {
    // In the second one not one checkout succeeds any more: those that did stand in the lookback.
    for (from, to) in [
        ("2025-12-08T06:40", "2025-12-08T06:50"),
        ("2025-12-08T06:52", "2025-12-08T06:54"),
    ] {
        let document = diagnosed("demo", &["--from", from, "--to", to]);
        assert_eq!(document["diagnosis"]["failure_mode"], "partial-connect-hang", "{from}");
        assert!(document["diagnosis"]["to"].is_null(), "{from}");
    }
}

#[test]
fn nothing_is_healthy_in_the_first_minutes_of_an_outage() {
    // The listener is lost and nothing else is recorded; then two requests wait and none has hung yet.
    for now in ["2025-12-08T06:34:30", "2025-12-08T06:36:30"] {
        let args = [
            "diagnose",
            "--source",
            "demo",
            "--from",
            "2025-12-08T06:30",
            "--to",
            now,
            "--now",
            now,
        ];
        let run = run(&args);
        assert_eq!(run.code, 4, "{}", run.stdout);
        assert!(
            run.stdout
                .starts_with("inconclusive: the queue service on 3d8dd15c016789 lost")
                || run.stdout.starts_with("inconclusive: 2 requests wait on the database"),
            "{}",
            run.stdout
        );
    }
    // In the midst of a cold start nobody can know that it will end by itself.
    let now = "2026-11-23T02:59:13";
    let document = diagnosed(
        "cold-start",
        &["--from", "2026-11-23T02:49:40", "--to", now, "--now", now],
    );
    assert_eq!(document["diagnosis"]["failure_mode"], "database-unreachable");
}
