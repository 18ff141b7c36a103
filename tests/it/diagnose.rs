//! `diagnose` on the demo and on every recording: the label's failure mode and window, and no other incident.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::support::{Run, cases, run};

/// Least share of the union that both windows must have (the issue).
const LEAST_OVERLAP: f64 = 0.8;

fn at(value: &Value) -> Option<DateTime<Utc>> {
    Some(
        DateTime::parse_from_rfc3339(value.as_str()?)
            .unwrap()
            .with_timezone(&Utc),
    )
}

/// What a recording without an incident is.
fn finding(case: &str) -> &'static str {
    match case {
        "healthy-after-restart" => "restart",
        "traffic-lull" => "traffic-lull",
        _ => "healthy",
    }
}

#[test]
fn every_recording_is_diagnosed_as_its_label_says() {
    for case in cases() {
        let asked = |command| {
            run(&[
                command,
                "--source",
                &case.records,
                "--format",
                "json",
                "--fail-on-incident",
            ])
        };
        let run = asked("diagnose");
        let incident = i32::from(case.label["incident"] == true);
        assert_eq!((run.code, run.stderr.as_str()), (incident, ""), "{}", case.name);
        let document = run.json();
        assert_eq!(document["schema"], "relay-diag.diagnose.v1");
        agrees(&case.name, &document, &asked("timeline"), run.code);
        assert_eq!(document["complete"], true, "{}: {}", case.name, document["not_known"]);
        assert!(document["queries_spent"].as_u64().unwrap() <= 2, "{}", case.name);
        let found = &document["diagnosis"];
        assert_eq!(
            found["failure_mode"], case.label["failure_mode"],
            "{}: {}",
            case.name, found["summary"]
        );
        assert_eq!(found["incident"], case.label["incident"], "{}", case.name);
        if case.label["incident"] == false {
            assert_eq!(found["finding"], finding(&case.name), "{}", case.name);
            assert!(document["also"].as_array().unwrap().is_empty(), "{}", case.name);
            continue;
        }
        assert!(found["finding"].is_null());
        check_window(&case.name, &case.label, found);
        let evidence = found["evidence"].as_array().unwrap();
        assert!(!evidence.is_empty(), "{}", case.name);
        // Each failure mode has been judged: it is the answer, another match, ruled out or not assessed.
        let judged = 1 + ["also", "ruled_out", "not_assessed"]
            .iter()
            .map(|part| document[part].as_array().unwrap().len())
            .sum::<usize>();
        assert_eq!(judged, 13, "{}", case.name);
    }
}

/// The timeline's answer is the diagnosis', in every word that both have, and so is its exit code.
fn agrees(name: &str, diagnosis: &Value, timeline: &Run, code: i32) {
    assert_eq!((timeline.code, timeline.stderr.as_str()), (code, ""), "{name}");
    let document = timeline.json();
    let short = document["diagnosis"].as_object().unwrap();
    for (field, value) in short {
        assert_eq!(*value, diagnosis["diagnosis"][field], "{name}: {field}");
    }
    let summary = diagnosis["diagnosis"]["summary"].as_str().unwrap();
    let headline = document["headline"].as_str().unwrap();
    let (head, _) = headline.split_once("; ").unwrap_or((headline, ""));
    let (_, answer) = head.split_once(": ").unwrap();
    assert!(summary.starts_with(answer), "{name}: {headline} / {summary}");
}

fn check_window(name: &str, label: &Value, found: &Value) {
    let end = at(&label["window"]["to"]).unwrap();
    let expected = &label["incident_window"];
    assert_eq!(expected["to"].is_null(), found["to"].is_null(), "{name}: {found}");
    let (from, to) = (at(&expected["from"]).unwrap(), at(&expected["to"]).unwrap_or(end));
    let (found_from, found_to) = (at(&found["from"]).unwrap(), at(&found["to"]).unwrap_or(end));
    let shared = (to.min(found_to) - from.max(found_from)).as_seconds_f64();
    let overlap = shared / (to.max(found_to) - from.min(found_from)).as_seconds_f64();
    assert!(
        overlap >= LEAST_OVERLAP,
        "{name}: {overlap:.2}: {found_from} to {found_to}"
    );
}

#[test]
fn an_incident_fails_only_if_it_is_asked_to() {
    let args = ["diagnose", "--source", "demo", "--fail-on-incident"];
    assert_eq!(run(&args).code, 1);
    assert_eq!(run(&args[..3]).code, 0);
}

#[test]
fn an_empty_window_is_inconclusive() {
    let run = run(&[
        "diagnose",
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
    // Nothing is ruled out by nothing.
    assert!(!run.stdout.contains("not lock-contention:"), "{}", run.stdout);
    assert!(
        run.stdout
            .contains("worker-silent, instance-silent, slow-database, pool-exhausted: there are no records"),
        "{}",
        run.stdout
    );
}
