//! The token appears nowhere: not in results, errors, logs or the output of an internal fault, whatever the command.

use super::{TOKEN, asking};
use crate::support::{Run, finish};
use crate::wire::{Play, Server, closed_port, response};

/// Every command that could meet the token, with everything switched on that could say more.
const COMMANDS: &[&[&str]] = &[
    &["timeline", "-vv"],
    &["timeline", "-vv", "--format", "json"],
    &["query", "--sql", "SELECT 1", "-vv"],
    &["query", "errors", "-vv", "--format", "json"],
    &["config", "show", "-vv"],
    &["config", "check", "-vv"],
    &["queries", "list", "-vv"],
    &["queries", "check", "-vv"],
    &["man"],
    &["completions", "bash"],
];

fn secrets() -> [&'static str; 3] {
    [TOKEN, &TOKEN[14..], "SecretSecretSecret"]
}

fn check(what: &str, run: &Run) {
    for secret in secrets() {
        assert!(!run.stdout.contains(secret), "{what}: stdout\n{}", run.stdout);
        assert!(!run.stderr.contains(secret), "{what}: stderr\n{}", run.stderr);
    }
}

/// A server that has nothing better to do than to repeat what it was given.
fn echoes() -> Vec<(&'static str, Vec<Play>)> {
    let page = format!("<html><title>{TOKEN}</title></html>");
    let bodies = [
        ("text", format!("Invalid read token {TOKEN}")),
        ("json", format!("{{\"detail\":\"no {TOKEN}\",\"error\":\"{TOKEN}\"}}")),
        (
            "nested",
            format!("{{\"detail\":\"{{\\\"error\\\":\\\"Bearer {TOKEN}\\\"}}\"}}"),
        ),
        (
            "list",
            format!("{{\"detail\":[{{\"loc\":[\"{TOKEN}\"],\"msg\":\"{TOKEN}\"}}]}}"),
        ),
        ("page", page),
        ("lines", format!("{{\"type\":\"error\",\"message\":\"{TOKEN}\"}}\n")),
        ("broken", format!("{{\"{TOKEN}\":")),
        (
            "type",
            format!("{{\"type\":\"{TOKEN}\",\"schema\":\"{TOKEN}\",\"data\":\"{TOKEN}\"}}"),
        ),
    ];
    let mut plays = Vec::new();
    for (name, body) in bodies {
        for status in [200, 302, 400, 401, 403, 404, 422, 429, 500] {
            let location = format!("https://example.com/?token={TOKEN}");
            let headers = [
                ("location", location.as_str()),
                ("x-logfire-context", TOKEN),
                ("x-logfire-warning", TOKEN),
                ("www-authenticate", TOKEN),
            ];
            plays.push((name, vec![Play::Send(response(status, &headers, &body))]));
        }
    }
    plays
}

#[test]
fn a_server_that_repeats_the_token_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for (name, script) in echoes() {
        let server = Server::start(script);
        for args in &COMMANDS[..3] {
            let run = finish(asking(folder.path(), &server.url()).args(*args));
            check(&format!("{args:?} and {name}"), &run);
        }
        let run = finish(asking(folder.path(), &server.url()).args(["config", "check", "-vv"]));
        check(&format!("config check and {name}"), &run);
        assert!(
            server.seen().iter().any(|seen| seen.contains(TOKEN)),
            "it was never sent"
        );
    }
}

#[test]
fn no_command_shows_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(vec![Play::Send(response(401, &[], TOKEN))]);
    let nobody = format!("http://127.0.0.1:{}", closed_port());
    let encrypted = format!("https://127.0.0.1:{}", server.port);
    for url in [&server.url(), &nobody, &encrypted, "http://example.com", TOKEN] {
        for args in COMMANDS {
            let run = finish(
                asking(folder.path(), url)
                    .env("RELAY_DIAG_DEADLINE", "700ms")
                    .args(*args),
            );
            check(&format!("{args:?} at {url}"), &run);
            assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        }
    }
    // The environment's value as another setting, and a file of it as configuration.
    let run = finish(
        asking(folder.path(), &nobody)
            .env("RELAY_DIAG_DEADLINE", TOKEN)
            .arg("timeline"),
    );
    check("as a setting", &run);
    std::fs::write(folder.path().join("token"), format!("{TOKEN}\n{TOKEN}")).unwrap();
    for args in [["--token-file", "token"], ["--config", "token"]] {
        check(
            &format!("{args:?}"),
            &finish(asking(folder.path(), &nobody).args(args).arg("timeline")),
        );
    }
}

/// The fault can be forced in a debug build only.
#[cfg(debug_assertions)]
#[test]
fn an_internal_fault_shows_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let mut forced = asking(folder.path(), "http://127.0.0.1:1");
    let run = finish(forced.env("FORCE_INTERNAL_FAULT", "1").args(["timeline", "-vv"]));
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("panicked") && run.stderr.contains("[redacted]"),
        "{}",
        run.stderr
    );
    check("an internal fault", &run);
}
