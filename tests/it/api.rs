//! The API client: recorded bytes decode to what they say, and questions go out as the reference wants them.

#[cfg(feature = "capture")]
mod agreement;
mod credentials;
mod properties;
mod secrecy;

use std::path::Path;
use std::process::Command;

use relay_diag::source::ColumnType;
use relay_diag::source::api::{Lines, Unusable, decode_json, read_refusal};
use serde_json::{Value, json};

use crate::support::{Run, command, finish};
use crate::wire::{Play, Server, response};

/// Of no region that exists, so that nothing is ever sent to Logfire by mistake.
pub const TOKEN: &str = "pylf_v1_local_SecretSecretSecretSecretSecret99";

/// Recorded in `test_query_json_read_sync.yaml`.
const RECORDED: &str = r#"{"schema":{"fields":[{"name":"kind","data_type":"Utf8","nullable":false},{"name":"message","data_type":"Utf8","nullable":false},{"name":"is_exception","data_type":"Boolean","nullable":true},{"name":"tags","data_type":{"List":{"name":"item","data_type":"Utf8","nullable":true,"dict_id":0,"dict_is_ordered":false,"metadata":{}}},"nullable":true}],"metadata":{}},"data":[{"kind":"log","message":"about to raise an error","is_exception":false,"tags":[]},{"kind":"log","message":"aha 0","is_exception":false,"tags":["tag1","tag2"]}]}"#;

/// The beginning of the recorded Arrow stream of the same rows.
pub const ARROW: [u8; 16] = [0xff, 0xff, 0xff, 0xff, 0x38, 0x01, 0, 0, 0x10, 0, 0, 0, 0, 0, 0x0a, 0];

/// The binary, with a home and a working directory of its own, a token and the server's address.
pub fn asking(folder: &Path, url: &str) -> Command {
    let mut command = command(folder);
    command
        .env("HOME", folder)
        .env("LOGFIRE_READ_TOKEN", TOKEN)
        .env("LOGFIRE_BASE_URL", url);
    command
}

/// Runs it once.
pub fn ask(url: &str, args: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    finish(asking(folder.path(), url).args(args))
}

fn names(rows: &relay_diag::source::Rows) -> Vec<(&str, ColumnType)> {
    rows.columns
        .iter()
        .map(|column| (column.name.as_str(), column.data_type))
        .collect()
}

#[test]
fn the_recorded_json_decodes() {
    let rows = decode_json(RECORDED.as_bytes()).unwrap();
    assert_eq!(
        names(&rows),
        [
            ("kind", ColumnType::Text),
            ("message", ColumnType::Text),
            ("is_exception", ColumnType::Bool),
            ("tags", ColumnType::Json)
        ]
    );
    assert_eq!(
        rows.rows,
        [
            vec![json!("log"), json!("about to raise an error"), json!(false), json!([])],
            vec![json!("log"), json!("aha 0"), json!(false), json!(["tag1", "tag2"])],
        ]
    );
    let count =
        br#"{"schema":{"fields":[{"name":"n","data_type":"Int64","nullable":false}],"metadata":{}},"data":[{"n":0}]}"#;
    let rows = decode_json(count).unwrap();
    assert_eq!(
        (names(&rows), rows.rows.clone()),
        (vec![("n", ColumnType::Int)], vec![vec![json!(0)]])
    );
}

