//! The rows of `stuck` as typed facts: what hangs or hung, its leaf, and the proof of its process's death. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::read::{bounds, death, evidence, line, process};
use super::row::Row;
use super::{Bounds, Evidence, Line, Process, seconds, to_seconds};
use crate::query::Section;
use crate::window::Window;

/// Everything that `stuck` may look at.
#[derive(Debug, Clone)]
pub struct StuckFacts {
    /// The window that was asked.
    pub window: Window,
    /// How many records there are, and where.
    pub bounds: Evidence<Bounds>,
    /// What hangs or hung.
    pub spans: Evidence<Hung>,
    /// Why a death may be unproven though it can be proven; `None` = nothing is missing.
    pub deaths_not_known: Option<String>,
}

/// What a span does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It serves a request.
    Request,
    /// It takes a connection from the pool.
    Connect,
    /// It runs SQL.
    Statement,
    /// It calls another service.
    External,
}

/// What a request waits for, or waited for the longest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leaf {
    /// What it does.
    pub role: Role,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Seconds; `None` = it has no end.
    pub duration_s: Option<f64>,
}

/// A request (or a database operation outside of one) that lasted too long, is in flight, or has no end.
#[derive(Debug, Clone)]
pub struct Hung {
    /// Its trace.
    pub trace_id: String,
    /// Its span.
    pub span_id: String,
    /// Method and route, or the operation.
    pub span_name: String,
    /// What it does.
    pub role: Role,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Seconds; `None` = it has no end.
    pub duration_s: Option<f64>,
    /// It ended with an error.
    pub failed: bool,
    /// The machine.
    pub instance: String,
    /// The life of it.
    pub process: String,
    /// Its error, or that of what it waited for.
    pub error: Option<String>,
    /// What it waits for; `None` = no record tells.
    pub leaf: Option<Leaf>,
    /// Its error is that of a pool that had no connection to give.
    pub pool_timed_out: bool,
    /// When a checkout of its process last gave up waiting for the pool.
    pub pool_timeout_at: Option<DateTime<Utc>>,
    /// When its process is proven dead.
    pub died_at: Option<DateTime<Utc>>,
    /// The end of the last record of its process.
    pub process_last_at: Option<DateTime<Utc>>,
}

impl Hung {
    /// Whether no record tells of an end and nothing proves that its process died.
    pub fn in_flight(&self) -> bool {
        self.duration_s.is_none() && self.died_at.is_none()
    }

    /// How long it lasted, had lasted when its process died, or has lasted at `now`; seconds.
    pub fn waited_s(&self, now: DateTime<Utc>) -> f64 {
        let until = self.died_at.unwrap_or(now);
        self.duration_s.unwrap_or_else(|| to_seconds(until - self.started_at))
    }
}

impl StuckFacts {
    /// Reads the sections of `stuck`'s batch.
    pub fn read(window: Window, sections: &BTreeMap<String, Section>) -> Self {
        let processes = evidence(sections, "processes", process);
        let lifecycle = evidence(sections, "lifecycle", line);
        let mut spans = evidence(sections, "stuck", |row| {
            Ok(hung(row)?.with_process(&processes.rows, &lifecycle.rows))
        });
        // What died before the window began is an older story.
        spans
            .rows
            .retain(|span| span.died_at.is_none_or(|at| at >= window.from));
        Self {
            window,
            bounds: evidence(sections, "bounds", bounds),
            spans,
            deaths_not_known: processes.not_known.or(lifecycle.not_known),
        }
    }

    /// What could not be learned, by section.
    pub fn not_known(&self) -> Vec<(&'static str, &str)> {
        let sections = [
            ("bounds", &self.bounds.not_known),
            ("stuck", &self.spans.not_known),
            ("processes", &self.deaths_not_known),
        ];
        sections
            .into_iter()
            .filter_map(|(name, why)| Some((name, why.as_deref()?)))
            .collect()
    }
}

impl Hung {
    fn with_process(mut self, processes: &[Process], lines: &[Line]) -> Self {
        if self.duration_s.is_none() {
            self.died_at = death(&self.instance, &self.process, self.started_at, processes, lines);
        }
        let own = processes
            .iter()
            .find(|p| p.instance == self.instance && p.process == self.process);
        self.process_last_at = own.map(|p| p.last_at);
        self
    }

    /// When it ended, if it did.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.duration_s.map(|length| self.started_at + seconds(length))
    }
}

/// One row, without what other sections say of its process.
pub(super) fn hung(row: &Row<'_>) -> Result<Hung, String> {
    let leaf = match row.maybe_text("child_role")? {
        Some(role) => Some(Leaf {
            role: named(&role)?,
            started_at: row.time("child_started_at")?,
            duration_s: row.maybe_float("child_duration_s")?,
        }),
        None => None,
    };
    let duration_s = match row.flag("unfinished")? {
        true => None,
        false => Some(
            row.maybe_float("duration_s")?
                .ok_or("a finished span has no duration")?,
        ),
    };
    Ok(Hung {
        trace_id: row.text("trace_id")?,
        span_id: row.text("span_id")?,
        span_name: row.text("span_name")?,
        role: named(&row.text("role")?)?,
        started_at: row.time("started_at")?,
        duration_s,
        failed: row.flag("failed")?,
        instance: row.text("instance")?,
        process: row.text("process")?,
        error: row.maybe_text("error_text")?,
        leaf,
        pool_timed_out: row.flag("pool_timed_out")?,
        pool_timeout_at: row.maybe_time("pool_timeout_at")?,
        died_at: None,
        process_last_at: None,
    })
}

fn named(role: &str) -> Result<Role, String> {
    match role {
        "request" | "health" => Ok(Role::Request),
        "connect" => Ok(Role::Connect),
        "statement" => Ok(Role::Statement),
        "external" => Ok(Role::External),
        other => Err(format!("`{other}` is no role")),
    }
}
