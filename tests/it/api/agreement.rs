//! One truth: a recording tells the same through the file and through a server of it, to the byte.

use relay_diag::serve::fault::{Fault, FaultPlan, Reply};
use relay_diag::serve::{self, Options};
use relay_diag::source::capture::Capture;
use serde_json::Value;

use super::asking;
use crate::support::{Case, Run, cases, finish, on_each, run};

/// Takes out what names the source and the moment; all else must agree.
fn comparable(run: &Run) -> Value {
    let mut document = run.json();
    for key in ["source", "generated_at"] {
        document[key].take();
    }
    // A command to paste names the source that was asked.
    let text = document.to_string();
    let source = regex::Regex::new(r#"(relay-diag [a-z]+(?: --wait 5m)?) --source \S+?([ "])"#).unwrap();
    serde_json::from_str(&source.replace_all(&text, "$1$2")).unwrap()
}

fn through_server(case: &Case, args: &[&str]) -> (Run, usize) {
    through_faulty_server(case, args, FaultPlan::watch())
}

fn through_faulty_server(case: &Case, args: &[&str], faults: FaultPlan) -> (Run, usize) {
    let capture = Capture::open(std::path::Path::new(&case.records), None).unwrap();
    let options = Options {
        faults,
        // A debug build on a busy machine plans slowly, and speed is not what this is about.
        query_time: PATIENCE,
        ..Options::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.block_on(serve::start(capture, options)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let deadline = format!("{}s", PATIENCE.as_secs());
    let run = finish(
        asking(folder.path(), &running.url)
            .env("RELAY_DIAG_DEADLINE", deadline)
            .args(args),
    );
    let requests = running.requests_seen();
    runtime.block_on(running.stop());
    (run, requests)
}

/// Longer than any question here takes.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);
/// Planning a question takes all of a core.
const AT_ONCE: usize = 2;
/// A debug build plans slowly: by default each recording takes one of the commands in
/// turn, and `EVERY_COMMAND=1` all of them.
const COMMANDS: [&[&str]; 4] = [&["timeline"], &["verify"], &["stuck"], &["diagnose"]];

fn check(case: &Case, command: &[&str]) {
    let text = |key: &str| case.label["window"][key].as_str().unwrap().to_owned();
    let (from, to) = (text("from"), text("to"));
    let args = [command, &["--from", &from, "--to", &to, "--format", "json"]].concat();
    let file = run(&[&args[..], &["--source", &case.records]].concat());
    let (server, requests) = through_server(case, &args);
    let name = format!("{command:?} of {}", case.name);
    assert_eq!(server.code, file.code, "{name}: {}{}", server.stdout, server.stderr);
    assert_eq!(comparable(&server), comparable(&file), "{name}");
    // What is notable is asked about a second time, but not by `verify`.
    let most = if command == ["verify"] { 1 } else { 2 };
    assert!((1..=most).contains(&requests), "{name}: {requests}");
    assert_eq!(server.json()["queries_spent"], requests, "{name}");
}

#[test]
fn a_recording_tells_the_same_through_file_and_server() {
    let every = std::env::var_os("EVERY_COMMAND").is_some();
    let cases = cases();
    let pairs = cases.iter().enumerate().flat_map(|(at, case)| {
        let chosen = (0..COMMANDS.len()).filter(move |command| every || *command == at % COMMANDS.len());
        chosen.map(move |command| (case, COMMANDS[command]))
    });
    let pairs: Vec<_> = pairs.collect();
    on_each(&pairs, AT_ONCE, |(case, command)| check(case, command));
}

#[test]
fn rows_are_the_same_through_file_and_server() {
    let all = "SELECT * FROM records_all ORDER BY start_timestamp, span_id, kind LIMIT 900";
    let typed = "SELECT span_name, count(*) AS n, avg(duration) AS mean, max(start_timestamp) AS last, \
                 array_agg(DISTINCT level ORDER BY level) AS levels, sum(duration)::numeric AS total \
                 FROM records GROUP BY span_name ORDER BY span_name";
    for case in cases() {
        if ["demo", "in-progress"].contains(&case.name.as_str()) {
            for sql in [all, typed] {
                check(&case, &["query", "--sql", sql]);
            }
        }
    }
}

#[test]
fn an_answer_stands_without_its_second_request() {
    let all = cases();
    let case = all.iter().find(|case| case.name == "in-progress").unwrap();
    let refused = Fault {
        reply: Some(Reply {
            status: 400,
            body: b"{\"detail\":\"Query exceeded memory limit\"}".to_vec(),
            ..Reply::default()
        }),
        ..Fault::default()
    };
    let (from, to) = (&case.label["window"]["from"], &case.label["window"]["to"]);
    let args = [
        "diagnose",
        "--from",
        from.as_str().unwrap(),
        "--to",
        to.as_str().unwrap(),
        "--format",
        "json",
    ];
    // The second request is refused in one piece, and then each of its sections as long as the budget of queries lasts.
    let script = std::iter::once(Fault::default()).chain(std::iter::repeat_n(refused, 8));
    let (run, requests) = through_faulty_server(case, &args, FaultPlan::script(script));
    let document = run.json();
    assert_eq!(requests, 5);
    assert_eq!(
        document["diagnosis"]["failure_mode"], "partial-connect-hang",
        "{document:#}"
    );
    assert_eq!(document["complete"], false);
    let why = document["not_known"][0]["why"].as_str().unwrap();
    assert!(why.contains("memory limit"), "{why}");
    // What was not asked is not known, and never nought.
    assert_eq!(document["impact"]["requests"], Value::Null);
    assert_eq!(document["contrast"], Value::Null);
    let text = document["explained"].to_string();
    assert!(
        text.contains("not known: the hung requests could not be compared"),
        "{text}"
    );
}
