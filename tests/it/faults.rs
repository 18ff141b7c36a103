//! The fault table: what can go wrong between here and the server, each over a real socket through the real binary.
//! `UPDATE_DOCS=1` writes docs/faults.md from it.

mod table;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use relay_diag::serve::fault::FaultPlan;
use relay_diag::serve::{self, Options};
use relay_diag::source::capture::Capture;

use crate::api::asking;
use crate::support::{Run, finish, fixture};
use crate::wire::{Server, closed_port};
use table::{Asked, At, Fault, faults};

/// A recording in which nothing is wrong, and its window.
const HEALTHY: &str = "healthy-load/records.ndjson.zst";
pub const FROM: &str = "2026-11-23T03:01:08Z";
pub const TO: &str = "2026-11-23T03:09:09Z";
/// What the process itself may take on a busy machine, beside the deadline.
const START: Duration = Duration::from_secs(8);
const AT_ONCE: usize = 4;

/// What a server answers to the timeline of the healthy recording, byte for byte.
pub static ANSWER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let capture = Capture::open(&fixture(HEALTHY), None).unwrap();
        let faults = FaultPlan::watch();
        let running = serve::start(
            capture,
            Options {
                faults,
                ..Options::default()
            },
        )
        .await
        .unwrap();
        let url = running.url.clone();
        let run = tokio::task::spawn_blocking(move || {
            let folder = tempfile::tempdir().unwrap();
            finish(asking(folder.path(), &url).args(["timeline", "--from", FROM, "--to", TO]))
        });
        let run = run.await.unwrap();
        assert_eq!(run.code, 0, "without a fault all is well: {}{}", run.stdout, run.stderr);
        let question = running.requests()[0].body.clone();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
        let request = client
            .post(format!("{}/v2/query", running.url))
            .header("content-type", "application/json");
        let request = request
            .header("accept", "application/json")
            .header("authorization", "Bearer x");
        request
            .body(question)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap()
            .to_vec()
    })
});

struct Outcome {
    run: Run,
    attempts: usize,
    took: Duration,
}

fn inject(fault: &Fault) -> Outcome {
    let server = Server::start(fault.script.clone());
    let url = match fault.at {
        At::Server => server.url(),
        At::Encrypted => format!("https://127.0.0.1:{}", server.port),
        At::Nobody => format!("http://127.0.0.1:{}", closed_port()),
    };
    let folder = tempfile::tempdir().unwrap();
    let mut command = asking(folder.path(), &url);
    command.env("RELAY_DIAG_DEADLINE", format!("{}s", fault.deadline_s));
    match fault.asked {
        Asked::Timeline => command.args(["timeline", "--from", FROM, "--to", TO]),
        Asked::TimelineUpToNow => command.args(["timeline", "--from", FROM]),
        Asked::Query => command.args(["query", "--sql", "SELECT service_name FROM records"]),
    };
    let begun = Instant::now();
    let run = finish(&mut command);
    Outcome {
        run,
        attempts: server.seen().len(),
        took: begun.elapsed(),
    }
}

/// Checks one row, and gives it as a line of the document.
fn check(fault: &Fault) -> String {
    let name = fault.injected;
    let Outcome { run, attempts, took } = inject(fault);
    let all = format!("{}\n{}", run.stdout, run.stderr);
    assert!(!all.contains("panicked"), "{name}: {all}");
    assert!(
        took < Duration::from_secs(fault.deadline_s) + START,
        "{name}: it took {took:?}\n{all}"
    );
    assert_eq!(run.code, fault.code, "{name}: {all}");
    assert_ne!(run.code, 0, "{name}");
    assert_eq!(attempts, fault.attempts, "{name}: {all}");
    for said in fault.says {
        assert!(all.contains(said), "{name}: \"{said}\" is not in\n{all}");
    }
    assert!(!all.contains(crate::api::TOKEN), "{name}: {all}");
    let command = match fault.asked {
        Asked::Query => "`query`",
        _ => "`timeline`",
    };
    let read = read(&run).replace('|', "\\|");
    format!("| {name} | {command} | {read} | {} | {attempts} |", run.code)
}

/// The sentence that the user reads, without what changes from run to run.
fn read(run: &Run) -> String {
    let line = match run.stderr.lines().find_map(|line| line.strip_prefix("error: ")) {
        Some(error) => error,
        None => run.stdout.lines().next().unwrap_or_default(),
    };
    let mut shown = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("127.0.0.1:") {
        shown.push_str(before);
        shown.push_str("HOST");
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    shown + rest
}

#[test]
fn every_fault_ends_in_one_clear_sentence() {
    let faults = faults();
    LazyLock::force(&ANSWER);
    let next = AtomicUsize::new(0);
    let lines: Vec<(usize, String)> = std::thread::scope(|scope| {
        let work = || {
            let mut lines = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(fault) = faults.get(at) else { return lines };
                lines.push((at, check(fault)));
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let mut lines = lines;
    lines.sort();
    let rows: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    let document = format!(
        "# What goes wrong between here and the server\n\n\
         Made by a test (`tests/it/faults.rs`) from what the program really does: each row is injected over a real\n\
         socket. No row panics, outlives its deadline or ends with exit code 0. HOST stands for the server.\n\n\
         | what is injected | command | what the user reads | exit code | attempts |\n\
         |---|---|---|--:|--:|\n{}\n",
        rows.join("\n")
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &document).unwrap();
    }
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, said) in document.lines().zip(current.lines()) {
        assert_eq!(
            line, said,
            "docs/faults.md is not current: UPDATE_DOCS=1 cargo test faults"
        );
    }
    assert_eq!(
        document.len(),
        current.len(),
        "docs/faults.md is not current: UPDATE_DOCS=1 cargo test faults"
    );
}
