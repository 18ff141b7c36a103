//! One truth: a recording tells the same through the file and through a server of it, to the byte.

use relay_diag::serve::{self, Options};
use relay_diag::source::capture::Capture;
use serde_json::Value;

use super::asking;
use crate::support::{Case, Run, cases, finish, run};

/// Takes out what names the source and the moment; all else must agree.
fn comparable(run: &Run) -> Value {
    let mut document = run.json();
    for key in ["source", "generated_at"] {
        document[key].take();
    }
    document
}

async fn through_server(case: &Case, args: &[&str]) -> (Run, usize) {
    let capture = Capture::open(std::path::Path::new(&case.records), None).unwrap();
    let faults = serve::fault::FaultPlan::watch();
    let running = serve::start(
        capture,
        Options {
            faults,
            ..Options::default()
        },
    )
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = asking(folder.path(), &running.url);
    command.args(args);
    let run = tokio::task::spawn_blocking(move || finish(&mut command)).await.unwrap();
    let requests = running.requests_seen();
    running.stop().await;
    (run, requests)
}

async fn check(command: &[&str]) {
    for case in cases() {
        let whole = run(&["timeline", "--source", &case.records, "--format", "json"]).json();
        let (from, to) = (
            whole["window"]["from"].as_str().unwrap(),
            whole["window"]["to"].as_str().unwrap(),
        );
        let args = [command, &["--from", from, "--to", to, "--format", "json"]].concat();
        let file = run(&[&args[..], &["--source", &case.records]].concat());
        let (server, requests) = through_server(&case, &args).await;
        assert_eq!(
            server.code, file.code,
            "{}: {}{}",
            case.name, server.stdout, server.stderr
        );
        assert_eq!(comparable(&server), comparable(&file), "{}", case.name);
        assert_eq!(requests, 1, "{}", case.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_is_the_same_through_file_and_server() {
    check(&["timeline"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_the_same_through_file_and_server() {
    let sql = "SELECT * FROM records_all ORDER BY start_timestamp, span_id, kind LIMIT 900";
    check(&["query", "--sql", sql]).await;
    let typed = "SELECT span_name, count(*) AS n, avg(duration) AS mean, max(start_timestamp) AS last, \
                 array_agg(DISTINCT level ORDER BY level) AS levels, sum(duration)::numeric AS total \
                 FROM records GROUP BY span_name ORDER BY span_name";
    check(&["query", "--sql", typed]).await;
}
