//! `capture`: what it keeps is what its source has, every record of it, whatever happens on the way.

mod archive;
mod safe;
mod truth;
mod whole;

use std::path::{Path, PathBuf};
use std::process::Command;

use relay_diag::serve::fault::FaultPlan;
use relay_diag::serve::{self, Options, Running};
use relay_diag::source::capture::Capture;
use relay_diag::source::{Request, Rows};
use serde_json::{Value, json};

use crate::api::asking;
use crate::support::{Run, finish};

/// A server of some records, as long as it lives.
pub struct Server {
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
}

impl Server {
    pub fn of(records: &Path, faults: FaultPlan) -> Self {
        let options = Options {
            faults,
            query_time: std::time::Duration::from_secs(300),
            ..Options::default()
        };
        let capture = Capture::open(records, None).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let running = Some(runtime.block_on(serve::start(capture, options)).unwrap());
        Self { runtime, running }
    }

    pub fn url(&self) -> &str {
        &self.running.as_ref().unwrap().url
    }

    pub fn requests(&self) -> usize {
        self.running.as_ref().unwrap().requests_seen()
    }

    /// `capture` with these words, in a folder.
    pub fn capture(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = asking(folder, self.url());
        command.env("RELAY_DIAG_DEADLINE", "300s").arg("capture").args(args);
        command
    }

    pub fn captured(&self, folder: &Path, args: &[&str]) -> Run {
        finish(&mut self.capture(folder, args))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// Every column of every record, in one order.
pub fn rows(records: &Path) -> Rows {
    let capture = Capture::open(records, None).unwrap();
    let names: Vec<String> = Capture::schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let request = Request {
        sql: format!(
            "SELECT {} FROM records_all ORDER BY start_timestamp, trace_id, span_id, kind, message",
            names.join(", ")
        ),
        from: chrono::DateTime::UNIX_EPOCH,
        to: "2100-01-01T00:00:00Z".parse().unwrap(),
        limit: 10_000_000,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(capture.query(&request)).unwrap().rows
}

/// Panics at the first record that differs, without printing them all.
pub fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (rows(one), rows(other));
    assert_eq!(one.rows.len(), other.rows.len());
    for (one, other) in one.rows.iter().zip(&other.rows) {
        assert_eq!(one, other);
    }
}

/// A record of a span that began at `start` and arrived at `arrival` (microseconds since the epoch).
fn record(number: i64, start: i64, arrival: i64, kind: &str) -> Value {
    let time = |micros: i64| relay_diag::window::rfc3339(chrono::DateTime::from_timestamp_micros(micros).unwrap());
    json!({
        "trace_id": format!("{:032x}", number / 5), "span_id": format!("{number:016x}"), "kind": kind,
        "span_name": format!("GET /{}", number % 40), "message": format!("GET /{} it's number {number}", number % 40),
        "service_name": "shop", "deployment_environment": if number % 7 == 0 { Value::Null } else { json!("production") },
        "start_timestamp": time(start), "end_timestamp": time(arrival), "created_at": time(arrival),
        "attributes": {"n": number, "text": "ü\n\"quoted\"", "list": [1, 2.5, null]}, "tags": ["a", "b"],
        "level": 9, "duration": if kind == "span" { json!(0.25) } else { Value::Null },
    })
}

fn write_records(folder: &Path, records: impl Iterator<Item = Value>) -> PathBuf {
    let path = folder.join("source.ndjson");
    let text: String = records.map(|record| format!("{record}\n")).collect();
    std::fs::write(&path, text).unwrap();
    path
}

/// The first start of the made records: 2026-11-20 22:00.
const BEGIN: i64 = 1_795_212_000_000_000;
const SECOND: i64 = 1_000_000;

/// So many records within an hour, dense at its begin and thin at its end, some in the same microsecond, pending rows
/// among them.
fn an_hour(folder: &Path, count: i64) -> PathBuf {
    let start = |number: i64| BEGIN + number * number * 3_600 / (count * count) * SECOND + number % 3;
    let records = (0..count).map(|number| match number % 4 {
        0 => record(number, start(number), start(number), "pending_span"),
        1 => record(number - 1, start(number - 1), start(number) + SECOND, "span"),
        _ => record(number, start(number), start(number) + SECOND, "span"),
    });
    write_records(folder, records)
}

const HOUR: [&str; 4] = ["--from", "2026-11-20T22:00:00Z", "--to", "2026-11-20T23:00:00Z"];
