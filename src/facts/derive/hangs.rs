//! What lasted too long or has no end: requests with what they wait on, and operations that no such request explains.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::View;
use crate::facts::rows::{Long, Open};
use crate::facts::{Fate, Hang, Line, LineKind, Process, Role, Wait, to_seconds};

/// Spans of one trace.
#[derive(Default)]
struct Trace<'a> {
    ended: Vec<&'a Long>,
    open: Vec<&'a Open>,
}

pub(super) fn hangs(view: &View<'_>, processes: &[Process], lines: &[Line]) -> Vec<Hang> {
    let mut traces: BTreeMap<&str, Trace<'_>> = BTreeMap::new();
    for long in view.rows.trouble.rows.iter().flat_map(|trouble| &trouble.long) {
        traces.entry(&long.span.trace_id).or_default().ended.push(long);
    }
    for open in &view.rows.unfinished.rows {
        traces.entry(&open.trace_id).or_default().open.push(open);
    }
    let context = Context { view, processes, lines };
    let mut found: Vec<Hang> = traces.values().flat_map(|trace| context.of_trace(trace)).collect();
    // What died before the window began is an older story.
    found.retain(|hang| hang.ended_at().is_none_or(|at| at >= view.window.from));
    found.sort_by(|a, b| (a.started_at, &a.trace_id, &a.span_id).cmp(&(b.started_at, &b.trace_id, &b.span_id)));
    found
}

struct Context<'a, 'b> {
    view: &'b View<'a>,
    processes: &'b [Process],
    lines: &'b [Line],
}

impl Context<'_, '_> {
    fn of_trace(&self, trace: &Trace<'_>) -> Vec<Hang> {
        let hang_after_s = to_seconds(self.view.profile.hang_after);
        let old = |open: &&&Open| self.view.window.to - open.started_at > self.view.profile.in_flight_after;
        let ended: Vec<&&Long> = trace
            .ended
            .iter()
            .filter(|long| long.duration_s > hang_after_s)
            .collect();
        let open: Vec<&&Open> = trace.open.iter().filter(old).collect();
        let explained = ended.iter().any(|long| long.span.role == Role::Request)
            || open.iter().any(|open| open.role == Role::Request);
        // A checkout or statement is told by the request of its trace; one without such a request stands for itself.
        let told = |role: Role| match role {
            Role::Request => true,
            Role::Connect | Role::Statement => !explained,
            Role::External => false,
        };
        let ended = ended
            .into_iter()
            .filter(|long| told(long.span.role))
            .map(|long| self.ended(long, trace));
        let open = open
            .into_iter()
            .filter(|open| told(open.role))
            .map(|open| self.open(open, trace));
        ended.chain(open).collect()
    }

    /// An ended request waited on what took longest.
    fn ended(&self, long: &Long, trace: &Trace<'_>) -> Hang {
        let below = trace.ended.iter().filter(|other| is_below(&other.span, &long.span));
        let longest = below.max_by(|a, b| {
            let by_length = a.duration_s.total_cmp(&b.duration_s);
            by_length.then_with(|| b.span.span_id.cmp(&a.span.span_id))
        });
        let wait = longest.map(|other| Wait {
            role: other.span.role,
            started_at: other.span.started_at,
            duration_s: Some(other.duration_s),
        });
        let error = long
            .error
            .clone()
            .or_else(|| longest.and_then(|other| other.error.clone()));
        let fate = Fate::Ended {
            duration_s: long.duration_s,
            failed: long.failed,
        };
        self.hang(&long.span, fate, wait, error)
    }

    /// An open request waits on what is open, the last to begin.
    fn open(&self, open: &Open, trace: &Trace<'_>) -> Hang {
        let below = trace.open.iter().filter(|other| is_below(other, open));
        let last = below.max_by(|a, b| (a.started_at, &b.span_id).cmp(&(b.started_at, &a.span_id)));
        let wait = last.map(|other| Wait {
            role: other.role,
            started_at: other.started_at,
            duration_s: None,
        });
        let died = death(
            &open.instance,
            &open.process,
            open.started_at,
            self.processes,
            self.lines,
        );
        self.hang(open, died.map_or(Fate::InFlight, Fate::Died), wait, None)
    }

    fn hang(&self, span: &Open, fate: Fate, wait: Option<Wait>, error: Option<String>) -> Hang {
        let text = error.as_deref().unwrap_or_default();
        let gave_up = &self.view.profile.pool.timed_out;
        let own = |p: &&Process| p.instance == span.instance && p.process == span.process;
        let rows = self.view.rows.processes.rows.iter();
        let rows = rows.filter(|row| row.instance == span.instance && row.process == span.process);
        Hang {
            trace_id: span.trace_id.clone(),
            span_id: span.span_id.clone(),
            span_name: span.span_name.clone(),
            role: span.role,
            started_at: span.started_at,
            fate,
            service: span.service.clone(),
            instance: span.instance.clone(),
            process: span.process.clone(),
            // psycopg lists every address that it tried.
            addresses: text.matches("hostaddr:").count() as u64,
            pool_timed_out: gave_up.iter().any(|part| text.contains(part.as_str())),
            pool_timeout_at: rows.filter_map(|row| row.pool_timeout_at).max(),
            process_last_at: self.processes.iter().find(own).map(|process| process.last_at),
            wait,
            error,
        }
    }
}

/// Whether an operation can be what a request waits on: in its process, and begun after it, at any depth.
fn is_below(other: &Open, request: &Open) -> bool {
    request.role == Role::Request
        && other.role != Role::Request
        && other.process == request.process
        && other.started_at >= request.started_at
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
    let dead = processes.iter().find(|p| p.instance == instance && p.process == own)?;
    let last_at = dead.last_at;
    let successor = processes
        .iter()
        .filter(|p| p.instance == instance && p.service == dead.service && p.process != own)
        .filter(|p| p.first_at > since && p.first_at >= last_at)
        .map(|p| p.first_at);
    let said = lines
        .iter()
        .filter(|line| line.instance == instance && line.process == own && line.first_at > since)
        .filter(|line| matches!(line.kind, LineKind::Starting | LineKind::Stopping))
        .map(|line| line.first_at);
    successor.chain(said).min()
}
