//! `init`: a profile of what is recorded. It never overwrites, and what it writes gives answers at least as good as none.

use std::path::Path;

use serde_json::Value;

use crate::support::{command, finish, fixture, on_each, run};
use crate::world::judge::{Depth, differences};
use crate::world::recording::{Recording, found_in, label, name, records};
use crate::world::rewrite::{Way, rewrite};

fn init(folder: &Path, source: &str, more: &[&str]) -> crate::support::Run {
    finish(
        command(folder)
            .args(["init", "--source", source, "--format", "json"])
            .args(more),
    )
}

#[test]
fn it_writes_where_nothing_is_and_never_over_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay-diag.toml");
    let first = init(folder.path(), "demo", &[]);
    assert_eq!((first.code, first.stderr.as_str()), (0, ""));
    let document = first.json();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(document["profile"], text.as_str());
    assert_eq!(document["queries_spent"], 1);
    assert!(document["not_recorded"].as_array().unwrap().is_empty(), "{document:#}");
    let second = init(folder.path(), "demo", &[]);
    assert_eq!(second.code, 2);
    assert!(
        second.stdout.contains("is there already, and stays as it is"),
        "{}",
        second.stdout
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    let printed = init(folder.path(), "demo", &["--print"]);
    assert_eq!((printed.code, &printed.json()["file"]), (0, &Value::Null));
    let elsewhere = init(folder.path(), "demo", &["--output", "other.toml"]);
    assert_eq!(elsewhere.code, 0);
    assert!(folder.path().join("other.toml").is_file());
    // What it wrote is read without complaint.
    let shown = finish(command(folder.path()).args(["config", "show"]));
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""));
}

#[test]
fn nothing_recorded_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = init(
        folder.path(),
        "demo",
        &["--from", "2025-12-07T06:00", "--to", "2025-12-07T07:00"],
    );
    assert_eq!(run.code, 4, "{}", run.stdout);
    assert!(!folder.path().join("relay-diag.toml").exists());
}

#[test]
fn it_names_what_is_not_recorded() {
    let recording = Recording::read(&fixture("healthy-load")).unwrap();
    let rewritten = rewrite(&recording, &[Way::Machines, Way::NoDatabase], 1);
    let place = tempfile::tempdir().unwrap();
    rewritten.write(place.path()).unwrap();
    let document = init(place.path(), "records.ndjson", &["--print"]).json();
    let missing: Vec<&str> = document["not_recorded"]
        .as_array()
        .unwrap()
        .iter()
        .map(|missing| missing["what"].as_str().unwrap())
        .collect();
    assert_eq!(missing[..2], ["machine names", "the database"], "{missing:?}");
}

#[test]
fn a_profile_of_a_recording_gives_answers_as_good_as_none() {
    let mut cases = found_in(&fixture("")).unwrap();
    cases.extend(found_in(&fixture("others")).unwrap());
    let wrong = on_each(&cases, 2, |case| {
        let folder = tempfile::tempdir().unwrap();
        let path = records(case).unwrap();
        let path = path.to_str().unwrap();
        assert_eq!(init(folder.path(), path, &[]).code, 0);
        let profile = folder.path().join("relay-diag.toml");
        let wrong_with = |more: &[&str]| {
            let ask = |args: &[&str]| {
                let run = run(&[args, more].concat());
                match run.code {
                    0 | 1 | 4 => Ok(run.json()),
                    code => Err(format!("exit code {code}: {}{}", run.stdout, run.stderr)),
                }
            };
            differences(&label(case).unwrap(), path, Depth::Quick, &ask)
        };
        let mut found = wrong_with(&["--config", profile.to_str().unwrap()]);
        if !found.is_empty() {
            let without = wrong_with(&[]);
            found.retain(|difference| !without.contains(difference));
        }
        let told = found
            .iter()
            .map(|one| format!("{}: {}: {}", name(case), one.what, one.text));
        told.collect::<Vec<_>>()
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
