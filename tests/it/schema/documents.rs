//! Documents of every command, read by our own strict reader, by Python's, and by the examples of docs/json.md.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::python;
use crate::support::{fixture, on_each, run};
use crate::world::recording::{found_in, records};

const AT_ONCE: usize = 2;
const PACKAGES: [&str; 3] = [
    "pydantic>=2,<3",
    "jsonschema>=4.21,<5",
    "datamodel-code-generator>=0.26,<1",
];
const OVER_RECORDS: [&[&str]; 7] = [
    &["verify"],
    &["timeline"],
    &["stuck"],
    &["diagnose"],
    &["report"],
    &["query", "verification"],
    &["init", "--print"],
];
const OTHERS: [&[&str]; 13] = [
    &["queries", "list"],
    &["queries", "show", "runs"],
    &["queries", "check"],
    &["config", "show"],
    &["schema"],
    &["explain"],
    &["explain", "cold-start"],
    &[
        "explain",
        "--error",
        "QueuePool limit of size 10 overflow 5 reached, connection timed out",
    ],
    &["explain", "--error", "nothing of the kind"],
    &["capture", "kept.parquet", "--source", "demo"],
    &["capture", "--append", "archive", "--source", "demo"],
    &["timeline", "--source", "no/such/file.ndjson"],
    &["timeline", "--bad-flag"],
];
/// A window with incident, one without records, and one with nobody's data in its answer.
const OF_THE_DEMO: [&[&str]; 3] = [&[], &["--from", "2020-01-01", "--to", "2020-01-02"], &["--redact"]];

/// What is not read as JSON elsewhere: other tests read `verify`, `timeline`, `stuck`, `diagnose` and `report` of each of our
/// recordings, all but `report` of the other teams', and `init` of all.
static READ: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let words = |parts: &[&[&str]]| parts.concat().into_iter().map(str::to_owned).collect();
    let mut jobs: Vec<Vec<String>> = OTHERS.iter().map(|args| words(&[args])).collect();
    for args in OVER_RECORDS {
        jobs.extend(OF_THE_DEMO.map(|more| words(&[args, &["--source", "demo"], more])));
    }
    let mut query = |args: &[&str], folder: &Path| {
        let path = records(folder).unwrap();
        jobs.push(words(&[args, &["--all-envs", "--source", path.to_str().unwrap()]]));
    };
    for folder in found_in(&fixture("")).unwrap() {
        query(&["query", "hangs"], &folder);
    }
    for folder in found_in(&fixture("others")).unwrap() {
        query(&["query", "hangs"], &folder);
        query(&["report"], &folder);
    }
    on_each(&jobs, AT_ONCE, |args| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        run(&[&args[..], &["--format", "json"]].concat()).json()
    })
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_document_is_as_its_schema_says() {
    let seen: BTreeSet<&str> = READ
        .iter()
        .map(|document| document["schema"].as_str().unwrap())
        .collect();
    // `config check` asks a server: tests/it/api/credentials.rs reads it.
    assert_eq!(seen.len(), relay_diag::run::DOCUMENTS.len() - 1, "{seen:?}");
}

#[test]
fn pydantic_models_of_the_schemas_read_them() {
    let Some(python) = python::with("readers", &PACKAGES, "no pydantic model read the documents") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let documents = folder.path().join("documents.json");
    std::fs::write(&documents, serde_json::to_string(&*READ).unwrap()).unwrap();
    let mut reader = Command::new(python);
    reader
        .arg(root().join("tests/it/readers.py"))
        .arg(root().join("docs/schema"));
    let output = python::ran(reader.arg(documents).arg(folder.path())).unwrap_or_else(|why| panic!("{why}"));
    python::say(String::from_utf8_lossy(&output.stdout).trim());
}

/// The lines of docs/json.md that read documents, as a shell runs them.
#[test]
fn examples_of_reading_work() {
    let text = std::fs::read_to_string(root().join("docs/json.md")).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("relay-diag ") && line.contains(" | "))
        .collect();
    assert!(lines.len() >= 6, "only {} examples", lines.len());
    let has_jq = Command::new("jq").arg("--version").output().is_ok();
    let python = python::with("readers", &PACKAGES, "the example in Python did not run");
    if !has_jq {
        python::say("SKIPPED: the examples with jq did not run; they take jq in PATH");
    }
    for line in lines {
        let line = match &python {
            Some(python) => line.replace("python3", python.to_str().unwrap()),
            None if line.contains("python3") => continue,
            None => line.to_owned(),
        };
        if line.contains("| jq") && !has_jq {
            continue;
        }
        let binary = Path::new(env!("CARGO_BIN_EXE_relay-diag")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(root());
        shell.env("PATH", format!("{}:{path}", binary.display()));
        let output = python::ran(&mut shell).unwrap_or_else(|why| panic!("{line}: {why}"));
        // A verification that passes has no check to show.
        let shows = !output.stdout.is_empty() || line.contains("verify");
        assert!(
            shows && output.stderr.is_empty(),
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
