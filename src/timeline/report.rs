//! A timeline as a report: the runbook's three columns for people, the contract's document for scripts.

use serde::Serialize;
use serde_json::{Value, json};

use super::{DurationOrigin, Entry, EntryKind, Timeline};
use crate::report::{Align, Block, Cell, Data, Header, Note, Report, Severity, Table};
use crate::window::rfc3339;

/// Traces listed under the table: enough to open the worst ones.
const MOST_TRACES: usize = 8;
/// Traces an entry names in the document.
const TRACES_AN_ENTRY: usize = 20;

/// What the report says of how the answer was got.
pub struct ReportContext<'a> {
    /// The fields that every document has (contract.md).
    pub document: serde_json::Map<String, Value>,
    /// The same for people, one line each.
    pub notes: Vec<String>,
    /// `https://host/org/project`, or empty: then traces have no links.
    pub project_url: &'a str,
}

#[derive(Serialize)]
struct EntryDocument<'a> {
    start: String,
    end: Option<String>,
    kind: EntryKind,
    event: &'a str,
    duration: &'a str,
    duration_origin: DurationOrigin,
    duration_ms: Option<Value>,
    count: u64,
    severity: Severity,
    emphasis: bool,
    in_progress: bool,
    instances: &'a [String],
    trace_ids: &'a [String],
}

/// A column for people: its header and how an entry fills it can't drift apart.
struct Column {
    title: &'static str,
    cell: fn(&Entry, bool) -> Cell,
}

const COLUMNS: [Column; 3] = [
    Column {
        title: "time (UTC)",
        cell: |entry, dated| Cell::plain(time(entry, dated)),
    },
    Column {
        title: "event",
        cell: |entry, _| Cell {
            severity: entry.severity,
            ..Cell::plain(entry.event.clone())
        },
    },
    Column {
        title: "duration",
        cell: |entry, _| Cell {
            emphasis: entry.emphasis,
            severity: if entry.emphasis { Severity::Ok } else { entry.severity },
            ..Cell::plain(entry.duration.clone())
        },
    },
];

/// `06:32:40`, or `06:32:50-06:33:29` if it lasts beyond its second; with the date if the entries span several days.
fn time(entry: &Entry, dated: bool) -> String {
    let format = if dated { "%m-%d %H:%M:%S" } else { "%H:%M:%S" };
    let start = entry.start.format(format).to_string();
    match entry.end {
        Some(end) if entry.kind.shows_range() && end.format(format).to_string() != start => {
            format!("{start}-{}", end.format(format))
        }
        _ => start,
    }
}

/// Makes the report.
pub fn to_report(timeline: &Timeline, context: ReportContext<'_>) -> Report {
    let days = timeline
        .entries
        .iter()
        .flat_map(|entry| [entry.start.date_naive(), entry.last().date_naive()]);
    let dated = days.clone().min() != days.max();
    let table = Table {
        columns: COLUMNS
            .iter()
            .map(|column| Header {
                title: column.title.to_owned(),
                align: Align::Left,
            })
            .collect(),
        rows: timeline
            .entries
            .iter()
            .map(|entry| COLUMNS.iter().map(|column| (column.cell)(entry, dated)).collect())
            .collect(),
    };
    let mut notes: Vec<Note> = timeline.notes.iter().cloned().map(Note::from).collect();
    notes.extend(traces(timeline, context.project_url));
    notes.extend(context.notes.into_iter().map(Note::from));
    let mut blocks = Vec::new();
    if !timeline.entries.is_empty() {
        blocks.push(Block::Table(table));
    }
    blocks.push(Block::Notes(notes));
    let entries: Vec<Value> = timeline.entries.iter().map(document).collect();
    let mut whole = context.document;
    whole.insert(String::from("headline"), json!(timeline.headline));
    whole.entry("diagnosis").or_insert(Value::Null);
    whole.insert(String::from("entries"), Value::Array(entries.clone()));
    Report {
        headline: timeline.headline.clone(),
        severity: timeline.severity,
        outcome: timeline.outcome,
        blocks,
        document: Value::Object(whole),
        data: data(&entries),
    }
}

/// The traces of the gravest rows, first things first.
fn traces(timeline: &Timeline, project_url: &str) -> Vec<Note> {
    let grave = timeline
        .entries
        .iter()
        .filter(|entry| entry.severity >= Severity::Warning || entry.emphasis);
    let named = grave.filter_map(|entry| Some((entry, entry.trace_ids.first()?)));
    named
        .filter(|(entry, _)| !matches!(entry.kind, EntryKind::HeartbeatTimeout | EntryKind::ListenerLost))
        .take(MOST_TRACES)
        .map(|(entry, trace_id)| Note {
            text: format!("trace {trace_id}: {} {}", entry.start.format("%H:%M:%S"), entry.event),
            link: link(project_url, trace_id, entry),
        })
        .collect()
}

/// The live view shows the last five minutes unless it is told when to look.
fn link(project_url: &str, trace_id: &str, entry: &Entry) -> Option<String> {
    let is_id = !trace_id.is_empty() && trace_id.chars().all(|c| c.is_ascii_hexdigit());
    if project_url.is_empty() || !is_id {
        return None;
    }
    let minute = chrono::TimeDelta::minutes(1);
    let at = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%dT%H%%3A%M%%3A%SZ").to_string();
    Some(format!(
        "{}?q=trace_id%3D%27{trace_id}%27&since={}&until={}",
        project_url.trim_end_matches('/'),
        at(entry.start - minute),
        at(entry.last() + minute)
    ))
}

fn document(entry: &Entry) -> Value {
    let milliseconds = |seconds: f64| (seconds * 1e6).round() / 1e3;
    let document = EntryDocument {
        start: rfc3339(entry.start),
        end: entry.end.map(rfc3339),
        kind: entry.kind,
        event: &entry.event,
        duration: &entry.duration,
        duration_origin: entry.duration_origin,
        duration_ms: entry
            .duration_s
            .map(|(min, max)| json!({"min": milliseconds(min), "max": milliseconds(max)})),
        count: entry.count,
        severity: entry.severity,
        emphasis: entry.emphasis,
        in_progress: entry.in_progress,
        instances: &entry.instances,
        trace_ids: &entry.trace_ids[..entry.trace_ids.len().min(TRACES_AN_ENTRY)],
    };
    serde_json::to_value(document).unwrap_or(Value::Null)
}

/// The document's entries as rows: what scripts get as JSON, spreadsheets get as columns.
fn data(entries: &[Value]) -> Data {
    let columns = [
        "start",
        "end",
        "kind",
        "event",
        "duration",
        "duration_ms",
        "count",
        "severity",
        "emphasis",
        "in_progress",
        "instances",
        "trace_ids",
    ];
    Data {
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
        rows: entries
            .iter()
            .map(|entry| {
                columns
                    .iter()
                    .map(|&name| entry.get(name).cloned().unwrap_or(Value::Null))
                    .collect()
            })
            .collect(),
    }
}
