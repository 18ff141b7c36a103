//! `relay-diag serve` as a program: what it prints, how it ends, what it refuses.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::{EVER, client};
use crate::support::{Run, command, finish, fixture};

struct Served {
    child: Child,
    url: String,
    folder: TempDir,
}

impl Served {
    /// Starts the program and waits for its line.
    fn start(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "0123456789abcdef0123456789abcdef\n").unwrap();
        let mut child = command(folder.path())
            .arg("serve")
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut url)
            .unwrap();
        Self {
            child,
            url: url.trim_end().to_owned(),
            folder,
        }
    }

    /// Sends a signal and waits: what it printed besides the URL, standard error, exit code.
    fn end(mut self, signal: &str) -> (String, String, i32) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let (mut out, mut err) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (out, err, self.child.wait().unwrap().code().unwrap_or(-1))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn refused(args: &[&str], variable: Option<(&str, &str)>) -> Run {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("short"), "secret\n").unwrap();
    std::fs::write(folder.path().join("broken.ndjson"), "{\"trace_id\":\n").unwrap();
    let mut command = command(folder.path());
    command.arg("serve").args(args).envs(variable);
    finish(&mut command)
}

fn count(url: &str, token: &str) -> (u16, String) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let body = json!({"sql": "SELECT count(*) AS n FROM records", "min_timestamp": EVER});
        let request = client()
            .post(format!("{url}/v2/query"))
            .header("content-type", "application/json");
        let response = request.bearer_auth(token).body(body.to_string()).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    })
}

#[test]
fn the_one_line_is_the_url() {
    let served = Served::start(&["demo"]);
    let port: u16 = served.url.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
    assert_ne!(port, 0);
    let (status, text) = count(&served.url, "any");
    assert_eq!(status, 200, "{text}");
    let url = served.url.clone();
    let (out, err, code) = served.end("TERM");
    assert_eq!((out.as_str(), code), ("", 0), "{err}");
    assert!(err.contains(&format!("base_url='{url}'")), "{err}");
    assert!(!err.contains("error"), "{err}");
}

#[test]
fn an_interrupt_ends_it_at_once() {
    let path = fixture("healthy-after-restart/records.ndjson.zst");
    let served = Served::start(&[path.to_str().unwrap(), "--quiet"]);
    let (out, err, code) = served.end("INT");
    assert_eq!((out.as_str(), err.as_str(), code), ("", "", 130));
}

#[test]
fn a_token_of_a_file_is_asked_for() {
    let served = Served::start(&["demo", "--token-file", "token"]);
    assert!(served.folder.path().join("token").is_file());
    assert_eq!(count(&served.url, "any"), (401, String::from("Invalid read token")));
    assert_eq!(count(&served.url, "0123456789abcdef0123456789abcdef").0, 200);
    let (_, err, _) = served.end("TERM");
    assert!(!err.contains("0123456789abcdef"), "{err}");
}

#[test]
fn now_hides_what_came_later() {
    let number = |served: &Served| {
        let text = count(&served.url, "any").1;
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["data"][0]["n"]
            .as_u64()
            .unwrap()
    };
    let whole = number(&Served::start(&["demo"]));
    let early = number(&Served::start(&["demo", "--now", "2025-12-08T06:31:00Z"]));
    assert!(early < whole, "{early} of {whole}");
}

#[test]
fn a_port_in_use_is_one_clear_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let run = refused(&["demo", "--port", &port], None);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert!(
        run.stderr
            .starts_with(&format!("error: cannot listen on 127.0.0.1:{port}: ")),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("hint: another program has this port"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.lines().count(), 2);
}

#[test]
fn other_addresses_take_a_token_that_cannot_be_guessed() {
    for (args, variable, words) in [
        (&["demo", "--listen", "0.0.0.0"][..], None, "that takes a token"),
        (&["demo", "--listen", "::"], None, "that takes a token"),
        (&["demo", "--token-file", "short"], None, "shorter than 16"),
        (&["demo", "--token-file", "missing"], None, "missing cannot be used"),
        (&["demo"], Some(("RELAY_DIAG_SERVE_TOKEN", "secret")), "shorter than 16"),
    ] {
        let run = refused(args, variable);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
        assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    }
    let run = refused(&["demo", "--listen", "localhost"], None);
    assert_eq!(run.code, 2);
}

#[test]
fn a_broken_capture_is_not_served() {
    for (file, words) in [
        ("broken.ndjson", "is broken at line 1"),
        ("none.parquet", "cannot read the capture"),
    ] {
        let run = refused(&[file], None);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
}
