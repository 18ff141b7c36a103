//! Captures that are not held whole: what is read of them, what a memory limit does, and that the rows are the same.

use std::fmt::Write as _;

use datafusion::arrow::array::TimestampMicrosecondArray;
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;
use relay_diag::source::capture::Question;

use super::*;
use crate::support::{command, finish};

const HOUR: i64 = 3_600_000_000;
/// 2025-12-08T06:00:00Z, microseconds.
const SIX: i64 = 1_765_173_600_000_000;

/// One record a millisecond from an instant on; every tenth is pending. Without `message` if not wanted.
fn batch(first: i64, rows: i64, with_message: bool) -> RecordBatch {
    let texts = |text: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new((0..rows).map(|n| Some(text(n))).collect::<StringArray>())
    };
    let starts = TimestampMicrosecondArray::from_iter_values((0..rows).map(|n| first + n * 1000)).with_timezone("UTC");
    let arrivals =
        TimestampMicrosecondArray::from_iter_values((0..rows).map(|n| first + n * 1000 + 500)).with_timezone("UTC");
    let kind = |n| String::from(if n % 10 == 0 { "pending_span" } else { "span" });
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("trace_id", texts(&|n| format!("t{n}"))),
        ("span_id", texts(&|n| format!("s{n}"))),
        ("kind", texts(&kind)),
        ("span_name", texts(&|n| format!("GET /{}", n % 7))),
        ("start_timestamp", Arc::new(starts)),
        ("created_at", Arc::new(arrivals)),
    ];
    if with_message {
        columns.push(("message", texts(&|n| format!("message {n}"))));
    }
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Pages of 100 rows, without dictionaries, so that each value lies in the page of its row.
fn paged(batch: &RecordBatch, notes: Vec<KeyValue>) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .set_key_value_metadata(Some(notes))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn between(from: i64, to: i64, sql: &str) -> Request {
    let instant = |micros| DateTime::from_timestamp_micros(micros).unwrap();
    Request {
        from: instant(from),
        to: instant(to),
        ..ask_for(sql)
    }
}

/// What everything but the footer is turned into.
fn ruin(bytes: &mut [u8]) {
    let length = bytes.len();
    let footer = u32::from_le_bytes(bytes[length - 8..length - 4].try_into().unwrap()) as usize;
    bytes[4..length - 8 - footer].fill(0xff);
}

#[tokio::test]
async fn of_a_folder_only_the_files_within_the_window_are_read() {
    let folder = Folder::new();
    folder.file("06.parquet", paged(&batch(SIX, 1000, true), Vec::new()));
    let mut ruined = paged(&batch(SIX + HOUR, 1000, true), Vec::new());
    ruin(&mut ruined);
    folder.file("07.parquet", ruined);
    // The footers tell the times, so opening reads no more than them.
    let capture = Capture::open(folder.0.path(), None).unwrap();
    assert_eq!(capture.len(), 2000);
    assert_eq!(
        capture.held(),
        Some((at("2025-12-08T06:00:00Z"), at("2025-12-08T07:00:00.999500Z")))
    );
    let sql = "SELECT count(*), max(message) FROM records WHERE span_name <> 'x'";
    let found = capture.query(&between(SIX, SIX + HOUR, sql)).await.unwrap();
    assert_eq!(json!(found.rows.rows), json!([[900, "message 999"]]));
    let error = capture.query(&between(SIX, SIX + 2 * HOUR, sql)).await.unwrap_err();
    assert_eq!(error.kind(), "capture_unreadable");
    assert!(error.to_string().contains("07.parquet"), "{error}");
    // So does a bound that the statement itself brings, in a view, an alias or a join.
    for sql in [
        "SELECT count(message) FROM (SELECT * FROM records_all) AS r WHERE r.start_timestamp < '2025-12-08T06:30:00Z'",
        "WITH w AS (SELECT message, start_timestamp AS s FROM records_all) SELECT count(message) FROM w
         WHERE s >= '2025-12-08T06:00:00Z' AND s < timestamptz '2025-12-08T07:00:00Z'",
    ] {
        let found = capture.query(&between(SIX, SIX + 2 * HOUR, sql)).await.unwrap();
        assert_eq!(json!(found.rows.rows), json!([[1000]]), "{sql}");
    }
}

#[tokio::test]
async fn of_a_row_group_only_the_pages_within_the_window_are_read() {
    let mut bytes = paged(&batch(SIX, 1000, true), Vec::new());
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
    let folder = Folder::new();
    reader
        .try_parse(&fs::File::open(folder.file("whole.parquet", &bytes)).unwrap())
        .unwrap();
    let metadata = reader.finish().unwrap();
    assert_eq!(metadata.num_row_groups(), 1);
    // All pages of messages but the third.
    let pages = metadata.offset_index().unwrap()[0][6].page_locations();
    assert_eq!(pages.len(), 10);
    for page in pages.iter().filter(|page| page.first_row_index != 200) {
        let offset = usize::try_from(page.offset).unwrap();
        bytes[offset..offset + usize::try_from(page.compressed_page_size).unwrap()].fill(0xff);
    }
    let capture = folder.open("a.parquet", bytes).unwrap();
    let sql = "SELECT min(message), max(message), count(*) FROM records_all";
    let found = capture
        .query(&between(SIX + 210_000, SIX + 290_000, sql))
        .await
        .unwrap();
    assert_eq!(json!(found.rows.rows), json!([["message 210", "message 289", 80]]));
    let error = capture
        .query(&between(SIX + 210_000, SIX + 310_000, sql))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "capture_unreadable");
}

