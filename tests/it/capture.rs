//! Captures from their files to the rows of an answer: formats, broken files, bounds, and Logfire's dialect.

mod streamed;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{
    ArrayRef, DictionaryArray, Float32Array, Int64Array, LargeStringArray, MapBuilder, RecordBatch, StringArray,
    StringBuilder, StringViewArray, StructArray, TimestampNanosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type};
use datafusion::arrow::ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use relay_diag::source::capture::Capture;
use relay_diag::source::{ColumnType, Request, Rows, SourceError};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A record with what is required; `fields` are added, or replace.
fn record(fields: Value) -> Value {
    let mut record = json!({
        "trace_id": "01a2065ff1cabac3aafac0e2231ad377", "span_id": "1ea4c93b26686447", "kind": "span",
        "span_name": "connect", "start_timestamp": "2025-12-08T06:32:40.000000Z", "level": 9,
    });
    record
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    record
}

fn ndjson(records: &[Value]) -> Vec<u8> {
    records
        .iter()
        .flat_map(|record| format!("{record}\n").into_bytes())
        .collect()
}

fn zst(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn open(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<Capture, SourceError> {
        Capture::open(&self.file(name, bytes), None)
    }
}

fn capture(records: &[Value]) -> Capture {
    Capture::from_ndjson_zst("test", &zst(&ndjson(records)), None).unwrap()
}

fn ask_for(sql: &str) -> Request {
    Request {
        sql: sql.to_owned(),
        from: at("2000-01-01T00:00:00Z"),
        to: at("2100-01-01T00:00:00Z"),
        limit: 1000,
    }
}

async fn rows(capture: &Capture, sql: &str) -> Rows {
    match capture.query(&ask_for(sql)).await {
        Ok(answer) => answer.rows,
        Err(error) => panic!("{sql}: {error}"),
    }
}

/// The first row.
async fn one(capture: &Capture, sql: &str) -> Value {
    Value::Array(rows(capture, sql).await.rows.into_iter().next().unwrap())
}

async fn refused(capture: &Capture, sql: &str) -> (String, Option<(u64, u64)>) {
    match capture.query(&ask_for(sql)).await {
        Err(SourceError::Rejected { message, at }) => (message, at),
        other => panic!("{sql}: {other:?}"),
    }
}

mod files {
    use super::*;

    #[tokio::test]
    async fn every_text_format_gives_the_same_records() {
        let text = ndjson(&[
            record(json!({"message": "a"})),
            record(json!({"message": "b", "duration": 1.5})),
        ]);
        let folder = Folder::new();
        for (name, bytes) in [
            ("a.ndjson", text.clone()),
            ("b.JSONL", text.clone()),
            ("c.ndjson.gz", gz(&text)),
            ("d.jsonl.gz", [gz(&text[..150]), gz(&text[150..])].concat()),
            ("e.ndjson.zst", zst(&text)),
            ("f.jsonl.zst", [zst(&text[..150]), zst(&text[150..])].concat()),
        ] {
            let capture = folder.open(name, bytes).unwrap();
            let found = rows(&capture, "SELECT message, duration FROM records ORDER BY message").await;
            assert_eq!(
                found.rows,
                [[json!("a"), Value::Null], [json!("b"), json!(1.5)]],
                "{name}"
            );
            assert!(capture.name().ends_with(name));
        }
    }

    /// The types that other writers choose for the same columns.
    fn foreign_batch() -> RecordBatch {
        let mut attributes = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        attributes.keys().append_value("http.route");
        attributes.values().append_value("/stats");
        attributes.append(true).unwrap();
        attributes.append(false).unwrap();
        let events: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let events = StructArray::from(vec![(Arc::new(Field::new("n", DataType::Int64, true)), events)]);
        let times = vec![1_765_175_560_123_456_789, 1_765_175_561_000_000_000];
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("trace_id", Arc::new(LargeStringArray::from(vec!["t1", "t2"]))),
            ("span_id", Arc::new(StringViewArray::from(vec!["s1", "s2"]))),
            (
                "kind",
                Arc::new(vec!["span", "span"].into_iter().collect::<DictionaryArray<Int32Type>>()),
            ),
            ("span_name", Arc::new(StringArray::from(vec!["connect", "GET /stats"]))),
            ("start_timestamp", Arc::new(TimestampNanosecondArray::from(times))),
            (
                "end_timestamp",
                Arc::new(StringArray::from(vec![None, Some("2025-12-08 08:32:50+02:00")])),
            ),
            ("duration", Arc::new(Float32Array::from(vec![Some(0.5), None]))),
            ("level", Arc::new(Int64Array::from(vec![5, 17]))),
            ("tags", Arc::new(StringArray::from(vec![Some(r#"["a","b"]"#), None]))),
            ("attributes", Arc::new(attributes.finish())),
            ("otel_events", Arc::new(events)),
            ("surplus", Arc::new(Int64Array::from(vec![1, 2]))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    fn parquet_file(batch: &RecordBatch) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        bytes
    }

    fn arrow_file(batch: &RecordBatch) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = FileWriter::try_new(&mut bytes, &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
        drop(writer);
        bytes
    }

    fn arrow_stream(batch: &RecordBatch) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
        drop(writer);
        bytes
    }

    #[tokio::test]
    async fn columnar_files_of_any_types_become_records() {
        let batch = foreign_batch();
        let folder = Folder::new();
        for (name, bytes) in [
            ("file.parquet", parquet_file(&batch)),
            ("file.arrow", arrow_file(&batch)),
            ("stream.arrow", arrow_stream(&batch)),
        ] {
            let capture = folder.open(name, bytes).unwrap();
            let sql = "SELECT trace_id, span_id, kind, start_timestamp, end_timestamp, duration, level, tags,
                attributes, attributes->>'http.route' AS route, otel_events->>'n' AS n, day, message
                FROM records ORDER BY trace_id";
            let expected = json!([
                ["t1", "s1", "span", "2025-12-08T06:32:40.123456Z", "2025-12-08T06:32:40.623456Z", 0.5, 5, ["a", "b"],
                 {"http.route": "/stats"}, "/stats", "1", "2025-12-08", null],
                ["t2", "s2", "span", "2025-12-08T06:32:41.000000Z", "2025-12-08T06:32:50.000000Z", null, 17, null,
                 null, null, "2", "2025-12-08", null],
            ]);
            assert_eq!(json!(rows(&capture, sql).await.rows), expected, "{name}");
        }
    }

    #[test]
    fn cut_or_damaged_columnar_files_are_errors_at_every_length() {
        let folder = Folder::new();
        let batch = foreign_batch();
        for (name, bytes) in [
            ("file.parquet", parquet_file(&batch)),
            ("file.arrow", arrow_file(&batch)),
            ("stream.arrow", arrow_stream(&batch)),
        ] {
            for end in (0..bytes.len()).step_by(37) {
                // A stream may end after its schema: that is a capture without records.
                match folder.open(name, &bytes[..end]) {
                    Ok(capture) => assert!(name == "stream.arrow" && capture.is_empty(), "{name} cut at {end}"),
                    Err(error) => assert_eq!(error.kind(), "capture_unreadable", "{name} cut at {end}: {error}"),
                }
            }
        }
    }

    #[tokio::test]
    async fn a_damaged_columnar_file_never_takes_the_program_down() {
        let folder = Folder::new();
        let batch = foreign_batch();
        for (name, bytes) in [
            ("file.parquet", parquet_file(&batch)),
            ("file.arrow", arrow_file(&batch)),
            ("stream.arrow", arrow_stream(&batch)),
        ] {
            for at in (0..bytes.len()).step_by(11) {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x5a;
                // Many bytes matter to nobody: what counts is that an answer comes.
                let error = match folder.open(name, damaged) {
                    Ok(capture) => capture.query(&ask_for("SELECT * FROM records")).await.err(),
                    Err(error) => Some(error),
                };
                if let Some(error) = error {
                    assert!(error.to_string().contains(name), "{error}");
                }
            }
        }
    }

    #[tokio::test]
    async fn columnar_files_without_what_is_required_are_refused() {
        let folder = Folder::new();
        let batch = foreign_batch();
        let lacking = batch.project(&[0, 1, 2]).unwrap();
        let error = folder.open("a.parquet", parquet_file(&lacking)).unwrap_err();
        assert!(
            error.to_string().contains("has no column span_name, start_timestamp"),
            "{error}"
        );

        let levels: ArrayRef = Arc::new(StringArray::from(vec!["high", "low"]));
        let columns = batch.columns()[..5].iter().cloned().chain([levels]);
        let names = ["trace_id", "span_id", "kind", "span_name", "start_timestamp", "level"];
        let batch = RecordBatch::try_from_iter(names.into_iter().zip(columns)).unwrap();
        // Only a query that reads the column finds out.
        let capture = folder.open("b.parquet", parquet_file(&batch)).unwrap();
        assert_eq!(one(&capture, "SELECT count(*) FROM records").await, json!([2]));
        let error = capture.query(&ask_for("SELECT level FROM records")).await.unwrap_err();
        assert!(
            error.to_string().contains("column level: ") && error.to_string().contains("high"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_folder_is_all_its_files_of_records() {
        let folder = Folder::new();
        folder.file("b.ndjson", ndjson(&[record(json!({"message": "b"}))]));
        folder.file("a.ndjson.zst", zst(&ndjson(&[record(json!({"message": "a"}))])));
        folder.file("label.json", "{}");
        fs::create_dir(folder.0.path().join("deeper.ndjson")).unwrap();
        let capture = Capture::open(folder.0.path(), None).unwrap();
        let found = rows(&capture, "SELECT message FROM records").await;
        assert_eq!(found.rows, [[json!("a")], [json!("b")]]);
    }

    #[test]
    fn paths_without_records_are_refused_in_words() {
        let folder = Folder::new();
        for path in [
            folder.0.path().to_owned(),
            folder.file("label.json", "{}"),
            PathBuf::from("/no/such.ndjson"),
        ] {
            let error = Capture::open(&path, None).unwrap_err();
            assert_eq!(error.kind(), "capture_unreadable");
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn an_empty_text_is_a_capture_without_records() {
        let capture = Folder::new().open("a.ndjson", "\n \r\n").unwrap();
        assert_eq!((capture.len(), capture.held()), (0, None));
    }

    fn broken(name: &str, bytes: impl AsRef<[u8]>) -> (usize, String) {
        match Folder::new().open(name, bytes).unwrap_err() {
            SourceError::Malformed { path, line, why } => {
                assert!(Path::new(&path).ends_with(name), "{path}");
                (line, why)
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn cut_compressed_files_are_errors_at_every_length() {
        let text = ndjson(&vec![record(json!({"message": "a"})); 20]);
        for (name, bytes) in [("a.ndjson.zst", zst(&text)), ("a.ndjson.gz", gz(&text))] {
            for end in 0..bytes.len() {
                broken(name, &bytes[..end]);
            }
        }
    }

    #[test]
    fn a_broken_line_is_named_with_its_cause() {
        let good = record(json!({})).to_string();
        for (line, cause) in [
            (String::from("{"), "cut off"),
            (good[..good.len() - 9].to_owned(), "cut off"),
            (String::from("nonsense"), "column"),
            (String::from("[1]"), "expected one record, a JSON object, a line"),
            (format!("{good} {good}"), "trailing characters"),
            (record(json!({"level": "high"})).to_string(), "level must be an integer"),
            (
                record(json!({"level": 3_000_000_000_i64})).to_string(),
                "level must be an integer",
            ),
            (
                record(json!({"duration": "1"})).to_string(),
                "duration must be a number",
            ),
            (record(json!({"message": 5})).to_string(), "message must be a string"),
            (
                record(json!({"is_exception": 0})).to_string(),
                "is_exception must be true or false",
            ),
            (
                record(json!({"tags": [1]})).to_string(),
                "tags must be a list of strings",
            ),
            (
                record(json!({"created_at": "yesterday"})).to_string(),
                "created_at must be a timestamp like",
            ),
            (
                record(json!({"day": "08.12.2025"})).to_string(),
                "day must be a day like",
            ),
            (record(json!({"kind": null})).to_string(), "the record has no kind"),
            (
                good.replace("connect", "\\ud800"),
                "span_name must be a string of valid Unicode",
            ),
        ] {
            let (number, why) = broken("a.ndjson", format!("{good}\n\n{line}\n{good}\n"));
            assert!(
                number == 3 && why.contains(cause),
                "line {number}: {why} (expected {cause})"
            );
        }
        let (number, why) = broken("a.ndjson", [good.as_bytes(), b"\n\xff\xfe\n"].concat());
        assert!(number == 2 && why.contains("not UTF-8"), "{why}");
    }

    #[test]
    fn a_file_of_something_else_lacks_columns() {
        let error = Folder::new().open("a.ndjson", "{\"trace_id\":\"x\"}\n{}").unwrap_err();
        let expected = "has no column span_id, span_name, start_timestamp, kind";
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[tokio::test]
    async fn hostile_values_stay_values() {
        let hostile = "'; DROP TABLE records; --\u{0}\u{1b}[31m\u{202e}\"\\\n";
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let line = record(json!({"message": hostile, "url_path": hostile, "log_body": "HOLE"}));
        let text = "\u{feff}".to_owned() + &line.to_string().replace("\"HOLE\"", &deep);
        let capture = Folder::new().open("a.ndjson", text).unwrap();
        let found = one(&capture, "SELECT message, url_path, log_body FROM records").await;
        assert_eq!(found, json!([hostile, hostile, deep]));
        let found = one(&capture, "SELECT log_body->>0 IS NULL FROM records").await;
        assert_eq!(found, json!([true]));
    }
}

mod records {
    use super::*;

    #[tokio::test]
    async fn json_reaches_the_engine_as_text_and_leaves_it_as_values() {
        let capture = capture(&[
            record(json!({"span_id": "1", "attributes": {"a.b": {"c": [1, "x"]}, "n": 1.5}, "otel_events": []})),
            record(json!({"span_id": "2", "attributes": "{\"a.b\":{\"c\":[2]}}", "log_body": "{not json"})),
            record(json!({"span_id": "3", "attributes": null, "log_body": "plain", "tags": "[\"t\",null]"})),
        ]);
        let sql = "SELECT attributes, attributes->'a.b'->'c'->>0 AS first, attributes->'a.b' AS raw,
            attributes->'n' AS n, otel_events, log_body, tags FROM records ORDER BY span_id";
        let found = rows(&capture, sql).await;
        let expected = json!([
            [{"a.b": {"c": [1, "x"]}, "n": 1.5}, "1", {"c": [1, "x"]}, 1.5, [], null, null],
            [{"a.b": {"c": [2]}}, "2", {"c": [2]}, null, null, "{not json", null],
            [null, null, null, null, null, "plain", ["t", null]],
        ]);
        assert_eq!(json!(found.rows), expected);
        let types: Vec<ColumnType> = found.columns.iter().map(|column| column.data_type).collect();
        use ColumnType::{Json, Text};
        assert_eq!(types, [Json, Text, Json, Json, Json, Json, Json]);
    }

    #[tokio::test]
    async fn every_column_of_logfire_is_there_and_implied_ones_are_filled() {
        let capture = capture(&[record(json!({"duration": 2.5, "unknown": {"x": 1}}))]);
        let found = rows(&capture, "SELECT * FROM records_all").await;
        assert_eq!(found.columns.len(), 44);
        let row: Map<String, Value> = found
            .columns
            .iter()
            .map(|column| column.name.clone())
            .zip(found.rows[0].clone())
            .collect();
        assert_eq!(row["end_timestamp"], json!("2025-12-08T06:32:42.500000Z"));
        assert_eq!(row["day"], json!("2025-12-08"));
        assert_eq!(row["created_at"], Value::Null);
    }

    #[tokio::test]
    async fn pending_rows_are_in_records_all_only() {
        let capture = capture(&[record(json!({})), record(json!({"kind": "pending_span"}))]);
        let sql = "SELECT (SELECT count(*) FROM records) AS a, (SELECT count(*) FROM records_all) AS b";
        assert_eq!(one(&capture, sql).await, json!([1, 2]));
    }

    #[tokio::test]
    async fn what_had_not_arrived_is_hidden_but_held() {
        let records = [
            json!({"span_id": "a", "created_at": "2025-12-08T06:32:45Z"}),
            json!({"span_id": "b", "created_at": "2025-12-08T06:33:00Z"}),
            json!({"span_id": "c", "created_at": "2025-12-08T06:33:00.000001Z"}),
            json!({"span_id": "d", "duration": 30.0}),
            json!({"span_id": "e", "duration": 20.0}),
        ]
        .map(record);
        let bytes = zst(&ndjson(&records));
        let now = at("2025-12-08T06:33:00Z");
        let capture = Capture::from_ndjson_zst("test", &bytes, Some(now)).unwrap();
        let found = one(
            &capture,
            "SELECT array_agg(span_id ORDER BY span_id), now() FROM records",
        )
        .await;
        assert_eq!(found, json!([["a", "b", "e"], "2025-12-08T06:33:00.000000Z"]));
        assert_eq!(capture.len(), 3);
        let held = (at("2025-12-08T06:32:40Z"), at("2025-12-08T06:33:10Z"));
        assert_eq!(capture.held(), Some(held));
        let all = Capture::from_ndjson_zst("test", &bytes, None).unwrap();
        let found = one(&all, "SELECT count(*), now(), current_date FROM records").await;
        assert_eq!(found, json!([5, "2025-12-08T06:33:10.000000Z", "2025-12-08"]));
    }

    #[tokio::test]
    async fn bounds_are_half_open_in_both_tables_and_everywhere() {
        let times = ["06:59:59.999999", "07:00:00", "07:59:59.999999", "08:00:00"];
        let records: Vec<Value> = times
            .iter()
            .flat_map(|time| ["span", "pending_span"].map(|kind| (time, kind)))
            .map(|(time, kind)| record(json!({"start_timestamp": format!("2025-12-08T{time}Z"), "kind": kind})))
            .collect();
        let capture = capture(&records);
        let mut request = Request {
            from: at("2025-12-08T07:00:00Z"),
            to: at("2025-12-08T08:00:00Z"),
            ..ask_for(
                "WITH f AS (SELECT * FROM records) SELECT count(*), min(start_timestamp), max(start_timestamp),
                 (SELECT count(*) FROM f) AS n FROM records_all AS r WHERE r.trace_id IN (SELECT trace_id FROM records)",
            )
        };
        let found = capture.query(&request).await.unwrap().rows.rows;
        let expected = json!([[4, "2025-12-08T07:00:00.000000Z", "2025-12-08T07:59:59.999999Z", 2]]);
        assert_eq!(json!(found), expected);
        request.from = at("2025-12-08T07:59:59.999998001Z");
        request.to = at("2025-12-08T07:59:59.999999001Z");
        assert_eq!(capture.query(&request).await.unwrap().rows.rows[0][0], json!(2));
    }

    #[tokio::test]
    async fn no_more_rows_than_asked_for() {
        let capture = capture(&vec![record(json!({})); 20]);
        for (limit, expected) in [(0, 0), (7, 7), (100, 20)] {
            let request = Request {
                limit,
                ..ask_for("SELECT span_id FROM records")
            };
            let answer = capture.query(&request).await.unwrap();
            assert_eq!(answer.rows.rows.len(), expected);
            assert_eq!((answer.attempts, answer.project), (0, None));
        }
        let request = Request {
            limit: 1,
            ..ask_for("SELECT x FROM (VALUES (1), (3), (2)) AS t(x) ORDER BY x DESC")
        };
        assert_eq!(capture.query(&request).await.unwrap().rows.rows, [[json!(3)]]);
    }
}

mod dialect {
    use super::*;

    fn levels() -> Capture {
        let records = [1, 5, 8, 9, 10, 13, 17, 21].map(|level| {
            record(
                json!({"level": level, "message": "error", "duration": f64::from(level) / 10.0,
                "span_id": level.to_string(), "attributes": {"http.route": format!("/{}", level % 2), "n": level},
                "tags": ["x", format!("l{level}")]}),
            )
        });
        capture(&records)
    }

    #[tokio::test]
    async fn levels_are_compared_by_name_wherever_the_column_goes() {
        let capture = levels();
        for (condition, expected) in [
            ("level >= 'error'", 2),
            ("'error' <= level", 2),
            ("r.level = 'warn'", 1),
            ("level = 'warning'", 1),
            ("level <> 'info'", 7),
            ("level IS DISTINCT FROM 'info'", 7),
            ("level IN ('warn', 'error')", 2),
            ("level NOT IN ('warn', 'error')", 6),
            ("level BETWEEN 'info' AND 'error'", 4),
            ("level NOT BETWEEN 'info' AND 'error'", 4),
            ("NOT (level < 'notice')", 4),
            ("CASE level WHEN 'warn' THEN true ELSE false END", 1),
            ("level = 17", 1),
            ("level = '17'", 1),
            ("level = level_num('fatal')", 1),
            ("message = 'error'", 8),
            ("message IN ('error', 'loud')", 8),
            ("level_name(level) = 'debug'", 2),
            (
                "EXISTS (SELECT 1 FROM records q WHERE q.span_id = r.span_id AND r.level > 'warn')",
                2,
            ),
        ] {
            let sql = format!("SELECT count(*) FROM records AS r WHERE {condition}");
            assert_eq!(one(&capture, &sql).await, json!([expected]), "{condition}");
        }
        for (sql, expected) in [
            (
                "WITH w AS (SELECT level FROM records) SELECT count(*) FROM w WHERE level >= 'error'",
                2,
            ),
            (
                "WITH w AS (SELECT max(level) AS level FROM records) SELECT count(*) FROM w WHERE level = 'fatal'",
                1,
            ),
            ("SELECT count(*) FILTER (WHERE level > 'warn') FROM records", 2),
            (
                "SELECT count(*) FROM records a JOIN records b ON a.span_id = b.span_id AND b.level <= 'debug'",
                2,
            ),
            (
                "SELECT count(*) FROM (SELECT max(level) FROM records HAVING max(level) > 'error')",
                1,
            ),
            (
                "SELECT count(*) FROM (SELECT 'high' AS level) AS t WHERE t.level = 'high'",
                1,
            ),
        ] {
            assert_eq!(one(&capture, sql).await, json!([expected]), "{sql}");
        }
        let sql = "SELECT level >= 'warn', count(*) FROM records GROUP BY level >= 'warn' ORDER BY 2";
        assert_eq!(json!(rows(&capture, sql).await.rows), json!([[true, 3], [false, 5]]));
    }

    #[tokio::test]
    async fn an_unknown_level_is_an_error_that_names_the_levels() {
        let capture = levels();
        for (sql, place) in [
            ("SELECT 1 FROM records\nWHERE level > 'loud'", Some((2, 7))),
            ("SELECT 1 FROM records WHERE level IN ('warn', 'loud')", Some((1, 29))),
            ("SELECT level_num('loud')", None),
        ] {
            let (message, at) = refused(&capture, sql).await;
            let expected = "'loud' is not a level; the levels are trace, debug, info, notice, warn, error, fatal";
            assert_eq!((message.as_str(), at), (expected, place), "{sql}");
        }
    }

    #[tokio::test]
    async fn level_functions() {
        let sql = "SELECT level_num('warn'), level_num(NULL), level_name(16), level_name(0), level_name(NULL),
            array_agg(level_name(level) ORDER BY level) FROM records";
        let names = ["trace", "debug", "debug", "info", "notice", "warn", "error", "fatal"];
        assert_eq!(one(&levels(), sql).await, json!([13, null, "warn", null, null, names]));
    }

    #[tokio::test]
    async fn time_buckets() {
        let capture = capture(&[record(json!({"start_timestamp": "2025-12-10T06:37:40.123456Z"}))]);
        for (width, expected) in [
            ("'5 minutes'", "2025-12-10T06:35:00.000000Z"),
            ("interval '5 minutes'", "2025-12-10T06:35:00.000000Z"),
            ("'7 seconds'", "2025-12-10T06:37:35.000000Z"),
            ("'1 day'", "2025-12-10T00:00:00.000000Z"),
            ("'1 week'", "2025-12-08T00:00:00.000000Z"),
            ("'1 month'", "2025-12-01T00:00:00.000000Z"),
        ] {
            let sql = format!("SELECT time_bucket({width}, start_timestamp) FROM records GROUP BY 1");
            assert_eq!(one(&capture, &sql).await, json!([expected]), "{width}");
        }
        // The column keeps its unit, so a bucket compares with text, now() and other timestamps.
        let sql = "SELECT count(*) FROM records WHERE time_bucket('1 hour', start_timestamp) = '2025-12-10T06:00:00Z'
            AND time_bucket('1 hour', start_timestamp) < now()";
        assert_eq!(one(&capture, sql).await, json!([1]));
        for (call, cause) in [
            ("time_bucket('often', start_timestamp)", "often is no width"),
            ("time_bucket('0 seconds', start_timestamp)", "longer than zero"),
            ("time_bucket('-1 hours', start_timestamp)", "longer than zero"),
            ("time_bucket(span_name, start_timestamp)", "a constant"),
            ("time_bucket('1 hour')", "takes a width and a timestamp"),
            ("time_bucket('1 hour', span_name || 1.5 IS NULL)", "takes a timestamp"),
        ] {
            let (message, _) = refused(&capture, &format!("SELECT {call} FROM records")).await;
            assert!(message.contains(cause), "{call}: {message}");
        }
    }

    #[tokio::test]
    async fn json_operators_work_in_every_clause() {
        let capture = levels();
        for (expression, expected) in [
            ("attributes->>'http.route'", json!("/1")),
            ("attributes->>'n'", json!("21")),
            ("attributes->'n'", json!(21)),
            ("(attributes->>'n')::int + 1", json!(22)),
            ("(attributes->'n')::float", json!(21.0)),
            ("(attributes->>'n')::numeric", json!(21.0)),
            ("attributes ? 'http.route'", json!(true)),
            ("attributes ? 'http'", json!(false)),
            ("json_get_int(attributes, 'n')", json!(21)),
            ("json_get_str(attributes, 'http.route')", json!("/1")),
            ("json_as_text(attributes, 'n')", json!("21")),
            ("json_contains(attributes, 'n')", json!(true)),
            ("json_length(attributes)", json!(2)),
            ("json_object_keys(attributes)", json!(["http.route", "n"])),
            ("coalesce(http_route, attributes->>'http.route')", json!("/1")),
            ("attributes->>'http.route' || '!' = '/1!'", json!(true)),
            ("attributes->>'a'->>'b' IS NULL", json!(true)),
        ] {
            let sql = format!("SELECT {expression} FROM records WHERE attributes->>'n' = '21'");
            assert_eq!(one(&capture, &sql).await, json!([expected]), "{expression}");
        }
        let sql = "SELECT attributes->>'http.route' AS route, count(*) FROM records
            GROUP BY attributes->>'http.route' HAVING count(*) > 2 ORDER BY attributes->>'http.route'";
        assert_eq!(json!(rows(&capture, sql).await.rows), json!([["/1", 6]]));
    }

    #[tokio::test]
    async fn attributes_of_resources_and_scopes_are_json_like_the_others() {
        let records = ["a", "b"].map(|host| record(json!({"otel_resource_attributes": {"host.name": host, "n": [1]}})));
        let sql = "SELECT otel_resource_attributes->>'host.name' AS host, otel_resource_attributes ? 'n' AS has,
            json_length(otel_resource_attributes) AS length, otel_resource_attributes->'n'->0 AS first,
            coalesce(service_instance_id, otel_resource_attributes->>'host.name') AS who, otel_resource_attributes
            FROM records WHERE otel_resource_attributes->>'host.name' <> 'a'
            UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, attributes FROM records WHERE span_id = 'none'";
        let expected = json!(["b", true, 2, 1, "b", {"host.name": "b", "n": [1]}]);
        assert_eq!(one(&capture(&records), sql).await, expected);
    }

    #[tokio::test]
    async fn functions_and_spellings_of_the_reference() {
        let capture = levels();
        for (expression, expected) in [
            ("count()", json!(8)),
            ("percentile_cont(0.5) WITHIN GROUP (ORDER BY duration)", json!(0.95)),
            (
                "approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY duration)",
                json!(0.9),
            ),
            ("approx_percentile_cont(duration, 0.5)", json!(0.9)),
            ("median(duration)", json!(0.95)),
            ("count(DISTINCT attributes->>'http.route')", json!(2)),
            (
                "array_agg(level ORDER BY level DESC)",
                json!([21, 17, 13, 10, 9, 8, 5, 1]),
            ),
            ("bool_or(contains(message, 'rro'))", json!(true)),
            ("bool_and(regexp_like(message, '^e.*r$'))", json!(true)),
            ("bool_or(message ~ '^E')", json!(false)),
            ("bool_or(message ~* '^E')", json!(true)),
            ("bool_or(message ILIKE 'ERR%')", json!(true)),
            ("min(regexp_replace(message, 'r+', '-', 'g'))", json!("e-o-")),
            ("bool_and(starts_with(message, 'err'))", json!(true)),
            ("min(split_part(message, 'o', 2))", json!("r")),
            ("min(concat(message, '-', level))", json!("error-1")),
            ("bool_and(array_has(tags, 'x'))", json!(true)),
            ("max(array_length(tags))", json!(2)),
            ("max(tags[1])", json!("x")),
            (
                "date_trunc('hour', min(start_timestamp))",
                json!("2025-12-08T06:00:00.000000Z"),
            ),
            (
                "min(start_timestamp) + interval '5 minutes'",
                json!("2025-12-08T06:37:40.000000Z"),
            ),
            ("extract(epoch from min(start_timestamp))", json!(1_765_175_560.0)),
            ("min(start_timestamp)::date", json!("2025-12-08")),
            ("round(sum(duration), 2)", json!(8.4)),
            ("max(level)::text", json!("21")),
            ("TRY_CAST(min(message) AS int)", Value::Null),
            ("0.0 / 0.0", Value::Null),
            (
                "named_struct('a', 1, 'b', make_array(1, 2))",
                json!({"a": 1, "b": [1, 2]}),
            ),
            ("lower('A') || upper('b')", json!("aB")),
            ("(1, 3) > (1, 2)", json!(true)),
        ] {
            let sql = format!("SELECT {expression} AS x FROM records");
            assert_eq!(one(&capture, &sql).await, json!([expected]), "{expression}");
        }
    }

    #[tokio::test]
    async fn clauses_of_the_reference() {
        let capture = levels();
        for (sql, expected) in [
            (
                "SELECT DISTINCT ON (attributes->>'http.route') attributes->>'http.route' AS r, level FROM records
              ORDER BY attributes->>'http.route', level DESC",
                json!([["/0", 10], ["/1", 21]]),
            ),
            (
                "SELECT unnest(tags) AS tag, count(*) FROM records GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
                json!([["x", 8]]),
            ),
            ("SELECT n FROM UNNEST(ARRAY[1, 2]) AS t(n)", json!([[1], [2]])),
            ("SELECT value FROM generate_series(1, 3)", json!([[1], [2], [3]])),
            (
                "SELECT level, lag(level) OVER (ORDER BY level), count(*) FILTER (WHERE level >= 'error') OVER ()
              FROM records ORDER BY level LIMIT 2",
                json!([[1, null, 2], [5, 1, 2]]),
            ),
            (
                "SELECT span_id FROM records QUALIFY row_number() OVER (ORDER BY level DESC) = 1",
                json!([["21"]]),
            ),
            (
                "SELECT NULL::text AS a, NULL::double AS b, NULL::bigint AS c, NULL::timestamptz AS d UNION ALL
              SELECT 'x', 1.5, 2, now() ORDER BY a NULLS FIRST",
                json!([[null, null, null, null], ["x", 1.5, 2, "2025-12-08T06:32:42.100000Z"]]),
            ),
            (
                "SELECT * FROM (WITH w AS (SELECT level FROM records) SELECT level FROM w ORDER BY level LIMIT 1) AS q",
                json!([[1]]),
            ),
        ] {
            assert_eq!(json!(rows(&capture, sql).await.rows), expected, "{sql}");
        }
    }

    #[tokio::test]
    async fn the_seconds_of_a_long_difference_keep_their_fraction() {
        let capture = capture(&[record(
            json!({"duration": 3723.25, "created_at": "2025-12-08T08:00:00.5Z"}),
        )]);
        let sql = "SELECT extract(epoch from (end_timestamp - start_timestamp)),
            extract(epoch from now() - start_timestamp), date_part('EPOCH', interval '1.5 seconds') FROM records";
        assert_eq!(one(&capture, sql).await, json!([3723.25, 5240.5, 1.5]));
    }

    #[tokio::test]
    async fn a_deep_batch_of_queries_fits_the_stack() {
        let branch = |n: usize| {
            format!(
                "SELECT 'q{n}' AS section, {n} AS ordinal, x.* FROM (
                 WITH a AS (SELECT *, row_number() OVER (PARTITION BY span_name ORDER BY start_timestamp) AS rn
                   FROM records WHERE attributes->>'http.route' IS NOT NULL OR level >= 'warn'),
                 b AS (SELECT a.*, lag(start_timestamp) OVER (ORDER BY start_timestamp) AS before,
                   sum(CASE WHEN level >= 'error' THEN 1 ELSE 0 END) OVER (ORDER BY start_timestamp) AS errors FROM a),
                 c AS (SELECT p.trace_id, p.span_id FROM records_all p LEFT JOIN records_all f ON f.trace_id = p.trace_id
                   AND f.span_id = p.span_id AND f.kind <> 'pending_span' WHERE f.span_id IS NULL)
                 SELECT time_bucket('1 minute', b.start_timestamp) AS bucket, count(*) AS n, max(errors) AS errors,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY duration) AS p50
                 FROM b LEFT JOIN c ON c.span_id = b.span_id GROUP BY 1 ORDER BY n DESC LIMIT 5) AS x"
            )
        };
        let sql = (0..12).map(branch).collect::<Vec<_>>().join("\nUNION ALL\n");
        let mut found = rows(&levels(), &sql).await.rows;
        found.sort_by_key(|row| row[1].as_i64());
        assert_eq!(found.len(), 12);
        assert_eq!(
            json!(found[11]),
            json!(["q11", 11, "2025-12-08T06:32:00.000000Z", 8, 2, 0.95])
        );
    }
}

mod refusals {
    use super::*;

    #[tokio::test]
    async fn only_one_select_is_run() {
        let capture = capture(&[record(json!({}))]);
        let folder = Folder::new();
        let target = folder.0.path().join("out.csv");
        for sql in [
            "",
            "  -- only a comment\n",
            ";",
            "SELECT 1; SELECT 2",
            "SELECT 1; DROP TABLE records",
            "CREATE TABLE x AS SELECT 1",
            "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/'",
            "DROP TABLE records",
            "INSERT INTO records SELECT * FROM records",
            "DELETE FROM records",
            "UPDATE records SET level = 1",
            "WITH x AS (SELECT 1) INSERT INTO records SELECT * FROM records",
            "SELECT 1 INTO x",
            "SET datafusion.execution.batch_size = 1",
            "SHOW TABLES",
            "EXPLAIN SELECT 1",
            "EXPLAIN ANALYZE SELECT 1",
            "BEGIN",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM information_schema.tables",
            &format!("COPY (SELECT 1) TO '{}'", target.display()),
        ] {
            refused(&capture, sql).await;
        }
        assert!(!target.exists());
        assert_eq!(one(&capture, "SELECT 1;").await, json!([1]));
    }

    #[tokio::test]
    async fn messages_are_one_line_and_name_the_place() {
        let capture = capture(&[record(json!({}))]);
        for (sql, cause, place) in [
            ("SELEC 1", "found: SELEC", Some((1, 1))),
            ("SELECT (1 +\n FROM records", "Expected: )", Some((2, 7))),
            ("SELECT\n  nosuch FROM records", "No field named nosuch", Some((2, 3))),
            (
                "SELECT * FROM metrics",
                "'metrics' not found; a capture has the tables records",
                Some((1, 15)),
            ),
            ("SELECT nofunc(1)", "Invalid function 'nofunc'", Some((1, 8))),
            (
                "SELECT span_name::int FROM records",
                "Cannot cast string 'connect'",
                None,
            ),
            ("SELECT $from", "$from", None),
            ("SELECT sum(attributes->'x') FROM records", "sum", None),
        ] {
            let (message, at) = refused(&capture, sql).await;
            assert!(message.contains(cause), "{sql}: {message}");
            assert!(!message.contains('\n') && !message.contains("bug"), "{message}");
            assert_eq!(at, place, "{sql}: {message}");
        }
    }
}
