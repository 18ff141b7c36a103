//! Lives of instances for `verify`: the newest life of a process apart from those before.

use chrono::{DateTime, Utc};

use super::View;
use crate::facts::LineKind;
use crate::facts::life::{Life, StatementTimes};
use crate::facts::rows::{Activity, ProcessRow, Rows, Said};
use crate::profile::Settings;
use crate::window::Window;

/// All lives of the evidence.
pub fn lives(rows: &Rows, window: Window, profile: &Settings) -> Vec<Life> {
    let view = View::new(rows, window, profile);
    let mut found: Vec<Life> = rows
        .processes
        .rows
        .iter()
        .flat_map(|row| of_process(&view, row))
        .collect();
    found.sort_by(|a, b| (b.first_at, &a.instance, &a.process).cmp(&(a.first_at, &b.instance, &b.process)));
    found
}

/// A `service_instance_id` and a pid may come again after a restart: the line that a process starts with parts its lives.
fn of_process(view: &View<'_>, row: &ProcessRow) -> Vec<Life> {
    let starting = row
        .lines
        .iter()
        .filter(|said| said.kind == LineKind::Starting)
        .map(|said| said.last_at)
        .max();
    let again = starting.filter(|at| *at - row.first_at > crate::facts::STARTUP);
    let Some(begun) = again else {
        return vec![life(view, row, true, row.first_at, (row.first_at, row.last_at))];
    };
    let before = row.activity.iter().filter(|bucket| bucket.first_at < begun);
    let last_before = before
        .map(|bucket| bucket.end_at.min(begun))
        .max()
        .unwrap_or(row.first_at);
    vec![
        life(view, row, true, begun, (begun, row.last_at)),
        life(view, row, false, begun, (row.first_at, last_before)),
    ]
}

fn life(
    view: &View<'_>,
    row: &ProcessRow,
    newest: bool,
    begun: DateTime<Utc>,
    (first_at, last_at): (DateTime<Utc>, DateTime<Utc>),
) -> Life {
    let own = |at: DateTime<Utc>| (at >= begun) == newest;
    let buckets: Vec<&Activity> = row.activity.iter().filter(|bucket| own(bucket.last_at)).collect();
    let lines: Vec<&Said> = row.lines.iter().filter(|said| own(said.last_at)).collect();
    let sum = |figure: fn(&Activity) -> u64| buckets.iter().map(|bucket| figure(bucket)).sum::<u64>();
    let last = |kind: LineKind| {
        lines
            .iter()
            .filter(|said| said.kind == kind)
            .map(|said| said.last_at)
            .max()
    };
    let connected_at = last(LineKind::Connected);
    let since = row
        .lines
        .iter()
        .filter(|said| said.kind == LineKind::Connected)
        .map(|said| said.last_at)
        .max();
    let since = since.unwrap_or(begun);
    let trouble = || lines.iter().filter(|said| said.kind.is_trouble());
    let open = || trouble().filter(|said| said.last_at > since);
    let starts_from = view.window.to - view.profile.verify.starts_within;
    let of_lines = |failures: fn(&Said) -> u64| lines.iter().map(|said| failures(said)).sum::<u64>();
    Life {
        instance: row.instance.clone(),
        process: row.process.clone(),
        service: row.service.clone(),
        newest,
        first_at,
        last_at,
        started_line_at: last(LineKind::Starting),
        stopping_at: last(LineKind::Stopping),
        starting_lines: lines
            .iter()
            .filter(|said| said.kind == LineKind::Starting && said.last_at >= starts_from)
            .map(|said| said.lines)
            .sum(),
        active_seconds: buckets.iter().map(|bucket| active_seconds(view, bucket)).sum(),
        connected_at,
        trouble: open()
            .map(|said| said.first_after(since))
            .min()
            .zip(open().map(|said| said.last_at).max()),
        served: row.served,
        trouble_lines: open().map(|said| said.lines).sum(),
        requests: sum(|bucket| bucket.requests),
        failed: sum(|bucket| bucket.failed),
        with_database: sum(|bucket| bucket.statements.answered)
            .min(sum(|bucket| bucket.requests - bucket.failed.min(bucket.requests))),
        health_requests: sum(|bucket| bucket.health),
        statements: sum(|bucket| bucket.statements.ended),
        statement_times: row
            .statements_s
            .filter(|_| sum(|bucket| bucket.statements.ended) > 0)
            .map(|(p50_s, p95_s, max_s)| StatementTimes { p50_s, p95_s, max_s }),
        // What fails below a request is judged by the request. Without requests it may be a job whose begin was elsewhere.
        error_spans: sum(|bucket| bucket.error_spans)
            + if row.served == 0 {
                sum(|bucket| bucket.error_parts)
            } else {
                0
            },
        refused_calls: sum(|bucket| bucket.refused),
        error_logs: sum(|bucket| bucket.error_logs)
            + of_lines(|said| if said.kind.is_trouble() { 0 } else { said.failures }),
        listener_errors: trouble().map(|said| said.failures).sum(),
        listener_errors_open: open().map(|said| said.failures_after(since)).sum(),
        error_trace_id: row.error_trace_id.clone(),
        error: row.error.clone(),
    }
}

impl Said {
    /// The first of the lines after `at`. In the bucket of `at` itself the first line tells on which side of it they are.
    fn first_after(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        if self.first_at > at {
            self.first_at
        } else {
            self.last_at
        }
    }

    fn failures_after(&self, at: DateTime<Utc>) -> u64 {
        if self.first_at > at {
            self.failures
        } else {
            self.failures.min(1)
        }
    }
}

/// Seconds in which something began, as far as the bucket's slots tell.
fn active_seconds(view: &View<'_>, bucket: &Activity) -> u64 {
    let slots = u64::from(bucket.active.count_ones());
    match bucket.in_window {
        true => slots * view.grid.slot_s.unsigned_abs(),
        false => bucket
            .records
            .min((bucket.last_at - bucket.first_at).num_seconds().unsigned_abs() + 1),
    }
}
