//! The neutral result that every renderer gets: an answer, blocks for people, a document for scripts.
//! It knows no format, and no format knows a command.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// How bad a statement is; also the colour of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Seen to be fine.
    Ok,
    /// Worth knowing, nothing wrong.
    Info,
    /// Something is off.
    Warning,
    /// Requests fail or hang.
    Critical,
}

/// What a command found out, as the exit code and scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and nothing is wrong.
    Fine,
    /// Something is wrong: exit 1 for `verify`, and for any command with `--fail-on-incident`.
    Incident,
    /// No or incomplete evidence: exit 4.
    Inconclusive,
}

/// A finished answer.
#[derive(Debug, Clone)]
pub struct Report {
    /// The first line of output: the answer.
    pub headline: String,
    /// How bad the headline is.
    pub severity: Severity,
    /// For the exit code.
    pub outcome: Outcome,
    /// What people read under the headline, in order.
    pub blocks: Vec<Block>,
    /// What `--format json` prints (contract.md): a versioned document.
    pub document: Value,
    /// What `--format csv` prints: full precision, one header line.
    pub data: Data,
}

/// A piece of a report for people.
#[derive(Debug, Clone)]
pub enum Block {
    /// A title over what follows it.
    Heading(String),
    /// A table with headers.
    Table(Table),
    /// Short lines, one fact each, with a link where there is one.
    Notes(Vec<Note>),
    /// Text to be shown as it is, such as SQL or a command to paste.
    Preformatted(String),
}

/// One line of a [`Block::Notes`].
#[derive(Debug, Clone)]
pub struct Note {
    /// The line; telemetry text is allowed, renderers neutralise it.
    pub text: String,
    /// An https URL.
    pub link: Option<String>,
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self { text, link: None }
    }
}

/// A table for people: each row has as many cells as there are columns.
#[derive(Debug, Clone)]
pub struct Table {
    /// Headers, left to right.
    pub columns: Vec<Header>,
    /// Rows, top to bottom.
    pub rows: Vec<Vec<Cell>>,
}

/// The head of a column.
#[derive(Debug, Clone)]
pub struct Header {
    /// Shown on top.
    pub title: String,
    /// Numbers stand on the right.
    pub align: Align,
}

/// Where the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A cell. Its text may come from strangers: renderers neutralise it.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Unescaped.
    pub text: String,
    /// Bold, `**…**` in Markdown.
    pub emphasis: bool,
    /// Colour on a terminal; [`Severity::Info`] has none.
    pub severity: Severity,
}

impl Cell {
    /// A cell with nothing special about it.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            emphasis: false,
            severity: Severity::Info,
        }
    }
}

/// Rows for `--format csv`: scalars as they are, nested values as JSON text, null as an empty field.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// The header line.
    pub columns: Vec<String>,
    /// As many values a row as there are columns.
    pub rows: Vec<Vec<Value>>,
}

/// The live view of a trace, from a minute before to a minute after: unless it is told when to look it shows the last
/// five minutes. `None` without a project, and for a trace id that is none.
pub fn trace_link(project_url: &str, trace_id: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<String> {
    let is_id = !trace_id.is_empty() && trace_id.chars().all(|c| c.is_ascii_hexdigit());
    if project_url.is_empty() || !is_id {
        return None;
    }
    let minute = TimeDelta::minutes(1);
    let at = |time: DateTime<Utc>| time.format("%Y-%m-%dT%H%%3A%M%%3A%SZ").to_string();
    Some(format!(
        "{}?q=trace_id%3D%27{trace_id}%27&since={}&until={}",
        project_url.trim_end_matches('/'),
        at(from - minute),
        at(to + minute)
    ))
}
