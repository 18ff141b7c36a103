//! What hangs as a report: at most [`MOST_ROWS`] rows for people, all of them for scripts (contract.md).

use serde_json::{Map, Value, json};

use super::{Answer, Stuck, WaitingOn};
use crate::psycopg::attempts;
use crate::report::{Align, Block, Cell, Data, Header, Note, Report, Severity, Table, trace_link};
use crate::window::{Window, rfc3339};
use crate::words;

/// A table that a person can take in at once.
const MOST_ROWS: usize = 25;
/// Errors that are told below the table, each once.
const MOST_ERRORS: usize = 5;
/// Traces with a link below the table.
const MOST_LINKS: usize = 8;
/// Room for an error's first line.
const ERROR_WIDTH: usize = 200;

/// What the report says of how the answer was got.
pub struct Context<'a> {
    /// The fields that every document has (contract.md).
    pub document: Map<String, Value>,
    /// The same for people, one line each.
    pub notes: Vec<String>,
    /// `https://host/org/project`, or empty: then traces have no links.
    pub project_url: &'a str,
    /// The window that was asked.
    pub window: Window,
}

struct Column {
    title: &'static str,
    align: Align,
    cell: fn(&Stuck<'_>, bool) -> Cell,
}

const COLUMNS: [Column; 6] = [
    Column {
        title: "start (UTC)",
        align: Align::Left,
        cell: |s, dated| {
            let format = if dated { "%m-%d %H:%M:%S" } else { "%H:%M:%S" };
            Cell::plain(s.span.started_at.format(format).to_string())
        },
    },
    Column {
        title: "request",
        align: Align::Left,
        cell: |s, _| Cell::plain(s.span.span_name.clone()),
    },
    Column {
        title: "hung for",
        align: Align::Left,
        cell: |s, _| Cell {
            severity: if s.span.in_flight() {
                Severity::Critical
            } else {
                Severity::Warning
            },
            ..Cell::plain(length(s))
        },
    },
    Column {
        title: "waiting on",
        align: Align::Left,
        cell: |s, _| {
            let on = s.waiting_on.name();
            Cell::plain(match s.span.error.as_deref().map_or(0, |error| attempts(error).len()) {
                0 => on.to_owned(),
                1 => format!("{on}, 1 address tried"),
                tried => format!("{on}, {tried} addresses tried"),
            })
        },
    },
    Column {
        title: "instance",
        align: Align::Left,
        cell: |s, _| Cell::plain(s.span.instance.clone()),
    },
    Column {
        title: "trace",
        align: Align::Left,
        cell: |s, _| Cell::plain(s.span.trace_id.clone()),
    },
];

fn length(s: &Stuck<'_>) -> String {
    let time = words::duration(s.waited_s);
    match (s.span.duration_s, s.died_with_process) {
        (Some(_), _) if s.span.failed => format!("{time}, then failed"),
        (Some(_), _) => time,
        (None, Some(true)) => format!("{time}, until its process died"),
        (None, Some(false)) => format!("{time} so far"),
        (None, None) => format!("{time} so far, if its process lives"),
    }
}

/// Makes the report.
pub fn to_report(answer: &Answer<'_>, context: Context<'_>) -> Report {
    let documents: Vec<Value> = answer.spans.iter().map(|s| document(s, &context.window)).collect();
    let mut blocks = Vec::new();
    if !answer.spans.is_empty() {
        blocks.push(Block::Table(table(&answer.spans)));
    }
    let mut notes: Vec<Note> = Vec::new();
    if let Some(more) = answer.spans.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
        notes.push(Note::from(format!("{more} more, shorter; --format json has all")));
    }
    notes.extend(errors(&answer.spans));
    notes.extend(links(&answer.spans, &context));
    notes.extend(context.notes.into_iter().map(Note::from));
    blocks.push(Block::Notes(notes));
    let mut whole = context.document;
    whole.insert(String::from("headline"), json!(answer.headline));
    whole.insert(String::from("spans"), Value::Array(documents.clone()));
    Report {
        headline: answer.headline.clone(),
        severity: answer.severity,
        outcome: answer.outcome,
        blocks,
        document: Value::Object(whole),
        data: data(&documents),
    }
}

fn table(spans: &[Stuck<'_>]) -> Table {
    let days = spans.iter().map(|s| s.span.started_at.date_naive());
    let dated = days.clone().min() != days.max();
    Table {
        columns: COLUMNS
            .iter()
            .map(|column| Header {
                title: column.title.to_owned(),
                align: column.align,
            })
            .collect(),
        rows: spans
            .iter()
            .take(MOST_ROWS)
            .map(|s| COLUMNS.iter().map(|column| (column.cell)(s, dated)).collect())
            .collect(),
    }
}

/// Each error once, with how many it ended.
fn errors(spans: &[Stuck<'_>]) -> Vec<Note> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for error in spans.iter().filter_map(|s| s.span.error.as_deref()) {
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

fn links(spans: &[Stuck<'_>], context: &Context<'_>) -> Vec<Note> {
    if context.project_url.is_empty() {
        return Vec::new();
    }
    spans
        .iter()
        .take(MOST_LINKS)
        .map(|s| Note {
            text: format!("trace {}: {}", s.span.trace_id, s.span.span_name),
            link: trace_link(
                context.project_url,
                &s.span.trace_id,
                s.span.started_at,
                s.span.ended_at().or(s.span.died_at).unwrap_or(context.window.to),
            ),
        })
        .collect()
}

fn document(s: &Stuck<'_>, window: &Window) -> Value {
    let span = s.span;
    let microseconds = |seconds: f64| (seconds * 1e6).round() / 1e6;
    let error = span.error.as_deref();
    let tried = error.map(attempts).unwrap_or_default();
    json!({
        "start": rfc3339(span.started_at),
        "span_name": span.span_name,
        "route": route(s),
        "duration_s": span.duration_s,
        "age_s": microseconds(crate::facts::to_seconds(window.to - span.started_at)),
        "waited_s": microseconds(s.waited_s),
        "in_progress": span.in_flight(),
        "died_with_process": s.died_with_process,
        "waiting_on": s.waiting_on,
        "waiting_since": span.leaf.filter(|_| s.waiting_on != WaitingOn::Unknown).map(|leaf| rfc3339(leaf.started_at)),
        "addresses_tried": (!tried.is_empty()).then_some(tried.len()),
        "address_attempts": tried,
        "failed": span.duration_s.map(|_| span.failed),
        "error": error.map(|text| words::error(text, usize::MAX)),
        "instance": span.instance,
        "process": span.process,
        "trace_id": span.trace_id,
        "span_id": span.span_id,
    })
}

/// "GET /albums" for a request, null for an operation outside of one.
fn route<'a>(s: &Stuck<'a>) -> Option<&'a str> {
    (s.span.role == crate::facts::stuck::Role::Request).then_some(s.span.span_name.as_str())
}

/// The document's spans as rows.
fn data(documents: &[Value]) -> Data {
    let columns: [&str; 17] = [
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
    Data {
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
        rows: documents
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .map(|&name| row.get(name).cloned().unwrap_or(Value::Null))
                    .collect()
            })
            .collect(),
    }
}
