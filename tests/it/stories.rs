//! Shapes of incidents that no recording has, as small generated fixtures, and near misses of each rule.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{command, finish};

/// Which spans queue work and which run it, as the stories have them.
const WORK: &str = "[work]\nqueued = [\"POST /tracks/\"]\nrun = [\"process upload\"]";

const FASTAPI: &str = "opentelemetry.instrumentation.fastapi";
const SQLALCHEMY: &str = "opentelemetry.instrumentation.sqlalchemy";

/// Records in the making; times are seconds from the start.
pub struct Story {
    rows: Vec<Value>,
    ids: u64,
    service: &'static str,
    version: &'static str,
}

fn at(seconds: f64) -> String {
    let begin = DateTime::<Utc>::from_timestamp(1_764_570_000, 0).unwrap();
    let time = begin + TimeDelta::microseconds((seconds * 1e6) as i64);
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What became of a checkout.
#[derive(Clone, Copy)]
enum Checkout<'a> {
    Took(f64),
    Failed(f64, &'a str),
    Open,
}
use Checkout::{Failed, Open, Took};

impl Story {
    fn new() -> Self {
        Self {
            rows: Vec::new(),
            ids: 0,
            service: "plyr-api",
            version: "1",
        }
    }

    fn row(&mut self, process: (&str, u32), kind: &str, scope: &str, name: &str, start: f64, end: f64) -> Value {
        self.ids += 1;
        let ended = if kind == "pending_span" { start } else { end };
        json!({
            "start_timestamp": at(start), "end_timestamp": at(ended), "duration": ended - start,
            "trace_id": format!("{:032x}", self.ids), "span_id": format!("{:016x}", self.ids), "parent_span_id": null,
            "kind": kind, "level": 9, "span_name": name, "message": name, "is_exception": false,
            "exception_type": null, "exception_message": null, "otel_status_code": null, "otel_status_message": null,
            "otel_scope_name": scope, "otel_resource_attributes": {"fly.machine_id": process.0},
            "service_name": self.service, "service_version": self.version, "service_instance_id": process.0,
            "process_pid": process.1, "deployment_environment": "production", "http_response_status_code": null,
            "created_at": at(ended + 0.5), "attributes": {},
        })
    }

    fn log(&mut self, process: (&str, u32), time: f64, message: &str) {
        let mut row = self.row(process, "log", "logfire.stdlib.logging", message, time, time);
        row["level"] = json!(if message.contains("timeout") { 13 } else { 9 });
        self.rows.push(row);
    }

    fn started(&mut self, process: (&str, u32), time: f64) {
        self.log(process, time, "starting queue service");
        self.log(process, time + 1.0, "queue service connected to database and listening");
    }

    /// A request with its checkout and one statement.
    fn request(&mut self, process: (&str, u32), start: f64, route: &str, checkout: Checkout<'_>, statement: f64) {
        let (took, error) = match checkout {
            Took(took) => (Some(took), None),
            Failed(took, error) => (Some(took), Some(error)),
            Open => (None, None),
        };
        let whole = took.map(|took| took + statement + 0.002);
        let kind = if whole.is_some() { "span" } else { "pending_span" };
        let mut request = self.row(process, kind, FASTAPI, route, start, start + whole.unwrap_or_default());
        let (trace, parent) = (request["trace_id"].clone(), request["span_id"].clone());
        let mut connect = self.row(
            process,
            kind,
            SQLALCHEMY,
            "connect",
            start + 0.001,
            start + 0.001 + took.unwrap_or_default(),
        );
        connect["trace_id"] = trace.clone();
        connect["parent_span_id"] = parent.clone();
        if let Some(error) = error {
            for row in [&mut request, &mut connect] {
                row["otel_status_code"] = json!("ERROR");
                row["exception_message"] = json!(error);
            }
            request["http_response_status_code"] = json!(500);
        } else if let Some(took) = took {
            request["http_response_status_code"] = json!(200);
            let mut own = self.row(
                process,
                "span",
                SQLALCHEMY,
                "SELECT app",
                start + 0.001 + took,
                start + 0.001 + took + statement,
            );
            own["trace_id"] = trace;
            own["parent_span_id"] = parent;
            self.rows.push(own);
        }
        self.rows.extend([request, connect]);
    }

    /// Ordinary traffic, one request every `every` seconds.
    fn traffic(&mut self, process: (&str, u32), from: f64, to: f64, every: f64) {
        let mut time = from;
        while time < to {
            self.request(process, time, "GET /tracks/", Took(0.003), 0.004);
            time += every;
        }
    }

    fn diagnosed(&self, settings: Option<&str>) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<String> = self.rows.iter().map(Value::to_string).collect();
        std::fs::write(folder.path().join("records.ndjson"), lines.join("\n")).unwrap();
        if let Some(settings) = settings {
            std::fs::write(folder.path().join("relay-diag.toml"), settings).unwrap();
        }
        let run = finish(command(folder.path()).args(["diagnose", "--source", "records.ndjson", "--format", "json"]));
        assert_eq!(run.stderr, "");
        run.json()
    }

    fn is(&self, expected: &str) -> Value {
        let document = self.diagnosed(Some(WORK));
        let found = &document["diagnosis"];
        let name = found["failure_mode"]
            .as_str()
            .or(found["finding"].as_str())
            .unwrap_or("inconclusive");
        assert_eq!(name, expected, "{found:#} {}", document["inconclusive"]);
        document
    }
}

