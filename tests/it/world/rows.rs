//! Rows as the SDK writes them: what a process of a recording would have recorded besides.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::draws::{Draws, seconds};
use super::recording::{stamp, time};

/// The SDK exports every 500 ms.
const EXPORT_EVERY: TimeDelta = TimeDelta::milliseconds(500);
const INSTRUMENTATION: &str = "opentelemetry.instrumentation.";

/// One life of a machine: who it was and what it did.
pub struct Process<'a> {
    /// Any row of it, for the columns that name it.
    pub like: &'a Value,
    pub rows: Vec<&'a Value>,
    pub first: DateTime<Utc>,
    /// When its last record ended.
    pub last: DateTime<Utc>,
    /// When its exports arrived, in order.
    arrivals: Vec<DateTime<Utc>>,
}

/// What tells processes apart.
pub fn process_key(row: &Value) -> (String, String, i64) {
    let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
    (
        text("service_name"),
        text("service_instance_id"),
        row["process_pid"].as_i64().unwrap_or_default(),
    )
}

/// The processes of a recording, in the order of their keys.
pub fn processes(rows: &[Value]) -> Vec<Process<'_>> {
    let mut found: BTreeMap<_, Vec<&Value>> = BTreeMap::new();
    for row in rows {
        found.entry(process_key(row)).or_default().push(row);
    }
    let process = |rows: Vec<&'_ Value>| {
        let times = |field: &str| rows.iter().filter_map(|row| time(&row[field])).collect::<Vec<_>>();
        let mut arrivals = times("created_at");
        arrivals.sort();
        arrivals.dedup();
        (times("start_timestamp"), times("end_timestamp"), arrivals)
    };
    let processes = found.into_values().map(|rows| {
        let (starts, ends, arrivals) = process(rows.clone());
        Process {
            like: rows[0],
            first: starts.iter().min().copied().unwrap_or_default(),
            last: ends.iter().max().copied().unwrap_or_default(),
            rows,
            arrivals,
        }
    });
    processes.collect()
}

impl Process<'_> {
    /// When a record that ends at a time arrives: with the next export that the process really made.
    pub fn arrival(&self, end: DateTime<Utc>) -> DateTime<Utc> {
        let next = self.arrivals.partition_point(|arrival| *arrival <= end);
        match self.arrivals.get(next) {
            Some(arrival) if *arrival - end <= EXPORT_EVERY * 2 => *arrival,
            _ => end + EXPORT_EVERY / 2,
        }
    }
}

/// What a span failed of.
pub struct Fault {
    /// As `psycopg.errors.AdminShutdown`, and its text; `None`: no exception was recorded.
    pub exception: Option<(&'static str, &'static str)>,
    pub status_message: String,
}

/// A span, finished or not, in the terms of the SDK.
pub struct Span {
    pub trace_id: String,
    pub span_id: String,
    pub parent: Option<String>,
    pub start: DateTime<Utc>,
    pub level: i64,
    pub name: String,
    pub message: String,
    /// `opentelemetry.instrumentation.` is put before it.
    pub scope: &'static str,
    /// Known when it starts.
    pub attributes: Map<String, Value>,
    /// Known when it ends.
    pub at_end: Map<String, Value>,
    pub fault: Option<Fault>,
}

impl Span {
    /// The row of the span when it has ended.
    pub fn finished(&self, of: &Process<'_>, length: TimeDelta) -> Value {
        let end = self.start + length;
        let mut attributes = Map::from_iter([(String::from("logfire.span_type"), Value::from("span"))]);
        attributes.extend(self.attributes.clone());
        attributes.extend(self.at_end.clone());
        let mut row = self.row(of, "span", end, attributes);
        row["duration"] = json!(length.num_microseconds().unwrap_or_default() as f64 / 1e6);
        if let Some(fault) = &self.fault {
            row["otel_status_code"] = json!("ERROR");
            row["otel_status_message"] = match fault.status_message.as_str() {
                "" => Value::Null,
                text => json!(text),
            };
            if let Some((kind, text)) = fault.exception {
                row["is_exception"] = json!(true);
                row["exception_type"] = json!(kind);
                row["exception_message"] = json!(text);
                let trace = format!("Traceback (most recent call last):\n{kind}: {text}\n");
                row["exception_stacktrace"] = json!(trace);
                row["otel_events"] = json!([{
                    "event_name": "exception",
                    "event_timestamp": stamp(end),
                    "attributes": {
                        "exception.type": kind,
                        "exception.message": text,
                        "exception.stacktrace": trace,
                        "exception.escaped": "False",
                    },
                }]);
            }
        }
        row
    }

