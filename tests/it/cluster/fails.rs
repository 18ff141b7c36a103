//! A worker that dies, hangs, lacks a file or is another program: one sentence, in time, and never a wrong answer.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use datafusion_distributed::Worker as Engine;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use super::{HOUR, Worker, archive, ask, asking, demo};
use crate::support::{Run, command, finish, fixture};

/// Counts for minutes on any machine.
const ENDLESS: &str = "SELECT count(*) AS n FROM records_all a, records_all b, records_all c \
                       WHERE a.start_timestamp < b.start_timestamp AND b.start_timestamp < c.start_timestamp";

const ONE_CLIENT: [&str; 2] = ["--most-clients", "1"];

fn timeline() -> Vec<&'static str> {
    [&["timeline", "--source", "./demo"], &HOUR[..]].concat()
}

/// Panics unless it is one sentence about a worker, with a hint.
fn assert_told(run: &Run, words: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{}", run.stderr);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    assert!(
        lines[0].starts_with("error: the worker") && lines[0].contains(words),
        "{}",
        run.stderr
    );
    assert!(lines[1].starts_with("hint: "), "{}", run.stderr);
}

#[test]
fn twenty_kills_at_any_moment_are_told_or_too_late() {
    let folder = tempfile::tempdir().unwrap();
    archive(
        &fixture("partial-connect-hang/records.ndjson.zst"),
        &folder.path().join("files"),
        6,
    );
    let args = ["diagnose", "--source", "./files"];
    let one = Worker::new();
    let whole = ask(folder.path(), &[&one, &Worker::new()], &args);
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    let begun = Instant::now();
    let _ = ask(folder.path(), &[&one, &Worker::new()], &args);
    let usual = begun.elapsed();
    let mut told = 0;
    for number in 0..20 {
        let mut two = Worker::new();
        let child = asking(folder.path(), &[&one, &two], &args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        std::thread::sleep(usual * (number * 7_919 % 20) / 20);
        two.process.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            begun.elapsed() < usual + Duration::from_secs(20),
            "{:?}",
            begun.elapsed()
        );
        let run = Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        match run.code {
            0 => assert!(run.stdout == whole.stdout, "another answer: {}", run.stdout),
            _ => {
                assert_told(&run, &two.address);
                told += 1;
            }
        }
    }
    assert!(told > 5, "only {told} of 20 were killed in time");
}

#[test]
fn a_frozen_worker_costs_seconds() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    let (one, two) = (Worker::new(), Worker::new());
    two.signal("-STOP");
    let begun = Instant::now();
    assert_told(
        &ask(folder.path(), &[&one, &two], &timeline()),
        "does not answer: nothing came back within 3 s",
    );
    assert!(begun.elapsed() < Duration::from_secs(10));

    // The same while it works.
    two.signal("-CONT");
    let args = ["query", "--source", "./demo", "--all-envs", "--sql", ENDLESS];
    let child = asking(folder.path(), &[&one, &two], &args)
        .env("RELAY_DIAG_WORKERS_DEADLINE", "6s")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(2));
    two.signal("-STOP");
    one.signal("-STOP");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(12), "{stderr}");
    assert!(
        stderr.starts_with("error: the workers did not finish within 6s\nhint: "),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(3));
}

/// Waits until workers that take one client have nothing to do.
fn assert_soon_idle(folder: &Path, workers: &[&Worker]) {
    let begun = Instant::now();
    loop {
        // Whoever is busy says so, until the question is off its hands.
        let run = ask(folder, workers, &timeline());
        if run.code == 0 {
            break;
        }
        assert_told(
            &run,
            "could not do its part: it is busy with as many other clients as it takes (1)",
        );
        assert!(begun.elapsed() < Duration::from_secs(60), "it works on for nobody");
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn an_interrupt_ends_what_the_workers_do() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    let (one, two) = (Worker::of(&ONE_CLIENT, &[]), Worker::of(&ONE_CLIENT, &[]));
    let args = ["query", "--source", "./demo", "--all-envs", "--sql", ENDLESS];
    let mut child = asking(folder.path(), &[&one, &two], &args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(4));
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_soon_idle(folder.path(), &[&one, &two]);
}

#[test]
fn the_deadline_reaches_the_workers() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    let (one, two) = (Worker::of(&ONE_CLIENT, &[]), Worker::of(&ONE_CLIENT, &[]));
    let args = ["query", "--source", "./demo", "--all-envs", "--sql", ENDLESS];
    let run = finish(asking(folder.path(), &[&one, &two], &args).env("RELAY_DIAG_WORKERS_DEADLINE", "2s"));
    assert_told(&run, "s did not finish within 2s");
    assert_soon_idle(folder.path(), &[&one, &two]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_without_the_files_says_so() {
    // A path that is another folder for each process: as of two machines that share none.
    const HERE: &str = "/proc/self/cwd/demo";
    let (ours, empty, others) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    demo(ours.path());
    let theirs = others.path().join("theirs");
    archive(&fixture("partial-connect-hang/records.ndjson.zst"), &theirs, 1);
    std::fs::create_dir(others.path().join("demo")).unwrap();
    for file in std::fs::read_dir(ours.path().join("demo")).unwrap() {
        let other = others.path().join("demo").join(file.unwrap().file_name());
        std::fs::copy(theirs.join("0000000.parquet"), other).unwrap();
    }
    let args = [&["timeline", "--source", HERE], &HOUR[..]].concat();
    let one = Worker::in_folder(ours.path());
    for (folder, words) in [
        (
            empty.path(),
            "could not do its part: cannot read the capture /proc/self/cwd/demo/",
        ),
        (others.path(), "it is not the file that was asked about"),
    ] {
        let two = Worker::in_folder(folder);
        let run = ask(ours.path(), &[&one, &two], &args);
        assert_told(&run, words);
        assert!(run.stderr.contains(&two.address), "{}", run.stderr);
    }
    let run = ask(ours.path(), &[&one, &Worker::in_folder(ours.path())], &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn another_program_or_release_is_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let incoming = runtime.block_on(async { TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap() });
    let address = incoming.local_addr().unwrap().to_string();
    let engine = Engine::default().with_version("relay-diag 0.0.1 (DataFusion 1.0)");
    runtime.spawn(
        Server::builder()
            .add_service(engine.into_worker_server())
            .serve_with_incoming(incoming),
    );
    let ask = |address: &str| {
        let mut command = command(folder.path());
        command
            .args(timeline())
            .env("RELAY_DIAG_WORKERS", address)
            .env("RELAY_DIAG_WORKERS_FROM", "0B");
        finish(&mut command)
    };
    let run = ask(&address);
    assert_told(&run, "is relay-diag 0.0.1 (DataFusion 1.0), and this is relay-diag ");
    assert!(
        run.stderr.contains("install the same release on all machines"),
        "{}",
        run.stderr
    );

    let web = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = web.local_addr().unwrap().to_string();
    let nobody = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = web.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    assert_told(&ask(&address), "does not answer: ");
    nobody.join().unwrap();
    assert_told(&ask("127.0.0.1:9"), "127.0.0.1:9 does not answer: Connection refused");
}
