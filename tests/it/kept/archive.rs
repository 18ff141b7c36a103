//! `capture --append`: an archive that is whole and has nothing twice, however often the job runs or fails.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use relay_diag::serve::fault::{Fault, FaultPlan};
use serde_json::Value;

use super::{BEGIN, SECOND, Server, assert_same, record, rows, write_records};

const ARCHIVE: &str = "archive";
const HOUR: i64 = 3_600 * SECOND;

/// Three days of records, one every four seconds; some arrive hours after their begin, as spans do that end late.
fn three_days(folder: &Path) -> PathBuf {
    let records = (0..3 * 21_600).map(|number| {
        let start = BEGIN + number * 4 * SECOND + number % 3;
        let late = match number % 50 {
            0 => 5 * HOUR,
            1 => 20 * 60 * SECOND,
            _ => SECOND,
        };
        record(number, start, start + late, "span")
    });
    write_records(folder, records)
}

fn at(hours: i64) -> String {
    relay_diag::window::rfc3339(chrono::DateTime::from_timestamp_micros(BEGIN + hours * HOUR).unwrap())
}

fn append(server: &Server, folder: &Path, to: &str) -> Value {
    let from = at(0);
    let args = [
        "--append",
        ARCHIVE,
        "--from",
        &from,
        "--to",
        to,
        "--max-queries",
        "1000",
        "--format",
        "json",
    ];
    let run = server.captured(folder, &args);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    run.json()
}

/// What had arrived in time of the source, as the archive should have it.
fn assert_holds_all(folder: &Path, source: &Path, arrived_before: &str) {
    let (archive, mut source) = (rows(&folder.join(ARCHIVE)), rows(source));
    let place = source
        .columns
        .iter()
        .position(|column| column.name == "created_at")
        .unwrap();
    source.rows.retain(|row| row[place].as_str().unwrap() < arrived_before);
    assert_eq!(archive.rows.len(), source.rows.len());
    for (one, other) in archive.rows.iter().zip(&source.rows) {
        assert_eq!(one, other);
    }
}

#[test]
fn each_run_adds_what_has_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let source = three_days(folder.path());
    let server = Server::of(&source, FaultPlan::watch());
    let mut added = 0;
    for hours in [1, 1, 3, 30, 31, 90, 91] {
        let to = at(hours);
        let before = server.requests();
        let document = append(&server, folder.path(), &to);
        added += document["added"].as_u64().unwrap();
        assert_eq!(document["arrived_before"], to, "{document:#}");
        assert_eq!(document["queries_spent"], server.requests() - before);
        assert_holds_all(folder.path(), &source, &to);
    }
    assert_eq!(added, 3 * 21_600);
    let mut files: Vec<String> = std::fs::read_dir(folder.path().join(ARCHIVE))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    // From ten in the evening of the first day on.
    assert_eq!(
        files,
        [
            "2026-11-20.parquet",
            "2026-11-21.parquet",
            "2026-11-22.parquet",
            "2026-11-23.parquet",
            "2026-11-24.parquet"
        ]
    );
    assert_same(&folder.path().join(ARCHIVE), &source);
    // Days that are over are asked about no more.
    let before = server.requests();
    let document = append(&server, folder.path(), &at(200));
    assert_eq!(document["added"], 0, "{document:#}");
    let again = server.requests();
    append(&server, folder.path(), &at(201));
    assert!(
        server.requests() - again < again - before,
        "{} and {}",
        again - before,
        server.requests() - again
    );
}

#[test]
fn kills_leave_neither_gaps_nor_doubles() {
    let folder = tempfile::tempdir().unwrap();
    let source = three_days(folder.path());
    let slow = Fault::none().wire(|wire| wire.delay = Duration::from_millis(30));
    let server = Server::of(&source, FaultPlan::always(slow));
    let from = at(0);
    for number in 0..50_u64 {
        let to = at(2 + i64::try_from(number).unwrap() * 2);
        let args = [
            "--append",
            ARCHIVE,
            "--from",
            &from,
            "--to",
            &to,
            "--max-queries",
            "1000",
        ];
        let mut child = server
            .capture(folder.path(), &args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(number * 7_919 % 900));
        let _ = child.kill();
        child.wait().unwrap();
    }
    append(&server, folder.path(), &at(110));
    // What a killed run had begun is finished first.
    append(&server, folder.path(), &at(110));
    assert_holds_all(folder.path(), &source, &at(110));
}

#[test]
fn an_archive_is_of_one_source_and_one_choice() {
    let folder = tempfile::tempdir().unwrap();
    let source = three_days(folder.path());
    let server = Server::of(&source, FaultPlan::default());
    append(&server, folder.path(), &at(1));
    let to = at(2);
    let refused = |more: &[&str], words: &str| {
        let args = [&["--append", ARCHIVE, "--to", &to], more].concat();
        let run = server.captured(folder.path(), &args);
        assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
    };
    refused(&["--service", "shop"], "asked was all environments, service shop");
    refused(&["--source", "source.ndjson"], "not source.ndjson");
    std::fs::copy(
        folder.path().join("source.ndjson"),
        folder.path().join(ARCHIVE).join("x.parquet"),
    )
    .unwrap();
    refused(&[], "no file of an archive");
}

#[test]
fn an_empty_project_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let source = three_days(folder.path());
    let server = Server::of(&source, FaultPlan::default());
    let run = server.captured(
        folder.path(),
        &["--append", ARCHIVE, "--service", "none", "--to", &at(1)],
    );
    assert_eq!(run.code, 4, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.starts_with("archive is still empty"), "{}", run.stdout);
}
