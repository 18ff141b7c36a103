//! The rows of the first request as they came: the only place where Rust names their columns. Judges nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::read::evidence;
use super::row::Row;
use super::{Evidence, LineKind, Role, Spread};
use crate::query::Section;
use crate::window::Window;

/// Buckets of a window: enough to see half a minute in an hour, few enough to fetch (design.md).
pub const BUCKETS: i64 = 120;
/// Buckets of the lookback: a minute each, if it is an hour.
const EARLIER_BUCKETS: i64 = 60;
/// Slots of a bucket in which activity shows: as many as bits of a number, and seconds in a window of two hours.
const SLOTS: i64 = 60;

/// How time is cut: what the queries count by, and what their answers are read with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// A bucket of the window, seconds.
    pub bucket_s: i64,
    /// A bucket of the lookback, seconds.
    pub earlier_bucket_s: i64,
    /// A slot of a bucket of the window, seconds.
    pub slot_s: i64,
}

impl Grid {
    /// For a window and the time that is looked back from it.
    pub fn new(window: Window, lookback: TimeDelta) -> Self {
        let bucket_s = window.length().num_seconds() / BUCKETS + 1;
        Self {
            bucket_s,
            earlier_bucket_s: lookback.num_seconds() / EARLIER_BUCKETS + 1,
            slot_s: (bucket_s + SLOTS - 1) / SLOTS,
        }
    }

    /// Where a bucket of the window begins.
    pub fn begin(&self, bucket: i64) -> DateTime<Utc> {
        at_us(bucket * self.bucket_s * 1_000_000)
    }

    /// Where the active slots of a bucket of the window begin.
    pub fn active(&self, bucket: i64, slots: u64) -> impl Iterator<Item = DateTime<Utc>> {
        let (begin, slot_s) = (self.begin(bucket), self.slot_s);
        let set = (0..SLOTS).filter(move |slot| slots >> slot & 1 == 1);
        set.map(move |slot| begin + TimeDelta::seconds(slot * slot_s))
    }
}

/// Microseconds since 1970 as an instant.
pub(super) fn at_us(us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(us).unwrap_or_default()
}

/// What a cell of `traffic` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Requests, health checks left out.
    Request,
    /// Requests that queued work.
    Queue,
    /// Checkouts.
    Connect,
    /// Statements.
    Statement,
    /// Runs of queued work.
    Run,
    /// Logs of the listener's trouble.
    Listener,
    /// Anything else.
    Other,
}

impl What {
    /// Whether it serves a request.
    pub fn is_request(self) -> bool {
        matches!(self, Self::Request | Self::Queue)
    }

    /// Whether it asks something of the database, or leads to that.
    pub fn asks(self) -> bool {
        matches!(self, Self::Request | Self::Queue | Self::Connect | Self::Statement)
    }
}

/// How the operations of a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Rows that tell of a start only, and logs.
    Begun,
    /// With an error.
    Failed,
    /// Well, after longer than a hang.
    Hung,
    /// Well and at once.
    Prompt,
    /// Well.
    Ok,
}

/// Operations of one kind and outcome of a service in a bucket of time.
#[derive(Debug, Clone)]
pub struct Cell {
    pub service: String,
    pub in_window: bool,
    pub bucket: i64,
    pub what: What,
    pub outcome: Outcome,
    pub count: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    /// A bit for each slot in which one began.
    pub active: u64,
    pub spread: Option<Spread>,
    pub p50_s: Option<f64>,
    pub slow: u64,
    pub slow_between: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The route, if it was one only.
    pub route: Option<String>,
    /// The `service_instance_id`, if it was one only.
    pub process: Option<String>,
    pub trace_id: String,
}

/// What a process did in a bucket of time.
#[derive(Debug, Clone, Copy)]
pub struct Activity {
    pub in_window: bool,
    pub bucket: i64,
    pub active: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub end_at: DateTime<Utc>,
    pub records: u64,
    pub statements: u64,
    /// Of what ended in the window.
    pub requests: u64,
    pub failed: u64,
    pub health: u64,
    pub ended_statements: u64,
    pub answered: u64,
    pub error_spans: u64,
    pub error_logs: u64,
}

/// Lines of one kind of a process in a bucket of time.
#[derive(Debug, Clone)]
pub struct Said {
    pub kind: LineKind,
    pub lines: u64,
    pub failures: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub trace_id: Option<String>,
}

