//! The judge itself, on answers made by hand: what is as labelled passes, and each thing that is not is told.

use serde_json::{Value, json};

use crate::world::judge::{Depth, differences};

fn label() -> Value {
    json!({
        "failure_mode": "database-down",
        "acceptable": ["database-unreachable"],
        "incident": true,
        "environment": "prod",
        "window": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:20:00Z"},
        "incident_window": {"from": "2026-01-01T00:05:00Z", "to": "2026-01-01T00:10:00Z"},
        "stuck": [{"route": "GET /a", "span_id": "a", "start": "2026-01-01T00:05:00.000000Z", "duration_s": 60.0}],
        "cut_off": [{"span_id": "c"}],
        "long_but_fine": [{"route": "POST /chat", "span_id": "b"}],
        "verify_points": [{"at": "2026-01-01T00:08:00Z", "expected": "fail"}],
        "expected_verify": "pass",
    })
}

/// The answers that the label asks for, by command and time.
fn answer(args: &[&str]) -> Value {
    assert_eq!(args[1..6], ["--source", "records", "--format", "json", "--env"]);
    let live = args.contains(&"--now");
    let hung =
        json!([{"span_name": "GET /a", "span_id": "a", "start": "2026-01-01T00:05:00.000000Z", "duration_s": 60.0}]);
    match args[0] {
        "verify" if live => json!({"outcome": "fail", "checks": []}),
        "verify" => json!({"outcome": "pass", "checks": []}),
        "stuck" => json!({"spans": hung, "long": [{"span_id": "b"}]}),
        _ => json!({"also": [], "diagnosis": {
            "incident": true,
            "failure_mode": "database-down",
            "finding": null,
            "from": "2026-01-01T00:05:00Z",
            "to": "2026-01-01T00:10:00Z",
        }}),
    }
}

/// What is told when the answers are changed so.
fn told(label: &Value, change: impl Fn(&str, &mut Value)) -> Vec<&'static str> {
    let ask = |args: &[&str]| {
        let mut document = answer(args);
        change(args[0], &mut document);
        Ok(document)
    };
    let found = differences(label, "records", Depth::Whole, &ask);
    found.into_iter().map(|difference| difference.what).collect()
}

#[test]
fn what_is_as_labelled_differs_in_nothing() {
    assert!(told(&label(), |_, _| {}).is_empty());
    // Another honest answer, and a span that was cut off, are no differences.
    let changed = told(&label(), |command, document| match command {
        "timeline" | "diagnose" => document["diagnosis"]["failure_mode"] = json!("database-unreachable"),
        "stuck" => document["spans"].as_array_mut().unwrap().push(json!({"span_id": "c"})),
        _ => {}
    });
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn each_difference_is_told() {
    let diagnosis = |field: &'static str, value: Value| {
        told(&label(), move |command, document| {
            if matches!(command, "timeline" | "diagnose") {
                document["diagnosis"][field] = value.clone();
            }
        })
    };
    assert_eq!(diagnosis("failure_mode", json!("slow-database")), ["mode"]);
    // Five of seven minutes are shared, then four of five.
    assert_eq!(diagnosis("from", json!("2026-01-01T00:03:00Z")), ["window"]);
    assert!(diagnosis("from", json!("2026-01-01T00:06:00Z")).is_empty());
    // Until the end of the recording, and verify says that all is well.
    assert_eq!(diagnosis("to", Value::Null), ["window", "agree"]);
    let apart = told(&label(), |command, document| {
        if command == "timeline" {
            document["diagnosis"]["failure_mode"] = json!("dns-failure");
        }
    });
    assert_eq!(apart, ["agree"]);
    let verdict = told(&label(), |command, document| {
        if command == "verify" {
            document["outcome"] = json!("inconclusive");
        }
    });
    assert_eq!(verdict, ["verify", "verify"]);
}

#[test]
fn hangs_are_told_live_and_afterwards() {
    let spans = |rows: Value| {
        told(&label(), move |command, document| {
            if command == "stuck" {
                document["spans"] = rows.clone();
            }
        })
    };
    assert_eq!(spans(json!([])), ["stuck", "stuck"]);
    let hang = &answer(&["stuck", "--source", "records", "--format", "json", "--env"])["spans"][0];
    assert_eq!(spans(json!([hang, {"span_id": "b"}])), ["long", "long"]);
    assert_eq!(spans(json!([hang, {"span_id": "nobody"}])), ["long"]);
}

#[test]
fn a_healthy_recording_has_no_incident_and_no_other_match() {
    let mut healthy = label();
    healthy["incident"] = json!(false);
    healthy["failure_mode"] = Value::Null;
    healthy["incident_window"] = Value::Null;
    assert_eq!(told(&healthy, |_, _| {}), ["incident"]);
    let found = told(&healthy, |command, document| {
        if matches!(command, "timeline" | "diagnose") {
            document["diagnosis"] = json!({"incident": false, "failure_mode": null, "finding": null});
        }
    });
    assert_eq!(found, ["mode"], "inconclusive is not healthy");
}

#[test]
fn not_knowing_is_judged_by_what_must_not_be_said() {
    let mut unknown = label();
    unknown["judged_loosely"] = json!(true);
    unknown["never_finding"] = json!("healthy");
    unknown["inconclusive_names"] = json!("database");
    unknown["acceptable_verify"] = json!(["inconclusive"]);
    unknown["verify_points"][0]["acceptable"] = json!(["inconclusive"]);
    let verdict = |detail: &'static str| {
        told(&unknown, move |command, document| match command {
            "verify" => {
                *document =
                    json!({"outcome": "inconclusive", "checks": [{"outcome": "inconclusive", "detail": detail}]})
            }
            "timeline" | "diagnose" => document["diagnosis"]["failure_mode"] = json!("slow-database"),
            _ => {}
        })
    };
    assert!(verdict("no span of a database").is_empty());
    assert_eq!(verdict("too little"), ["known", "known"]);
    let healthy = told(&unknown, |command, document| {
        if matches!(command, "timeline" | "diagnose") {
            document["diagnosis"] = json!({"incident": false, "finding": "healthy"});
        }
    });
    assert_eq!(healthy, ["known"]);
}
