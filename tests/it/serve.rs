//! `serve` over a real socket: each format, each refusal, every bound, and the command itself.

mod command;
mod faults;
mod refusals;

use std::io::Read as _;
use std::sync::Once;

use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::record_batch::RecordBatch;
use relay_diag::serve::fault::FaultPlan;
use relay_diag::serve::{self, Options, Running};
use relay_diag::source::capture::Capture;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::fixture;

/// Earlier than any record.
const EVER: &str = "2020-01-01T00:00:00+00:00";

fn healthy() -> Capture {
    Capture::open(&fixture("healthy-after-restart/records.ndjson.zst"), None).unwrap()
}

async fn start(options: Options) -> Running {
    serve::start(healthy(), options).await.unwrap()
}

async fn under(faults: FaultPlan) -> Running {
    start(Options {
        faults,
        ..Options::default()
    })
    .await
}

/// A client that adds nothing of its own.
fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().no_gzip().no_proxy().build().unwrap()
}

fn post(running: &Running, body: &Value) -> RequestBuilder {
    client()
        .post(format!("{}/v2/query", running.url))
        .header("content-type", "application/json")
        .body(body.to_string())
}

async fn ask(running: &Running, accept: &str, body: Value) -> Response {
    post(running, &body).header("accept", accept).send().await.unwrap()
}

/// The rows of a JSON answer that must be a success.
async fn rows(running: &Running, body: Value) -> Vec<Value> {
    let response = ask(running, "application/json", body).await;
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    let mut document: Value = serde_json::from_str(&text).unwrap();
    match document["data"].take() {
        Value::Array(rows) => rows,
        other => panic!("no rows: {other}"),
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn arrow(bytes: &[u8]) -> Vec<RecordBatch> {
    let reader = StreamReader::try_new(bytes, None).unwrap();
    reader.map(Result::unwrap).collect()
}

/// The records behind the recorded answers.
fn recorded() -> Capture {
    let record = |message: &str, tags: Value| {
        json!({
            "trace_id": "01a2065ff1cabac3aafac0e2231ad377", "span_id": "1ea4c93b26686447", "kind": "log",
            "span_name": message, "start_timestamp": "2026-05-27T13:16:36.517321Z", "level": 9, "message": message,
            "is_exception": false, "tags": tags,
        })
    };
    let text = format!(
        "{}\n{}\n",
        record("about to raise an error", json!([])),
        record("aha 0", json!(["tag1", "tag2"]))
    );
    Capture::from_ndjson_zst("org/test.ndjson", &zstd::encode_all(text.as_bytes(), 3).unwrap(), None).unwrap()
}

const RECORDED_QUERY: &str =
    "SELECT kind, message, is_exception, tags FROM records ORDER BY is_exception, message LIMIT 2";

#[tokio::test]
async fn json_is_written_as_recorded() {
    let running = serve::start(recorded(), Options::default()).await.unwrap();
    let body = json!({"sql": RECORDED_QUERY, "min_timestamp": EVER, "explain": false, "include_schema": true});
    let response = ask(&running, "application/json", body).await;
    assert_eq!(response.status(), 200);
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("content-type"), None);
    assert_eq!(header("content-length"), None);
    assert_eq!(header("transfer-encoding").as_deref(), Some("chunked"));
    assert_eq!(header("vary").as_deref(), Some("accept-encoding"));
    assert_eq!(header("x-logfire-context").as_deref(), Some("capture/test"));
    assert!(header("date").is_some());
    assert_eq!(
        response.text().await.unwrap(),
        r#"{"schema":{"fields":[{"name":"kind","data_type":"Utf8","nullable":true},{"name":"message","data_type":"Utf8","nullable":true},{"name":"is_exception","data_type":"Boolean","nullable":true},{"name":"tags","data_type":{"List":{"name":"item","data_type":"Utf8","nullable":true,"dict_id":0,"dict_is_ordered":false,"metadata":{}}},"nullable":true}],"metadata":{}},"data":[{"kind":"log","message":"about to raise an error","is_exception":false,"tags":[]},{"kind":"log","message":"aha 0","is_exception":false,"tags":["tag1","tag2"]}]}"#
    );
    let count = json!({"sql": "SELECT count(*) AS n FROM records", "min_timestamp": "2030-01-01T00:00:00Z"});
    let response = ask(&running, "application/json", count).await;
    assert_eq!(
        response.text().await.unwrap(),
        r#"{"schema":{"fields":[{"name":"n","data_type":"Int64","nullable":false}],"metadata":{}},"data":[{"n":0}]}"#
    );
}

#[tokio::test]
async fn csv_is_written_as_recorded() {
    let running = serve::start(recorded(), Options::default()).await.unwrap();
    let body = json!({"sql": RECORDED_QUERY, "min_timestamp": EVER});
    let text = ask(&running, "text/csv", body).await.text().await.unwrap();
    assert_eq!(
        text,
        "kind,message,is_exception,tags\nlog,about to raise an error,false,[]\nlog,aha 0,false,\"[\"\"tag1\"\",\"\"tag2\"\"]\"\n"
    );
    let none = json!({"sql": "SELECT is_exception, count(*) FROM records GROUP BY is_exception", "min_timestamp": "2030-01-01T00:00:00Z"});
    let text = ask(&running, "text/csv", none).await.text().await.unwrap();
    assert_eq!(text, "is_exception,count(*)\n");
}

#[tokio::test]
async fn ndjson_comes_in_lines_with_an_end() {
    let running = start(Options::default()).await;
    let body = json!({"sql": "SELECT span_name, level FROM records_all", "min_timestamp": EVER, "limit": 1200});
    let response = ask(&running, "application/x-ndjson", body).await;
    assert_eq!(response.status(), 200);
    let lines = lines(&response.text().await.unwrap());
    let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["schema", "data", "data", "data", "end"]);
    let sizes: Vec<usize> = lines[1..4]
        .iter()
        .map(|line| line["rows"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [500, 500, 200]);
    assert_eq!(lines[4], json!({"type": "end", "row_count": 1200}));
    assert_eq!(
        lines[0]["schema"]["fields"][1],
        json!({"name": "level", "data_type": "Int32", "nullable": true})
    );
}

#[tokio::test]
async fn ndjson_tells_of_a_failure_behind_rows() {
    let running = start(Options::default()).await;
    // A row in the last of several batches can't be computed.
    let sql = "SELECT 1 / (9000 - row_number) AS x FROM (SELECT row_number() OVER () AS row_number FROM records a, \
               (SELECT * FROM records LIMIT 5) b)";
    let body = json!({"sql": sql, "min_timestamp": EVER, "limit": 10_000});
    let response = ask(&running, "application/x-ndjson", body.clone()).await;
    assert_eq!(response.status(), 200);
    let lines = lines(&response.text().await.unwrap());
    assert_eq!(lines[1]["type"], "data");
    assert_eq!(
        *lines.last().unwrap(),
        json!({"type": "error", "message": "Divide by zero error"})
    );
    let response = ask(&running, "application/json", body).await;
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn arrow_is_a_stream_of_typed_columns() {
    let running = start(Options::default()).await;
    let sql = "SELECT start_timestamp, level, tags, attributes, otel_resource_attributes FROM records";
    let body = json!({"sql": sql, "min_timestamp": EVER, "limit": 300});
    let response = ask(&running, "application/vnd.apache.arrow.stream", body).await;
    assert_eq!(response.headers().get("content-type"), None);
    let bytes = response.bytes().await.unwrap();
    assert_eq!(bytes[..4], [0xff; 4]);
    let batches = arrow(&bytes);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 300);
    let types: Vec<String> = batches[0]
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().to_string())
        .collect();
    assert_eq!(types[0], "Timestamp(µs, \"UTC\")");
    assert_eq!([&types[1], &types[3], &types[4]], ["Int32", "Utf8", "Utf8"]);
}

