//! Wrong input costs seconds: one clear error, the right exit code, nothing on standard output.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use relay_diag::cli::BEGIN;

use crate::support::{command, finish, fixture, run};

/// Arguments, exit code, and what the message must hold.
const WRONG: &[(&[&str], i32, &str)] = &[
    (&["timelin"], 2, "unrecognized subcommand"),
    (&["timeline", "--sinc", "1h"], 2, "--since"),
    (
        &["timeline", "--source", "demo", "--since", "soon"],
        2,
        "`soon` is not a duration",
    ),
    (
        &["timeline", "--source", "demo", "--from", "25:00"],
        2,
        "`25:00` is not a time",
    ),
    (
        &[
            "timeline",
            "--source",
            "demo",
            "--from",
            "2025-12-08T07:00",
            "--to",
            "2025-12-08T07:00",
        ],
        2,
        "the window is empty",
    ),
    (
        &[
            "timeline",
            "--source",
            "demo",
            "--from",
            "2025-12-08T07:00",
            "--to",
            "2025-12-08T06:00",
        ],
        2,
        "--from must lie before --to",
    ),
    (
        &["timeline", "--source", "demo", "--since", "1h", "--from", "06:00"],
        2,
        "cannot be used with",
    ),
    (
        &["timeline", "--source", "no/such/file.ndjson"],
        3,
        "no/such/file.ndjson",
    ),
    (
        &["timeline", "--source", "demo", "--format", "xml"],
        2,
        "possible values: auto, table",
    ),
    (
        &["query", "nonsense", "--source", "demo"],
        2,
        "there is no query `nonsense`",
    ),
    (&["query", "--source", "demo"], 2, "required"),
    (
        &["query", "--source", "demo", "--sql", "DROP TABLE records"],
        2,
        "not a SELECT",
    ),
    (
        &["query", "--source", "demo", "--sql", "SELECT 1; SELECT 2"],
        2,
        "more than one statement",
    ),
    (&["query", "--source", "demo", "--sql", ""], 2, "it is empty"),
    (
        &["query", "--source", "demo", "--sql", "SELECT nope FROM records"],
        3,
        "nope",
    ),
    (
        &["query", "--source", "demo", "--sql", "SELECT 1", "--limit", "10001"],
        2,
        "10001",
    ),
    (&["queries", "show", "nonsense"], 2, "there is no query `nonsense`"),
    (
        &["queries", "list", "--queries", "no/such/folder"],
        2,
        "cannot read no/such/folder",
    ),
    (
        &["config", "show", "--config", "no-such.toml"],
        2,
        "cannot read no-such.toml",
    ),
];

