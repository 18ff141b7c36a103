//! The size of a timeline's evidence does not grow with the traffic.

#[path = "../../benches/busy_hour/records.rs"]
mod records;

use chrono::TimeDelta;
use relay_diag::config::{Config, Surroundings};
use relay_diag::query::Catalogue;
use relay_diag::run::timeline_batch;
use relay_diag::source::{Request, Source, capture::Capture};
use relay_diag::window::Window;

use crate::support::run;

/// What the result of the one request may be (the API cuts at 10,000).
const MOST_ROWS: usize = 1_500;

fn evidence_rows(path: &std::path::Path) -> usize {
    let settings = Config::resolve(&Surroundings::default(), None, Vec::new())
        .unwrap()
        .settings;
    let window = Window::new(records::begin(), records::begin() + TimeDelta::hours(1)).unwrap();
    let batch = timeline_batch(&Catalogue::built_in().unwrap(), &settings, window).unwrap();
    let request = Request {
        sql: batch.sql.clone(),
        from: window.from - settings.lookback,
        to: window.to,
        limit: batch.limit,
    };
    let source = Source::Capture(Capture::open(path, None).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(source.query(&request)).unwrap();
    answer.rows.rows.len()
}

fn check(count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.ndjson");
    let mut text = String::new();
    records::write(count, |part| text.push_str(part));
    std::fs::write(&path, &text).unwrap();
    let rows = evidence_rows(&path);
    assert!(rows < MOST_ROWS, "{count} records: {rows} rows");
    let document = run(&["timeline", "--source", path.to_str().unwrap(), "--format", "json"]).json();
    assert_eq!(document["complete"], true, "{}", document["not_known"]);
    let entries = document["entries"].as_array().unwrap();
    assert!(entries.len() <= 25, "{} entries", entries.len());
    assert!(document["queries_spent"].as_u64().unwrap() <= 2);
}

#[test]
fn twenty_thousand_records_give_few_rows() {
    check(20_000);
}

/// The issue's own size; minutes in a debug build, so it runs when asked: `cargo test --release -- --ignored busy`.
#[test]
#[ignore = "a million records take minutes in a debug build"]
fn a_million_records_give_few_rows() {
    check(1_000_000);
}
