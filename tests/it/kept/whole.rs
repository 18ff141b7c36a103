//! Every record, once.

use relay_diag::serve::fault::{Fault, FaultPlan};
use relay_diag::source::capture::Capture;
use serde_json::json;

use super::{BEGIN, HOUR, Server, an_hour, assert_same, record, write_records};

/// Numbers that look like chance and are the same every day (Knuth's multiplier).
fn chance(seed: u64) -> impl Iterator<Item = u64> {
    let step = |state: &u64| {
        Some(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407),
        )
    };
    std::iter::successors(Some(seed), step).skip(1).map(|state| state >> 33)
}

#[test]
fn every_record_is_kept_though_a_fifth_of_the_requests_fails() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 60_000);
    let ways = [
        Fault::reply(503, "no healthy upstream"),
        Fault::html(502),
        Fault::reply(500, "Internal server error"),
        Fault::rate_limited(1),
        Fault::none().wire(|wire| wire.cut_after = Some(3_000)),
        Fault::none().wire(|wire| wire.no_answer = true),
    ];
    let script = chance(7).take(2_000).map(|number| match number % 5 {
        0 => ways[(number / 5) as usize % ways.len()].clone(),
        _ => Fault::none(),
    });
    let server = Server::of(&source, FaultPlan::script(script));
    let run = server.captured(
        folder.path(),
        &[&["kept.parquet", "--format", "json"], &HOUR[..]].concat(),
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let document = run.json();
    assert_eq!(document["records"], 60_000, "{document:#}");
    assert_eq!(document["counted_before"], 60_000);
    assert_eq!(document["queries_spent"], server.requests());
    assert_eq!(document["complete"], true);
    assert_same(&folder.path().join("kept.parquet"), &source);
    assert!(!folder.path().join("kept.parquet.partial").exists());
}

#[test]
fn questions_are_few() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 30_000);
    let server = Server::of(&source, FaultPlan::watch());
    let run = server.captured(
        folder.path(),
        &[&["kept.parquet", "--format", "json"], &HOUR[..]].concat(),
    );
    // Two counts, and as many answers as 30,000 records take with a little room.
    assert!(
        (6..=8).contains(&server.requests()),
        "{}: {}",
        server.requests(),
        run.stderr
    );
    assert_eq!(run.json()["queries_spent"], server.requests());
}

/// Records of a batch job may begin all at once: no stretch of time parts them.
#[test]
fn one_microsecond_may_hold_more_than_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let at_once = (0..25_000).map(|number| record(number, BEGIN + 77, BEGIN + 78, "span"));
    let around = [76, 78].map(|at| record(30_000 + at, BEGIN + at, BEGIN + at, "span"));
    let source = write_records(folder.path(), at_once.chain(around));
    let server = Server::of(&source, FaultPlan::default());
    let run = server.captured(
        folder.path(),
        &[&["kept.parquet", "--format", "json"], &HOUR[..]].concat(),
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.json()["records"], 25_002);
    assert_same(&folder.path().join("kept.parquet"), &source);
}

#[test]
fn what_cannot_be_told_apart_is_said_and_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let same = (0..10_001).map(|_| record(1, BEGIN, BEGIN, "span"));
    let source = write_records(folder.path(), same);
    let server = Server::of(&source, FaultPlan::default());
    let run = server.captured(folder.path(), &[&["kept.parquet"], &HOUR[..]].concat());
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("can't be told apart"), "{}", run.stderr);
    assert!(!folder.path().join("kept.parquet").exists());
}

/// Where the records end and the window begins, to the microsecond.
#[test]
fn bounds_are_half_open_and_the_lookback_is_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let hour = 3_600_000_000;
    let starts = [-hour - 1, -hour, -1, 0, 1, hour - 1, hour, hour + 1];
    let records = starts
        .iter()
        .zip(1..)
        .map(|(at, number)| record(number, BEGIN + at, BEGIN + at, "span"));
    let source = write_records(folder.path(), records);
    let server = Server::of(&source, FaultPlan::default());
    let run = server.captured(
        folder.path(),
        &[&["kept.parquet", "--format", "json"], &HOUR[..]].concat(),
    );
    let document = run.json();
    // The hour before is the built-in profile's lookback; the window is what was asked for.
    assert_eq!(document["records"], 5, "{document:#}");
    assert_eq!(document["records_from"], "2026-11-20T21:00:00.000000Z");
    assert_eq!(document["window"]["from"], "2026-11-20T22:00:00.000000Z");
    let kept = relay_diag::source::capture::Capture::open(&folder.path().join("kept.parquet"), None).unwrap();
    let window = kept
        .window()
        .map(|(from, to)| (from.timestamp_micros(), to.timestamp_micros()));
    assert_eq!(window, Some((BEGIN, BEGIN + hour)));
}

