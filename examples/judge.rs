//! Prints what `diagnose` says of every recording in a folder, beside what its label says.
//!
//! `cargo run --example judge -- [FOLDER]` (default: `fixtures`). Exits with 1 if an answer differs from its label.

#![allow(clippy::print_stdout, clippy::exit)]

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Parser;
use relay_diag::cli::Cli;
use relay_diag::config::Surroundings;
use relay_diag::log::Log;
use relay_diag::run::{World, run, settings};
use serde_json::Value;

/// Below this share of the union a window counts as missed.
const LEAST_OVERLAP: f64 = 0.8;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args()
        .nth(1)
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), PathBuf::from);
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    cases.retain(|case| case.join("label.json").is_file());
    cases.sort();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut wrong = 0;
    println!(
        "| {:<22} | {:<21} | {:<21} | confidence | overlap |",
        "case", "expected", "found"
    );
    println!("|{:-<24}|{:-<23}|{:-<23}|------------|---------|", "", "", "");
    for case in &cases {
        let label = std::fs::read(case.join("label.json"))?;
        let label: Value =
            serde_json::from_slice(&label).with_context(|| format!("the label of {}", case.display()))?;
        let records = records(case).with_context(|| format!("{} holds no records", case.display()))?;
        let cli = Cli::try_parse_from(["relay-diag", "diagnose", "--source", &records.to_string_lossy()])?;
        let world = World {
            now: Utc::now(),
            surroundings: Surroundings::default(),
            input: None,
            log: Log::default(),
        };
        let config = settings(&cli, &world)?;
        let report = runtime.block_on(run(cli, config, world))?;
        let found = &report.document["diagnosis"];
        let expected = label["failure_mode"].as_str().unwrap_or("-");
        let mode = found["failure_mode"].as_str().unwrap_or("-");
        let overlap = overlap(&label, found);
        if expected != mode || overlap.is_some_and(|overlap| overlap < LEAST_OVERLAP) {
            wrong += 1;
        }
        let named = found["failure_mode"]
            .as_str()
            .or(found["finding"].as_str())
            .unwrap_or("inconclusive");
        println!(
            "| {:<22} | {expected:<21} | {named:<21} | {:<10} | {:<7} |",
            case.file_name().unwrap_or_default().to_string_lossy(),
            found["confidence"].as_str().unwrap_or("-"),
            overlap.map_or_else(|| String::from("-"), |share| format!("{share:.2}")),
        );
    }
    println!("{} of {} as labelled", cases.len() - wrong, cases.len());
    if wrong > 0 {
        std::process::exit(1);
    }
    Ok(())
}

fn records(case: &Path) -> Option<PathBuf> {
    let names = [
        "records.ndjson.zst",
        "records.ndjson.gz",
        "records.ndjson",
        "records.parquet",
        "records.arrow",
    ];
    names.iter().map(|name| case.join(name)).find(|path| path.is_file())
}

/// What both windows share, of what either holds; `None` if the label has no incident or none was found.
fn overlap(label: &Value, found: &Value) -> Option<f64> {
    let end = time(&label["window"]["to"])?;
    let (from, to) = (
        time(&label["incident_window"]["from"])?,
        time(&label["incident_window"]["to"]).unwrap_or(end),
    );
    let (found_from, found_to) = (time(&found["from"])?, time(&found["to"]).unwrap_or(end));
    let shared = (to.min(found_to) - from.max(found_from)).as_seconds_f64().max(0.0);
    Some(shared / (to.max(found_to) - from.min(found_from)).as_seconds_f64())
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(value.as_str()?).ok()?.with_timezone(&Utc))
}
