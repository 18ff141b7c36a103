//! Records in the making: small generated fixtures, and what the rules say of them. In-process, with the first request
//! of `diagnose` only, since nothing that decides comes later.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use relay_diag::config::{Config, Surroundings};
use relay_diag::diagnosis::{Conclusion, Diagnosis, diagnose};
use relay_diag::episodes::Episodes;
use relay_diag::facts::Facts;
use relay_diag::query::Catalogue;
use relay_diag::run::timeline_batch;
use relay_diag::source::Request;
use relay_diag::source::capture::Capture;
use relay_diag::timeline::{timeline, told};
use relay_diag::window::Window;
use serde_json::{Value, json};

pub const FASTAPI: &str = "opentelemetry.instrumentation.fastapi";
pub const SQLALCHEMY: &str = "opentelemetry.instrumentation.sqlalchemy";
pub const HTTPX: &str = "opentelemetry.instrumentation.httpx";
/// Which spans queue work and which run it, as the stories have them.
pub const WORK: &str = "[work]\nqueued = [\"POST /tracks/\"]\nrun = [\"process upload\"]\n";
pub const POOL_OF_5: &str = "QueuePool limit of size 5 overflow 0 reached, connection timed out, timeout 30.00";
pub const TIMED_OUT: &str = "(psycopg.OperationalError) connection timeout expired";
pub const REFUSED: &str = "(psycopg.OperationalError) connection failed: connection to server at \"127.0.0.1\", port 5432 failed: Connection refused";
pub const NO_NAME: &str =
    "(psycopg.OperationalError) failed to resolve host 'db.test': [Errno -2] Name or service not known";