#[test]
fn what_may_differ_between_servers_is_tolerated() {
    let rows = |body: Value| decode_json(body.to_string().as_bytes()).unwrap();
    let fields = json!({"fields": [
        {"name": "at", "data_type": {"Timestamp": ["Microsecond", "UTC"]}},
        {"name": "attributes", "data_type": "Utf8"},
        {"name": "odd", "data_type": {"Quaternion": [4]}},
        {"name": "gone", "data_type": "Float64"},
    ]});
    let nested = rows(json!({"logical_plan": "x", "schema": fields, "data": [
        {"at": "2026-08-19T01:01:29.717170+00:00", "attributes": {"a": [1.5]}, "odd": 7, "extra": 1},
        {"at": "2026-08-19 01:01:29Z", "attributes": "{\"a\":[1.5]}", "gone": null},
    ]}));
    assert_eq!(
        names(&nested).iter().map(|(_, kind)| *kind).collect::<Vec<_>>(),
        [
            ColumnType::Timestamp,
            ColumnType::Json,
            ColumnType::Int,
            ColumnType::Float
        ]
    );
    assert_eq!(
        nested.rows,
        [
            vec![
                json!("2026-08-19T01:01:29.717170Z"),
                json!({"a": [1.5]}),
                json!(7),
                Value::Null
            ],
            vec![
                json!("2026-08-19T01:01:29.000000Z"),
                json!({"a": [1.5]}),
                Value::Null,
                Value::Null
            ],
        ]
    );
    let bare = rows(json!({"data": [{"b": 1}, {"a": "x", "b": 2.5}]}));
    assert_eq!(names(&bare), [("b", ColumnType::Float), ("a", ColumnType::Text)]);
    assert_eq!(bare.rows, [vec![json!(1.0), Value::Null], vec![json!(2.5), json!("x")]]);
    // The two forms of v1.
    let columnar = rows(json!({"columns": [
        {"name": "kind", "nullable": false, "datatype": "Utf8", "values": ["log", "log"]},
        {"name": "is_exception", "nullable": true, "datatype": "Boolean", "values": [false, null]},
    ]}));
    assert_eq!(
        columnar.rows,
        [vec![json!("log"), json!(false)], vec![json!("log"), Value::Null]]
    );
    let rowwise = rows(json!({"columns": [{"name": "kind", "datatype": "Utf8"}], "rows": [{"kind": "log"}]}));
    assert_eq!(
        (names(&rowwise), rowwise.rows.clone()),
        (vec![("kind", ColumnType::Text)], vec![vec![json!("log")]])
    );
    assert_eq!(rows(json!({"schema": {"fields": []}, "data": []})).rows.len(), 0);
}