#[tokio::test]
async fn without_a_format_it_is_json() {
    let running = start(Options::default()).await;
    let body = json!({"sql": "SELECT 1 AS one", "min_timestamp": EVER});
    for accept in ["*/*", "application/json, application/problem+json;q=0.9", "text/html"] {
        let text = ask(&running, accept, body.clone()).await.text().await.unwrap();
        assert!(text.starts_with("{\"schema\":"), "{accept}: {text}");
    }
    let text = post(&running, &body).send().await.unwrap().text().await.unwrap();
    assert!(text.starts_with("{\"schema\":"), "{text}");
}

#[tokio::test]
async fn gzip_is_used_when_asked_for() {
    let running = start(Options::default()).await;
    let body = json!({"sql": "SELECT * FROM records", "min_timestamp": EVER, "limit": 1000});
    let plain = post(&running, &body).send().await.unwrap().bytes().await.unwrap();
    for accept in [
        "application/json",
        "application/x-ndjson",
        "text/csv",
        "application/vnd.apache.arrow.stream",
    ] {
        let response = post(&running, &body)
            .header("accept", accept)
            .header("accept-encoding", "gzip, br");
        let response = response.send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip");
        let packed = response.bytes().await.unwrap();
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert!(
            packed.len() * 4 < unpacked.len(),
            "{} of {}",
            packed.len(),
            unpacked.len()
        );
        if accept == "application/json" {
            assert_eq!(unpacked, plain);
        }
    }
    let refused = post(&running, &body)
        .header("accept-encoding", "gzip;q=0")
        .send()
        .await
        .unwrap();
    assert!(!refused.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn limits_are_a_hundred_by_default_and_ten_thousand_at_most() {
    let running = start(Options::default()).await;
    let many = "SELECT a.span_id FROM records a, (SELECT * FROM records LIMIT 10) b";
    for (sql, limit, count) in [
        ("SELECT span_id FROM records", Value::Null, 100),
        ("SELECT span_id FROM records LIMIT 200", Value::Null, 100),
        ("SELECT span_id FROM records LIMIT 7", json!(200), 7),
        ("SELECT span_id FROM records LIMIT 200", json!(150), 150),
        (many, json!(10_000), 10_000),
    ] {
        let body = json!({"sql": sql, "min_timestamp": EVER, "limit": limit});
        assert_eq!(rows(&running, body).await.len(), count, "{sql} {limit}");
    }
}

#[tokio::test]
async fn both_bounds_exclude_their_instant() {
    let running = start(Options::default()).await;
    let first = rows(
        &running,
        json!({"sql": "SELECT min(start_timestamp) AS first, max(start_timestamp) AS last FROM records_all", "min_timestamp": EVER}),
    )
    .await;
    let (first, last) = (first[0]["first"].as_str().unwrap(), first[0]["last"].as_str().unwrap());
    let count = async |min: &str, max: &str| {
        let sql = "SELECT count(*) AS n FROM records_all";
        let body = json!({"sql": sql, "min_timestamp": min, "max_timestamp": max});
        rows(&running, body).await[0]["n"].as_u64().unwrap()
    };
    let all = count(EVER, "2099-01-01T00:00:00Z").await;
    assert_eq!(all, 2429);
    assert!(count(first, "2099-01-01T00:00:00Z").await < all);
    assert!(count(EVER, last).await < all);
    assert_eq!(count(&first.replace("595Z", "594Z"), "2099-01-01T00:00:00Z").await, all);
    assert_eq!(count(first, first).await, 0);
    // The same instant in another offset.
    assert_eq!(
        count("2026-11-23T05:08:00.842594+02:00", "2099-01-01T00:00:00Z").await,
        all
    );
}

#[tokio::test]
async fn the_other_fields_of_a_body() {
    let running = start(Options::default()).await;
    let count = "SELECT count(*) AS n FROM records";
    let of = async |fields: Value| {
        let mut body = json!({"sql": count, "min_timestamp": EVER});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        rows(&running, body).await[0]["n"].as_u64().unwrap()
    };
    let all = of(json!({"timezone": "Europe/Paris", "unknown": 1})).await;
    assert_eq!(of(json!({"deployment_environment": ["production"]})).await, all);
    assert_eq!(of(json!({"deployment_environment": ["staging"]})).await, 0);
    assert_eq!(of(json!({"deployment_environment": [""]})).await, 0);
    assert_eq!(of(json!({"deployment_environment": ["", "production"]})).await, all);
    let named = json!({
        "sql": "SELECT count(*) AS n, '$name' AS text FROM records WHERE span_name = $name",
        "params": {"name": "'connect'"},
    });
    assert!((1..all).contains(&of(named).await));

    let body = json!({"sql": count, "min_timestamp": EVER, "explain": true, "include_schema": false});
    let text = ask(&running, "application/json", body.clone())
        .await
        .text()
        .await
        .unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["data", "logical_plan", "physical_plan", "physical_plan_with_metrics"]
    );
    assert!(
        document["physical_plan_with_metrics"]
            .as_str()
            .unwrap()
            .contains("output_rows=1")
    );
    let text = ask(&running, "application/x-ndjson", body).await.text().await.unwrap();
    let lines = lines(&text);
    assert_eq!(lines[1]["type"], "explain");
    assert!(lines[1]["logical_plan"].as_str().unwrap().contains("Aggregate"));
    assert!(lines.last().unwrap()["physical_plan_with_metrics"].is_string());
}

#[tokio::test]
async fn null_keys_are_there_and_json_columns_are_nested() {
    let running = start(Options::default()).await;
    let sql = "SELECT parent_span_id, attributes, otel_events, start_timestamp FROM records \
               WHERE parent_span_id IS NULL AND attributes->>'db.name' IS NOT NULL LIMIT 1";
    let rows = rows(&running, json!({"sql": sql, "min_timestamp": EVER})).await;
    let row = rows[0].as_object().unwrap();
    assert_eq!(row["parent_span_id"], Value::Null);
    assert!(row["attributes"].is_object() && row["otel_events"].is_array());
    assert!(row["start_timestamp"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn the_token_and_the_columns_can_be_asked_for() {
    let running = start(Options::default()).await;
    let get = async |path: &str| {
        let response = client().get(format!("{}{path}", running.url)).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap()
    };
    let info = get("/v1/read-token-info").await;
    assert_eq!(info["organization_name"], "capture");
    assert_eq!(info["project_name"], "records");
    assert_eq!(info["billing_cycle_start"], "2026-11-01T00:00:00Z");
    assert_eq!(info.as_object().unwrap().len(), 12);
    let schemas = get("/v1/schemas").await;
    let tables = schemas["tables"].as_array().unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["records", "records_all"]);
    let columns = tables[0]["schema"].as_object().unwrap();
    assert_eq!(columns.len(), 44);
    let column = |data_type: &str, nullable: bool, is_json: bool| json!({"data_type": data_type, "nullable": nullable, "is_json": is_json, "description": ""});
    assert_eq!(columns["attributes"], column("TEXT", true, true));
    assert_eq!(columns["level"], column("INTEGER", false, false));
    assert_eq!(columns["start_timestamp"], column("TIMESTAMPTZ", false, false));
    assert_eq!(columns["tags"], column("TEXT[]", true, false));
}
