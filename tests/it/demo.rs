//! The demo records tell what the runbook tells, and the program beside them still writes them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

#[path = "../../fixtures/demo/story.rs"]
mod story;

const SICK: &str = "3d8dd15c016789";
const SICK_PID: u64 = 657;

fn read(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    std::fs::read(folder.join(name)).unwrap()
}

fn text() -> Vec<u8> {
    zstd::decode_all(&read("records.ndjson.zst")[..]).unwrap()
}

/// Read once for all tests.
static ROWS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let lines = String::from_utf8(text()).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
});

fn rows() -> &'static [Value] {
    &ROWS
}

fn label() -> Value {
    serde_json::from_slice(&read("label.json")).unwrap()
}

fn str_of<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

/// The time of day, as text that sorts.
fn start(row: &Value) -> &str {
    str_of(row, "start_timestamp").strip_prefix("2025-12-08T").unwrap()
}

fn millis(row: &Value) -> f64 {
    row["duration"].as_f64().unwrap() * 1000.0
}

fn is_request(row: &Value) -> bool {
    str_of(row, "otel_scope_name").ends_with("fastapi")
}

fn between<'a>(rows: &'a [Value], from: &str, to: &str) -> Vec<&'a Value> {
    let inside = |row: &&Value| start(row) >= from && start(row) < to;
    rows.iter().filter(inside).collect()
}

fn finished<'a>(rows: &'a [Value], name: &str) -> Vec<&'a Value> {
    let wanted = |row: &&Value| row["kind"] == "span" && row["span_name"] == name;
    rows.iter().filter(wanted).collect()
}

/// Least and greatest duration in whole ms.
fn range<'a>(spans: impl IntoIterator<Item = &'a Value>) -> (f64, f64) {
    let durations: Vec<f64> = spans.into_iter().map(millis).collect();
    let least = durations.iter().copied().fold(f64::INFINITY, f64::min);
    (least.round(), durations.iter().copied().fold(0.0, f64::max).round())
}

#[test]
fn the_program_still_writes_the_committed_files() {
    let mut again = Vec::new();
    for row in story::records() {
        serde_json::to_writer(&mut again, &row).unwrap();
        again.push(b'\n');
    }
    assert!(
        again == text(),
        "records.ndjson.zst: run `cargo run --example generate-demo`"
    );
    assert_eq!(
        story::label(),
        label(),
        "label.json: run `cargo run --example generate-demo`"
    );
}

#[test]
fn rows_are_in_start_order_and_arrive_within_half_a_second() {
    let rows = rows();
    assert!(rows.is_sorted_by_key(|row| str_of(row, "start_timestamp")));
    assert!(read("records.ndjson.zst").len() < 150_000);
    for row in rows {
        let micros = |column| {
            let time = str_of(row, column).parse::<chrono::DateTime<chrono::Utc>>();
            time.unwrap().timestamp_micros()
        };
        let late = micros("created_at") - micros("end_timestamp");
        assert!((10_000..=500_000).contains(&late), "{row}");
    }
}

#[test]
fn the_listener_connects_first_and_connects_succeed_in_3_to_6_ms() {
    let rows = rows();
    assert_eq!(rows[0]["message"], "queue service connected to database and listening");
    assert!(start(&rows[0]).starts_with("06:32:40"));
    let mut connects = finished(rows, "connect");
    connects.retain(|row| start(row) < "06:34");
    assert!(start(connects[0]).starts_with("06:32:50"));
    assert!(start(connects.last().unwrap()).starts_with("06:33:29"));
    assert_eq!(range(connects), (3.0, 6.0));
}

#[test]
fn no_span_starts_in_the_gap_after_the_heartbeat_timeout() {
    let rows = rows();
    let gap = between(rows, "06:33:30", "06:36:04");
    assert!(start(gap[0]).starts_with("06:33:36"));
    assert_eq!(gap[0]["message"], "heartbeat timeout, marking connection as dead");
    assert!(gap.iter().all(|row| row["kind"] == "log"));
}

#[test]
fn some_requests_hang_while_others_take_milliseconds() {
    let rows = rows();
    let first = between(rows, "06:36:04", "06:36:33");
    let requests: Vec<(&str, &str, f64, u64)> = first
        .into_iter()
        .filter(|row| is_request(row) && row["kind"] == "span")
        .map(|row| {
            let status = row["http_response_status_code"].as_u64().unwrap();
            (&start(row)[..8], str_of(row, "span_name"), millis(row), status)
        })
        .collect();
    let hang = |n: usize| {
        (
            requests[n].0,
            requests[n].1,
            (requests[n].2 / 1000.0).round(),
            requests[n].3,
        )
    };
    assert_eq!(hang(0), ("06:36:04", "GET /albums", 1440.0, 200));
    assert_eq!(hang(2), ("06:36:06", "GET /auth/me", 1080.0, 200));
    assert_eq!(hang(requests.len() - 1), ("06:36:32", "GET /preferences", 1560.0, 500));
    let (when, route, took, status) = requests[1];
    assert_eq!(
        (when, route, took.round(), status),
        ("06:36:06", "GET /moderation", 14.0, 200)
    );

    let flurry = between(rows, "06:36:07", "06:36:32");
    let fast: Vec<_> = flurry
        .into_iter()
        .filter(|row| is_request(row) && row["kind"] == "span")
        .collect();
    assert!(fast.iter().all(|row| start(row).starts_with("06:36:31")));
    assert!((5..=8).contains(&fast.len()));
    assert_eq!(range(fast), (3.0, 15.0));
}

