//! `verify` on the demo and on every recording, at each time that its label names.

use serde_json::Value;

use crate::support::{Case, Run, cases, run};

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

fn verify(case: &Case, more: &[&str]) -> Run {
    let args = [&["verify", "--source", &case.records, "--format", "json"], more].concat();
    run(&args)
}

fn check<'a>(document: &'a Value, name: &str) -> &'a Value {
    let checks = document["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()
}

#[test]
fn every_recording_is_judged_as_its_label_says() {
    for case in cases() {
        let points = case.label["verify_points"].as_array().unwrap();
        let mut expected: Vec<(Option<&str>, &Value)> = points
            .iter()
            .map(|point| (point["at"].as_str(), &point["expected"]))
            .collect();
        expected.push((None, &case.label["expected_verify"]));
        for (at, outcome) in expected {
            let now: Vec<&str> = at.iter().flat_map(|at| ["--now", at]).collect();
            let run = verify(&case, &now);
            let document = run.json();
            assert_eq!(
                document["outcome"], *outcome,
                "{} at {at:?}: {}",
                case.name, document["headline"]
            );
            let code = match outcome.as_str().unwrap() {
                "pass" => 0,
                "fail" => 1,
                _ => 4,
            };
            assert_eq!((run.code, run.stderr.as_str()), (code, ""), "{} at {at:?}", case.name);
            check_document(&case, &document);
        }
    }
}

/// While `diagnose` says of the records until then that an incident goes on.
#[test]
fn nothing_passes_in_the_middle_of_an_incident() {
    let mut going_on = 0;
    for case in cases() {
        let Some(window) = case.label["incident_window"].as_object() else {
            continue;
        };
        let end = if window["to"].is_null() {
            &case.label["window"]["to"]
        } else {
            &window["to"]
        };
        let (from, to) = (time(&window["from"]), time(end));
        let middle = (from + (to - from) / 2).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let asked = [
            "diagnose",
            "--source",
            &case.records,
            "--format",
            "json",
            "--now",
            &middle,
        ];
        let diagnosis = &run(&asked).json()["diagnosis"];
        if diagnosis["incident"] == true && diagnosis["to"].is_null() {
            going_on += 1;
            let judged = verify(&case, &["--now", &middle]).json();
            assert_ne!(judged["outcome"], "pass", "{} at {middle}: {judged}", case.name);
        }
    }
    assert!(going_on >= 5, "only {going_on} incidents are seen to go on");
}

/// What holds for every verdict.
fn check_document(case: &Case, document: &Value) {
    assert_eq!(document["schema"], "relay-diag.verify.v1");
    assert_eq!(
        (&document["queries_spent"], &document["complete"]),
        (&1.into(), &true.into()),
        "{}",
        case.name
    );
    let (from, to) = (time(&document["window"]["from"]), time(&document["window"]["to"]));
    assert_eq!((to - from).num_seconds(), 300, "{}", case.name);
    let checks = document["checks"].as_array().unwrap();
    let worst = ["fail", "inconclusive", "pass"]
        .into_iter()
        .find(|outcome| checks.iter().any(|check| check["outcome"] == *outcome));
    assert_eq!(document["outcome"].as_str(), worst, "{}", case.name);
    for check in checks {
        for field in ["name", "detail", "observed", "required"] {
            assert!(
                check[field].as_str().is_some_and(|text| !text.is_empty()),
                "{}: {check}",
                case.name
            );
        }
    }
    assert!(document["evidence"].as_array().unwrap().len() <= 30);
    let commands = document["next_steps"].as_array().unwrap();
    assert_eq!(commands.is_empty(), document["outcome"] != "fail", "{}", case.name);
}

fn time(value: &Value) -> chrono::DateTime<chrono::Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn a_failure_says_why_and_what_to_type() {
    let case = case("one-sick-instance");
    let now = case.label["verify_points"][0]["at"].as_str().unwrap();
    let run = run(&["verify", "--source", &case.records, "--now", now]);
    let first = run.stdout.lines().next().unwrap();
    assert!(
        first.starts_with("FAIL: 277febea42c19f: 34 requests are in flight"),
        "{first}"
    );
    assert!(
        run.stdout.contains("fly machines restart 277febea42c19f -a relay-api"),
        "{}",
        run.stdout
    );
    assert!(
        !run.stdout.contains("restart 29b5d28865087d"),
        "the healthy one is left alone"
    );
    assert!(run.stdout.contains("relay-diag verify"));
    // The runbook's query, its columns and its newest rows.
    assert!(
        run.stdout
            .contains("| start_timestamp | span_name | message | duration_ms | otel_status_code |")
    );
}

