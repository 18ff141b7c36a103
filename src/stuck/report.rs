//! What hangs as a report: at most [`MOST_ROWS`] rows for people, all of them for scripts (docs/contract.md).

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::long::{self, LongDocument};
use super::{Stuck, microseconds};
use crate::episodes::{Hanging, WaitingOn};
use crate::error_text::{Attempt, attempts};
use crate::facts::to_seconds;
use crate::report::{Align, Block, Cell, Column, Data, Note, Severity, Table, Told, trace_link};
use crate::schema::{self, Time};
use crate::words;

/// A table that a person can take in at once.
const MOST_ROWS: usize = 25;
/// Errors that are told below the table, each once.
const MOST_ERRORS: usize = 5;
/// Traces with a link below the table.
const MOST_LINKS: usize = 8;
/// Room for an error's first line.
const ERROR_WIDTH: usize = 200;

/// What `stuck` tells scripts.
#[derive(Serialize, JsonSchema)]
pub struct StuckDocument<'a> {
    /// What hangs or hung, longest first.
    spans: Vec<Span<'a>>,
    /// What lives long by its nature.
    long: Vec<LongDocument<'a>>,
}

/// A request that hangs or hung, or a connect or statement without one.
#[derive(Serialize, JsonSchema)]
struct Span<'a> {
    start: Time,
    span_name: &'a str,
    /// Null for what is no request.
    route: Option<&'a str>,
    /// Null while in progress, and when it died.
    duration_s: Option<f64>,
    /// From its start to the end of the window.
    age_s: f64,
    /// How long it hung, as far as is known.
    waited_s: f64,
    in_progress: bool,
    died_with_process: Option<bool>,
    waiting_on: WaitingOn,
    waiting_since: Option<Time>,
    /// How many addresses the error lists.
    addresses_tried: Option<usize>,
    address_attempts: Vec<Attempt>,
    /// Null while in progress, and when it died.
    failed: Option<bool>,
    error: Option<String>,
    instance: &'a str,
    process: &'a str,
    trace_id: &'a str,
    span_id: &'a str,
}

/// A hang as a row, with the end of the window, and with dates if the hangs span several days.
struct Row<'a> {
    hang: &'a Hanging<'a>,
    now: DateTime<Utc>,
    dated: bool,
}

fn columns<'a>() -> [Column<Row<'a>>; 6] {
    [
        Column {
            title: "start (UTC)",
            align: Align::Left,
            cell: |row| {
                let format = if row.dated { "%m-%d %H:%M:%S" } else { "%H:%M:%S" };
                Cell::plain(row.hang.started_at.format(format).to_string())
            },
        },
        Column {
            title: "request",
            align: Align::Left,
            cell: |row| Cell::plain(row.hang.span_name.clone()),
        },
        Column {
            title: "hung for",
            align: Align::Left,
            cell: |row| Cell {
                severity: if row.hang.in_flight() {
                    Severity::Critical
                } else {
                    Severity::Warning
                },
                ..Cell::plain(length(row.hang, row.now))
            },
        },
        Column {
            title: "waiting on",
            align: Align::Left,
            cell: |row| {
                let on = row.hang.waiting_on.name();
                Cell::plain(
                    match row.hang.error.as_deref().map_or(0, |error| attempts(error).len()) {
                        0 => on.to_owned(),
                        1 => format!("{on}, 1 address tried"),
                        tried => format!("{on}, {tried} addresses tried"),
                    },
                )
            },
        },
        Column {
            title: "instance",
            align: Align::Left,
            cell: |row| Cell::plain(row.hang.instance.clone()),
        },
        Column {
            title: "trace",
            align: Align::Left,
            cell: |row| Cell::plain(row.hang.trace_id.clone()),
        },
    ]
}

fn length(hang: &Hanging<'_>, now: DateTime<Utc>) -> String {
    let time = words::duration(hang.length_s(now));
    match (hang.duration_s(), hang.died_with_process) {
        (Some(_), _) if hang.failed() => format!("{time}, then failed"),
        (Some(_), _) => time,
        (None, Some(true)) => format!("{time}, until its process died"),
        (None, Some(false)) => format!("{time} so far"),
        (None, None) => format!("{time} so far, if its process lives"),
    }
}

