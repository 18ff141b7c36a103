//! What lasted too long or has no end: requests with what they wait on, and operations that no such request explains. What has
//! a reason to be called a hang stands apart from what only lasts long (`reasons`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::reasons::{Judged, Reasons};
use super::{View, joined};
use crate::facts::rows::{Long, Open};
use crate::facts::{Fate, Hang, Line, LineKind, Long as LongRequest, Process, Role, Wait, seconds, to_seconds};

/// A database operation that takes this share of what a young request has lasted is what it waits on.
const EXPLAINING_SHARE: f64 = 0.5;

/// Spans of one trace.
#[derive(Default)]
struct Trace<'a> {
    ended: Vec<&'a Long>,
    open: Vec<&'a Open>,
}

/// By start: what hung or hangs, and what is only long.
pub(super) fn hangs(view: &View<'_>, processes: &[Process], lines: &[Line]) -> (Vec<Hang>, Vec<LongRequest>) {
    let mut traces: BTreeMap<&str, Trace<'_>> = BTreeMap::new();
    for long in view.rows.trouble.rows.iter().flat_map(|trouble| &trouble.long) {
        traces.entry(&long.span.trace_id).or_default().ended.push(long);
    }
    for open in &view.rows.unfinished.rows {
        traces.entry(&open.trace_id).or_default().open.push(open);
    }
    let reasons = Reasons::new(view);
    let context = Context {
        view,
        processes,
        lines,
        reasons: &reasons,
    };
    for trace in traces.values_mut() {
        trace.drop_doubles();
    }
    let mut found: Vec<Judged> = traces.values().flat_map(|trace| context.of_trace(trace)).collect();
    // What died before the window began is an older story.
    found.retain(|one| one.hang.ended_at().is_none_or(|at| at >= view.window.from));
    found.sort_by(|a, b| {
        let (a, b) = (&a.hang, &b.hang);
        (a.started_at, &a.trace_id, &a.span_id).cmp(&(b.started_at, &b.trace_id, &b.span_id))
    });
    reasons.part(found)
}

impl Trace<'_> {
    /// A driver's record of what its pool or ORM records as well says nothing more.
    fn drop_doubles(&mut self) {
        let is_own = |span: &Open| span.role.is_database() && !span.driver;
        if self.ended.iter().any(|long| is_own(&long.span)) || self.open.iter().any(|open| is_own(open)) {
            self.ended.retain(|long| !long.span.driver);
            self.open.retain(|open| !open.driver);
        }
    }
}

struct Context<'a, 'b> {
    view: &'b View<'a>,
    processes: &'b [Process],
    lines: &'b [Line],
    reasons: &'b Reasons<'a>,
}

impl Context<'_, '_> {
    fn of_trace(&self, trace: &Trace<'_>) -> Vec<Judged> {
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

    /// An ended request that waited longer on the database than is patient hung, whatever else it did.
    fn ended(&self, long: &Long, trace: &Trace<'_>) -> Judged {
        let below: Vec<&Long> = of_request(&trace.ended, &long.span);
        let (database, others): (Vec<&Long>, Vec<&Long>) =
            below.into_iter().partition(|other| other.span.role.is_database());
        let waited_s = together_s(&database);
        let in_database = waited_s > to_seconds(self.view.profile.hang_after);
        let timed_out = self.reasons.connect_timed_out(long);
        let longest = longest_of(&database);
        let (wait, call) = match (longest, longest_of(&others)) {
            (Some(longest), _) if in_database => (Some(waited(longest, &database, waited_s)), None),
            _ if timed_out => {
                let whole = Wait::single(Role::Connect, long.span.started_at, Some(long.duration_s));
                (Some(whole), None)
            }
            (_, Some(call)) if call.duration_s >= EXPLAINING_SHARE * long.duration_s => {
                let wait = Wait::single(Role::External, call.span.started_at, Some(call.duration_s));
                (Some(wait), Some(call.span.span_name.clone()))
            }
            _ => (None, None),
        };
        let error = long
            .error
            .clone()
            .or_else(|| longest.and_then(|other| other.error.clone()));
        let fate = Fate::Ended {
            duration_s: long.duration_s,
            failed: long.failed,
        };
        Judged {
            hang: self.hang(&long.span, fate, wait, error),
            hung: in_database || timed_out || long.span.role.is_database(),
            works: false,
            call,
        }
    }

    /// An open request waits on what is open, the last to begin. One that has asked its database just now is at work.
    fn open(&self, open: &Open, trace: &Trace<'_>) -> Judged {
        let (database, others): (Vec<&Open>, Vec<&Open>) = trace
            .open
            .iter()
            .copied()
            .filter(|other| is_below(other, open))
            .partition(|other| other.role.is_database());
        let last = last_begun(&database);
        let call = last_begun(&others);
        let wait = last
            .or(call)
            .map(|other| Wait::single(other.role, other.started_at, None));
        let died = death(open, self.processes, self.lines);
        let hang = self.hang(open, died.map_or(Fate::InFlight, Fate::Died), wait, None);
        let until = match (died, hang.process_last_at) {
            (Some(died), last_at) => last_at.unwrap_or(died).min(died),
            (None, _) => self.view.window.to,
        };
        let age = until - open.started_at;
        let earlier: Vec<&Long> = of_request(&trace.ended, open)
            .into_iter()
            .filter(|other| other.span.role.is_database())
            .collect();
        let hung = last.is_some_and(|last| {
            let waits = until - last.started_at;
            waits > self.view.profile.in_flight_after
                || to_seconds(waits) >= EXPLAINING_SHARE * to_seconds(age)
                || together_s(&earlier) + to_seconds(waits) > to_seconds(self.view.profile.hang_after)
        });
        Judged {
            hang,
            hung: hung || open.role.is_database(),
            works: last.is_some(),
            call: call.map(|call| call.span_name.clone()),
        }
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

fn of_request<'a>(ended: &[&'a Long], request: &Open) -> Vec<&'a Long> {
    let below = ended.iter().filter(|other| is_below(&other.span, request));
    below.copied().collect()
}

