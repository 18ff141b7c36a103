//! How long a timeline takes on a million records, beside what one would do without it: the same file in DuckDB.
//!
//! `cargo bench --bench busy_hour`; the number of records can be given: `cargo bench --bench busy_hour -- 100000`.
//! DuckDB is measured where `python3` can import `duckdb`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "busy_hour/records.rs"]
mod records;

use std::io::Write;
use std::process::Command;
use std::time::Instant;

const DUCKDB: &str = "
import duckdb, sys
rows = duckdb.sql(f\"\"\"
  SELECT time_bucket(INTERVAL 30 SECONDS, start_timestamp::TIMESTAMP) AS bucket, count(*), max(duration),
         quantile_cont(duration, 0.95), count(*) FILTER (WHERE otel_status_code = 'ERROR')
  FROM read_ndjson_auto('{sys.argv[1]}') WHERE otel_scope_name LIKE '%fastapi' GROUP BY 1 ORDER BY 1\"\"\").fetchall()
print(len(rows), 'rows')
";

fn main() {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let count = asked.unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy-hour.ndjson");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    records::write(count, |text| file.write_all(text.as_bytes()).unwrap());
    file.flush().unwrap();
    let size = std::fs::metadata(&path).unwrap().len() / 1_000_000;
    println!("{count} records, {size} MB of NDJSON");

    let begun = Instant::now();
    let run = Command::new(env!("CARGO_BIN_EXE_relay-diag"))
        .args(["timeline", "--source", path.to_str().unwrap(), "--format", "markdown"])
        .output()
        .unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .count()
        .saturating_sub(1);
    println!(
        "relay-diag timeline: {:.1} s, {rows} rows",
        begun.elapsed().as_secs_f64()
    );
    println!("  {}", text.lines().next().unwrap_or_default());

    let begun = Instant::now();
    let duckdb = Command::new("python3")
        .args(["-c", DUCKDB, path.to_str().unwrap()])
        .output();
    match duckdb {
        Ok(output) if output.status.success() => println!(
            "DuckDB, one GROUP BY of eight questions: {:.1} s, {}",
            begun.elapsed().as_secs_f64(),
            String::from_utf8_lossy(&output.stdout).trim()
        ),
        _ => println!("DuckDB: not measured, python3 cannot import duckdb"),
    }
}
