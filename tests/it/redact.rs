//! `--redact`, run as a user does: nothing planted in the records shows in any format of any command, and evidence stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use relay_diag::render::FORMATS;
use serde_json::{Value, json};

use crate::support::{Run, command, finish, fixture, on_each, run};

/// What people and secrets are called in the planted records.
const PLANTED: &[&str] = &[
    "mallory.k@example.com",
    "mallory%2Ek",
    "203.0.113.77",
    "2001:db8:77::1",
    "did:plc:mallory77",
    "mallory.bsky.social",
    "opaque-mallory-token",
    "eyJhbGciOiJmallory77",
    "pylf_v1_us_mallory77",
    "hunter77two",
    "code77xyz",
    "mallory smith",
    "77777",
];
/// Evidence in the same texts.
const EVIDENCE: &[&str] = &["ep-planted.neon.test", "2600:1f1c:77::9", "198.51.100.77"];

/// What the failing requests of the demo say here.
fn error(database: &str) -> String {
    format!(
        "(psycopg.OperationalError) connection failed: {database} for mallory.k@example.com at 203.0.113.77 \
         (did:plc:mallory77, @mallory.bsky.social) Authorization: Bearer opaque-mallory-token; \
         postgresql://app:hunter77two@ep-planted.neon.test:5432/db key pylf_v1_us_mallory77 eyJhbGciOiJmallory77\n\
         [SQL: SELECT a FROM users WHERE name = 'mallory smith' AND age = 77777]\n\
         [parameters: {{'name_1': 'mallory smith', 'n': 77777}}]"
    )
}

/// The demo's records with people's data in what failed, as a capture in a folder.
fn planted(folder: &Path) -> PathBuf {
    let text = zstd::decode_all(std::fs::read(fixture("demo/records.ndjson.zst")).unwrap().as_slice()).unwrap();
    let database = "connection to server at \"ep-planted.neon.test\" (2600:1f1c:77::9), port 5432 failed: Connection \
                    refused; connection to server at \"198.51.100.77\", port 5432 failed: Connection refused";
    let mut count = 0;
    let lines = String::from_utf8(text).unwrap();
    let lines = lines.lines().map(|line| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        if record["span_name"] == "GET /albums" {
            record["span_name"] = json!("GET /albums for mallory.k@example.com?code=code77xyz");
            record["message"] = json!("GET /u/mallory.bsky.social/?q=mallory%2Ek&code=code77xyz from 2001:db8:77::1");
            record["url_query"] = json!("q=mallory%2Ek");
            record["attributes"]["user"] = json!({"name": "mallory smith", "id": 77777});
            record["attributes"]["password"] = json!("hunter77two");
        }
        if record["exception_message"].is_string() && record["exception_message"] != "404: track not found" {
            record["exception_message"] = json!(error(database));
            record["otel_status_message"] = json!(error(database));
            count += 1;
        }
        record.to_string() + "\n"
    });
    let path = folder.join("planted.ndjson");
    std::fs::write(&path, lines.collect::<String>()).unwrap();
    assert!(count > 30, "only {count} records were changed");
    path
}

/// Commands that show records, with what they need.
fn commands(capture: &str) -> Vec<Vec<String>> {
    let sql = "SELECT span_name, message, exception_message, otel_status_message, attributes, url_query, trace_id, \
               start_timestamp FROM records_all WHERE span_name LIKE 'GET /albums%' OR exception_message IS NOT NULL LIMIT 30";
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let names = [
        "timeline",
        "timeline --chart",
        "diagnose",
        "diagnose --full",
        "stuck",
        "verify --full",
        "report",
    ];
    let mut commands: Vec<Vec<String>> = names.map(words).into();
    commands.push(vec!["query".to_owned(), "--sql".to_owned(), sql.to_owned()]);
    for command in &mut commands {
        command.extend(["--source".to_owned(), capture.to_owned()]);
    }
    commands.push(vec![
        "explain".to_owned(),
        "--error".to_owned(),
        error("connection to server at \"198.51.100.77\", port 5432 failed: timeout"),
    ]);
    commands
}

fn in_format(words: &[String], format: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    finish(
        command(folder.path())
            .args(words)
            .args(["--format", format])
            .args(more)
            .env("COLUMNS", "4000"),
    )
}

/// The place of a leak, without the pages around it.
fn around(text: &str, value: &str) -> String {
    let at = text.find(value).unwrap_or_default();
    let before: String = text[..at]
        .chars()
        .rev()
        .take(200)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let behind: String = text[at..].chars().take(200).collect();
    before + &behind
}