#[tokio::test]
async fn a_condition_asked_before_the_other_columns_are_read_leaves_the_same_rows() {
    let folder = Folder::new();
    let six = batch(SIX, 3000, true);
    let mut stream = Vec::new();
    let mut writer = StreamWriter::try_new(&mut stream, &six.schema()).unwrap();
    writer.write(&six).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let whole = Capture::open(&folder.file("a.arrow", stream), None).unwrap();
    let paged = folder.open("b.parquet", paged(&six, Vec::new())).unwrap();
    for (condition, expected) in [
        ("kind = 'pending_span'", 300),
        (
            "kind = 'pending_span' AND span_name IN ('GET /0', 'GET /5') AND message <> 'message 0'",
            85,
        ),
        (
            "trace_id IN ('t7', 't2999') OR (start_timestamp >= '2025-12-08T06:00:02.990Z' AND kind = 'span')",
            10,
        ),
        ("coalesce(http_response_status_code, 0) >= 500 OR duration > 1", 0),
        // It is filled in by the start.
        ("end_timestamp >= '2025-12-08T06:00:02.999Z'", 1),
        ("NOT (message > 'message 1') AND exception_type IS NULL", 2),
        (
            "CASE WHEN kind = 'span' THEN span_name ELSE service_name END = 'GET /3'",
            386,
        ),
        ("span_name LIKE '%3' AND kind = 'span'", 386),
    ] {
        let sql = format!(
            "SELECT count(*), min(message), max(message), min(otel_scope_name) FROM records_all WHERE {condition}"
        );
        let found = one(&paged, &sql).await;
        assert_eq!(found, one(&whole, &sql).await, "{condition}");
        assert_eq!(found[0], expected, "{condition}");
    }
}

