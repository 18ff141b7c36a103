//! The deploy gate as a runner runs it: the steps of `action.yml` by bash, against a real server over a recording.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use relay_diag::serve::{self, Options, Token};
use relay_diag::source::capture::Capture;
use tempfile::TempDir;

use crate::api::TOKEN;
use crate::support::{Run, finish, fixture};

/// Longer than any question here takes: a debug build plans slowly.
const PATIENCE: Duration = Duration::from_secs(300);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn action() -> String {
    std::fs::read_to_string(root().join("action.yml")).unwrap()
}

/// The `run` line of a step.
fn step(id: &str) -> String {
    let action = action();
    let step = action.split("    - id: ").find(|step| step.starts_with(id)).unwrap();
    let line = step.lines().find_map(|line| line.trim().strip_prefix("run: "));
    line.unwrap().to_owned()
}

/// What the gate left behind.
struct Gated {
    run: Run,
    summary: String,
    outputs: String,
    _folder: TempDir,
}

impl Gated {
    fn output(&self, name: &str) -> &str {
        let of_it = |line: &'_ str| {
            line.split_once('=')
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value.len())
        };
        let line = self.outputs.lines().find(|line| of_it(line).is_some());
        line.map_or_else(
            || panic!("no output {name} in {}", self.outputs),
            |line| &line[name.len() + 1..],
        )
    }

    /// Nowhere but in the line that tells the runner what to mask.
    fn keeps_the_secret(&self) {
        let log: Vec<&str> = self
            .run
            .stdout
            .lines()
            .filter(|line| *line != format!("::add-mask::{TOKEN}"))
            .collect();
        for text in [&log.join("\n"), &self.run.stderr, &self.summary, &self.outputs] {
            assert!(!text.contains(TOKEN), "{text}");
            assert!(!text.contains("SecretSecret"), "{text}");
        }
        let report = std::fs::read_to_string(self.output("report")).unwrap_or_default();
        assert!(!report.contains("SecretSecret"), "{report}");
    }
}

/// Runs the gate's step against a server of this recording.
fn gate(recording: &str, token: Option<Token>, variables: &[(&str, &str)]) -> Gated {
    let capture = Capture::open(&fixture(recording).join("records.ndjson.zst"), None).unwrap();
    let options = Options {
        token,
        query_time: PATIENCE,
        ..Options::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.block_on(serve::start(capture, options)).unwrap();
    let gated = gate_at(&running.url, variables);
    runtime.block_on(running.stop());
    gated
}

fn gate_at(url: &str, variables: &[(&str, &str)]) -> Gated {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", &step("gate")])
        .env_clear()
        .current_dir(folder.path())
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder.path())
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_ACTION_PATH", root())
        .env("GITHUB_STEP_SUMMARY", file("summary.md"))
        .env("GITHUB_OUTPUT", file("outputs"))
        .env("RUNNER_TEMP", folder.path())
        .env("LOGFIRE_READ_TOKEN", TOKEN)
        .env("LOGFIRE_BASE_URL", url)
        .env("RELAY_DIAG_DEADLINE", format!("{}s", PATIENCE.as_secs()))
        .env("GATE_COMMAND", env!("CARGO_BIN_EXE_relay-diag"))
        .envs(variables.iter().copied());
    let run = finish(&mut bash);
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap();
    let gated = Gated {
        summary: read("summary.md"),
        outputs: read("outputs"),
        run,
        _folder: folder,
    };
    gated.keeps_the_secret();
    gated
}

/// The end of a recording, as the time at which the gate asks.
fn at(time: &str) -> String {
    format!("--now\n{time}")
}

#[test]
fn it_passes_after_a_healthy_restart() {
    let flags = at("2026-11-23T03:14:58Z");
    let gated = gate(
        "healthy-after-restart",
        None,
        &[("GATE_FLAGS", &flags), ("GATE_STARTED", "2026-11-23T03:10:02Z")],
    );
    assert_eq!(gated.run.code, 0, "{}{}", gated.run.stdout, gated.run.stderr);
    assert_eq!((gated.output("outcome"), gated.output("exit-code")), ("pass", "0"));
    assert!(
        gated.output("headline").starts_with("PASS: 1 instance healthy"),
        "{}",
        gated.outputs
    );
    assert!(
        gated.summary.starts_with("## Deploy gate: pass\n\nPASS: "),
        "{}",
        gated.summary
    );
    assert!(gated.summary.contains("| pass | restarted |"), "{}", gated.summary);
    assert!(!gated.summary.contains("What happened"), "{}", gated.summary);
}

#[test]
fn a_process_from_before_the_deploy_does_not_pass() {
    let flags = at("2026-11-23T03:14:58Z");
    let gated = gate(
        "healthy-after-restart",
        None,
        &[("GATE_FLAGS", &flags), ("GATE_STARTED", "2026-11-23T03:14:00Z")],
    );
    assert_eq!((gated.run.code, gated.output("outcome")), (1, "fail"));
    assert!(
        gated.output("headline").contains("was not restarted after 03:14:00"),
        "{}",
        gated.outputs
    );
}

