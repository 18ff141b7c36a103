//! Runs the real binary with nothing of the surroundings but what a test gives it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// What a run left behind.
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Run {
    /// The document, which is as its schema says.
    pub fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr));
        crate::schema::check(&document);
        document
    }
}

/// The binary with a clean environment, in an empty working directory of its own.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay-diag"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub fn run(args: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    finish(command(folder.path()).args(args))
}

/// Runs a prepared command to its end.
pub fn finish(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// The folder of a fixture.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A recording or reconstruction with what must come out of it.
pub struct Case {
    pub name: String,
    pub records: String,
    pub label: Value,
}

/// Every folder in `fixtures/` that has a label.
pub fn cases() -> Vec<Case> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(fixture(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let labelled = folders.into_iter().filter(|folder| folder.join("label.json").is_file());
    labelled
        .map(|folder| Case {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            records: folder.join("records.ndjson.zst").to_string_lossy().into_owned(),
            label: serde_json::from_slice(&std::fs::read(folder.join("label.json")).unwrap()).unwrap(),
        })
        .collect()
}

/// The labelled recordings of our lab and of other teams.
pub fn recordings() -> Vec<Case> {
    let mut all = cases();
    let others = std::fs::read_dir(fixture("others"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut others: Vec<_> = others
        .filter(|folder| folder.join("records.ndjson.zst").is_file())
        .collect();
    others.sort();
    all.extend(others.into_iter().map(|folder| Case {
        name: folder.file_name().unwrap().to_string_lossy().into_owned(),
        records: folder.join("records.ndjson.zst").to_string_lossy().into_owned(),
        label: Value::Null,
    }));
    all
}

/// Works on all items, several at once; what comes of them stands in the order of the items.
pub fn on_each<I: Sync, T: Send>(items: &[I], at_once: usize, work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let share = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(at) else { return done };
                done.push((at, work(item)));
            }
        };
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(share)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