#[test]
fn what_is_no_answer_is_told_apart() {
    assert_eq!(decode_json(&ARROW), Err(Unusable::Arrow));
    assert_eq!(decode_json(b" \n<!DOCTYPE html>"), Err(Unusable::Html));
    assert_eq!(decode_json(b" \n"), Err(Unusable::Empty));
    assert_eq!(decode_json(br#"{"error":"no"}"#), Err(Unusable::Failed("no".into())));
    assert_eq!(
        decode_json(br#"{"detail":[{"loc":["a"],"msg":"b"}]}"#),
        Err(Unusable::Failed("a: b".into()))
    );
    for cut in [1, RECORDED.len() / 2, RECORDED.len() - 1] {
        let error = decode_json(&RECORDED.as_bytes()[..cut]).unwrap_err();
        assert!(
            matches!(&error, Unusable::Broken(why) if why.contains("ends too early")),
            "{error:?}"
        );
    }
}

const STREAM: &str = r#"{"type":"schema","schema":{"fields":[{"name":"service_name","data_type":"Utf8","nullable":false}]}}
{"type":"explain","logical_plan":"…","physical_plan":"…"}
{"type":"data","rows":[{"service_name":"backend"},{"service_name":"frontend"}]}
{"type":"end","row_count":2}
"#;

fn stream(text: &str, chunk: usize) -> Result<relay_diag::source::Rows, Unusable> {
    let mut lines = Lines::default();
    for chunk in text.as_bytes().chunks(chunk) {
        lines.push(chunk)?;
    }
    lines.finish()
}

#[test]
fn the_documented_lines_decode_in_any_chunks() {
    for chunk in 1..STREAM.len() {
        let rows = stream(STREAM, chunk).unwrap();
        assert_eq!(names(&rows), [("service_name", ColumnType::Text)]);
        assert_eq!(rows.rows, [vec![json!("backend")], vec![json!("frontend")]]);
    }
    assert!(stream(STREAM.trim_end(), 7).is_ok());
}

#[test]
fn lines_without_a_true_end_are_refused() {
    let error = |text: String| format!("{:?}", stream(&text, 11).unwrap_err());
    assert!(error(STREAM.replace("{\"type\":\"end\",\"row_count\":2}\n", "")).contains("cut off after 2 rows"));
    assert!(error(STREAM.replace("\"row_count\":2", "\"row_count\":3")).contains("tells of 3 rows, and 2 came"));
    assert!(error(STREAM.replace(",\"row_count\":2", "")).contains("without `row_count`"));
    let failed = STREAM.replace("\"end\",\"row_count\":2", "\"error\",\"message\":\"Invalid SQL: x\"");
    assert_eq!(stream(&failed, 11), Err(Unusable::Failed("Invalid SQL: x".into())));
    assert!(stream(&format!("{STREAM}{{\"type\":\"error\",\"message\":\"late\"}}"), 11).is_err());
    assert!(stream("", 1).is_err());
}

#[test]
fn every_recorded_error_body_is_told_in_one_line() {
    let syntax = "sql parser error: Expected: an SQL statement, found: SELEKT at Line: 1, Column: 1";
    for (body, message, at) in [
        (
            r#"{"error":"invalid query","details":{"error_type":"UserError","details":{"kind":"Error","message":"sql parser error: Expected: an SQL statement, found: SELEKT at Line: 1, Column: 1","span":{"start":{"line":1,"column":1},"end":{"line":1,"column":7}}}}}"#,
            syntax,
            Some((1, 1)),
        ),
        (
            r#"{"error":"invalid query","details":{"error_type":"UserError","kind":"Error","code":"sql_syntax","message":"sql parser error: Expected: an SQL statement, found: SELEKT at Line: 1, Column: 1","span":{"start":{"line":1,"column":1},"end":{"line":1,"column":7}}}}"#,
            syntax,
            Some((1, 1)),
        ),
        (
            r#"{"detail":"{\"error\":\"invalid query\",\"details\":{\"error_type\":\"UserError\",\"details\":{\"kind\":\"Error\",\"message\":\"column 'duration_ms' not found\",\"span\":{\"start\":{\"line\":1,\"column\":58},\"end\":{\"line\":1,\"column\":69}},\"replace_span_with\":\"duration\"}}}"}"#,
            "column 'duration_ms' not found (did you mean `duration`?)",
            Some((1, 58)),
        ),
        (
            r#"{"detail":"Internal error: unsupported data type Float64\n…"}"#,
            "Internal error: unsupported data type Float64 …",
            None,
        ),
        ("Invalid read token", "Invalid read token", None),
        (r#"{"detail":"Invalid read token"}"#, "Invalid read token", None),
        (
            r#"{"detail":[{"loc":["body","min_timestamp"],"msg":"field required","type":"missing"},{"loc":["query",0],"msg":"no"}]}"#,
            "body.min_timestamp: field required; query.0: no",
            None,
        ),
        (
            "Rate limit exceeded (minute)\nmore",
            "Rate limit exceeded (minute)",
            None,
        ),
        ("\u{1b}[31mred\u{7} \u{0}", "[31mred", None),
        ("", "", None),
        (r#"{"nothing":1}"#, r#"{"nothing":1}"#, None),
    ] {
        let refusal = read_refusal(body.as_bytes());
        assert_eq!(
            (refusal.message.as_str(), refusal.at, refusal.html),
            (message, at, false)
        );
    }
    let page = read_refusal(b"<html><head><title>502 Bad\nGateway</title></head>");
    assert_eq!((page.message.as_str(), page.html), ("502 Bad Gateway", true));
}

#[test]
fn a_question_is_sent_as_the_reference_wants_it() {
    let server = Server::start(vec![Play::Send(response(
        200,
        &[("x-logfire-context", "org/shop")],
        RECORDED,
    ))]);
    let args = ["--from", "2026-05-27T13:00:00.5Z", "--to", "2026-05-27T14:00:00Z"];
    let run = ask(
        &server.url(),
        &[
            &["query", "--sql", "SELECT 1", "--limit", "10000", "--format", "json"],
            &args[..],
        ]
        .concat(),
    );
    // The answer is no NDJSON: one clear sentence.
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("it has no `type`"), "{}", run.stderr);
    let run = ask(&server.url(), &[&["timeline"], &args[..]].concat());
    assert!(run.stderr.contains("did not come back"), "{}", run.stderr);
    let seen = server.seen();
    let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    for line in [
        "post /v2/query http/1.1",
        "accept: application/x-ndjson",
        "content-type: application/json",
        "accept-encoding: gzip",
        "user-agent: relay-diag/",
        &format!("authorization: bearer {}", TOKEN.to_lowercase()),
    ] {
        assert!(head.contains(line), "{line} is not in\n{head}");
    }
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["min_timestamp"], "2026-05-27T13:00:00.499999Z");
    assert_eq!(body["max_timestamp"], "2026-05-27T14:00:00.000000Z");
    assert_eq!((&body["limit"], &body["sql"]), (&json!(10_000), &json!("SELECT 1")));
    let second = seen[1].to_lowercase();
    assert!(second.contains("accept: application/json"), "{second}");
}

#[test]
fn rows_come_with_project_and_count() {
    let server = Server::start(vec![Play::Send(response(
        200,
        &[("x-logfire-context", "org/shop")],
        STREAM,
    ))]);
    let run = ask(&server.url(), &["query", "--sql", "SELECT 1", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let document = run.json();
    assert_eq!(
        document["source"],
        json!({"kind": "api", "name": server.url(), "project": "org/shop"})
    );
    assert_eq!(
        document["rows"],
        json!([{"service_name": "backend"}, {"service_name": "frontend"}])
    );
    assert_eq!(
        (&document["queries_spent"], &document["clipped"]),
        (&json!(1), &json!(false))
    );
}

#[test]
fn what_passes_is_asked_again_and_counted() {
    let unavailable = Play::Send(response(503, &[("retry-after", "1")], "busy"));
    let limited = Play::Send(response(429, &[("retry-after", "0")], "Rate limit exceeded (minute)"));
    let fine = Play::Send(response(200, &[], STREAM));
    let server = Server::start(vec![unavailable, limited, fine]);
    let run = ask(&server.url(), &["query", "--sql", "SELECT 1", "--format", "json", "-v"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!((&run.json()["queries_spent"], server.seen().len()), (&json!(3), 3));
    for said in ["status 503", "again in 1s", "attempt 3 at 127.0.0.1"] {
        assert!(run.stderr.contains(said), "{said} is not in\n{}", run.stderr);
    }
}

#[test]
fn a_clipped_answer_says_so() {
    let rows: Vec<Value> = (0..4).map(|n| json!({"service_name": n.to_string()})).collect();
    let text = format!(
        "{}\n{}\n{}\n",
        STREAM.lines().next().unwrap(),
        json!({"type": "data", "rows": rows}),
        json!({"type": "end", "row_count": 4})
    );
    let server = Server::start(vec![Play::Send(response(200, &[], text))]);
    let run = ask(
        &server.url(),
        &["query", "--sql", "SELECT 1", "--format", "json", "--limit", "3"],
    );
    assert_eq!(
        (&run.json()["clipped"], run.json()["rows"].as_array().unwrap().len()),
        (&json!(true), 3)
    );
}

#[test]
fn verbose_tells_what_is_asked_and_very_verbose_the_sql() {
    let server = Server::start(vec![Play::Send(response(200, &[], STREAM))]);
    let said = |flags: &[&str]| {
        let args = ["query", "--sql", "SELECT 1 -- \u{1b}[31mred"];
        ask(&server.url(), &[&args[..], flags].concat()).stderr
    };
    assert_eq!(said(&[]), "");
    let verbose = said(&["-v"]);
    assert!(
        verbose.contains("asking api http://127.0.0.1") && verbose.contains("status 200"),
        "{verbose}"
    );
    assert!(!verbose.contains("SELECT"), "{verbose}");
    let very = said(&["-vv"]);
    assert!(very.contains("SELECT 1 -- red") && !very.contains('\u{1b}'), "{very}");
}

#[test]
fn nothing_found_tells_where_it_was_looked_for() {
    let empty = STREAM
        .replace("{\"service_name\":\"backend\"},{\"service_name\":\"frontend\"}", "")
        .replace("\"row_count\":2", "\"row_count\":0");
    let server = Server::start(vec![Play::Send(response(
        200,
        &[("x-logfire-context", "org/shop")],
        empty,
    ))]);
    let run = ask(&server.url(), &["query", "--sql", "SELECT 1", "--env", "staging"]);
    assert_eq!(run.code, 4);
    for said in [
        "project org/shop",
        "environment staging",
        "UTC",
        "config check",
        "--all-envs",
    ] {
        assert!(run.stdout.contains(said), "{said} is not in\n{}", run.stdout);
    }
}

/// The answer to a timeline's question where there is nothing: every column, no row.
fn silence() -> String {
    let catalogue = relay_diag::query::Catalogue::built_in().unwrap();
    let mut fields = vec![
        json!({"name": "section", "data_type": "Utf8"}),
        json!({"name": "batch_rows", "data_type": "Int64"}),
    ];
    for query in catalogue.iter() {
        fields.extend(
            query
                .header
                .columns
                .keys()
                .map(|name| json!({"name": name, "data_type": "Utf8"})),
        );
    }
    json!({"schema": {"fields": fields}, "data": []}).to_string()
}

#[test]
fn a_timeline_of_nothing_is_inconclusive() {
    let context = [("x-logfire-context", "org/shop")];
    let server = Server::start(vec![Play::Send(response(200, &context, silence()))]);
    let run = ask(&server.url(), &["timeline"]);
    assert_eq!(run.code, 4, "{}{}", run.stdout, run.stderr);
    for said in ["project org/shop", "environment production", "config check"] {
        assert!(run.stdout.contains(said), "{said} is not in\n{}", run.stdout);
    }
}

#[test]
fn config_check_tells_who_the_token_is() {
    let date = (chrono::Utc::now() - chrono::TimeDelta::hours(1))
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    let expires = (chrono::Utc::now() + chrono::TimeDelta::days(2)).to_rfc3339();
    let info = json!({"organization_name": "org", "project_name": "shop", "expires_at": expires, "new": [1],
        "organization_subscription_plan": "personal", "billing_cycle_end": "2026-07-01T00:00:00Z"});
    let server = Server::start(vec![Play::Send(response(200, &[("date", &date)], info.to_string()))]);
    let run = ask(&server.url(), &["config", "check"]);
    assert_eq!((run.code, server.seen().len()), (0, 1), "{}", run.stderr);
    for said in [
        "org/shop",
        "personal",
        "it expires in",
        "clock is",
        "60 min ahead",
        "2026-07-01",
        &server.url()[7..],
    ] {
        assert!(run.stdout.contains(said), "{said} is not in\n{}", run.stdout);
    }
    // An old server tells less.
    let server = Server::start(vec![Play::Send(response(200, &[], "{}"))]);
    let run = ask(&server.url(), &["config", "check"]);
    assert!(run.code == 0 && run.stdout.contains("not told"), "{}", run.stdout);
    let document = ask(&server.url(), &["config", "check", "--format", "json"]).json();
    assert_eq!(document["schema"], "relay-diag.config-check.v1");
    let server = Server::start(vec![Play::Send(response(401, &[], "Invalid read token"))]);
    assert_eq!(ask(&server.url(), &["config", "check"]).code, 3);
}
