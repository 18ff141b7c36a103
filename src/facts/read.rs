//! Rows -> typed facts: the only place where Rust names result columns.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::row::Row;
use super::{
    Bounds, Bucket, ErrorBurst, Evidence, Facts, Fate, Gap, GapOf, Hang, Line, LineKind, Process, Role, Run, Spread,
    Successes, Wait,
};
use crate::query::Section;
use crate::window::Window;

impl Facts {
    /// Reads the sections of the timeline's batch. A section that can't be read is not known; the others stay.
    pub fn read(window: Window, sections: &BTreeMap<String, Section>) -> Self {
        let processes = evidence(sections, "processes", process);
        let lifecycle = evidence(sections, "lifecycle", line);
        let mut hangs = evidence(sections, "hangs", |row| hang(row, &processes.rows, &lifecycle.rows));
        // What died before the window began is an older story.
        hangs
            .rows
            .retain(|hang| hang.ended_at().is_none_or(|at| at >= window.from));
        Self {
            window,
            bounds: evidence(sections, "bounds", bounds),
            runs: evidence(sections, "runs", run),
            earlier: evidence(sections, "earlier", earlier),
            traffic: evidence(sections, "traffic", bucket),
            gaps: evidence(sections, "gaps", gap),
            errors: evidence(sections, "errors", error_burst),
            checkouts: evidence(sections, "checkouts", super::checkouts::route_of_process),
            work: evidence(sections, "work", super::checkouts::work),
            doubts: Vec::new(),
            processes,
            lifecycle,
            hangs,
        }
    }
}