/// Successes of a route in a process.
#[derive(Debug, Clone)]
pub struct Served {
    pub route: String,
    pub count: u64,
    pub last_at: DateTime<Utc>,
}

/// One life of an instance, with what it did and said.
#[derive(Debug, Clone)]
pub struct ProcessRow {
    pub instance: String,
    pub process: String,
    pub service: String,
    pub service_version: Option<String>,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub records: u64,
    pub served: u64,
    /// The first request or checkout that began in the window.
    pub asked_at: Option<DateTime<Utc>>,
    /// Median, 95th percentile and longest of the statements that ended in the window.
    pub statements_s: Option<(f64, f64, f64)>,
    pub in_vain: u64,
    pub dry: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub pool_timeout_at: Option<DateTime<Utc>>,
    pub error_trace_id: Option<String>,
    pub error: Option<String>,
    pub activity: Vec<Activity>,
    pub lines: Vec<Said>,
    pub routes: Vec<Served>,
}

/// An operation without an end.
#[derive(Debug, Clone)]
pub struct Open {
    pub trace_id: String,
    pub span_id: String,
    pub span_name: String,
    pub role: Role,
    pub health: bool,
    pub started_at: DateTime<Utc>,
    pub service: String,
    pub instance: String,
    pub process: String,
}

/// A finished operation that took long.
#[derive(Debug, Clone)]
pub struct Long {
    pub span: Open,
    pub duration_s: f64,
    pub failed: bool,
    pub error: Option<String>,
}

/// Failures with one template in a bucket of time, or one trace in which something hung.
#[derive(Debug, Clone)]
pub struct Trouble {
    pub service: String,
    /// `None` = nothing failed.
    pub template: Option<String>,
    pub sample: String,
    pub requests: bool,
    pub in_connect: bool,
    pub traces: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub last_ended_at: DateTime<Utc>,
    /// Seconds, to 0.1 ms.
    pub took_s: Vec<f64>,
    pub route: Option<String>,
    pub instances: Vec<String>,
    pub trace_id: String,
    pub long: Vec<Long>,
}

/// All of the first request.
#[derive(Debug, Clone)]
pub struct Rows {
    /// By service, kind and bucket.
    pub traffic: Evidence<Cell>,
    /// One a process.
    pub processes: Evidence<ProcessRow>,
    /// Without an end.
    pub unfinished: Evidence<Open>,
    /// Failed, or long.
    pub trouble: Evidence<Trouble>,
}