/// Seconds of these together; what overlaps counts once.
fn together_s(spans: &[&Long]) -> f64 {
    let times = spans.iter().map(|long| {
        let from = long.span.started_at;
        (from, from + seconds(long.duration_s))
    });
    let parts = joined(times.collect(), chrono::TimeDelta::zero());
    parts.into_iter().map(|(from, to)| to_seconds(to - from)).sum()
}

fn longest_of<'a>(spans: &[&'a Long]) -> Option<&'a Long> {
    let longest = spans.iter().max_by(|a, b| {
        let by_length = a.duration_s.total_cmp(&b.duration_s);
        by_length.then_with(|| b.span.span_id.cmp(&a.span.span_id))
    });
    longest.copied()
}

fn last_begun<'a>(spans: &[&'a Open]) -> Option<&'a Open> {
    let last = spans
        .iter()
        .max_by(|a, b| (a.started_at, &b.span_id).cmp(&(b.started_at, &a.span_id)));
    last.copied()
}

/// All that a request waited for its database, from the first of it on.
fn waited(longest: &Long, database: &[&Long], waited_s: f64) -> Wait {
    let starts = database.iter().map(|long| long.span.started_at);
    Wait {
        role: longest.span.role,
        started_at: starts.min().unwrap_or(longest.span.started_at),
        duration_s: Some(waited_s),
        longest_s: Some(longest.duration_s),
    }
}

/// Whether an operation can be what a request waits on: in its process, and begun after it, at any depth.
fn is_below(other: &Open, request: &Open) -> bool {
    request.role == Role::Request
        && other.role != Role::Request
        && other.process == request.process
        && other.started_at >= request.started_at
}

/// When the process is proven dead: its shutdown line, a start line of its own after the span's start (the same pid again), or
/// another process of its instance that began when it had emitted its last. Worker processes that run side by side
/// prove nothing about each other.
fn death(span: &Open, processes: &[Process], lines: &[Line]) -> Option<DateTime<Utc>> {
    let (instance, own, since) = (&span.instance, &span.process, span.started_at);
    let dead = processes
        .iter()
        .find(|p| p.instance == *instance && p.process == *own)?;
    let last_at = dead.last_at;
    let successor = processes
        .iter()
        .filter(|p| p.instance == *instance && p.service == dead.service && p.process != *own)
        .filter(|p| p.first_at > since && p.first_at >= last_at)
        .map(|p| p.first_at);
    let said = lines
        .iter()
        .filter(|line| line.instance == *instance && line.process == *own && line.first_at > since)
        .filter(|line| matches!(line.kind, LineKind::Starting | LineKind::Stopping))
        .map(|line| line.first_at);
    successor.chain(said).min()
}
