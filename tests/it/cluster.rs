//! Workers: what they answer is what one machine answers, and whatever happens to one is told in one sentence.

mod fails;
mod guarded;
mod same;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use chrono::DateTime;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use relay_diag::source::Request;
use relay_diag::source::capture::Capture;

use crate::support::{Run, command, finish, fixture};

/// Two of the recording that the tests of failures ask about.
const HOUR: [&str; 4] = ["--from", "2025-12-08T06:30:00Z", "--to", "2025-12-08T07:30:00Z"];

/// A worker, until it is dropped.
struct Worker {
    process: Child,
    address: String,
}

impl Worker {
    fn new() -> Self {
        Self::of(&[], &[])
    }

    fn of(args: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::begin(&std::env::temp_dir(), args, variables)
    }

    fn in_folder(folder: &Path) -> Self {
        Self::begin(folder, &[], &[])
    }

    fn begin(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut process = command(folder)
            .args(["worker", "--listen", "127.0.0.1:0", "--quiet"])
            .args(args)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        assert!(!address.is_empty(), "the worker did not begin");
        Self {
            process,
            address: address.trim().to_owned(),
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.process.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command that asks these workers, whatever there is to read.
fn asking(folder: &Path, workers: &[&Worker], args: &[&str]) -> Command {
    let addresses: Vec<&str> = workers.iter().map(|worker| worker.address.as_str()).collect();
    let mut command = command(folder);
    command
        .args(args)
        .env("RELAY_DIAG_WORKERS", addresses.join(","))
        .env("RELAY_DIAG_WORKERS_FROM", "0B");
    command
}

fn ask(folder: &Path, workers: &[&Worker], args: &[&str]) -> Run {
    finish(&mut asking(folder, workers, args))
}

/// A recording as Parquet files, each with two row groups.
fn archive(records: &Path, folder: &Path, files: usize) {
    let capture = Capture::open(records, None).unwrap();
    let request = Request {
        sql: String::from("SELECT * FROM records_all ORDER BY start_timestamp"),
        from: DateTime::UNIX_EPOCH,
        to: "2100-01-01T00:00:00Z".parse().unwrap(),
        limit: usize::MAX >> 1,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let records = runtime.block_on(capture.query_records(&request)).unwrap().batches;
    let rows = datafusion::arrow::compute::concat_batches(&Capture::schema(), &records).unwrap();
    std::fs::create_dir_all(folder).unwrap();
    let each = rows.num_rows().div_ceil(files).max(1);
    for from in (0..rows.num_rows()).step_by(each) {
        let part = rows.slice(from, each.min(rows.num_rows() - from));
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(each.div_ceil(2)));
        let file = std::fs::File::create(folder.join(format!("{from:07}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties.build())).unwrap();
        writer.write(&part).unwrap();
        writer.close().unwrap();
    }
}

/// The demo as an archive of four files.
fn demo(folder: &Path) -> PathBuf {
    let files = folder.join("demo");
    archive(&fixture("demo/records.ndjson.zst"), &files, 4);
    files
}
