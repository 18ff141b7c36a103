//! One machine or two workers: the same answer.

use std::path::Path;

use crate::cluster::{Worker, archive, asking, demo};
use crate::remote::Store;
use crate::support::{command, finish, on_each, recordings};

/// Every command that asks records.
const COMMANDS: [&[&str]; 8] = [
    &["timeline", "--chart"],
    &["diagnose", "--full"],
    &["stuck"],
    &["verify", "--full"],
    &["report"],
    &["init", "--print"],
    &["query", "verification"],
    &[
        "query",
        "--sql",
        "SELECT span_name, level_name(max(level)) AS worst, count(*) AS n, max(attributes->>'http.route') AS route, \
         percentile_cont(0.5) WITHIN GROUP (ORDER BY duration) AS middle FROM records_all GROUP BY span_name \
         ORDER BY n DESC, span_name",
    ],
];
const FILES: usize = 3;
const AT_ONCE: usize = 2;

/// What a run said, without where it ran and when, and whether workers did it.
fn said(mut command: std::process::Command) -> (i32, Vec<String>, bool) {
    let run = finish(&mut command);
    let all = run.stdout.lines().chain(run.stderr.lines());
    let lines = all.filter(|line| !line.starts_with("- ran on ") && !line.contains("generated"));
    // The last minutes alone can lie in one row group, which two can't share.
    let elsewhere =
        |line: &str| line.starts_with("- ran on 2 workers") || line.ends_with("in pieces too few to be shared");
    let elsewhere = run.stdout.lines().any(elsewhere);
    (run.code, lines.map(str::to_owned).collect(), elsewhere)
}

#[test]
fn workers_say_of_every_recording_in_a_store_what_one_machine_says() {
    let folder = tempfile::tempdir().unwrap();
    let recordings = recordings();
    on_each(&recordings, AT_ONCE, |case| {
        archive(Path::new(&case.records), &folder.path().join(&case.name), FILES);
    });
    let Some(store) = Store::of(folder.path()) else {
        return;
    };
    let (one, two) = (Worker::of(&[], &store.variables()), Worker::of(&[], &store.variables()));
    on_each(&recordings, AT_ONCE, |case| {
        let source = format!("s3://bucket/archive/{}", case.name);
        for words in COMMANDS {
            let args = [words, &["--source", &source, "--all-envs"]].concat();
            let mut here = command(folder.path());
            here.args(&args).envs(store.variables());
            let mut there = asking(folder.path(), &[&one, &two], &args);
            there.envs(store.variables());
            let (here, there) = (said(here), said(there));
            assert_eq!((here.0, &here.1), (there.0, &there.1), "{words:?} of {}", case.name);
            assert!(there.2 && !here.2, "{words:?} of {} ran on no workers", case.name);
        }
    });
}

