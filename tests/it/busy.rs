//! Healthy machines around an incident change nothing: not what is found, not how many rows it takes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use relay_diag::config::{Config, Surroundings};
use relay_diag::query::Catalogue;
use relay_diag::run::timeline_batch;
use relay_diag::source::{Request, Source, capture::Capture};
use relay_diag::window::Window;
use serde_json::{Value, json};

use crate::support::{fixture, run};
use crate::world::recording::{Recording, stamp, time};

/// About so many records are made in all, however many the machines are.
const RECORDS: usize = 8_000;
const TIMES: [&str; 3] = ["start_timestamp", "end_timestamp", "created_at"];
/// What the whole answer of the first request may be (the API cuts at 10,000).
const MOST_ROWS: usize = 1_500;
/// What a person sees of a hang.
const HANG: [&str; 6] = [
    "start",
    "span_id",
    "duration_s",
    "in_progress",
    "died_with_process",
    "waiting_on",
];

/// One trace in `one_in` of the healthy recording over and over, from a time on up to another, as a machine of that number
/// would have recorded it.
fn machine(number: usize, healthy: &[Value], one_in: usize, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Value> {
    let start = |row: &Value| time(&row["start_timestamp"]).unwrap();
    let (first, last) = (start(&healthy[0]), healthy.iter().map(start).max().unwrap());
    let lap = last - first + TimeDelta::seconds(1);
    let mut rows = Vec::new();
    for (at, begin) in (0..)
        .map(|at| (at, from + lap * at))
        .take_while(|(_, begin)| *begin < to)
    {
        let kept = healthy.iter().filter(|row| match row["kind"].as_str().unwrap() {
            // The lines of its start.
            "log" => at == 0 && row["message"].as_str().unwrap().starts_with("starting"),
            _ => {
                usize::from_str_radix(&row["trace_id"].as_str().unwrap()[28..], 16).unwrap() % one_in == number % one_in
            }
        });
        for row in kept {
            let mut row = row.clone();
            for column in TIMES {
                row[column] = time(&row[column]).map_or(Value::Null, |was| stamp(was + (begin - first)));
            }
            for column in ["trace_id", "span_id", "parent_span_id"] {
                if let Some(id) = row[column].as_str() {
                    row[column] = json!(format!("{number:04x}{at:02x}{}", &id[6..]));
                }
            }
            let name = format!("healthy{number}");
            row["otel_resource_attributes"]["fly.machine_id"] = json!(name);
            row["otel_resource_attributes"]["host.name"] = json!(name);
            row["otel_resource_attributes"]["service.instance.id"] = json!(name);
            row["service_instance_id"] = json!(name);
            row["process_pid"] = json!(20_000 + number);
            if time(&row["start_timestamp"]).unwrap() < to {
                rows.push(row);
            }
        }
    }
    rows
}

/// An incident with so many healthy machines around it, from ten minutes before it on.
fn beside(incident: &Recording, machines: usize, folder: &Path) -> PathBuf {
    let healthy = Recording::read(&fixture("healthy-load")).unwrap().rows;
    let times = |row: &Value| time(&row["start_timestamp"]).unwrap();
    let from = incident.rows.iter().map(times).min().unwrap() - TimeDelta::minutes(10);
    let to = incident.rows.iter().map(times).max().unwrap();
    let path = folder.join(format!("{machines}.ndjson"));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    // Some five laps.
    let one_in = (machines * healthy.len() * 5 / RECORDS).max(1);
    let rows = (0..machines).flat_map(|number| machine(number, &healthy, one_in, from, to));
    for row in rows.chain(incident.rows.iter().cloned()) {
        serde_json::to_writer(&mut file, &row).unwrap();
        file.write_all(b"\n").unwrap();
    }
    file.flush().unwrap();
    path
}

/// The failure mode, its window and every hang.
fn answer(path: &Path, window: &[&str]) -> (Value, Value, Value, Vec<String>) {
    let ask = |command: &str| {
        let base = [command, "--source", path.to_str().unwrap(), "--format", "json"];
        let document = run(&[&base[..], window].concat()).json();
        assert_eq!(
            document["complete"], true,
            "{path:?}, {command}: {}",
            document["not_known"]
        );
        document
    };
    let diagnosis = ask("diagnose")["diagnosis"].take();
    let stuck = ask("stuck");
    let spans = stuck["spans"].as_array().unwrap().iter();
    let mut hangs: Vec<String> = spans
        .map(|span| HANG.map(|field| span[field].to_string()).join(" "))
        .collect();
    hangs.sort();
    let field = |name: &str| diagnosis[name].clone();
    (field("failure_mode"), field("from"), field("to"), hangs)
}

#[test]
fn healthy_machines_change_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let incident = Recording::read(&fixture("partial-connect-hang")).unwrap();
    let text = |key: &str| incident.label["window"][key].as_str().unwrap().to_owned();
    let (from, to) = (text("from"), text("to"));
    let window = ["--from", from.as_str(), "--to", to.as_str()];
    let alone = answer(&beside(&incident, 0, folder.path()), &window);
    assert_eq!(alone.0, "partial-connect-hang");
    assert!(!alone.3.is_empty());
    // Two hundred processes share the rows that an answer may have.
    for machines in [11, 200] {
        let among = answer(&beside(&incident, machines, folder.path()), &window);
        assert_eq!(among, alone, "{machines} machines");
    }
}

#[test]
fn the_answer_of_the_first_request_does_not_grow_with_the_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let incident = Recording::read(&fixture("partial-connect-hang")).unwrap();
    let rows = [2, 24].map(|machines| evidence_rows(&beside(&incident, machines, folder.path())));
    assert!(rows[1] < MOST_ROWS, "{rows:?} rows");
    // Each machine has a row of its own; in sparser traffic a few more buckets have something slow.
    assert!(rows[1] <= rows[0] * 11 / 10 + 22, "{rows:?} rows");
}

fn evidence_rows(path: &Path) -> usize {
    let settings = Config::resolve(&Surroundings::default(), None, Vec::new())
        .unwrap()
        .settings;
    let capture = Capture::open(path, None).unwrap();
    let (from, to) = capture.window().unwrap();
    let window = Window::new(from, to).unwrap();
    let batch = timeline_batch(&Catalogue::built_in().unwrap(), &settings, window).unwrap();
    let request = Request {
        sql: batch.sql.clone(),
        from: window.from - settings.lookback,
        to: window.to,
        limit: batch.limit,
    };
    let source = Source::Capture(capture);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(source.query(&request)).unwrap();
    answer.rows.rows.len()
}