#[test]
fn thirty_seven_requests_fail() {
    let rows = rows();
    let failed: Vec<&Value> = rows
        .iter()
        .filter(|row| is_request(row) && row["otel_status_code"] == "ERROR")
        .collect();
    let traces: HashSet<&str> = failed.iter().map(|row| str_of(row, "trace_id")).collect();
    assert_eq!((failed.len(), traces.len()), (37, 37));
    assert!(failed.iter().all(|row| row["http_response_status_code"] == 500));

    let (pool, addresses): (Vec<&Value>, Vec<&Value>) = failed
        .into_iter()
        .partition(|row| str_of(row, "exception_message").starts_with("QueuePool limit of size 10 overflow 5"));
    assert_eq!(range(pool.iter().copied()).0, 30_010.0);
    assert!(pool.iter().all(|row| millis(row) < 30_050.0));
    assert_eq!(addresses.len(), 3);
    for row in addresses {
        assert_eq!((millis(row) / 100.0).round(), 15_600.0);
        let message = str_of(row, "exception_message");
        let attempts: Vec<&str> = message.lines().filter(|line| line.starts_with("- host: ")).collect();
        let six = attempts
            .iter()
            .filter(|line| line.contains("hostaddr: '2001:db8:"))
            .count();
        assert_eq!((attempts.len(), six), (12, 6));
    }
}

#[test]
fn whoever_waits_for_the_pool_finds_fifteen_hanging_connects() {
    let rows = rows();
    let killed = "07:08:07";
    let pending = rows
        .iter()
        .filter(|row| row["kind"] == "pending_span" && row["span_name"] == "connect");
    let connects: Vec<(&str, &str)> = pending
        .map(|row| {
            let end = rows
                .iter()
                .find(|end| end["kind"] == "span" && end["span_id"] == row["span_id"]);
            (
                start(row),
                end.map_or(killed, |end| &str_of(end, "end_timestamp")[11..]),
            )
        })
        .collect();
    let waits = finished(rows, "connect")
        .into_iter()
        .filter(|row| (30.0..31.0).contains(&(millis(row) / 1000.0)));
    let waits: Vec<(&str, &str)> = waits
        .map(|row| (start(row), &str_of(row, "end_timestamp")[11..]))
        .collect();
    assert_eq!(waits.len(), 34);
    for (from, to) in &waits {
        let around = connects.iter().filter(|wait| !waits.contains(wait));
        assert_eq!(
            around.filter(|(start, end)| start < from && end > to).count(),
            15,
            "{from}"
        );
    }
}

#[test]
fn the_restart_leaves_three_requests_unfinished_and_starts_two_new_processes() {
    let rows = rows();
    let ended: HashSet<&str> = rows
        .iter()
        .filter(|row| row["kind"] == "span")
        .map(|row| str_of(row, "span_id"))
        .collect();
    let open: Vec<&Value> = rows
        .iter()
        .filter(|row| row["kind"] == "pending_span" && !ended.contains(str_of(row, "span_id")))
        .collect();
    assert_eq!(open.iter().filter(|row| is_request(row)).count(), 3);
    assert_eq!(open.len(), 6, "each with its connect");

    let processes: HashSet<(&str, u64)> = rows
        .iter()
        .map(|row| (str_of(row, "service_instance_id"), row["process_pid"].as_u64().unwrap()))
        .collect();
    assert_eq!(processes.len(), 3);
    for row in rows {
        let before = row["service_instance_id"] == SICK && row["process_pid"] == SICK_PID;
        assert_eq!(start(row) < "07:08:08", before, "{row}");
        assert!(!before || str_of(row, "created_at") < "2025-12-08T07:08:08");
    }
    let ready = |row: &&Value| row["message"] == "queue service connected to database and listening";
    let ready: Vec<&str> = rows
        .iter()
        .filter(ready)
        .map(|row| str_of(row, "service_instance_id"))
        .collect();
    assert_eq!(ready.len(), 3);
    assert!(ready[1] == SICK && ready[2] != SICK);
}

#[test]
fn all_is_well_after_the_restart() {
    let rows = rows();
    let after = between(rows, "07:08:08", "07:30");
    assert!(after.iter().all(|row| row["otel_status_code"].is_null()));
    let (least, most) = range(after.iter().copied().filter(|row| row["kind"] == "span"));
    assert!(least >= 1.0 && most < 50.0, "{least} {most}");
    assert!(
        after
            .iter()
            .any(|row| row["http_response_status_code"] == 404 && row["level"] == 13)
    );
}

#[test]
fn the_label_names_every_request_that_hung() {
    let (rows, label) = (rows(), label());
    let stuck = label["stuck"].as_array().unwrap();
    assert_eq!(stuck.len(), 17);
    assert_eq!(label["cut_off"].as_array().unwrap().len(), 3);
    for hang in stuck {
        let kind = if hang["duration_s"].is_null() {
            "pending_span"
        } else {
            "span"
        };
        let row = rows
            .iter()
            .find(|row| row["span_id"] == hang["span_id"] && row["kind"] == kind)
            .unwrap();
        assert_eq!(row["trace_id"], hang["trace_id"]);
        assert_eq!(row["span_name"], hang["route"]);
        assert_eq!(row["start_timestamp"], hang["start"]);
        assert!(kind != "span" || row["duration"] == hang["duration_s"]);
    }
    let long = rows
        .iter()
        .filter(|row| is_request(row) && row["kind"] == "span" && millis(row) > 60_000.0);
    assert_eq!(long.count() + 3, stuck.len());
}