#[test]
fn nothing_planted_shows_in_any_format_of_any_command() {
    let folder = tempfile::tempdir().unwrap();
    let capture = planted(folder.path());
    let jobs: Vec<(Vec<String>, &str)> = commands(&capture.to_string_lossy())
        .into_iter()
        .flat_map(|words| FORMATS.iter().map(move |format| (words.clone(), format.name)))
        .collect();
    let runs = on_each(&jobs, 2, |(words, format)| {
        // What is said beside an answer is the same in every format.
        let more = match (words[0].as_str(), *format) {
            ("timeline", "json") => &["--redact", "-vv"][..],
            _ => &["--redact"],
        };
        in_format(words, format, more)
    });
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for ((words, format), run) in jobs.iter().zip(&runs) {
        let shown = format!("{}{}", run.stdout, run.stderr);
        let name = format!("{} as {format}", words[0]);
        assert!([0, 1, 4].contains(&run.code), "{name}: {}", run.stderr);
        for value in PLANTED {
            assert!(
                !shown.contains(value),
                "{name} shows {value}:\n{}",
                around(&shown, value)
            );
        }
        let lower = shown.to_lowercase();
        let part = "mallory";
        assert!(!lower.contains(part), "{name} shows {part}:\n{}", around(&lower, part));
        kept.extend(EVIDENCE.iter().filter(|evidence| shown.contains(**evidence)).copied());
    }
    assert_eq!(kept.len(), EVIDENCE.len(), "only {kept:?} stay");
}

#[test]
fn what_goes_would_have_shown() {
    let folder = tempfile::tempdir().unwrap();
    let capture = planted(folder.path());
    let mut shown = String::new();
    for words in commands(&capture.to_string_lossy()) {
        let run = in_format(&words, "json", &[]);
        let told = run.stdout.contains("mallory") || run.stdout.contains("203.0.113.77");
        assert!(
            told || ["verify", "explain", "diagnose"].contains(&words[0].as_str()),
            "{} shows nothing planted",
            words[0]
        );
        shown += &run.stdout;
    }
    for value in PLANTED {
        assert!(shown.contains(value), "{value} is nowhere");
    }
}

#[test]
fn a_value_has_one_name_in_a_whole_answer() {
    let folder = tempfile::tempdir().unwrap();
    let capture = planted(folder.path());
    let words = [
        "timeline",
        "--source",
        &capture.to_string_lossy(),
        "--redact",
        "--format",
        "json",
    ]
    .map(str::to_owned);
    let document = in_format(&words[..3], "json", &["--redact"]).json();
    let text = document.to_string();
    assert!(text.contains("GET /albums for [email 1]"), "{text}");
    assert!(!text.contains("[email 2]"), "{text}");
    assert!(
        document["entries"][0]["start"]
            .as_str()
            .unwrap()
            .starts_with("2025-12-08T06:3")
    );
    let ids = document["entries"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| entry["trace_ids"].as_array().unwrap());
    assert!(ids.clone().count() > 3);
    assert!(ids.into_iter().all(|id| id.as_str().unwrap().len() == 32));
}

#[test]
fn a_recording_without_peoples_data_comes_out_as_it_is() {
    for name in ["timeline", "diagnose", "stuck", "verify"] {
        let documents = [&[][..], &["--redact"]].map(|more: &[&str]| {
            let mut document = run(&[&[name, "--source", "demo", "--format", "json"], more].concat()).json();
            document["generated_at"] = Value::Null;
            document
        });
        let [plain, redacted] = documents.map(|document| format!("{document:#}"));
        let differs = plain
            .lines()
            .zip(redacted.lines())
            .find(|(plain, redacted)| plain != redacted);
        assert_eq!(differs, None, "{name}");
    }
}

#[test]
fn errors_are_redacted_and_unclear_wishes_refused() {
    let path = "/home/mallory77/x.ndjson";
    let failed = run(&["timeline", "--source", path, "--redact", "--format", "json"]);
    assert_eq!(failed.code, 3);
    assert!(
        !format!("{}{}", failed.stdout, failed.stderr).contains("mallory77"),
        "{}",
        failed.stderr
    );

    let folder = tempfile::tempdir().unwrap();
    let asked = |value: &str| {
        let sql = "SELECT min(span_name) || ' mallory.k@example.com' AS who FROM records";
        let words = ["query", "--source", "demo", "--sql", sql];
        finish(
            command(folder.path())
                .args(words)
                .args(["--format", "json"])
                .env("RELAY_DIAG_REDACT", value),
        )
    };
    assert!(asked("0").stdout.contains("mallory"), "{}", asked("0").stdout);
    for yes in ["1", "true", "ON"] {
        let run = asked(yes);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(!run.stdout.contains("mallory"), "{}", run.stdout);
    }
    let unclear = asked("maybe");
    assert_eq!(unclear.code, 2);
    assert!(
        unclear.stderr.contains("`redact` must be a boolean"),
        "{}",
        unclear.stderr
    );
}

#[test]
fn serve_does_not_pretend_to_redact() {
    let run = run(&["serve", "demo", "--redact"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("the records as they are"), "{}", run.stderr);
}
