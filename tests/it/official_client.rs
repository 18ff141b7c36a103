//! The official Python client as judge of `serve`: same rows, same limits, errors of the right class.
//! Skipped, with a line that says so, where there is no Python or no network.

use std::path::Path;
use std::process::Command;

use relay_diag::serve::{self, Options, Token};
use relay_diag::source::capture::Capture;

use crate::python;
use crate::support::{fixture, run};

/// What the script needs: the client, the HTTP library it asks for, and Arrow.
const PACKAGES: [&str; 3] = ["logfire>=5,<6", "httpx<1", "pyarrow"];
const TOKEN: &str = "pylf_v1_local_0123456789abcdef";
/// Both ask these; `query` adds no filter of its own to `--sql` but the window.
const QUERIES: [&str; 5] = [
    "SELECT kind, message, is_exception, tags FROM records ORDER BY start_timestamp, span_id LIMIT 50",
    "SELECT start_timestamp, duration, level, parent_span_id, http_response_status_code, attributes, otel_events \
     FROM records_all ORDER BY start_timestamp, span_id, kind LIMIT 1000",
    "SELECT span_name, count(*) AS n, avg(duration) AS mean, max(start_timestamp) AS last FROM records \
     GROUP BY span_name ORDER BY span_name",
    "SELECT * FROM records ORDER BY start_timestamp, span_id LIMIT 20",
    "SELECT message FROM records WHERE span_name = 'it''s not there'",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_is_content() {
    let what = "the official client did not judge `serve`";
    let Some(python) = python::with("official-client", &PACKAGES, what) else {
        return;
    };
    let path = fixture("healthy-after-restart/records.ndjson.zst");
    let records = path.to_str().unwrap();
    let capture = Capture::open(&path, None).unwrap();
    let options = Options {
        token: Some(Token::new(TOKEN, "test").unwrap()),
        ..Options::default()
    };
    let running = serve::start(capture, options).await.unwrap();
    // As text from program to script: reading numbers here could change their last digit.
    let documents: Vec<String> = QUERIES
        .iter()
        .map(|sql| {
            let run = run(&[
                "query", "--source", records, "--format", "json", "--limit", "10000", "--sql", sql,
            ]);
            assert!(run.stdout.contains("relay-diag.query.v1"), "{}", run.stderr);
            run.stdout
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let answers = folder.path().join("answers.json");
    std::fs::write(&answers, format!("[{}]", documents.join(","))).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/official_client.py");
    let judged = tokio::task::spawn_blocking({
        let url = running.url.clone();
        move || {
            Command::new(python)
                .arg(script)
                .args([&url, TOKEN])
                .arg(answers)
                .output()
                .unwrap()
        }
    });
    let output = judged.await.unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("all is as the official client wants it"), "{out}{err}");
    python::say(out.trim_end());
}