const A: (&str, u32) = ("machine-a", 1);
const B: (&str, u32) = ("machine-b", 2);
const POOL: &str = "QueuePool limit of size 5 overflow 0 reached, connection timed out, timeout 30.00";

#[test]
fn a_worker_that_is_killed_again_and_again() {
    let mut story = Story::new();
    story.traffic(B, 0.0, 3000.0, 10.0);
    for n in 0..10 {
        story.started(("worker", 100 + n), f64::from(n) * 280.0 + 60.0);
        story.log(("worker", 100 + n), f64::from(n) * 280.0 + 300.0, "working");
    }
    story.is("crash-loop");
}

#[test]
fn a_deploy_of_two_instances_is_no_crash_loop() {
    let mut story = Story::new();
    for (n, machine) in [(0.0, "machine-a"), (1.0, "machine-b")] {
        story.traffic((machine, 1), n, 300.0, 2.0);
        story.log((machine, 1), 301.0, "shutting down queue service");
        story.version = "2";
        story.started((machine, 9), 308.0 + n);
        story.traffic((machine, 9), 310.0 + n, 600.0, 2.0);
        story.version = "1";
    }
    story.is("deploy");
}

#[test]
fn work_that_nobody_runs() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 3000.0, 5.0);
    for n in 0..12 {
        story.request(A, f64::from(n) * 240.0 + 30.0, "POST /tracks/", Took(0.004), 0.005);
        if n < 4 {
            let run = story.row(
                ("worker", 7),
                "span",
                "worker",
                "process upload",
                f64::from(n) * 240.0 + 33.0,
                f64::from(n) * 240.0 + 40.0,
            );
            story.rows.push(run);
        }
    }
    story.is("worker-silent");
}

#[test]
fn work_that_is_run_is_fine() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 1500.0, 5.0);
    for n in 0..6 {
        let time = f64::from(n) * 240.0 + 30.0;
        story.request(A, time, "POST /tracks/", Took(0.004), 0.005);
        let run = story.row(
            ("worker", 7),
            "span",
            "worker",
            "process upload",
            time + 3.0,
            time + 9.0,
        );
        story.rows.push(run);
    }
    story.is("healthy");
}

#[test]
fn an_instance_that_freezes_until_it_is_started_again() {
    let mut story = Story::new();
    story.started(A, 0.0);
    story.traffic(A, 2.0, 300.0, 2.0);
    story.log(A, 311.0, "heartbeat timeout, marking connection as dead");
    story.request(A, 340.0, "GET /albums", Open, 0.0);
    story.log(A, 366.0, "cannot send notification: no connection");
    story.started(("machine-a", 3), 780.0);
    story.traffic(("machine-a", 3), 782.0, 1000.0, 2.0);
    story.is("instance-silent");
}

#[test]
fn an_instance_that_falls_silent_beside_another() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 400.0, 2.0);
    story.request(A, 399.0, "POST /upload", Open, 0.0);
    story.traffic(B, 1.0, 1200.0, 2.0);
    let document = story.is("instance-silent");
    assert_eq!(document["diagnosis"]["instances"], json!(["machine-a"]));
}

#[test]
fn an_idle_night_is_no_silence() {
    let mut story = Story::new();
    story.started(A, 0.0);
    story.traffic(A, 2.0, 300.0, 2.0);
    story.traffic(A, 1400.0, 1700.0, 2.0);
    story.is("traffic-lull");
}