#[test]
fn errors_of_the_process_before_are_shown_and_not_counted() {
    let case = case("one-sick-instance");
    let now = case.label["verify_points"][1]["at"].as_str().unwrap();
    let document = verify(&case, &["--now", now]).json();
    let notes = document["not_counted"].to_string();
    assert!(
        notes.contains("277febea42c19f left 113 error records in the window and 43 spans without an end"),
        "{notes}"
    );
    let errors = check(&document, "errors");
    assert!(
        errors["detail"]
            .as_str()
            .unwrap()
            .contains("0 of 195: under 1.5 % with 95 % confidence"),
        "{errors}"
    );
}

#[test]
fn a_listener_that_came_back_is_forgiven_its_errors() {
    let case = case("healthy-load");
    let from = case.label["window"]["from"].as_str().unwrap();
    let document = verify(&case, &["--from", from]).json();
    assert_eq!(document["outcome"], "pass", "{}", document["headline"]);
    let errors = check(&document, "errors");
    assert_eq!(errors["measured"]["forgiven_logs"], 1, "{errors}");
}

#[test]
fn figures_are_there_for_scripts() {
    let document = verify(&case("slow-database"), &[]).json();
    let statements = check(&document, "statements");
    assert_eq!(
        (&statements["outcome"], &statements["required"]),
        (&"fail".into(), &"p95 under 50ms".into())
    );
    for figure in ["p50_ms", "p95_ms", "worst_ms"] {
        assert!(statements["measured"][figure].as_f64().unwrap() > 300.0, "{statements}");
    }
    assert!(statements["measured"]["statements"].as_u64().unwrap() > 100);
    let instance = &document["instances"][0];
    assert!(instance["instance"].is_string() && instance["last_record_at"].is_string());
}

#[test]
fn a_process_that_was_not_restarted_is_named() {
    let case = case("one-sick-instance");
    let after = "2026-11-23T03:01:00Z";
    let document = verify(&case, &["--restarted-after", after]).json();
    assert_eq!(document["outcome"], "fail");
    let headline = document["headline"].as_str().unwrap();
    assert!(
        headline.contains("29b5d28865087d was not restarted after 03:01:00"),
        "{headline}"
    );
    let only = verify(&case, &["--restarted-after", after, "--instance", "277febea42c19f"]);
    assert_eq!((only.code, &only.json()["outcome"]), (0, &"pass".into()));
}

#[test]
fn waiting_for_a_recording_is_pointless_and_said() {
    let case = case("in-progress");
    let begun = std::time::Instant::now();
    let run = run(&["verify", "--source", &case.records, "--wait", "5m"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("asked once"), "{}", run.stdout);
    assert!(begun.elapsed().as_secs() < 60);
}

#[test]
fn no_data_is_inconclusive_and_says_what_was_asked() {
    for args in [
        ["--now", "2025-12-01T00:00:00Z"],
        ["--env", "staging"],
        ["--instance", "nobody"],
    ] {
        let run = run(&[&["verify", "--source", "demo"], &args[..]].concat());
        assert_eq!(run.code, 4, "{args:?}: {}", run.stdout);
        assert!(run.stdout.starts_with("INCONCLUSIVE: "), "{}", run.stdout);
        assert!(run.stdout.contains("window: "), "{}", run.stdout);
    }
}

#[test]
fn the_profile_sets_names_and_limits() {
    let case = case("healthy-after-restart");
    let run = |variable: &str, value: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = crate::support::command(folder.path());
        command
            .args(["verify", "--source", &case.records, "--format", "json"])
            .env(variable, value);
        crate::support::finish(&mut command)
    };
    let strict = run("RELAY_DIAG_VERIFY_STATEMENT_P95", "1ms");
    assert_eq!(
        (strict.code, &check(&strict.json(), "statements")["outcome"]),
        (1, &"fail".into())
    );
    let loop_of_none = run("RELAY_DIAG_VERIFY_MAX_STARTS", "0");
    assert_eq!(check(&loop_of_none.json(), "restarts")["outcome"], "fail");
    let other = run(
        "RELAY_DIAG_REMEDIES_RESTART_INSTANCES",
        "kubectl delete pod {instances} -n {app}",
    );
    assert_eq!(other.code, 0, "{}", other.stdout);
    assert_eq!(run("RELAY_DIAG_VERIFY_MAX_STARTS", "many").code, 2);
}