impl Rows {
    /// The sections of the request.
    pub const SECTIONS: [&'static str; 4] = ["traffic", "processes", "unfinished", "trouble"];

    /// Reads them. A section that can't be read is not known; the others stay.
    pub fn read(sections: &BTreeMap<String, Section>) -> Self {
        Self {
            traffic: evidence(sections, "traffic", cell),
            processes: whole(evidence(sections, "processes", process)),
            unfinished: evidence(sections, "unfinished", open),
            trouble: evidence(sections, "trouble", trouble),
        }
    }
}

/// One life is one row, whatever services and resources its records name.
fn whole(found: Evidence<ProcessRow>) -> Evidence<ProcessRow> {
    let mut lives: BTreeMap<(String, String), ProcessRow> = BTreeMap::new();
    for row in found.rows {
        match lives.get_mut(&(row.instance.clone(), row.process.clone())) {
            Some(life) => life.join(row),
            None => {
                lives.insert((row.instance.clone(), row.process.clone()), row);
            }
        }
    }
    let mut rows: Vec<ProcessRow> = lives.into_values().collect();
    rows.sort_by(|a, b| (a.first_at, &a.instance, &a.process).cmp(&(b.first_at, &b.instance, &b.process)));
    Evidence {
        rows,
        not_known: found.not_known,
    }
}

impl ProcessRow {
    fn join(&mut self, other: Self) {
        // Percentiles can't be joined: those of the larger part speak.
        if other.records > self.records {
            self.statements_s = other.statements_s.or(self.statements_s);
        } else {
            self.statements_s = self.statements_s.or(other.statements_s);
        }
        self.service = self.service.clone().max(other.service);
        self.service_version = self.service_version.take().max(other.service_version);
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
        self.records += other.records;
        self.served += other.served;
        self.asked_at = [self.asked_at, other.asked_at].into_iter().flatten().min();
        self.in_vain += other.in_vain;
        self.dry = match (self.dry, other.dry) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.pool_timeout_at = self.pool_timeout_at.max(other.pool_timeout_at);
        self.error_trace_id = self.error_trace_id.take().or(other.error_trace_id);
        self.error = self.error.take().or(other.error);
        self.activity.extend(other.activity);
        self.lines.extend(other.lines);
        self.routes.extend(other.routes);
    }
}

fn only(row: &Row<'_>, first: &str, last: &str) -> Result<Option<String>, String> {
    let (first, last) = (row.maybe_text(first)?, row.maybe_text(last)?);
    Ok(first.filter(|name| last.as_ref() == Some(name)))
}

fn cell(row: &Row<'_>) -> Result<Cell, String> {
    Ok(Cell {
        service: row.text("service")?,
        in_window: row.flag("in_window")?,
        bucket: row.whole("bucket")?,
        what: match row.text("role")?.as_str() {
            "request" => What::Request,
            "queue" => What::Queue,
            "connect" => What::Connect,
            "statement" => What::Statement,
            "run" => What::Run,
            "listener" => What::Listener,
            "other" => What::Other,
            other => return Err(format!("`{other}` is no kind of operation")),
        },
        outcome: match row.text("outcome")?.as_str() {
            "begun" => Outcome::Begun,
            "failed" => Outcome::Failed,
            "hung" => Outcome::Hung,
            "prompt" => Outcome::Prompt,
            "ok" => Outcome::Ok,
            other => return Err(format!("`{other}` is no outcome")),
        },
        count: row.count("operations")?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        active: row.count("active")?,
        spread: row.spread("")?,
        p50_s: row.maybe_float("p50_s")?,
        slow: row.count("slow")?,
        slow_between: row.maybe_time("slow_first_at")?.zip(row.maybe_time("slow_last_at")?),
        route: only(row, "route", "last_route")?,
        process: only(row, "some_process", "other_process")?,
        trace_id: row.text("trace_id")?,
    })
}

fn process(row: &Row<'_>) -> Result<ProcessRow, String> {
    let p95_s = row.maybe_float("p95_s")?;
    Ok(ProcessRow {
        instance: row.text("instance")?,
        process: row.text("process")?,
        service: row.text("service")?,
        service_version: row.maybe_text("service_version")?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        records: row.count("operations")?,
        served: row.count("served")?,
        asked_at: row.maybe_time("asked_at")?,
        statements_s: match p95_s {
            Some(p95_s) => Some((
                row.maybe_float("p50_s")?.unwrap_or(p95_s),
                p95_s,
                row.maybe_float("max_s")?.unwrap_or(p95_s),
            )),
            None => None,
        },
        in_vain: row.count("in_vain")?,
        dry: row.maybe_time("dry_from")?.zip(row.maybe_time("dry_to")?),
        pool_timeout_at: row.maybe_time("pool_timeout_at")?,
        error_trace_id: row.maybe_text("trace_id")?,
        error: row.maybe_text("sample")?,
        activity: list(row, "activity", ';', activity)?,
        lines: list(row, "lines", ';', said)?,
        routes: list(row, "routes", '\n', served)?,
    })
}

/// The parts of a list, in no order.
fn list<T>(
    row: &Row<'_>,
    column: &str,
    apart: char,
    read: impl Fn(&mut Fields<'_>) -> Option<T>,
) -> Result<Vec<T>, String> {
    let text = row.maybe_text(column)?.unwrap_or_default();
    let parts = text.split(apart).filter(|part| !part.is_empty());
    parts
        .map(|part| read(&mut Fields(part.split(' '))).ok_or_else(|| format!("the list `{column}` holds `{part}`")))
        .collect()
}

/// The fields of one part of a list.
struct Fields<'a>(std::str::Split<'a, char>);

impl<'a> Fields<'a> {
    fn text(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    fn count(&mut self) -> Option<u64> {
        self.text()?.parse().ok()
    }

    fn whole(&mut self) -> Option<i64> {
        self.text()?.parse().ok()
    }

    fn time(&mut self) -> Option<DateTime<Utc>> {
        Some(at_us(self.whole()?))
    }
}

fn activity(fields: &mut Fields<'_>) -> Option<Activity> {
    Some(Activity {
        in_window: fields.count()? == 1,
        bucket: fields.whole()?,
        active: fields.count()?,
        first_at: fields.time()?,
        last_at: fields.time()?,
        end_at: fields.time()?,
        records: fields.count()?,
        statements: fields.count()?,
        requests: fields.count()?,
        failed: fields.count()?,
        health: fields.count()?,
        ended_statements: fields.count()?,
        answered: fields.count()?,
        error_spans: fields.count()?,
        error_logs: fields.count()?,
    })
}

fn said(fields: &mut Fields<'_>) -> Option<Said> {
    Some(Said {
        kind: match fields.text()? {
            "starting" => LineKind::Starting,
            "stopping" => LineKind::Stopping,
            "connected" => LineKind::Connected,
            "heartbeat_timeout" => LineKind::HeartbeatTimeout,
            "heartbeat_failed" => LineKind::HeartbeatFailed,
            "lost" => LineKind::Lost,
            "reconnect_failed" => LineKind::ReconnectFailed,
            "notify_failed" => LineKind::NotifyFailed,
            _ => return None,
        },
        lines: fields.count()?,
        failures: fields.count()?,
        first_at: fields.time()?,
        last_at: fields.time()?,
        trace_id: fields.text().map(str::to_owned),
    })
}

fn served(fields: &mut Fields<'_>) -> Option<Served> {
    let count = fields.count()?;
    let _first = fields.time()?;
    let last_at = fields.time()?;
    let words: Vec<&str> = fields.0.by_ref().collect();
    Some(Served {
        route: words.join(" "),
        count,
        last_at,
    })
}

fn role(name: &str) -> Option<(Role, bool)> {
    Some(match name {
        "request" => (Role::Request, false),
        "health" => (Role::Request, true),
        "connect" => (Role::Connect, false),
        "statement" => (Role::Statement, false),
        "external" => (Role::External, false),
        _ => return None,
    })
}

fn open(row: &Row<'_>) -> Result<Open, String> {
    let name = row.text("role")?;
    let (role, health) = role(&name).ok_or_else(|| format!("`{name}` is no role"))?;
    Ok(Open {
        trace_id: row.text("trace_id")?,
        span_id: row.text("span_id")?,
        span_name: row.text("span_name")?,
        role,
        health,
        started_at: row.time("started_at")?,
        service: row.text("service")?,
        instance: row.text("instance")?,
        process: row.text("process")?,
    })
}

fn trouble(row: &Row<'_>) -> Result<Trouble, String> {
    let trace_id = row.text("trace_id")?;
    let spans = row.maybe_text("spans")?.unwrap_or_default();
    let long: Option<Vec<Long>> = spans.lines().map(|line| long(line, &trace_id)).collect();
    let took = row.maybe_text("took")?.unwrap_or_default();
    let took_s: Result<Vec<f64>, String> = took
        .split_whitespace()
        .map(|part| part.parse::<f64>().map(|tenths| tenths / 10_000.0))
        .map(|read| read.map_err(|_| String::from("the list `took` holds no number")))
        .collect();
    Ok(Trouble {
        service: row.text("service")?,
        template: row.maybe_text("template")?,
        sample: row.maybe_text("sample")?.unwrap_or_default(),
        requests: row.flag("failed_requests")?,
        in_connect: row.flag("failed_connects")?,
        traces: row.count("traces")?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        last_ended_at: row.time("last_ended_at")?,
        took_s: took_s?,
        route: only(row, "route", "last_route")?,
        instances: row
            .maybe_text("instance_names")?
            .map(|names| names.split(',').map(str::to_owned).collect())
            .unwrap_or_default(),
        long: long.ok_or("the list `spans` can't be read")?,
        trace_id,
    })
}

fn long(line: &str, trace_id: &str) -> Option<Long> {
    let mut fields = line.split('\t');
    let span_id = fields.next()?.to_owned();
    let (role, health) = role(fields.next()?)?;
    let started_at = at_us(fields.next()?.parse().ok()?);
    let duration_s = fields.next()?.parse().ok()?;
    let failed = fields.next()? == "true";
    let span_name = fields.next()?.to_owned();
    let service = fields.next()?.to_owned();
    let instance = fields.next()?.to_owned();
    let process = fields.next()?.to_owned();
    let error = fields.next().map(|text| text.replace('\u{b}', "\n"));
    Some(Long {
        span: Open {
            trace_id: trace_id.to_owned(),
            span_id,
            span_name,
            role,
            health,
            started_at,
            service,
            instance,
            process,
        },
        duration_s,
        failed,
        error: error.filter(|text| !text.is_empty()),
    })
}
