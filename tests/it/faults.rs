//! The fault table: what can go wrong between here and the server, each over a real socket through the real binary.
//! `UPDATE_DOCS=1` writes docs/faults.md from it.

mod table;

use std::time::{Duration, Instant};

use regex::Regex;
use relay_diag::serve::fault::FaultPlan;
use relay_diag::serve::{self, Options};
use relay_diag::source::capture::Capture;

use crate::api::asking;
use crate::support::{Run, finish, fixture, on_each};
use crate::wire::{Server, closed_port};
use table::{Asked, At, Fault, faults};

/// A recording in which nothing is wrong, its window, and a time at which `verify` passes.
const HEALTHY: &str = "healthy-load/records.ndjson.zst";
const TIMELINE: [&str; 5] = [
    "timeline",
    "--from",
    "2026-11-23T03:01:08Z",
    "--to",
    "2026-11-23T03:09:09Z",
];
const VERIFY: [&str; 3] = ["verify", "--now", "2026-11-23T03:09:08.305604Z"];
const QUERY: [&str; 3] = ["query", "--sql", "SELECT service_name FROM records"];
/// What the process itself may take on a busy machine, beside the deadline.
const START: Duration = Duration::from_secs(8);
/// Most of them wait most of the time.
const AT_ONCE: usize = 8;

/// What a server of the healthy recording answers to a command, byte for byte.
fn healthy_answer(args: &'static [&'static str]) -> Vec<u8> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let capture = Capture::open(&fixture(HEALTHY), None).unwrap();
        let options = Options {
            faults: FaultPlan::watch(),
            ..Options::default()
        };
        let running = serve::start(capture, options).await.unwrap();
        let url = running.url.clone();
        let run = tokio::task::spawn_blocking(move || {
            let folder = tempfile::tempdir().unwrap();
            finish(asking(folder.path(), &url).args(args))
        });
        let run = run.await.unwrap();
        assert_eq!(run.code, 0, "without a fault all is well: {}{}", run.stdout, run.stderr);
        let client = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
        let request = client
            .post(format!("{}/v2/query", running.url))
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("authorization", "Bearer x")
            .body(running.requests()[0].body.clone());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap().to_vec()
    })
}

struct Outcome {
    run: Run,
    attempts: usize,
}

/// Runs a command against a fault. Whatever the fault: no panic, no overtime, no token, no "all is well".
fn inject(fault: &Fault, args: &[&str]) -> Outcome {
    let server = Server::start(fault.script.clone());
    let url = match fault.at {
        At::Server => server.url(),
        At::Encrypted => format!("https://127.0.0.1:{}", server.port),
        At::Nobody => format!("http://127.0.0.1:{}", closed_port()),
    };
    let folder = tempfile::tempdir().unwrap();
    let mut command = asking(folder.path(), &url);
    command.env("RELAY_DIAG_DEADLINE", format!("{}s", fault.deadline_s));
    let begun = Instant::now();
    let run = finish(command.args(args));
    let took = begun.elapsed();
    let (name, all) = (fault.injected, format!("{}\n{}", run.stdout, run.stderr));
    assert!(!all.contains("panicked"), "{name}: {all}");
    assert!(
        took < Duration::from_secs(fault.deadline_s) + START,
        "{name}: it took {took:?}\n{all}"
    );
    assert!(!all.contains(crate::api::TOKEN), "{name}: {all}");
    assert_ne!(run.code, 0, "{name}: {all}");
    Outcome {
        run,
        attempts: server.seen().len(),
    }
}

/// Checks one row, and gives it as a line of the document.
fn check(fault: &Fault) -> String {
    let args = match fault.asked {
        Asked::Timeline => &TIMELINE[..],
        Asked::TimelineUpToNow => &TIMELINE[..3],
        Asked::Query => &QUERY,
    };
    let Outcome { run, attempts } = inject(fault, args);
    let (name, all) = (fault.injected, format!("{}\n{}", run.stdout, run.stderr));
    assert_eq!(run.code, fault.code, "{name}: {all}");
    assert_eq!(attempts, fault.attempts, "{name}: {all}");
    for said in fault.says {
        assert!(all.contains(said), "{name}: \"{said}\" is not in\n{all}");
    }
    let read = read(&run).replace('|', "\\|");
    format!("| {name} | `{}` | {read} | {} | {attempts} |", args[0], run.code)
}

/// The sentence that the user reads, without what changes from run to run or with the recording.
fn read(run: &Run) -> String {
    let line = match run.stderr.lines().find_map(|line| line.strip_prefix("error: ")) {
        Some(error) => error,
        None => run.stdout.lines().next().unwrap_or_default(),
    };
    let line = line.split("; seen so far: ").next().unwrap_or_default();
    let mut shown = line.to_owned();
    for (pattern, stands_for) in [
        (r"127\.0\.0\.1:\d+", "HOST"),
        (r"column \d{3,}", "column N"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    ] {
        shown = Regex::new(pattern)
            .unwrap()
            .replace_all(&shown, stands_for)
            .into_owned();
    }
    shown
}

#[test]
fn every_fault_ends_in_one_clear_sentence() {
    let rows = on_each(&faults(&healthy_answer(&TIMELINE)), AT_ONCE, check);
    let document = format!(
        "# What goes wrong between here and the server\n\n\
         Made by a test (`tests/it/faults.rs`) from what the program really does: each row is injected over a real\n\
         socket. No row panics, outlives its deadline, ends with exit code 0 or lets `verify` pass. HOST stands for\n\
         the server, TIME for a time; a hint follows each sentence.\n\n\
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
    let how = "docs/faults.md is not current: UPDATE_DOCS=1 cargo test every_fault";
    for (line, said) in document.lines().zip(current.lines()) {
        assert_eq!(line, said, "{how}");
    }
    assert_eq!(document.len(), current.len(), "{how}");
}

#[test]
fn no_fault_lets_verify_pass() {
    let mut faults = faults(&healthy_answer(&VERIFY));
    faults.retain(|fault| !matches!(fault.asked, Asked::Query));
    on_each(&faults, AT_ONCE, |fault| {
        let args = match fault.asked {
            Asked::TimelineUpToNow => &VERIFY[..1],
            _ => &VERIFY,
        };
        let run = inject(fault, args).run;
        let allowed = if fault.code == 3 { [3, 3] } else { [1, 4] };
        assert!(
            allowed.contains(&run.code),
            "{}: {} {}",
            fault.injected,
            run.code,
            run.stdout
        );
    });
}