#[tokio::test]
async fn a_column_that_a_file_lacks_is_null_whatever_is_pushed_down() {
    let folder = Folder::new();
    folder.file("a.parquet", paged(&batch(SIX, 500, false), Vec::new()));
    folder.file("b.parquet", paged(&batch(SIX + HOUR, 500, true), Vec::new()));
    let capture = Capture::open(folder.0.path(), None).unwrap();
    for (sql, expected) in [
        ("SELECT count(*) FROM records_all WHERE message IS NULL", json!([500])),
        (
            "SELECT count(*) FROM records_all WHERE message = 'message 3'",
            json!([1]),
        ),
        (
            "SELECT count(*) FROM records_all WHERE message <> 'message 3'",
            json!([499]),
        ),
        (
            "SELECT count(*) FROM records_all WHERE http_route = '/x' OR level >= 'error'",
            json!([0]),
        ),
        (
            "SELECT count(*), max(coalesce(http_route, 'none')) FROM records_all WHERE http_route IS NULL",
            json!([1000, "none"]),
        ),
        (
            "SELECT max(end_timestamp), max(day) FROM records_all",
            json!(["2025-12-08T07:00:00.499000Z", "2025-12-08"]),
        ),
        (
            "SELECT count(attributes->>'x'), count(tags), count(duration) FROM records",
            json!([0, 0, 0]),
        ),
    ] {
        assert_eq!(one(&capture, sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn a_capture_may_say_which_window_it_holds() {
    let folder = Folder::new();
    let note = |window: &str| vec![KeyValue::new(String::from("relay_diag.window"), String::from(window))];
    let six = batch(SIX, 10, true);
    let said = folder
        .open(
            "a.parquet",
            paged(&six, note("2025-12-08T05:00:00Z/2025-12-08T07:00:00Z")),
        )
        .unwrap();
    assert_eq!(
        said.window(),
        Some((at("2025-12-08T05:00:00Z"), at("2025-12-08T07:00:00Z")))
    );
    assert_eq!(one(&said, "SELECT now()").await, json!(["2025-12-08T07:00:00.000000Z"]));
    for unsaid in [
        note("2025-12-08T07:00:00Z/2025-12-08T05:00:00Z"),
        note("always"),
        Vec::new(),
    ] {
        let unsaid = folder.open("b.parquet", paged(&six, unsaid)).unwrap();
        assert_eq!(
            unsaid.window(),
            Some((at("2025-12-08T06:00:00Z"), at("2025-12-08T06:00:00.009501Z")))
        );
        assert_eq!(
            one(&unsaid, "SELECT now()").await,
            json!(["2025-12-08T06:00:00.009500Z"])
        );
    }
}

#[tokio::test]
async fn what_had_not_arrived_is_hidden_in_every_format() {
    let folder = Folder::new();
    let now = at("2025-12-08T06:00:00.100000Z");
    let six = batch(SIX, 1000, true);
    let mut stream = Vec::new();
    let mut writer = StreamWriter::try_new(&mut stream, &six.schema()).unwrap();
    writer.write(&six).unwrap();
    writer.finish().unwrap();
    drop(writer);
    for (name, bytes) in [("a.parquet", paged(&six, Vec::new())), ("b.arrow", stream)] {
        let capture = Capture::open(&folder.file(name, bytes), Some(now)).unwrap();
        assert_eq!(
            one(&capture, "SELECT count(*) FROM records_all").await,
            json!([100]),
            "{name}"
        );
        assert_eq!(
            one(&capture, "SELECT max(message) FROM records").await,
            json!(["message 99"]),
            "{name}"
        );
    }
}

/// More text than is kept decoded: wide records of ten minutes, of two services.
fn large_text() -> String {
    let padding = "x".repeat(20_000);
    let mut text = String::new();
    for n in 0..3600 {
        let start = DateTime::from_timestamp_micros(SIX + n * 100_000).unwrap().to_rfc3339();
        let kind = if n % 10 == 0 { "pending_span" } else { "span" };
        writeln!(
            text,
            r#"{{"trace_id":"t{n}","span_id":"s{n}","kind":"{kind}","span_name":"GET","start_timestamp":"{start}","created_at":"{start}","service_name":"s{}","attributes":{{"n":{n},"padding":"{n}{padding}"}}}}"#,
            n % 2
        )
        .unwrap();
    }
    text
}

#[tokio::test]
async fn a_text_too_large_to_keep_gives_the_same_rows() {
    let folder = Folder::new();
    let path = folder.file(
        "large.ndjson.zst",
        zstd::encode_all(large_text().as_bytes(), 1).unwrap(),
    );
    let capture = Capture::open(&path, None).unwrap();
    assert_eq!(capture.len(), 3600);
    assert_eq!(
        capture.held(),
        Some((at("2025-12-08T06:00:00Z"), at("2025-12-08T06:05:59.900000Z")))
    );
    let sql = "SELECT service_name, count(*), sum((attributes->>'n')::int) FROM records GROUP BY 1 ORDER BY 1";
    let found = capture.query(&between(SIX, SIX + 60_000_000, sql)).await.unwrap();
    assert_eq!(
        json!(found.rows.rows),
        json!([["s0", 240, 72_000], ["s1", 300, 90_000]])
    );
    let minute = at("2025-12-08T06:00:59.900000Z");
    let capture = Capture::open(&path, Some(minute)).unwrap();
    assert_eq!(
        one(&capture, "SELECT count(*), now() = max(created_at) FROM records_all").await,
        json!([600, true])
    );

    // What does not fit is spilled, or refused; neither takes the process down, nor leaves anything behind.
    let capture = Capture::open(&path, None).unwrap().with_memory(48 << 20);
    let sorted =
        "SELECT count(*), max(n) FROM (SELECT row_number() OVER (ORDER BY attributes::text) AS n FROM records)";
    let question = Question {
        explain: true,
        ..ask_for(sorted).into()
    };
    let mut batches = capture.stream(question, ()).await.unwrap();
    let rows = batches.collect().await.unwrap();
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
    let metrics = batches.metrics().unwrap();
    let spills = metrics
        .split("spill_count=")
        .skip(1)
        .map(|rest| rest.split([',', ']']).next().unwrap());
    assert!(spills.clone().any(|count| count != "0"), "{metrics}");
    let error = capture
        .query(&ask_for("SELECT array_length(array_agg(attributes)) FROM records"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "memory_limit");
    assert_eq!(
        error.to_string(),
        "the query needs more memory than the 48 MB that it may use"
    );
    assert_eq!(one(&capture, "SELECT count(*) FROM records").await, json!([3240]));
}

#[test]
fn the_limit_is_a_setting_and_its_error_says_what_to_do() {
    let folder = Folder::new();
    let path = folder.file(
        "large.ndjson.zst",
        zstd::encode_all(large_text().as_bytes(), 1).unwrap(),
    );
    let spills = TempDir::new().unwrap();
    let run = |sql: &str, memory: &str| {
        let args = [
            "query",
            "--all-envs",
            "--memory",
            memory,
            "--source",
            path.to_str().unwrap(),
            "--sql",
            sql,
        ];
        finish(
            command(folder.0.path())
                .env("TMPDIR", spills.path())
                .args(args)
                .args(["--format", "json"]),
        )
    };
    let refused = run("SELECT array_length(array_agg(attributes)) AS n FROM records", "48MB");
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("the query needs more memory than the 48 MB that it may use"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("a shorter window") && refused.stderr.contains("--memory 2GB"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.json()["error"]["kind"], "memory_limit");
    let sorted = "SELECT max(n) AS n FROM (SELECT row_number() OVER (ORDER BY attributes::text) AS n FROM records)";
    let spilled = run(sorted, "48MB");
    assert_eq!(spilled.json()["rows"], json!([{"n": 3240}]), "{}", spilled.stderr);
    assert_eq!(fs::read_dir(spills.path()).unwrap().count(), 0);
    let wrong = run("SELECT 1", "1MB");
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("at least 16 MB"), "{}", wrong.stderr);
}