/// A machine and the pid of one life of it.
pub type Life = (&'static str, u32);
pub const A: Life = ("machine-a", 1);
pub const B: Life = ("machine-b", 2);
pub const C: Life = ("machine-c", 3);

/// What became of a checkout.
#[derive(Clone, Copy)]
pub enum Checkout<'a> {
    Took(f64),
    Failed(f64, &'a str),
    Open,
}
pub use Checkout::{Failed, Open, Took};

/// Records in the making; times are seconds from the begin.
pub struct Story {
    pub rows: Vec<Value>,
    begin: DateTime<Utc>,
    ids: u64,
    pub service: &'static str,
    pub version: &'static str,
}

impl Story {
    pub fn new() -> Self {
        Self::from(DateTime::from_timestamp(1_764_570_000, 0).unwrap())
    }

    pub fn from(begin: DateTime<Utc>) -> Self {
        Self {
            rows: Vec::new(),
            begin,
            ids: 0,
            service: "plyr-api",
            version: "1",
        }
    }

    pub fn at(&self, seconds: f64) -> DateTime<Utc> {
        self.begin + TimeDelta::microseconds((seconds * 1e6) as i64)
    }

    fn stamp(&self, seconds: f64) -> String {
        self.at(seconds).to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// One row, not yet part of the story.
    pub fn row(&mut self, life: Life, kind: &str, scope: &str, name: &str, start: f64, end: f64) -> Value {
        self.ids += 1;
        let ended = if kind == "pending_span" { start } else { end };
        json!({
            "start_timestamp": self.stamp(start), "end_timestamp": self.stamp(ended), "duration": ended - start,
            "trace_id": format!("{:032x}", self.ids), "span_id": format!("{:016x}", self.ids), "parent_span_id": null,
            "kind": kind, "level": 9, "span_name": name, "message": name, "is_exception": false,
            "exception_type": null, "exception_message": null, "otel_status_code": null, "otel_status_message": null,
            "otel_scope_name": scope, "otel_resource_attributes": {"fly.machine_id": life.0},
            "service_name": self.service, "service_version": self.version, "service_instance_id": life.0,
            "process_pid": life.1, "deployment_environment": "production", "http_response_status_code": null,
            "created_at": self.stamp(ended + 0.5), "attributes": {},
        })
    }

    pub fn log(&mut self, life: Life, time: f64, message: &str) {
        let mut row = self.row(life, "log", "logfire.stdlib.logging", message, time, time);
        row["level"] = json!(if message.contains("timeout") { 13 } else { 9 });
        self.rows.push(row);
    }

    /// A process that starts, and whose listener connects.
    pub fn started(&mut self, life: Life, time: f64) {
        self.log(life, time, "starting queue service");
        self.log(life, time + 1.0, "queue service connected to database and listening");
    }

    /// A process that goes in an orderly way.
    pub fn stopped(&mut self, life: Life, time: f64) {
        self.log(life, time, "shutting down queue service");
        self.log(life, time + 0.1, "queue listener task cancelled");
    }

    /// A span of a worker or a job, without parent.
    pub fn task(&mut self, life: Life, name: &str, start: f64, took: f64) {
        let row = self.row(life, "span", "worker", name, start, start + took);
        self.rows.push(row);
    }

    /// A request without a database operation.
    pub fn plain(&mut self, life: Life, route: &str, start: f64, took: f64, status: u16) {
        let mut row = self.row(life, "span", FASTAPI, route, start, start + took);
        row["http_response_status_code"] = json!(status);
        if status >= 500 {
            row["otel_status_code"] = json!("ERROR");
        }
        self.rows.push(row);
    }

    /// A child of the request that was made last.
    pub fn child(&mut self, life: Life, scope: &str, name: &str, start: f64, took: Option<f64>) {
        let kind = if took.is_some() { "span" } else { "pending_span" };
        let mut row = self.row(life, kind, scope, name, start, start + took.unwrap_or_default());
        let request = self.rows.iter().rev().find(|row| row["otel_scope_name"] == FASTAPI);
        let request = request.unwrap();
        row["trace_id"] = request["trace_id"].clone();
        row["parent_span_id"] = request["span_id"].clone();
        self.rows.push(row);
    }

    /// A request with its checkout and one statement.
    pub fn request(&mut self, life: Life, start: f64, route: &str, checkout: Checkout<'_>, statement: f64) {
        let (took, error) = match checkout {
            Took(took) => (Some(took), None),
            Failed(took, error) => (Some(took), Some(error)),
            Open => (None, None),
        };
        let whole = took.map(|took| took + statement + 0.002);
        let kind = if whole.is_some() { "span" } else { "pending_span" };
        let request = self.row(life, kind, FASTAPI, route, start, start + whole.unwrap_or_default());
        let connect_end = start + 0.001 + took.unwrap_or_default();
        self.rows.push(request);
        let at = self.rows.len() - 1;
        self.child(life, SQLALCHEMY, "connect", start + 0.001, took);
        if let Some(error) = error {
            for row in &mut self.rows[at..] {
                row["otel_status_code"] = json!("ERROR");
                row["exception_message"] = json!(error);
            }
            self.rows[at]["http_response_status_code"] = json!(500);
        } else if took.is_some() {
            self.rows[at]["http_response_status_code"] = json!(200);
            self.child(life, SQLALCHEMY, "SELECT app", connect_end, Some(statement));
        }
    }

    /// A request that has a connection and whose statement has no end.
    pub fn locked(&mut self, life: Life, start: f64, route: &str) {
        let request = self.row(life, "pending_span", FASTAPI, route, start, start);
        self.rows.push(request);
        self.child(life, SQLALCHEMY, "connect", start + 0.001, Some(0.003));
        self.child(life, SQLALCHEMY, "UPDATE app", start + 0.005, None);
    }

    /// Ordinary traffic, one request every `every` seconds, on a few routes.
    pub fn traffic(&mut self, life: Life, from: f64, to: f64, every: f64) {
        let routes = ["GET /tracks/", "GET /auth/me", "GET /albums"];
        let mut time = from;
        let mut nth = 0;
        while time < to {
            self.request(life, time, routes[nth % 3], Took(0.003), 0.004);
            time += every;
            nth += 1;
        }
    }
}

/// How a story is asked.
#[derive(Default, Clone)]
pub struct Ask {
    /// A `relay-diag.toml`.
    pub settings: String,
    /// Window in seconds of the story; the whole of it, as a capture gives it, if absent.
    pub window: Option<(f64, f64)>,
}

impl Story {
    pub fn judged(&self, ask: &Ask) -> (Diagnosis, Window) {
        let folder = tempfile::tempdir().unwrap();
        let records = folder.path().join("records.ndjson");
        let lines: Vec<String> = self.rows.iter().map(Value::to_string).collect();
        std::fs::write(&records, lines.join("\n")).unwrap();
        let settings = format!("{}{WORK}", ask.settings);
        let typed = ask.window.map(|(from, to)| (self.at(from), self.at(to)));
        judged(&records, folder.path(), &settings, typed)
    }
}

/// What the rules say of a file of records.
pub fn judged(
    records: &Path,
    folder: &Path,
    settings: &str,
    typed: Option<(DateTime<Utc>, DateTime<Utc>)>,
) -> (Diagnosis, Window) {
    std::fs::write(folder.join("relay-diag.toml"), settings).unwrap();
    let surroundings = Surroundings {
        folder: folder.to_path_buf(),
        ..Surroundings::default()
    };
    let settings = Config::resolve(&surroundings, None, Vec::new()).unwrap().settings;
    let capture = Capture::open(records, None).unwrap();
    let (from, to) = typed.or(capture.held()).unwrap();
    let window = Window::new(from, to + TimeDelta::microseconds(1)).unwrap();
    let batch = timeline_batch(&Catalogue::built_in().unwrap(), &settings, window).unwrap();
    let request = Request {
        sql: batch.sql.clone(),
        from: window.from - settings.lookback,
        to: window.to,
        limit: batch.limit,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = runtime.block_on(capture.query(&request)).unwrap();
    let facts = Facts::read(window, &settings, &batch.split(&answer.rows).unwrap());
    let unread: Vec<_> = facts
        .not_known()
        .into_iter()
        .filter(|part| part.section != "database")
        .collect();
    assert_eq!(unread, Vec::new());
    let episodes = Episodes::of(&facts, &settings);
    let diagnosis = diagnose(&episodes);
    // Two commands, one judgement: whatever the timeline's rows are, its answer is the diagnosis'.
    let told = told(
        &timeline(&episodes, &facts.runs.rows),
        &diagnosis,
        Vec::new(),
        facts.window,
        "",
    );
    assert_eq!(
        (told.outcome, told.headline),
        (diagnosis.outcome(), diagnosis.headline(&[]))
    );
    (diagnosis, window)
}

/// The name of an answer: failure mode, finding, or that there is none.
pub fn name(answer: Option<&Conclusion>) -> &'static str {
    answer.map_or("inconclusive", Conclusion::id)
}

/// The share of the union of both windows that they have in common; no end = the end of what was asked.
pub fn overlap(one: (DateTime<Utc>, DateTime<Utc>), other: (DateTime<Utc>, DateTime<Utc>)) -> f64 {
    let shared = (one.1.min(other.1) - one.0.max(other.0)).as_seconds_f64().max(0.0);
    shared / (one.1.max(other.1) - one.0.min(other.0)).as_seconds_f64()
}
