//! Rows -> types: the only place where Rust names the columns of the first request, and the fields of its lists.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Activity, Asked, Cell, Long, Open, Outcome, ProcessRow, Said, Served, Trouble, What, at_us};
use crate::facts::row::Row;
use crate::facts::{Evidence, LineKind, Role};

/// Bits of `database_roles`.
const CONNECTS: u64 = 1;
const STATEMENTS: u64 = 2;

/// One life is one row, whatever services and resources its records name.
pub(super) fn whole(found: Evidence<ProcessRow>) -> Evidence<ProcessRow> {
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
            self.driver_s = other.driver_s.or(self.driver_s);
        } else {
            self.statements_s = self.statements_s.or(other.statements_s);
            self.driver_s = self.driver_s.or(other.driver_s);
        }
        self.service = self.service.clone().max(other.service);
        self.machine_by = self.machine_by.take().or(other.machine_by);
        self.service_version = self.service_version.take().max(other.service_version);
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
        self.records += other.records;
        self.served += other.served;
        self.asked_at = [self.asked_at, other.asked_at].into_iter().flatten().min();
        self.has_connects |= other.has_connects;
        self.has_statements |= other.has_statements;
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

pub(super) fn cell(row: &Row<'_>) -> Result<Cell, String> {
    Ok(Cell {
        service: row.text("service")?,
        in_window: row.flag("in_window")?,
        bucket: row.whole("bucket")?,
        what: match row.text("role")?.as_str() {
            "request" => What::Request,
            "queue" => What::Queue,
            "connect" => What::Connect,
            "statement" => What::Statement,
            "driver" => What::Driver,
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

pub(super) fn process(row: &Row<'_>) -> Result<ProcessRow, String> {
    let database_roles = row.count("database_roles")?;
    Ok(ProcessRow {
        instance: row.text("instance")?,
        process: row.text("process")?,
        service: row.text("service")?,
        machine_by: row.maybe_text("machine_by")?,
        service_version: row.maybe_text("service_version")?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        records: row.count("operations")?,
        served: row.count("served")?,
        asked_at: row.maybe_time("asked_at")?,
        has_connects: database_roles & CONNECTS != 0,
        has_statements: database_roles & STATEMENTS != 0,
        statements_s: times(row, "")?,
        driver_s: times(row, "driver_")?,
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

/// Median, 95th percentile and longest; `None` if there were none.
fn times(row: &Row<'_>, prefix: &str) -> Result<Option<(f64, f64, f64)>, String> {
    let part = |name: &str| row.maybe_float(&format!("{prefix}{name}_s"));
    let Some(p95_s) = part("p95")? else { return Ok(None) };
    Ok(Some((
        part("p50")?.unwrap_or(p95_s),
        p95_s,
        part("max")?.unwrap_or(p95_s),
    )))
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
    let mut found = Activity {
        in_window: fields.count()? == 1,
        bucket: fields.whole()?,
        active: fields.count()?,
        first_at: fields.time()?,
        last_at: fields.time()?,
        end_at: fields.time()?,
        records: fields.count()?,
        requests: fields.count()?,
        failed: fields.count()?,
        health: fields.count()?,
        error_spans: fields.count()?,
        error_logs: fields.count()?,
        error_parts: fields.count()?,
        refused: fields.count()?,
        statements: Asked::default(),
        driver: Asked::default(),
    };
    for layer in [&mut found.statements, &mut found.driver] {
        layer.begun = fields.count()?;
        layer.ended = fields.count()?;
        layer.answered = fields.count()?;
    }
    Some(found)
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
    let (count, lasted) = (fields.count()?, fields.count()?);
    #[allow(clippy::cast_precision_loss)] // microseconds of requests are far below 2^52
    let brief_s = fields.count()? as f64 / 1e6;
    let last_at = fields.time()?;
    let words: Vec<&str> = fields.0.by_ref().collect();
    Some(Served {
        route: words.join(" "),
        count,
        lasted,
        brief_s,
        last_at,
    })
}

/// What a span does, whether it is a health check, and whether a driver records it.
fn role(name: &str) -> Option<(Role, bool, bool)> {
    Some(match name {
        "request" => (Role::Request, false, false),
        "health" => (Role::Request, true, false),
        "connect" => (Role::Connect, false, false),
        "statement" => (Role::Statement, false, false),
        // A commit or a ping that hangs is waited for like any statement.
        "driver" | "ping" => (Role::Statement, false, true),
        "external" => (Role::External, false, false),
        _ => return None,
    })
}

pub(super) fn open(row: &Row<'_>) -> Result<Open, String> {
    let name = row.text("role")?;
    let (role, health, driver) = role(&name).ok_or_else(|| format!("`{name}` is no role"))?;
    Ok(Open {
        trace_id: row.text("trace_id")?,
        span_id: row.text("span_id")?,
        span_name: row.text("span_name")?,
        role,
        health,
        driver,
        started_at: row.time("started_at")?,
        service: row.text("service")?,
        instance: row.text("instance")?,
        process: row.text("process")?,
    })
}

pub(super) fn trouble(row: &Row<'_>) -> Result<Trouble, String> {
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
        survived: row.flag("survived")?,
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
    let (role, health, driver) = role(fields.next()?)?;
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
            driver,
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