/// What a server of these records answers to a question for all of them.
fn arrow_of(server: &Server) -> Vec<u8> {
    let names: Vec<String> = Capture::schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let body = json!({
        "sql": format!("SELECT {} FROM records_all", names.join(", ")),
        "min_timestamp": "2020-01-01T00:00:00Z", "limit": 10_000,
    });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let request = request
        .post(format!("{}/v2/query", server.url()))
        .header("content-type", "application/json")
        .header("authorization", "Bearer any")
        .header("accept", "application/vnd.apache.arrow.stream")
        .body(body.to_string());
    let answer = async { request.send().await.unwrap().bytes().await.unwrap().to_vec() };
    tokio::runtime::Runtime::new().unwrap().block_on(answer)
}

/// The answers of a server that had half of the records yet.
fn half(folder: &std::path::Path) -> Fault {
    let early = tempfile::tempdir_in(folder).unwrap();
    let server = Server::of(&an_hour(early.path(), 700), FaultPlan::default());
    let whole = server.captured(
        early.path(),
        &[&["half.parquet", "--service", "shop", "--env", "production"], &HOUR[..]].concat(),
    );
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    let server = Server::of(&early.path().join("half.parquet"), FaultPlan::default());
    Fault::reply(200, arrow_of(&server))
}

#[test]
fn what_arrives_meanwhile_is_fetched_too() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 700);
    let script = [Fault::none(), half(folder.path())];
    let server = Server::of(&source, FaultPlan::script(script));
    let run = server.captured(
        folder.path(),
        &[&["kept.parquet", "--format", "json"], &HOUR[..]].concat(),
    );
    assert_eq!(
        (run.code, run.json()["records"].as_u64()),
        (0, Some(700)),
        "{}{}",
        run.stdout,
        run.stderr
    );
    assert_eq!(server.requests(), 4);
    assert_same(&folder.path().join("kept.parquet"), &source);
}

#[test]
fn what_is_counted_and_does_not_come_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 700);
    let half = half(folder.path());
    let script = [Fault::none(), half.clone(), Fault::none(), half];
    let server = Server::of(&source, FaultPlan::script(script));
    let run = server.captured(
        folder.path(),
        &[&["kept.parquet", "--format", "json"], &HOUR[..]].concat(),
    );
    let document = run.json();
    assert_eq!(run.code, 4, "{document:#}");
    assert_eq!(
        (&document["complete"], &document["counted_after"]),
        (&json!(false), &json!(700))
    );
    assert_eq!(
        document["not_known"][0]["why"],
        "100 records are counted and do not come"
    );
}

#[test]
fn choices_are_kept_to() {
    let folder = tempfile::tempdir().unwrap();
    let source = an_hour(folder.path(), 700);
    let server = Server::of(&source, FaultPlan::default());
    let count = |name: &str, more: &[&str]| {
        let args = [&[name, "--format", "json"], &HOUR[..], more].concat();
        let run = server.captured(folder.path(), &args);
        run.json()["records"]
            .as_u64()
            .unwrap_or_else(|| panic!("{}", run.stderr))
    };
    let [all, without, production] = [
        count("all.parquet", &[]),
        count("without.parquet", &["--env", ""]),
        count("production.parquet", &["--env", "production"]),
    ];
    assert_eq!((all, without + production), (700, 700));
    assert!(without > 50 && production > 500);
    assert_eq!(count("shop.parquet", &["--service", "shop", "--no-stacktraces"]), 700);
    let run = server.captured(
        folder.path(),
        &[&["none.parquet", "--service", "other"], &HOUR[..]].concat(),
    );
    assert_eq!(run.code, 4, "{}", run.stdout);
    assert!(
        run.stdout.starts_with("no records: nothing was written"),
        "{}",
        run.stdout
    );
    assert!(!folder.path().join("none.parquet").exists());
}