#[test]
fn a_database_that_gives_no_answer() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 200.0, 2.0);
    for n in 0..40 {
        story.request(
            A,
            202.0 + f64::from(n) * 4.0,
            "GET /albums",
            Failed(10.0, "(psycopg.OperationalError) connection timeout expired"),
            0.0,
        );
    }
    story.traffic(A, 400.0, 500.0, 2.0);
    story.is("database-unreachable");
}

/// What any service says is the database's only where the checkout failed.
#[test]
fn another_service_that_refuses_is_no_database_down() {
    const REFUSED: &str = "[Errno 111] Connection refused";
    let mut other = Story::new();
    let mut database = Story::new();
    for (story, checkouts_fail) in [(&mut other, false), (&mut database, true)] {
        story.traffic(A, 0.0, 200.0, 2.0);
        for n in 0..40 {
            let time = 200.0 + f64::from(n) * 2.0;
            if checkouts_fail {
                story.request(A, time, "POST /notify", Failed(0.01, REFUSED), 0.0);
            } else {
                story.request(A, time, "GET /tracks/", Took(0.003), 0.004);
                let mut row = story.row(A, "span", FASTAPI, "POST /notify", time, time + 0.01);
                row["otel_status_code"] = json!("ERROR");
                row["exception_message"] = json!(REFUSED);
                row["http_response_status_code"] = json!(500);
                story.rows.push(row);
            }
        }
        story.traffic(A, 280.0, 500.0, 2.0);
    }
    database.is("database-down");
    let document = other.diagnosed(Some(WORK));
    assert_ne!(document["diagnosis"]["failure_mode"], "database-down");
}

#[test]
fn a_pool_that_is_too_small() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 200.0, 2.0);
    for n in 0..60 {
        story.request(A, 200.0 + f64::from(n) * 2.0, "GET /albums", Took(0.01), 1.2);
        story.request(A, 200.5 + f64::from(n) * 2.0, "GET /stats", Failed(30.0, POOL), 0.0);
    }
    story.traffic(A, 360.0, 500.0, 2.0);
    let document = story.diagnosed(Some(WORK));
    let found = &document["diagnosis"]["failure_mode"];
    assert!(found == "pool-exhausted" || found == "slow-database", "{found}");
}

#[test]
fn one_slow_request_is_no_slow_database() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 600.0, 2.0);
    story.request(A, 250.0, "GET /report", Took(0.003), 90.0);
    story.is("healthy");
}

#[test]
fn a_storm_of_404s_is_fine() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 600.0, 2.0);
    for n in 0..300 {
        let time = 200.0 + f64::from(n) * 0.3;
        let mut row = story.row(A, "span", FASTAPI, "GET /tracks/{track_id}", time, time + 0.004);
        row["http_response_status_code"] = json!(404);
        row["level"] = json!(13);
        story.rows.push(row);
    }
    story.is("healthy");
}

#[test]
fn a_long_upload_is_not_stuck_on_the_database() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 900.0, 2.0);
    for start in [100.0, 130.0, 160.0] {
        let mut row = story.row(A, "span", FASTAPI, "POST /upload", start, start + 400.0);
        row["http_response_status_code"] = json!(200);
        story.rows.push(row);
    }
    story.is("healthy");
}

#[test]
fn a_job_of_thirty_minutes_is_fine() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 2400.0, 5.0);
    let job = story.row(A, "span", "scheduler", "nightly export", 100.0, 1900.0);
    story.rows.push(job);
    story.is("healthy");
}

#[test]
fn a_second_service_changes_nothing() {
    let mut story = Story::new();
    story.traffic(A, 0.0, 600.0, 2.0);
    story.service = "landing-page";
    story.traffic(("pages", 4), 0.5, 600.0, 3.0);
    story.is("healthy");
}

#[test]
fn another_team_has_other_names() {
    let mut story = Story::new();
    story.service = "shop";
    story.traffic(A, 0.0, 2400.0, 5.0);
    for n in 0..8 {
        story.request(A, 30.0 + f64::from(n) * 280.0, "POST /orders", Took(0.004), 0.005);
    }
    let settings = include_str!("../../docs/profile.md");
    let begin = settings.find("```toml\n").unwrap() + 8;
    let end = begin + settings[begin..].find("```").unwrap();
    let document = story.diagnosed(Some(&settings[begin..end]));
    assert_eq!(document["diagnosis"]["failure_mode"], "worker-silent", "{document:#}");
    let steps = document["next_steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step["command"] == "kubectl get pods -l app=shop"),
        "{steps:?}"
    );
}