    /// The row that arrives while the span is open. It stays beside the final one.
    pub fn pending(&self, of: &Process<'_>) -> Value {
        let mut attributes = self.attributes.clone();
        let parent = self.parent.as_deref().unwrap_or("0000000000000000");
        attributes.insert(String::from("logfire.span_type"), json!("pending_span"));
        attributes.insert(String::from("logfire.pending_parent_id"), json!(parent));
        let mut row = self.row(of, "pending_span", self.start, attributes);
        row["duration"] = json!(0.0);
        row
    }

    fn row(&self, of: &Process<'_>, kind: &str, end: DateTime<Utc>, attributes: Map<String, Value>) -> Value {
        // The columns that name the process stay; all others are the span's own.
        let mut row = of.like.clone();
        let own = |column: &str| !PROCESS_COLUMNS.contains(&column);
        if let Value::Object(columns) = &mut row {
            for (column, value) in columns.iter_mut().filter(|(column, _)| own(column)) {
                *value = match column.as_str() {
                    "is_exception" => json!(false),
                    "otel_events" | "otel_links" | "tags" => json!([]),
                    "otel_scope_attributes" => json!({}),
                    _ => Value::Null,
                };
            }
        }
        let version = of.rows.iter().find_map(|row| version_of(row));
        row["start_timestamp"] = stamp(self.start);
        row["end_timestamp"] = stamp(end);
        row["trace_id"] = json!(self.trace_id);
        row["span_id"] = json!(self.span_id);
        row["parent_span_id"] = json!(self.parent);
        row["kind"] = json!(kind);
        row["level"] = json!(self.level);
        row["span_name"] = json!(self.name);
        row["message"] = json!(self.message);
        row["otel_scope_name"] = json!(format!("{INSTRUMENTATION}{}", self.scope));
        row["otel_scope_version"] = json!(version);
        row["created_at"] = stamp(of.arrival(end));
        for (column, attribute) in [
            ("http_route", "http.route"),
            ("http_method", "http.method"),
            ("http_response_status_code", "http.status_code"),
            ("url_full", "http.url"),
        ] {
            row[column] = attributes.get(attribute).cloned().unwrap_or_default();
        }
        row["attributes"] = Value::Object(attributes);
        row
    }
}

const PROCESS_COLUMNS: [&str; 10] = [
    "otel_resource_attributes",
    "service_name",
    "service_namespace",
    "service_version",
    "service_instance_id",
    "process_pid",
    "deployment_environment",
    "telemetry_sdk_name",
    "telemetry_sdk_language",
    "telemetry_sdk_version",
];

fn version_of(row: &Value) -> Option<&str> {
    let scope = row["otel_scope_name"].as_str()?;
    scope.starts_with(INSTRUMENTATION).then_some(())?;
    row["otel_scope_version"].as_str()
}

/// An id as the SDK makes them: the time in milliseconds, then chance.
pub fn trace_id(at: DateTime<Utc>, draws: &mut Draws) -> String {
    format!(
        "{:012x}{:04x}{:016x}",
        at.timestamp_millis(),
        draws.next() & 0xffff,
        draws.next()
    )
}

/// The scope without the part that all instrumentations share.
pub fn scope(row: &Value) -> &str {
    let scope = row["otel_scope_name"].as_str().unwrap_or_default();
    scope.strip_prefix(INSTRUMENTATION).unwrap_or(scope)
}

/// Server spans of ASGI, whose parts ("http send") are spans of the same scope.
pub fn is_asgi_request(row: &Value) -> bool {
    let name = row["span_name"].as_str().unwrap_or_default();
    matches!(scope(row), "fastapi" | "starlette" | "asgi")
        && ![" http send", " http receive", " websocket "]
            .iter()
            .any(|part| name.contains(part))
}

pub fn is_request(row: &Value) -> bool {
    is_asgi_request(row) || matches!(scope(row), "django" | "flask" | "wsgi")
}

/// Whether the row is a span of a database, by what the instrumentations write.
pub fn is_database(row: &Value) -> bool {
    const SCOPES: [&str; 10] = [
        "sqlalchemy",
        "psycopg",
        "psycopg2",
        "asyncpg",
        "aiopg",
        "mysql",
        "mysqlclient",
        "pymysql",
        "sqlite3",
        "tortoiseorm",
    ];
    row["kind"] != "log" && (SCOPES.contains(&scope(row)) || row["attributes"]["db.system"].is_string())
}

/// A finished request that nobody has reason to complain of.
pub fn is_well(row: &Value) -> bool {
    let status = row["http_response_status_code"].as_i64();
    row["kind"] == "span" && row["otel_status_code"].is_null() && status.is_some_and(|status| status < 400)
}

/// A finished span's length.
pub fn length(row: &Value) -> TimeDelta {
    seconds(row["duration"].as_f64().unwrap_or_default())
}

pub fn start(row: &Value) -> DateTime<Utc> {
    time(&row["start_timestamp"]).unwrap_or_default()
}