pub(super) fn evidence<T>(
    sections: &BTreeMap<String, Section>,
    name: &str,
    read: impl Fn(&Row<'_>) -> Result<T, String>,
) -> Evidence<T> {
    let Some(section) = sections.get(name) else {
        return Evidence {
            rows: Vec::new(),
            not_known: Some(String::from("it was not asked")),
        };
    };
    let clipped = section
        .clipped
        .then(|| String::from("there were more rows than are fetched; ask a shorter window"));
    let mut rows = Vec::new();
    let mut unread = None;
    for row in &section.rows {
        match read(&Row(row)) {
            Ok(fact) => rows.push(fact),
            Err(why) => unread = Some(why),
        }
    }
    Evidence {
        rows,
        not_known: unread.or(clipped),
    }
}

fn bounds(row: &Row<'_>) -> Result<Bounds, String> {
    Ok(Bounds {
        records: row.count("records")?,
        requests: row.count("requests")?,
        requests_s: match (
            row.maybe_float("requests_p50_s")?,
            row.maybe_float("requests_p95_s")?,
            row.maybe_float("requests_max_s")?,
        ) {
            (Some(p50), Some(p95), Some(max)) => Some((p50, p95, max)),
            _ => None,
        },
        last_activity_at: row.maybe_time("last_activity_at")?,
        records_unfiltered: row.count("records_unfiltered")?,
        environments: row.maybe_text("environments")?,
        services: row.maybe_text("services")?,
    })
}

fn process(row: &Row<'_>) -> Result<Process, String> {
    Ok(Process {
        instance: row.text("instance")?,
        process: row.text("process")?,
        service: row.text("service")?,
        service_version: row.maybe_text("service_version")?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        lines: row.count("lines")?,
        served: row.count("served")?,
    })
}

fn line(row: &Row<'_>) -> Result<Line, String> {
    let kind = match row.text("line")?.as_str() {
        "starting" => LineKind::Starting,
        "stopping" => LineKind::Stopping,
        "connected" => LineKind::Connected,
        "heartbeat_timeout" => LineKind::HeartbeatTimeout,
        "heartbeat_failed" => LineKind::HeartbeatFailed,
        "lost" => LineKind::Lost,
        "reconnect_failed" => LineKind::ReconnectFailed,
        "notify_failed" => LineKind::NotifyFailed,
        other => return Err(format!("`{other}` is no kind of line")),
    };
    Ok(Line {
        instance: row.text("instance")?,
        process: row.text("process")?,
        kind,
        episode: row.count("episode")?,
        lines: row.count("lines")?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        trace_id: row.maybe_text("trace_id")?,
    })
}

fn run(row: &Row<'_>) -> Result<Run, String> {
    Ok(Run {
        service: row.text("service")?,
        connects: successes(row, "connects")?,
        connects_p50_s: row.maybe_float("connects_p50_s")?,
        requests: successes(row, "requests")?,
        route: only(row, "routes", "route")?,
        instance: only(row, "instances", "instance")?,
        trace_id: row.maybe_text("trace_id")?,
    })
}

fn earlier(row: &Row<'_>) -> Result<Run, String> {
    Ok(Run {
        service: row.text("service")?,
        connects: successes(row, "connects")?,
        connects_p50_s: row.maybe_float("connects_p50_s")?,
        requests: None,
        route: None,
        instance: only(row, "instances", "instance")?,
        trace_id: row.maybe_text("trace_id")?,
    })
}

fn successes(row: &Row<'_>, what: &str) -> Result<Option<Successes>, String> {
    let count = row.count(what)?;
    if count == 0 {
        return Ok(None);
    }
    Ok(Some(Successes {
        count,
        first_at: row.time(&format!("{what}_first_at"))?,
        last_at: row.time(&format!("{what}_last_at"))?,
        spread: row
            .spread(&format!("{what}_"))?
            .ok_or_else(|| format!("`{what}` has no durations"))?,
    }))
}

/// A name, if the count beside it says that there is no other.
fn only(row: &Row<'_>, count: &str, name: &str) -> Result<Option<String>, String> {
    if row.count(count)? == 1 {
        row.maybe_text(name)
    } else {
        Ok(None)
    }
}

fn bucket(row: &Row<'_>) -> Result<Bucket, String> {
    Ok(Bucket {
        at: row.time("bucket_at")?,
        service: row.text("service")?,
        usual_before_s: row.maybe_float("usual_before_s")?,
        requests: row.count("requests")?,
        failed: row.count("failed_requests_count")?,
        requests_p95_s: row.maybe_float("requests_p95_s")?,
        statements: row.count("statements")?,
        statements_slow: row.count("statements_slow")?,
        statements_spread: row.spread("statements_")?,
        statements_p50_s: row.maybe_float("statements_p50_s")?,
        slow_between: row.maybe_time("slow_first_at")?.zip(row.maybe_time("slow_last_at")?),
        trace_id: row.maybe_text("trace_id")?,
    })
}

fn gap(row: &Row<'_>) -> Result<Gap, String> {
    let who = row.text("who")?;
    Ok(Gap {
        of: match row.text("gap_of")?.as_str() {
            "all" => GapOf::All,
            "service" => GapOf::Service(who),
            "instance" => GapOf::Instance(who),
            other => return Err(format!("`{other}` has no gaps")),
        },
        before_at: row.time("before_at")?,
        after_at: row.time("after_at")?,
    })
}

/// One row, with what other sections say of its process.
fn hang(row: &Row<'_>, processes: &[Process], lines: &[Line]) -> Result<Hang, String> {
    let started_at = row.time("started_at")?;
    let (instance, process) = (row.text("instance")?, row.text("process")?);
    let fate = if row.flag("unfinished")? {
        death(&instance, &process, started_at, processes, lines).map_or(Fate::InFlight, Fate::Died)
    } else {
        Fate::Ended {
            duration_s: row
                .maybe_float("duration_s")?
                .ok_or("a finished span has no duration")?,
            failed: row.flag("failed")?,
        }
    };
    let own = processes
        .iter()
        .find(|p| p.instance == instance && p.process == process);
    Ok(Hang {
        trace_id: row.text("trace_id")?,
        span_id: row.text("span_id")?,
        span_name: row.text("span_name")?,
        role: role(&row.text("role")?)?,
        started_at,
        fate,
        service: row.text("service")?,
        process_last_at: own.map(|p| p.last_at),
        instance,
        process,
        error: row.maybe_text("error_text")?,
        addresses: row.count("addresses")?,
        wait: wait(row)?,
        pool_timed_out: row.flag("pool_timed_out")?,
        pool_timeout_at: row.maybe_time("pool_timeout_at")?,
    })
}

fn wait(row: &Row<'_>) -> Result<Option<Wait>, String> {
    let Some(name) = row.maybe_text("child_role")? else {
        return Ok(None);
    };
    Ok(Some(Wait {
        role: role(&name)?,
        started_at: row.time("child_started_at")?,
        duration_s: row.maybe_float("child_duration_s")?,
    }))
}

fn role(name: &str) -> Result<Role, String> {
    match name {
        "request" | "health" => Ok(Role::Request),
        "connect" => Ok(Role::Connect),
        "statement" => Ok(Role::Statement),
        "external" => Ok(Role::External),
        other => Err(format!("`{other}` is no role")),
    }
}

/// When the process is proven dead: its shutdown line, a start line of its own after `since` (the same pid again), or
/// another process of its instance that began when it had emitted its last. Worker processes that run side by side
/// prove nothing about each other.
fn death(
    instance: &str,
    own: &str,
    since: DateTime<Utc>,
    processes: &[Process],
    lines: &[Line],
) -> Option<DateTime<Utc>> {
    let last_at = processes
        .iter()
        .find(|p| p.instance == instance && p.process == own)
        .map(|p| p.last_at)?;
    let successor = processes
        .iter()
        .filter(|p| p.instance == instance && p.process != own && p.first_at > since && p.first_at >= last_at)
        .map(|p| p.first_at);
    let said = lines
        .iter()
        .filter(|line| line.instance == instance && line.process == own && line.first_at > since)
        .filter(|line| matches!(line.kind, LineKind::Starting | LineKind::Stopping))
        .map(|line| line.first_at);
    successor.chain(said).min()
}

fn error_burst(row: &Row<'_>) -> Result<ErrorBurst, String> {
    let bursts = row.count("bursts")?;
    Ok(ErrorBurst {
        template: row.text("template")?,
        sample: row.text("sample")?,
        requests: row.flag("failed_requests")?,
        in_connect: row.flag("failed_connects")?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        last_ended_at: row.time("last_ended_at")?,
        bursts,
        traces: row.count("traces")?,
        hung: row.count("hung")?,
        // Percentiles of several bursts can't be joined.
        spread: row.spread("")?.map(|spread| Spread {
            middle_s: spread.middle_s.filter(|_| bursts == 1),
            ..spread
        }),
        route: only(row, "routes", "route")?,
        service: row.maybe_text("service")?,
        instance: only(row, "instances", "instance")?,
        instances: row
            .maybe_text("instance_names")?
            .map(|names| names.split(',').map(str::to_owned).collect())
            .unwrap_or_default(),
        trace_id: row.maybe_text("trace_id")?,
    })
}