/// Statements of shapes that the catalogue has not: each gives its rows in one order.
const SHAPES: [&str; 14] = [
    "SELECT count(*) AS n, count(DISTINCT trace_id) AS traces FROM records_all",
    "SELECT DISTINCT span_name FROM records ORDER BY span_name",
    "SELECT a.span_name, count(*) AS n FROM records a JOIN records b ON a.parent_span_id = b.span_id GROUP BY 1 ORDER BY 2 DESC, 1",
    "SELECT a.span_id, b.span_name FROM records a LEFT JOIN records b ON a.parent_span_id = b.span_id AND b.kind = 'span' \
     ORDER BY a.span_id, b.span_name LIMIT 50",
    "SELECT span_id FROM records a WHERE NOT EXISTS (SELECT 1 FROM records b WHERE b.parent_span_id = a.span_id) ORDER BY 1 LIMIT 50",
    "SELECT span_id FROM records WHERE duration > (SELECT avg(duration) FROM records) ORDER BY 1 LIMIT 50",
    "SELECT span_name, duration FROM (SELECT span_name, duration, row_number() OVER (PARTITION BY span_name \
     ORDER BY duration DESC, span_id) AS place FROM records WHERE duration IS NOT NULL) WHERE place = 1 ORDER BY 1",
    "SELECT span_id, sum(1) OVER (ORDER BY start_timestamp, span_id) AS upto FROM records ORDER BY start_timestamp, span_id LIMIT 50",
    "SELECT 'a' AS which, count(*) AS n FROM records WHERE level >= 'error' UNION ALL \
     SELECT 'b', count(*) FROM records WHERE is_exception ORDER BY 1",
    "SELECT span_name FROM records WHERE kind = 'span' EXCEPT SELECT span_name FROM records WHERE kind = 'log' ORDER BY 1",
    "SELECT string_agg(span_id, ',' ORDER BY span_id) AS ids FROM (SELECT span_id FROM records ORDER BY span_id LIMIT 20)",
    "SELECT time_bucket('5 minutes', start_timestamp) AS at, attributes->>'http.route' AS route, count(*) AS n \
     FROM records GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT v.name, count(*) AS n FROM (VALUES ('span'), ('log')) AS v (name) JOIN records r ON r.kind = v.name GROUP BY 1 ORDER BY 1",
    "WITH slow AS (SELECT trace_id, max(duration) AS d FROM records GROUP BY 1 HAVING max(duration) > 0.01) \
     SELECT count(*) AS n, approx_percentile_cont(d, 0.5) > 0 AS some FROM slow",
];

#[test]
fn a_statement_of_any_shape_gives_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    let (one, two) = (Worker::new(), Worker::new());
    for sql in SHAPES {
        let args = [
            "query",
            "--source",
            "./demo",
            "--all-envs",
            "--format",
            "csv",
            "--sql",
            sql,
        ];
        let here = finish(command(folder.path()).args(args));
        assert_eq!(here.code, 0, "{sql}: {}", here.stderr);
        assert!(here.stdout.lines().count() > 1, "{sql}: {}", here.stdout);
        let there = finish(&mut asking(folder.path(), &[&one, &two], &args));
        assert_eq!(
            (there.code, &there.stdout),
            (0, &here.stdout),
            "{sql}: {}",
            there.stderr
        );
    }
}

#[test]
fn a_shared_folder_is_an_archive_too_and_json_tells_where_it_ran() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    let (one, two) = (Worker::new(), Worker::new());
    let args = ["timeline", "--source", "demo", "--format", "json"];
    let path = ["timeline", "--source", "./demo", "--format", "json"];
    let ask = |args: &[&str]| finish(&mut asking(folder.path(), &[&one, &two], args)).json();
    let mut there = ask(&path);
    let ran = there["ran"].clone();
    assert_eq!((&ran["workers"], &ran["on_workers"]), (&2.into(), &ran["questions"]));
    assert!(ran["bytes"].as_u64().unwrap() > 10_000, "{ran}");
    let mut here = finish(command(folder.path()).args(path)).json();
    for document in [&mut there, &mut here] {
        document.as_object_mut().unwrap().remove("generated_at");
        document.as_object_mut().unwrap().remove("ran");
    }
    assert_eq!(there, here);
    // The built-in example is no archive.
    assert_eq!(ask(&args)["ran"]["on_workers"], 0);
}

#[test]
fn what_one_machine_answers_in_seconds_stays_there() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    let worker = Worker::new();
    let mut command = asking(folder.path(), &[&worker], &["stuck", "--source", "./demo"]);
    // Nobody is asked, not even whether somebody is there.
    command
        .env("RELAY_DIAG_WORKERS", "127.0.0.1:9")
        .env("RELAY_DIAG_WORKERS_FROM", "2GB");
    let run = finish(&mut command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("- ran on this machine: ")
            && run.stdout.contains("workers are asked by a question that reads 2 GB"),
        "{}",
        run.stdout
    );
}
