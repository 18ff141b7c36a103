//! One truth: a recording, and the capture of it that was taken through a server, say the same.

use std::path::Path;

use chrono::{DateTime, Utc};
use relay_diag::serve::fault::FaultPlan;
use relay_diag::source::capture::Capture;

use super::Server;
use crate::support::{Case, command, finish, on_each, recordings};

const AT_ONCE: usize = 2;
/// `report` holds what `timeline` and `diagnose` say.
const COMMANDS: [&str; 3] = ["report", "stuck", "verify"];

/// What a command says of the records in a folder, without the name of the file, and when.
fn said(folder: &Path, file: &str, command_name: &str, more: &[&str]) -> (i32, String) {
    let mut command = command(folder);
    command
        .args([command_name, "--format", "json", "--source", file])
        .args(more);
    let run = finish(&mut command);
    let mut text = String::new();
    for line in run.stdout.lines().filter(|line| !line.contains("\"generated_at\"")) {
        text.push_str(&line.replace(file, "FILE"));
        text.push('\n');
    }
    (run.code, text + &run.stderr)
}

/// Captures the window that the recording itself has, beside a copy of the recording.
fn captured(case: &Case, folder: &Path, more: &[&str]) {
    let source = folder.join("source.ndjson.zst");
    std::fs::copy(&case.records, &source).unwrap();
    let (from, to): (DateTime<Utc>, DateTime<Utc>) = Capture::open(&source, None).unwrap().window().unwrap();
    let [from, to] = [from, to].map(relay_diag::window::rfc3339);
    let server = Server::of(&source, FaultPlan::default());
    let args = [
        &["kept.parquet", "--from", &from, "--to", &to, "--max-queries", "9"],
        more,
    ]
    .concat();
    let run = server.captured(folder, &args);
    assert_eq!(run.code, 0, "{}: {}{}", case.name, run.stdout, run.stderr);
}

#[test]
fn a_capture_says_what_its_recording_says() {
    on_each(&recordings(), AT_ONCE, |case| {
        let folder = tempfile::tempdir().unwrap();
        captured(case, folder.path(), &[]);
        for name in COMMANDS {
            let recording = said(folder.path(), "source.ndjson.zst", name, &[]);
            let kept = said(folder.path(), "kept.parquet", name, &[]);
            assert_eq!(kept, recording, "{name} of {}", case.name);
        }
    });
}

/// What stands for a person's data may have another number: other texts were met before it.
#[test]
fn a_redacted_capture_says_the_same_but_for_the_names() {
    let names = regex::Regex::new(r"\[(secret|email|did|handle|user|phone|ip|query|value) \d+\]").unwrap();
    let chosen = [
        "partial-connect-hang",
        "lock-contention",
        "shop-db-restart",
        "django-slow-queries",
    ];
    let recordings: Vec<Case> = recordings()
        .into_iter()
        .filter(|case| chosen.contains(&case.name.as_str()))
        .collect();
    assert_eq!(recordings.len(), chosen.len());
    on_each(&recordings, AT_ONCE, |case| {
        let folder = tempfile::tempdir().unwrap();
        captured(case, folder.path(), &["--redact"]);
        for name in COMMANDS {
            let of = |file: &str| {
                let (code, text) = said(folder.path(), file, name, &["--redact"]);
                (code, names.replace_all(&text, "[$1]").into_owned())
            };
            assert_eq!(of("kept.parquet"), of("source.ndjson.zst"), "{name} of {}", case.name);
        }
    });
}
