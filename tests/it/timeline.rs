//! `timeline` on the demo and on every recording: what the label says must be in the table.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::support::{Case, Run, cases, run};

/// The runbook's table, byte for byte.
const RUNBOOK: [&str; 8] = [
    "| 06:32:40 | queue service connected | - |",
    "| 06:32:50-06:33:29 | SQLAlchemy connects succeeding | 3-6ms |",
    "| 06:33:36 | queue heartbeat times out | 5s timeout |",
    "| 06:33:36-06:36:04 | ~2.5 min gap with no spans | - |",
    "| 06:36:04 | GET /albums starts | hangs 24 min |",
    "| 06:36:06 | GET /moderation starts | **succeeds in 14ms** |",
    "| 06:36:06 | GET /auth/me starts | hangs 18 min |",
    "| 06:36:31 | multiple requests | **succeed in 3-15ms** |",
];
/// More rows than this nobody reads at night.
const MOST_ROWS: usize = 25;

fn at(value: &Value) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(value.as_str().unwrap())
        .unwrap()
        .with_timezone(&Utc)
}

#[test]
fn the_demo_begins_as_the_runbook_tells_it() {
    let run = run(&["timeline", "--source", "demo", "--format", "markdown"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = run.stdout.lines().collect();
    let head = lines
        .iter()
        .position(|line| *line == "| time (UTC) | event | duration |")
        .unwrap();
    assert_eq!(lines[head + 2..head + 2 + RUNBOOK.len()], RUNBOOK);
    let rest = lines[head + 2 + RUNBOOK.len()..].join("\n");
    for later in [
        "hangs 26 min, then fails",
        "12 addresses",
        "connection pool empty (size 10, overflow 5)",
        "restarted",
    ] {
        assert!(rest.contains(later), "{later} is missing in\n{rest}");
    }
    assert!(lines[0].contains("37 requests failed"), "{}", lines[0]);
}

#[test]
fn every_recording_is_told_as_its_label_says() {
    for case in cases() {
        let run = run(&["timeline", "--source", &case.records, "--format", "json"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", case.name);
        let document = run.json();
        let entries = document["entries"].as_array().unwrap();
        assert!(entries.len() <= MOST_ROWS, "{}: {} rows", case.name, entries.len());
        assert!(document["queries_spent"].as_u64().unwrap() <= 2, "{}", case.name);
        assert_eq!(document["complete"], true, "{}: {}", case.name, document["not_known"]);
        assert_eq!(
            document["diagnosis"]["failure_mode"], case.label["failure_mode"],
            "{}",
            case.name
        );
        check_events(&case, entries);
        check_stuck(&case, entries);
        check_incident(&case, &document);
    }
}

/// Each log of the label lies within an entry of its kind, each start after the first minute has one within 10 s.
fn check_events(case: &Case, entries: &[Value]) {
    let begin = at(&case.label["window"]["from"]);
    for event in case.label["key_events"].as_array().unwrap() {
        let (time, text) = (at(&event["time"]), event["text"].as_str().unwrap());
        let found = match event["kind"].as_str().unwrap() {
            "log" => entries
                .iter()
                .any(|entry| kinds_for(text).contains(&entry["kind"].as_str().unwrap()) && covers(entry, time)),
            "process_start" if time > begin + TimeDelta::minutes(1) => entries.iter().any(|entry| {
                let apart = (at(&entry["start"]) - time).abs();
                matches!(entry["kind"].as_str(), Some("instance-started" | "deploy")) && apart <= TimeDelta::seconds(10)
            }),
            _ => true,
        };
        assert!(found, "{}: {time} {text} is in no entry", case.name);
    }
}

fn kinds_for(text: &str) -> &'static [&'static str] {
    const STARTS: &[&str] = &["instance-started", "deploy"];
    const CONNECTS: &[&str] = &["instance-started", "deploy", "listener-connected"];
    const STOPS: &[&str] = &["instance-stopped"];
    const TROUBLE: &[&str] = &["heartbeat-timeout", "listener-lost", "listener-reconnect-failed"];
    match text {
        "starting queue service" => STARTS,
        "queue service connected to database and listening" => CONNECTS,
        "shutting down queue service" | "queue listener task cancelled" | "heartbeat task cancelled" => STOPS,
        _ => TROUBLE,
    }
}

fn covers(entry: &Value, time: DateTime<Utc>) -> bool {
    let start = at(&entry["start"]);
    let end = match &entry["end"] {
        Value::Null if entry["in_progress"] == true => DateTime::<Utc>::MAX_UTC,
        Value::Null => start,
        end => at(end),
    };
    start <= time && time <= end
}

/// Each stuck request began within a hang entry, on its route if it has a row of its own.
fn check_stuck(case: &Case, entries: &[Value]) {
    let hangs: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["kind"] == "request-hangs")
        .collect();
    for stuck in case.label["stuck"].as_array().unwrap() {
        let (start, trace) = (at(&stuck["start"]), &stuck["trace_id"]);
        let entry = hangs
            .iter()
            .find(|entry| entry["trace_ids"].as_array().unwrap().contains(trace));
        let entry = entry.unwrap_or_else(|| panic!("{}: {stuck} is in no hang entry", case.name));
        assert!(covers(entry, start), "{}: {stuck} does not lie in {entry}", case.name);
        if entry["count"] == 1 {
            assert_eq!(at(&entry["start"]), start, "{}", case.name);
            let told = entry["duration_ms"]["max"].as_f64().unwrap() / 1000.0;
            let waited = stuck["waited_s"].as_f64().unwrap();
            assert!(
                (told - waited).abs() < 5.0,
                "{}: {told} s told, {waited} s waited",
                case.name
            );
        }
    }
}

/// An incident is seen as one, and a healthy recording as none.
fn check_incident(case: &Case, document: &Value) {
    let headline = document["headline"].as_str().unwrap();
    let finding = document["diagnosis"]["finding"].as_str();
    let calm = finding.is_some_and(|finding| headline.starts_with(finding));
    assert_eq!(case.label["incident"] == false, calm, "{}: {headline}", case.name);
    let open = case.label["incident"] == true && case.label["incident_window"]["to"].is_null();
    assert_eq!(open, headline.contains("still going on"), "{}: {headline}", case.name);
}

/// Read by a person who knows the label, then kept.
#[test]
fn the_tables_are_those_that_were_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots/timeline");
    for case in cases() {
        let Run { stdout, .. } = run(&["timeline", "--source", &case.records, "--format", "markdown"]);
        // The source's path differs from machine to machine.
        let kept: Vec<&str> = stdout.lines().filter(|line| !line.starts_with("- source: ")).collect();
        settings.bind(|| insta::assert_snapshot!(case.name.as_str(), kept.join("\n")));
    }
}

#[test]
fn the_order_of_the_records_does_not_matter() {
    let case = cases().into_iter().find(|case| case.name == "in-progress").unwrap();
    let text = zstd::decode_all(std::fs::read(&case.records).unwrap().as_slice()).unwrap();
    let text = String::from_utf8(text).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    // A fixed shuffle: by the last characters of the span ids, which are random.
    lines.sort_by_key(|line| line.find("\"span_id\"").map(|at| line[at + 20..at + 28].to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let shuffled = folder.path().join("records.ndjson");
    std::fs::write(&shuffled, lines.join("\n")).unwrap();
    let entries = |path: &str| run(&["timeline", "--source", path, "--format", "json"]).json()["entries"].clone();
    assert_eq!(entries(&case.records), entries(shuffled.to_str().unwrap()));
}

#[test]
fn an_empty_window_is_inconclusive() {
    let run = run(&[
        "timeline",
        "--source",
        "demo",
        "--from",
        "2025-12-08T01:00",
        "--to",
        "2025-12-08T02:00",
    ]);
    assert_eq!(run.code, 4);
    assert!(
        run.stdout.starts_with("inconclusive: no records at all in the window"),
        "{}",
        run.stdout
    );
}

#[test]
fn filters_that_leave_nothing_say_what_there_is() {
    let run = run(&["timeline", "--source", "demo", "--env", "staging"]);
    assert_eq!(run.code, 4);
    let first = run.stdout.lines().next().unwrap();
    assert!(
        first.contains("no record passes the filters") && first.contains("production"),
        "{first}"
    );
}

#[test]
fn an_incident_fails_only_if_it_is_asked_to() {
    let args = ["timeline", "--source", "demo", "-q", "--fail-on-incident"];
    assert_eq!(run(&args).code, 1);
    assert_eq!(run(&args[..4]).code, 0);
}
