//! A timeline as a report: the runbook's three columns for people, the contract's document for scripts.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{DurationOrigin, Entry, EntryKind, Timeline};
use crate::diagnosis::{Diagnosis, Short};
use crate::report::{Align, Block, Cell, Chart, Column, Data, Note, Severity, Table, Told, trace_link};
use crate::schema::{self, Time};
use crate::window::Window;
use crate::words::clock;

/// A window is half-open: its end is not in it.
const SHORTEST: TimeDelta = TimeDelta::microseconds(1);
/// Traces listed under the table: enough to open the worst ones.
const MOST_TRACES: usize = 8;
/// Traces an entry names in the document.
const TRACES_AN_ENTRY: usize = 20;

/// What `timeline` tells scripts.
#[derive(Serialize, JsonSchema)]
pub struct TimelineDocument<'a> {
    /// What it was.
    diagnosis: Short<'a>,
    /// What happened, by start.
    entries: Vec<EntryDocument<'a>>,
}

/// A row of the timeline.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Entry")]
pub struct EntryDocument<'a> {
    start: Time,
    /// Null for a point and for what still runs.
    end: Option<Time>,
    kind: EntryKind,
    /// The text of the table.
    event: &'a str,
    /// The text of the table.
    duration: &'a str,
    /// Whether the records hold the duration, or the profile says so.
    duration_origin: DurationOrigin,
    duration_ms: Option<Extremes>,
    /// How many records, requests or attempts it stands for.
    count: u64,
    severity: Severity,
    /// Success beside an open hang.
    emphasis: bool,
    /// It still goes on at the end of the window.
    in_progress: bool,
    instances: &'a [String],
    /// Some of its traces.
    trace_ids: &'a [String],
}

/// The shortest and the longest.
#[derive(Serialize, JsonSchema)]
struct Extremes {
    min: f64,
    max: f64,
}

/// An entry as a row; with dates if the entries span several days.
struct Row<'a> {
    entry: &'a Entry,
    dated: bool,
}

fn columns<'a>() -> [Column<Row<'a>>; 3] {
    [
        Column {
            title: "time (UTC)",
            align: Align::Left,
            cell: |row| Cell::plain(time(row.entry, row.dated)),
        },
        Column {
            title: "event",
            align: Align::Left,
            cell: |row| Cell {
                severity: row.entry.severity,
                ..Cell::plain(row.entry.event.clone())
            },
        },
        Column {
            title: "duration",
            align: Align::Left,
            cell: |row| Cell {
                emphasis: row.entry.emphasis,
                severity: if row.entry.emphasis {
                    Severity::Ok
                } else {
                    row.entry.severity
                },
                ..Cell::plain(row.entry.duration.clone())
            },
        },
    ]
}

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

/// The runbook's table; with dates if it or the window holds more than one day.
pub fn table(timeline: &Timeline, window: Window) -> Table {
    // The lookback may reach into the day before.
    let days = timeline
        .entries
        .iter()
        .flat_map(|entry| [entry.start.date_naive(), entry.last().date_naive()]);
    let days = days.chain([window.from.date_naive(), (window.to - SHORTEST).date_naive()]);
    let dated = days.clone().min() != days.max();
    let rows: Vec<Row<'_>> = timeline.entries.iter().map(|entry| Row { entry, dated }).collect();
    Table::of(&columns(), &rows)
}

/// The entries as in the contract.
pub fn documents(timeline: &Timeline) -> Vec<EntryDocument<'_>> {
    timeline.entries.iter().map(document).collect()
}

/// The timeline under the diagnosis' headline. `project_url` = `https://host/org/project`, or empty: then traces have no links.
pub fn told(timeline: &Timeline, diagnosis: &Diagnosis, charts: Vec<Chart>, window: Window, project_url: &str) -> Told {
    let mut notes: Vec<Note> = timeline.notes.iter().cloned().map(Note::from).collect();
    notes.extend(traces(timeline, project_url));
    let document = TimelineDocument {
        diagnosis: diagnosis.short(),
        entries: documents(timeline),
    };
    let rows: Vec<Value> = document.entries.iter().map(schema::value).collect();
    Told {
        headline: diagnosis.headline(&[]),
        severity: diagnosis.severity(),
        outcome: diagnosis.outcome(),
        blocks: [Block::Table(table(timeline, window))]
            .into_iter()
            .chain(charts.into_iter().map(Block::Chart))
            .chain([Block::Notes(notes)])
            .collect(),
        screen: None,
        data: Data::of_documents(&DATA_COLUMNS, &rows),
        fields: schema::fields(&document),
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
            text: format!("trace {trace_id}: {} {}", clock(entry.start), entry.event),
            link: trace_link(project_url, trace_id, entry.start, entry.last()),
        })
        .collect()
}

fn document(entry: &Entry) -> EntryDocument<'_> {
    let milliseconds = |seconds: f64| (seconds * 1e6).round() / 1e3;
    EntryDocument {
        start: Time(entry.start),
        end: entry.end.map(Time),
        kind: entry.kind,
        event: &entry.event,
        duration: &entry.duration,
        duration_origin: entry.duration_origin,
        duration_ms: entry.duration_s.map(|(min, max)| Extremes {
            min: milliseconds(min),
            max: milliseconds(max),
        }),
        count: entry.count,
        severity: entry.severity,
        emphasis: entry.emphasis,
        in_progress: entry.in_progress,
        instances: &entry.instances,
        trace_ids: &entry.trace_ids[..entry.trace_ids.len().min(TRACES_AN_ENTRY)],
    }
}

/// What scripts get as JSON, spreadsheets get as columns.
const DATA_COLUMNS: [&str; 12] = [
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