/// What `stuck` has to say. `project_url` = `https://host/org/project`, or empty: then traces have no links.
pub fn told(stuck: &Stuck<'_>, now: DateTime<Utc>, project_url: &str) -> Told {
    let document = StuckDocument {
        spans: stuck.spans.iter().map(|span| Span::of(span, now)).collect(),
        long: stuck.long.iter().map(|long| LongDocument::of(long, now)).collect(),
    };
    let documents: Vec<Value> = document.spans.iter().map(schema::value).collect();
    let days = stuck.spans.iter().map(|s| s.started_at.date_naive());
    let dated = days.clone().min() != days.max();
    let shown = stuck.spans.iter().take(MOST_ROWS);
    let rows: Vec<Row<'_>> = shown.map(|hang| Row { hang, now, dated }).collect();
    let mut notes: Vec<Note> = Vec::new();
    if let Some(more) = stuck.spans.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
        notes.push(Note::from(format!("{more} more, shorter; --format json has all")));
    }
    notes.extend(errors(&stuck.spans));
    notes.extend(long::notes(&stuck.long, now));
    notes.extend(links(&stuck.spans, now, project_url));
    Told {
        headline: stuck.headline.clone(),
        severity: stuck.severity,
        outcome: stuck.outcome,
        blocks: vec![Block::Table(Table::of(&columns(), &rows)), Block::Notes(notes)],
        screen: None,
        data: Data::of_documents(&DATA_COLUMNS, &documents),
        fields: schema::fields(&document),
    }
}

/// Each error once, with how many it ended.
fn errors(spans: &[Hanging<'_>]) -> Vec<Note> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for error in spans.iter().filter_map(|s| s.error.as_deref()) {
        let line = words::error(error, ERROR_WIDTH);
        match counts.iter_mut().find(|(text, _)| *text == line) {
            Some((_, count)) => *count += 1,
            None => counts.push((line, 1)),
        }
    }
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    counts
        .into_iter()
        .take(MOST_ERRORS)
        .map(|(text, count)| Note::from(format!("{} ended with: {text}", words::grouped(count))))
        .collect()
}

fn links(spans: &[Hanging<'_>], now: DateTime<Utc>, project_url: &str) -> Vec<Note> {
    let linked = spans.iter().filter_map(|s| {
        let ended_at = s.ended_at().unwrap_or(now);
        Some(Note {
            text: format!("trace {}: {}", s.trace_id, s.span_name),
            link: Some(trace_link(project_url, &s.trace_id, s.started_at, ended_at)?),
        })
    });
    linked.take(MOST_LINKS).collect()
}

impl<'a> Span<'a> {
    fn of(s: &'a Hanging<'_>, now: DateTime<Utc>) -> Self {
        let error = s.error.as_deref();
        let tried = error.map(attempts).unwrap_or_default();
        let waiting_since = s.wait.filter(|_| s.waiting_on != WaitingOn::Unknown);
        Self {
            start: Time(s.started_at),
            span_name: &s.span_name,
            route: s.is_request().then_some(s.span_name.as_str()),
            duration_s: s.duration_s(),
            age_s: microseconds(to_seconds(now - s.started_at)),
            waited_s: microseconds(s.length_s(now)),
            in_progress: s.in_flight(),
            died_with_process: s.died_with_process,
            waiting_on: s.waiting_on,
            waiting_since: waiting_since.map(|wait| Time(wait.started_at)),
            addresses_tried: (!tried.is_empty()).then_some(tried.len()),
            address_attempts: tried,
            failed: s.duration_s().map(|_| s.failed()),
            error: error.map(|text| words::error(text, usize::MAX)),
            instance: &s.instance,
            process: &s.process,
            trace_id: &s.trace_id,
            span_id: &s.span_id,
        }
    }
}

/// What scripts get as JSON, spreadsheets get as columns.
const DATA_COLUMNS: [&str; 17] = [
    "start",
    "span_name",
    "route",
    "duration_s",
    "age_s",
    "waited_s",
    "in_progress",
    "died_with_process",
    "waiting_on",
    "waiting_since",
    "addresses_tried",
    "failed",
    "error",
    "instance",
    "process",
    "trace_id",
    "span_id",
];
