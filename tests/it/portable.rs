//! Logfire's engine has a version that nobody publishes: the very SQL of every command gives equal rows on four versions of
//! stock DataFusion. Skipped, with a line that says so, where there is no Python or no network.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;
use parquet::arrow::ArrowWriter;
use relay_diag::source::Request;
use relay_diag::source::capture::Capture;
use serde_json::Value;

use crate::cost::statements;
use crate::python;
use crate::support::{fixture, run};

const VERSIONS: [&str; 4] = ["52.3.0", "53.0.0", "54.1.0", "55.0.0"];
const RECORDINGS: [&str; 3] = ["partial-connect-hang", "lock-contention", "demo"];
const COMMANDS: [&str; 4] = ["timeline", "diagnose", "stuck", "verify"];

/// Every statement of every command.
fn every_statement(records: &str) -> BTreeMap<String, String> {
    let sent = COMMANDS.iter().flat_map(|command| {
        let sent = statements(command, records).into_iter().zip(1..);
        sent.map(move |(sql, round)| (format!("{command} {round}"), sql))
    });
    sent.chain([(String::from("capture 1"), count_of_capture(records))])
        .collect()
}

/// The rows that `capture` fetches have no order of their own; what it counts has.
fn count_of_capture(records: &str) -> String {
    let run = run(&["capture", "kept.parquet", "--source", records, "-vv"]);
    let first = run.stderr.lines().find(|line| line.starts_with("SELECT "));
    first.unwrap_or_else(|| panic!("{}", run.stderr)).to_owned()
}

#[test]
fn four_versions_of_the_engine_give_equal_rows() {
    let engine = |version: &&str| {
        let packages = [&format!("datafusion=={version}"), "pyarrow"];
        python::with(
            &format!("datafusion-{version}"),
            &packages,
            "no other engine ran the SQL",
        )
    };
    let Some(engines) = VERSIONS.iter().map(engine).collect::<Option<Vec<_>>>() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/portable.py");
    for case in RECORDINGS {
        let records = fixture(&format!("{case}/records.ndjson.zst"));
        let (parquet, asked) = (folder.path().join("records.parquet"), folder.path().join("asked.json"));
        write_parquet(&records, &parquet);
        let statements = every_statement(records.to_str().unwrap());
        std::fs::write(&asked, serde_json::to_string(&statements).unwrap()).unwrap();
        let mut first: Option<Value> = None;
        for (engine, version) in engines.iter().zip(VERSIONS) {
            let output = python::ran(Command::new(engine).arg(&script).args([&parquet, &asked]));
            let output = output.unwrap_or_else(|why| panic!("{case} on {version}: {why}"));
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert!(answer["version"].as_str().unwrap().starts_with(&version[..2]));
            for (name, rows) in answer["answers"].as_object().unwrap() {
                assert_ne!(
                    rows.as_array().map_or(0, Vec::len),
                    0,
                    "{case}, {name} on {version}: no rows"
                );
                if let Some(first) = &first {
                    let other = &first[name];
                    let (own, other) = (rows.as_array().unwrap(), other.as_array().unwrap());
                    assert_eq!(own.len(), other.len(), "{case}, {name} on {version}");
                    let odd = own.iter().zip(other).find(|(own, other)| !is_equal(own, other));
                    assert!(odd.is_none(), "{case}, {name} on {version}: {odd:?}");
                }
            }
            first.get_or_insert_with(|| answer["answers"].clone());
        }
    }
}

/// Cells that are equal; a percentile between two values is exact to a millionth on some versions.
fn is_equal(own: &Value, other: &Value) -> bool {
    match (own, other) {
        (Value::Array(own), Value::Array(other)) => {
            own.len() == other.len() && own.iter().zip(other).all(|(own, other)| is_equal(own, other))
        }
        (Value::Number(own), Value::Number(other)) => {
            let (own, other) = (own.as_f64().unwrap(), other.as_f64().unwrap());
            (own - other).abs() <= 1e-5 * own.abs().max(other.abs())
        }
        (own, other) => own == other,
    }
}

/// The same records as a file that every version reads.
fn write_parquet(records: &Path, to: &Path) {
    let capture = Capture::open(records, None).unwrap();
    let (from, until) = capture.held().unwrap();
    let request = Request {
        sql: String::from("SELECT * FROM records_all"),
        from,
        to: until + TimeDelta::seconds(1),
        limit: usize::MAX >> 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (schema, batches) = runtime.block_on(async {
        let mut stream = capture.stream(request.into(), ()).await.unwrap();
        let batches = stream.collect().await.unwrap();
        (std::sync::Arc::clone(stream.schema()), batches)
    });
    let mut writer = ArrowWriter::try_new(std::fs::File::create(to).unwrap(), schema, None).unwrap();
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
}