#[test]
fn it_fails_in_an_incident_with_the_timeline() {
    let gated = gate("in-progress", None, &[("GATE_FLAGS", &at("2026-11-23T03:03:26Z"))]);
    assert_eq!(
        (gated.run.code, gated.output("outcome")),
        (1, "fail"),
        "{}",
        gated.run.stdout
    );
    assert_eq!(gated.output("exit-code"), "1");
    let (checks, timeline) = gated.summary.split_once("\n### What happened\n\n").unwrap();
    assert!(checks.starts_with("## Deploy gate: fail\n\nFAIL: "), "{checks}");
    assert!(
        timeline.starts_with("partial-connect-hang (high confidence): "),
        "{timeline}"
    );
    assert!(timeline.contains("| time (UTC) "), "{timeline}");
    assert!(timeline.contains("heartbeat times out"), "{timeline}");
    assert_eq!(
        std::fs::read_to_string(gated.output("report")).unwrap().trim_end(),
        gated.summary["## Deploy gate: fail\n\n".len()..].trim_end()
    );
}

#[test]
fn no_data_is_inconclusive_and_no_pass_unless_that_is_wanted() {
    let flags = at("2020-01-01T00:00:00Z");
    for (wanted, code) in [("fail", 4), ("pass", 0)] {
        let gated = gate(
            "healthy-after-restart",
            None,
            &[("GATE_FLAGS", &flags), ("GATE_INCONCLUSIVE", wanted)],
        );
        assert_eq!((gated.run.code, gated.output("outcome")), (code, "inconclusive"));
        assert_eq!(gated.output("exit-code"), "4");
        assert!(
            gated
                .summary
                .starts_with("## Deploy gate: inconclusive\n\nINCONCLUSIVE: "),
            "{}",
            gated.summary
        );
    }
}

#[test]
fn what_cannot_be_asked_is_an_error_and_never_a_pass() {
    let other = Token::new("0123456789abcdef0123456789abcdef", "the test").unwrap();
    let gated = gate("healthy-after-restart", Some(other), &[("GATE_INCONCLUSIVE", "pass")]);
    assert_eq!((gated.run.code, gated.output("outcome")), (3, "error"));
    assert!(
        gated.output("headline").contains("does not accept the token"),
        "{}",
        gated.outputs
    );
    assert!(gated.summary.contains("There is no answer."), "{}", gated.summary);
    let wrong = gate_at("http://127.0.0.1:9", &[("GATE_INCONCLUSIVE", "maybe")]);
    assert_eq!((wrong.run.code, wrong.output("outcome")), (2, "error"));
}

#[test]
fn what_strangers_wrote_is_no_command_to_the_runner() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = folder.path().join("hostile");
    std::fs::write(
        &hostile,
        "#!/bin/sh\nprintf 'FAIL: x\\n::set-output name=outcome::pass\\n::add-path::/tmp\\n'\nexit 1\n",
    )
    .unwrap();
    assert!(
        Command::new("chmod")
            .arg("+x")
            .arg(&hostile)
            .status()
            .unwrap()
            .success()
    );
    let gated = gate_at("http://127.0.0.1:9", &[("GATE_COMMAND", hostile.to_str().unwrap())]);
    let mut stopped: Option<String> = None;
    for line in gated
        .run
        .stdout
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("::"))
    {
        match &stopped {
            None if line.starts_with("::add-mask::") => {}
            None => stopped = Some(format!("::{}::", line.strip_prefix("::stop-commands::").unwrap())),
            Some(end) if line == end => stopped = None,
            Some(_) => {}
        }
    }
    assert_eq!(stopped, None, "{}", gated.run.stdout);
    assert!(gated.run.stdout.contains("::add-path::/tmp"), "{}", gated.run.stdout);
    assert_eq!(gated.outputs.lines().count(), 4, "{}", gated.outputs);
    assert_eq!(gated.output("outcome"), "fail");
}

#[test]
fn the_action_hands_its_inputs_over_as_variables_only() {
    let action = action();
    for line in action.lines().filter(|line| line.trim().starts_with("run: ")) {
        assert!(!line.contains("${{"), "{line}");
    }
    let inputs = action
        .split("\ninputs:\n")
        .nth(1)
        .unwrap()
        .split("\noutputs:\n")
        .next()
        .unwrap();
    let names = inputs
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    for name in names.filter(|name| !name.starts_with(' ')) {
        assert!(action.contains(&format!("${{{{ inputs.{name} ")), "{name} is not used");
    }
    let scripts =
        ["install.sh", "gate.sh"].map(|name| std::fs::read_to_string(root().join("action").join(name)).unwrap());
    for script in &scripts {
        for piece in script.split("${GATE_").skip(1) {
            let name: String = piece.chars().take_while(|c| c.is_ascii_uppercase()).collect();
            assert!(
                action.contains(&format!("GATE_{name}: ${{{{")),
                "GATE_{name} is set nowhere"
            );
        }
    }
    for piece in action.split(" GATE_").skip(1) {
        let name = piece.split(':').next().unwrap();
        assert!(
            scripts.iter().any(|script| script.contains(&format!("GATE_{name}"))),
            "GATE_{name} is not read"
        );
    }
}

#[test]
fn the_example_workflows_give_inputs_that_there_are() {
    let action = action();
    let mut given = 0;
    for name in ["fly.yml", "kubernetes.yml"] {
        let text = std::fs::read_to_string(root().join("docs/gate").join(name)).unwrap();
        let step = text.split("uses: OWNER/relay-diag@").nth(1).unwrap();
        let inputs = step.split("        with:\n").nth(1).unwrap();
        for line in inputs.lines().map_while(|line| line.strip_prefix("          ")) {
            let input = line.split(':').next().unwrap();
            assert!(action.contains(&format!("\n  {input}:\n")), "{name}: {input}");
            given += 1;
        }
    }
    assert!(given >= 6, "only {given} inputs");
}