#[test]
fn wrong_input_is_one_error_and_no_output() {
    for (args, code, message) in WRONG {
        let run = run(args);
        assert_eq!(run.code, *code, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(message), "{args:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{args:?}");
        assert_eq!(run.stderr.matches("error:").count(), 1, "{args:?}: {}", run.stderr);
        assert!(!run.stderr.contains("panicked"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn an_error_is_a_document_if_one_was_wanted() {
    for (args, kind) in [
        (
            ["timeline", "--source", "none.ndjson", "--format", "json"],
            "capture_unreadable",
        ),
        (["timeline", "--bad-flag", "x", "--format", "json"], "usage"),
    ] {
        let run = run(&args);
        let document = run.json();
        assert_eq!(document["schema"], "relay-diag.error.v1");
        assert_eq!(document["error"]["kind"], kind);
        assert_eq!(document["exit_code"], run.code);
    }
}

#[test]
fn a_truncated_capture_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.ndjson");
    let text = zstd::decode_all(std::fs::read(fixture("demo/records.ndjson.zst")).unwrap().as_slice()).unwrap();
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    let run = run(&["timeline", "--source", path.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    let lines = text[..text.len() / 2].iter().filter(|byte| **byte == b'\n').count() + 1;
    assert!(
        run.stderr.contains(&format!("broken at line {lines}")),
        "{}",
        run.stderr
    );
}

#[test]
fn settings_that_are_wrong_name_their_origin() {
    for (text, message) in [
        ("lookback = \"soon\"", "`soon` is not a duration"),
        ("lookback = 5", "`lookback` must be a string"),
        ("lokback = \"1h\"", "there is no setting `lokback`"),
        ("[listener]\nname = ", "line 2"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("relay-diag.toml"), text).unwrap();
        let run = finish(command(folder.path()).args(["config", "show"]));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{text}");
        assert!(
            run.stderr.contains("relay-diag.toml") && run.stderr.contains(message),
            "{text}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_format_of_the_settings_is_one_that_there_is() {
    let asked = |format: &str| {
        let folder = tempfile::tempdir().unwrap();
        finish(
            command(folder.path())
                .env("RELAY_DIAG_FORMAT", format)
                .args(["queries", "list"]),
        )
    };
    let wrong = asked("xml");
    assert_eq!((wrong.code, wrong.stdout.as_str()), (2, ""));
    let names: Vec<&str> = relay_diag::render::choices().map(|(name, _)| name).collect();
    let hint = format!("hint: formats: {}", names.join(", "));
    assert!(wrong.stderr.contains(&hint), "{}", wrong.stderr);
    for name in names {
        assert_eq!(asked(name).code, 0, "{name}");
    }
}

#[test]
fn the_nearest_setting_wins_and_says_where_it_is_from() {
    let folder = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("relay-diag")).unwrap();
    std::fs::write(
        home.path().join("relay-diag/relay-diag.toml"),
        "hang_after = \"1m\"\nlookback = \"2h\"\ngap = 1",
    )
    .unwrap();
    let broken = finish(
        command(folder.path())
            .env("XDG_CONFIG_HOME", home.path())
            .args(["config", "show"]),
    );
    assert_eq!(broken.code, 2);
    std::fs::write(
        home.path().join("relay-diag/relay-diag.toml"),
        "hang_after = \"1m\"\nlookback = \"2h\"",
    )
    .unwrap();
    std::fs::write(folder.path().join("relay-diag.toml"), "hang_after = \"2m\"").unwrap();
    let inner = folder.path().join("a/b");
    std::fs::create_dir_all(&inner).unwrap();
    let run = finish(
        command(&inner)
            .env("XDG_CONFIG_HOME", home.path())
            .env("RELAY_DIAG_SERVICE", "from-variable")
            .args(["config", "show", "--env", "staging", "--format", "json"]),
    );
    let rows = run.json()["rows"].as_array().unwrap().clone();
    let get = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap().clone();
    assert_eq!(get("hang_after")["value"], "\"2m\"");
    assert!(
        get("hang_after")["origin"]
            .as_str()
            .unwrap()
            .ends_with("relay-diag.toml")
    );
    assert_eq!(get("lookback")["value"], "\"2h\"");
    assert_eq!(get("service")["origin"], "RELAY_DIAG_SERVICE");
    assert_eq!(get("environment")["origin"], "--env");
    assert_eq!(get("listener.name")["origin"], "built-in profile");
}

#[test]
fn a_closed_pipe_is_quiet_and_keeps_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path())
        .args(["timeline", "--source", "demo", "--fail-on-incident"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(1), ""));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing ever arrives on this pipe's other end: the capture is never read to its end.
    let fifo = folder.path().join("records.ndjson");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let mut child = command(folder.path())
        .args(["timeline", "--source", fifo.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    let asked = std::time::Instant::now();
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(asked.elapsed() < std::time::Duration::from_secs(2));
}

#[test]
fn help_names_every_command_and_completions_and_the_manual_exist() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for command in ["timeline", "query", "queries", "config", "completions", "man"] {
        assert!(help.stdout.contains(command), "{command}");
    }
    assert!(run(&["completions", "bash"]).stdout.contains("relay-diag"));
    assert!(run(&["man"]).stdout.contains(".TH relay-diag"));
}

#[test]
fn the_answer_is_the_first_line_in_a_table_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path())
        .args(["timeline", "--source", "demo", "--format", "table", "--color", "never"])
        .env("COLUMNS", "80")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(|line| line.unwrap())
        .collect();
    child.wait().unwrap();
    assert!(
        lines[0].starts_with("partial-connect-hang (high confidence): 17 requests hung"),
        "{}",
        lines[0]
    );
    let too_wide = lines.iter().find(|line| line.chars().count() > 80);
    assert_eq!(too_wide, None);
}

#[test]
fn where_to_begin_is_six_lines_of_commands_that_there_are() {
    assert_eq!(BEGIN.lines().count(), 6);
    let mut commands = 0;
    for line in BEGIN.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        let Some(rest) = line.strip_prefix("  relay-diag ") else {
            continue;
        };
        let words = rest.split("   ").next().unwrap().split_whitespace();
        let run = run(&words.chain(["--help"]).collect::<Vec<_>>());
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        commands += 1;
    }
    assert_eq!(commands, 4);
}

/// What the name alone says in a terminal of `script`, which passes the exit code on.
#[cfg(target_os = "linux")]
fn alone_in_a_terminal(variables: &[(&str, &str)]) -> crate::support::Run {
    let folder = tempfile::tempdir().unwrap();
    let mut script = std::process::Command::new("script");
    script
        .args([
            "--quiet",
            "--return",
            "--command",
            env!("CARGO_BIN_EXE_relay-diag"),
            "/dev/null",
        ])
        .env_clear()
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder.path())
        .envs(variables.iter().copied());
    finish(&mut script)
}

#[cfg(target_os = "linux")]
#[test]
fn the_name_alone_says_where_to_begin_in_a_terminal_without_a_token() {
    let first = alone_in_a_terminal(&[]);
    assert_eq!((first.stdout.replace('\r', "").as_str(), first.code), (BEGIN, 2));
    let set_up = alone_in_a_terminal(&[
        ("LOGFIRE_READ_TOKEN", crate::api::TOKEN),
        ("LOGFIRE_BASE_URL", "http://127.0.0.1:9"),
    ]);
    assert!(set_up.stdout.contains("Usage: relay-diag"), "{}", set_up.stdout);
    assert_eq!(set_up.code, 2);
    let piped = run(&[]);
    assert!(piped.stderr.contains("Usage: relay-diag"), "{}", piped.stderr);
    assert_eq!((piped.code, piped.stdout.as_str()), (2, ""));
}
