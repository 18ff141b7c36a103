//! Every recording by its whole label: ours, other teams', and ours as other projects would have recorded them.

use serde_json::Value;

use crate::support::{fixture, on_each, run};
use crate::world::judge::{Depth, Difference, differences};
use crate::world::recording::{Recording, found_in, label, name, records};
use crate::world::rewrite::{Way, name as name_of, rewrite};

mod judge;
mod rewriting;

/// Recordings are judged side by side: each takes a whole core for seconds.
const AT_ONCE: usize = 2;
const SEED: u64 = 1;

fn ask(args: &[&str]) -> Result<Value, String> {
    let run = run(args);
    match run.code {
        0 | 1 | 4 => Ok(run.json()),
        code => Err(format!("exit code {code}: {}{}", run.stdout, run.stderr)),
    }
}

fn told(of: &str, found: &[Difference]) -> Vec<String> {
    found
        .iter()
        .map(|difference| format!("{of}: {}: {}", difference.what, difference.text))
        .collect()
}

/// Judges each recording of a folder of `fixtures/`, rewritten these ways.
fn check(folder: &str, all_ways: &[Vec<Way>]) {
    check_all_but(folder, all_ways, &[], Depth::Whole);
}

/// The same, whatever is different in some parts of the label.
fn check_all_but(folder: &str, all_ways: &[Vec<Way>], parts: &[&str], depth: Depth) {
    let mut jobs = Vec::new();
    for case in found_in(&fixture(folder)).unwrap() {
        jobs.extend(all_ways.iter().map(|ways| (case.clone(), ways)));
    }
    assert!(!jobs.is_empty());
    let told = |of: &str, mut found: Vec<Difference>| {
        found.retain(|difference| !parts.contains(&difference.what));
        told(of, &found)
    };
    let wrong = on_each(&jobs, AT_ONCE, |(case, ways)| {
        let of = format!("{} {}", name(case), name_of(ways));
        if ways.is_empty() {
            let path = records(case).unwrap();
            let label = label(case).unwrap();
            return told(&of, differences(&label, path.to_str().unwrap(), depth, &ask));
        }
        let rewritten = rewrite(&Recording::read(case).unwrap(), ways, SEED);
        let place = tempfile::tempdir().unwrap();
        rewritten.write(place.path()).unwrap();
        let path = records(place.path()).unwrap();
        told(&of, differences(&rewritten.label, path.to_str().unwrap(), depth, &ask))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn other_applications_are_judged_as_labelled() {
    check_all_but("others", &[vec![]], &[], Depth::Quick);
    // In the middle of an empty pool it is not told yet which of the long chats hold it and which wait for it.
    check_all_but("others", &[vec![]], &["stuck", "long"], Depth::Whole);
}

#[test]
fn long_lived_connections_change_no_answer() {
    check("", &[vec![Way::LongLived]]);
}

#[test]
fn long_lived_connections_are_no_part_of_the_impact() {
    for name in ["one-sick-instance", "in-progress"] {
        let plain = fixture(name);
        let place = tempfile::tempdir().unwrap();
        let rewritten = rewrite(&Recording::read(&plain).unwrap(), &[Way::LongLived], SEED);
        rewritten.write(place.path()).unwrap();
        let impact = |folder: &std::path::Path| {
            let path = records(folder).unwrap();
            let document = ask(&["diagnose", "--source", path.to_str().unwrap(), "--format", "json"]).unwrap();
            let impact = &document["impact"];
            ["requests", "failed", "hung", "longest_hang_s"].map(|key| impact[key].clone())
        };
        assert_eq!(impact(place.path()), impact(&plain), "{name}");
    }
}

#[test]
fn refused_calls_to_others_change_no_answer() {
    check("", &[vec![Way::Outgoing]]);
}

#[test]
fn replaced_connections_change_no_answer() {
    check("", &[vec![Way::PrePing]]);
}

#[test]
fn machines_without_names_change_no_answer() {
    check("", &[vec![Way::Machines]]);
}

#[test]
fn two_differences_at_once_change_no_answer() {
    check_all_but("", &Way::pairs(), &[], Depth::Quick);
}

/// relay-api's own set-up in staging.
#[test]
fn all_that_relay_api_does_changes_no_answer() {
    check("", &[vec![Way::LongLived, Way::PrePing, Way::Machines]]);
}

#[test]
fn half_of_the_traces_are_never_wrongly_healthy() {
    check("", &[vec![Way::Sampled]]);
    // Which of the long chats hold the pool is told by those that wait for it, of which half are not recorded.
    check_all_but("others", &[vec![Way::Sampled]], &["stuck", "long"], Depth::Whole);
}

#[test]
fn without_the_database_nothing_is_said_of_it() {
    check("", &[vec![Way::NoDatabase]]);
    check("others", &[vec![Way::NoDatabase]]);
}
