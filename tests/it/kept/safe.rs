//! Whatever ends the work: no wrong or half file under the name, and nothing is fetched twice.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use relay_diag::serve::fault::{Fault, FaultPlan};

use super::{HOUR, Server, an_hour, assert_same};

const FILE: &str = "kept.parquet";

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&[FILE], &HOUR[..], more].concat()
}

/// Times of kills: from before anything was asked to after the file stands.
fn kills(count: u64) -> impl Iterator<Item = Duration> {
    (0..count).map(|number| Duration::from_millis(number * 7_919 % 900))
}

#[test]
fn fifty_kills_leave_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 40_000);
    // Four answers one after the other take most of the time in which a kill comes.
    let slow = Fault::none().wire(|wire| wire.delay = Duration::from_millis(150));
    let server = Server::of(&source, FaultPlan::always(slow));
    let (mut killed, mut done) = (0, 0);
    for after in kills(50) {
        let mut child = server
            .capture(folder.path(), &with(&["--resume", "--max-queries", "1000"]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(after);
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        killed += i32::from(!ended.success());
        if folder.path().join(FILE).exists() {
            assert_same(&folder.path().join(FILE), &source);
            std::fs::remove_file(folder.path().join(FILE)).unwrap();
            let _ = std::fs::remove_dir_all(folder.path().join("kept.parquet.partial"));
            done += 1;
        }
    }
    assert!(killed > 25, "{killed} of 50 were killed while they worked");
    let run = server.captured(
        folder.path(),
        &with(&["--resume", "--max-queries", "1000", "--format", "json"]),
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_same(&folder.path().join(FILE), &source);
    assert!(done < 50);
}

#[test]
fn a_spent_quota_costs_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 60_000);
    let script = std::iter::repeat_n(Fault::none(), 4).chain([Fault::quota_spent()].into_iter().cycle().take(8));
    let server = Server::of(&source, FaultPlan::script(script));
    let run = server.captured(folder.path(), &with(&["--format", "json"]));
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("quota") && run.stderr.contains("kept are"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--resume"), "{}", run.stderr);
    assert_eq!(run.json()["error"]["kind"], "quota_spent");
    assert!(!folder.path().join(FILE).exists());

    // Without --resume nothing of it is lost by accident.
    let again = server.captured(folder.path(), &with(&[]));
    assert_eq!(again.code, 2);
    assert!(
        again.stderr.contains("--resume") && again.stderr.contains("--force"),
        "{}",
        again.stderr
    );
    let other = server.captured(folder.path(), &with(&["--resume", "--env", "production"]));
    assert_eq!(other.code, 2, "{}", other.stdout);
    assert!(other.stderr.contains("environment production"), "{}", other.stderr);

    drop(server);
    let server = Server::of(&source, FaultPlan::watch());
    // The server listens elsewhere now; to the plan that is another source.
    let moved = server.captured(folder.path(), &with(&["--resume"]));
    assert_eq!(moved.code, 2, "{}", moved.stdout);
    let anew = server.captured(folder.path(), &with(&["--force"]));
    assert_eq!(anew.code, 0, "{}", anew.stderr);
    assert_same(&folder.path().join(FILE), &source);
}

#[test]
fn what_was_fetched_is_not_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 60_000);
    // The first five requests are answered: a count and four stretches; then comes an hour's limit, and then peace.
    let script = std::iter::repeat_n(Fault::none(), 5).chain(std::iter::repeat_n(Fault::rate_limited(3_600), 4));
    let server = Server::of(&source, FaultPlan::script(script));
    let run = server.captured(folder.path(), &with(&[]));
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("come back at"), "{}", run.stderr);
    // Some of the refusals may be left for the next runs.
    let runs = (0..5).map(|_| server.captured(folder.path(), &with(&["--resume", "--format", "json"])));
    let done = runs.into_iter().find(|run| run.code == 0).unwrap().json();
    assert!(done["resumed_records"].as_u64().unwrap() > 8_000, "{done:#}");
    // Two counts, seven stretches, four refusals, and the count that a refusal may have met.
    assert!(server.requests() <= 2 + 7 + 4 + 1, "{}", server.requests());
    assert_same(&folder.path().join(FILE), &source);
}

/// Whoever forced once must not lose what was fetched since, nor be told that the old file is the new one.
#[test]
fn a_forced_capture_that_stopped_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 20_000);
    let file = folder.path().join(FILE);
    // The old file is a capture itself, of another choice.
    let server = Server::of(&source, FaultPlan::script(std::iter::repeat_n(Fault::none(), 6)));
    assert_eq!(
        server
            .captured(folder.path(), &with(&["--service", "shop", "--env", ""]))
            .code,
        0
    );
    drop(server);
    let old = std::fs::read(&file).unwrap();
    let script = [Fault::none(), Fault::none(), Fault::quota_spent(), Fault::quota_spent()];
    let server = Server::of(&source, FaultPlan::script(script));
    let stopped = server.captured(folder.path(), &with(&["--force"]));
    assert_eq!(stopped.code, 3, "{}{}", stopped.stdout, stopped.stderr);
    assert_eq!(std::fs::read(&file).unwrap(), old);
    // A refusal may be left for the next run.
    let runs = (0..4).map(|_| server.captured(folder.path(), &with(&["--resume", "--format", "json"])));
    let done = runs.into_iter().find(|run| run.code == 0).unwrap().json();
    assert_eq!(done["records"], 20_000, "{done:#}");
    assert_same(&file, &source);
}

#[test]
fn files_are_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 100);
    std::fs::write(folder.path().join(FILE), "mine").unwrap();
    let server = Server::of(&source, FaultPlan::watch());
    for more in [&[][..], &["--resume"]] {
        let run = server.captured(folder.path(), &with(more));
        assert_eq!(run.code, 2, "{}", run.stdout);
        assert!(
            run.stderr.contains("there already") && run.stderr.contains("--force"),
            "{}",
            run.stderr
        );
    }
    assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), b"mine");
    assert_eq!(server.requests(), 0);
    assert_eq!(server.captured(folder.path(), &with(&["--force"])).code, 0);
    assert_same(&folder.path().join(FILE), &source);
    // Whoever repeats what was done is told so.
    let again = server.captured(folder.path(), &with(&["--resume", "--format", "json"]));
    assert_eq!((again.code, &again.json()["records"]), (0, &serde_json::json!(100)));
}

#[test]
fn wrong_words_cost_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 100);
    let server = Server::of(&source, FaultPlan::watch());
    let cases: [(&[&str], &str); 5] = [
        (&["kept.csv"], "ends in .parquet"),
        (&["nowhere/kept.parquet"], "cannot write nowhere/kept.parquet.partial"),
        (&[FILE, "--instance", "a"], "keeps every instance"),
        (&["--append", "archive", "--redact"], "within one file only"),
        (&[], "required"),
    ];
    for (args, words) in cases {
        let run = server.captured(folder.path(), args);
        assert!(
            run.code == 2 || run.stderr.contains("No such file"),
            "{args:?}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
    }
    let mut by_setting = server.capture(folder.path(), &["--append", "archive"]);
    let run = crate::support::finish(by_setting.env("RELAY_DIAG_REDACT", "true"));
    assert!(
        run.code == 2 && run.stderr.contains("within one file only"),
        "{}",
        run.stderr
    );
    assert_eq!(server.requests(), 0);
}

#[test]
fn more_queries_than_allowed_are_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 60_000);
    let server = Server::of(&source, FaultPlan::watch());
    let run = server.captured(folder.path(), &with(&["--max-queries", "5", "--format", "json"]));
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.json()["error"]["kind"], "query_budget");
    assert!(
        run.stderr.contains("60,000 records") && run.stderr.contains("--max-queries 9"),
        "{}",
        run.stderr
    );
    assert_eq!(server.requests(), 1);
    let allowed = server.captured(folder.path(), &with(&["--max-queries", "10"]));
    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
}

/// A limit on the length of files stands for a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_is_said_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 20_000);
    let server = Server::of(&source, FaultPlan::watch());
    let inner = server.capture(folder.path(), &with(&[]));
    let words: Vec<String> = std::iter::once(inner.get_program())
        .chain(inner.get_args())
        .map(|word| shlex::try_quote(word.to_str().unwrap()).unwrap().into_owned())
        .collect();
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", &format!("trap '' XFSZ; ulimit -f 40; exec {}", words.join(" "))]);
    for (name, value) in inner.get_envs() {
        limited.env(name, value.unwrap());
    }
    limited.current_dir(Path::new(folder.path())).stdin(Stdio::null());
    let run = crate::support::finish(&mut limited);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("cannot write") && run.stderr.contains("make room"),
        "{}",
        run.stderr
    );
    assert!(!folder.path().join(FILE).exists());
    let run = server.captured(folder.path(), &with(&["--resume"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_same(&folder.path().join(FILE), &source);
}

#[test]
fn an_interrupt_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 20_000);
    let slow = Fault::none().wire(|wire| wire.delay = Duration::from_millis(500));
    let server = Server::of(&source, FaultPlan::always(slow));
    let child = server
        .capture(folder.path(), &with(&[]))
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    while server.requests() < 2 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupt.success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    assert!(String::from_utf8(ended.stderr).unwrap().contains("--resume goes on"));
    assert!(!folder.path().join(FILE).exists());
}
