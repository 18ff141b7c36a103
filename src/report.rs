//! The neutral result that every renderer gets: an answer, blocks for people, a document for scripts.
//! It knows no format, and no format knows a command.

mod chart;

pub use chart::{Chart, Drawing, Lane, Mark, MarkKind, Operation, Rate, Series, Share};

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::schema;

/// How bad a statement is; also the colour of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
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
    /// What a screen shows instead of all that; `None` = all of it.
    pub screen: Option<Vec<Block>>,
    /// What `--format json` prints (docs/contract.md): a versioned document.
    pub document: Value,
    /// What `--format csv` prints: full precision, one header line.
    pub data: Data,
}

/// What a command has to say; what stands around it is the same for all ([`Frame`]).
#[derive(Debug, Clone)]
pub struct Told {
    /// The answer.
    pub headline: String,
    /// How bad it is.
    pub severity: Severity,
    /// For the exit code.
    pub outcome: Outcome,
    /// What people read under the headline.
    pub blocks: Vec<Block>,
    /// What a screen shows instead of all that; `None` = all of it.
    pub screen: Option<Vec<Block>>,
    /// Fields of the document that are the command's own.
    pub fields: Map<String, Value>,
    /// For `--format csv`.
    pub data: Data,
}

/// How an answer was got: what every report says of it.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The fields that every document has (docs/contract.md).
    pub fields: Map<String, Value>,
    /// The same for people, one line each.
    pub notes: Vec<String>,
    /// What was asked and what to check, where a server had not one record to give.
    pub nothing_found: Option<NothingFound>,
}

/// The answer in a document.
#[derive(Serialize, JsonSchema)]
pub struct HeadlineDocument {
    /// The answer in a line.
    headline: String,
}

/// Nothing came back: a wrong project, environment or window looks the same as silence.
#[derive(Debug, Clone)]
pub struct NothingFound {
    /// Behind the headline.
    pub asked: String,
    /// Under the answer.
    pub check: String,
}

impl Frame {
    /// The report: the one place where a command's words and those of all commands come together.
    pub fn around(self, told: Told) -> Report {
        let mut notes = self.notes;
        let mut headline = told.headline;
        if let Some(nothing) = self.nothing_found {
            headline = format!("{headline} ({})", nothing.asked);
            notes.push(nothing.check);
        }
        let with_notes = |mut blocks: Vec<Block>| {
            let notes = notes.iter().cloned().map(Note::from);
            match blocks.last_mut() {
                Some(Block::Notes(last)) => last.extend(notes),
                _ => blocks.push(Block::Notes(notes.collect())),
            }
            blocks.retain(|block| !block.is_empty());
            blocks
        };
        let mut document = self.fields;
        document.extend(schema::fields(&HeadlineDocument {
            headline: headline.clone(),
        }));
        document.extend(told.fields);
        Report {
            headline,
            severity: told.severity,
            outcome: told.outcome,
            blocks: with_notes(told.blocks),
            screen: told.screen.map(with_notes),
            document: Value::Object(document),
            data: told.data,
        }
    }
}

/// A piece of a report for people.
#[derive(Debug, Clone)]
pub enum Block {
    /// A title over what follows it.
    Heading(String),
    /// A title below that.
    Subheading(String),
    /// A table with headers.
    Table(Table),
    /// Short lines, one fact each, with a link where there is one.
    Notes(Vec<Note>),
    /// Text to be shown as it is, such as SQL or a command to paste.
    Preformatted(String),
    /// A picture; formats that draw none leave it out.
    Chart(Chart),
}

impl Block {
    /// Notes without links.
    pub fn lines(lines: impl IntoIterator<Item = String>) -> Self {
        Self::Notes(lines.into_iter().map(Note::from).collect())
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Notes(notes) => notes.is_empty(),
            Self::Table(table) => table.rows.is_empty(),
            Self::Heading(text) | Self::Subheading(text) | Self::Preformatted(text) => text.is_empty(),
            Self::Chart(chart) => chart.is_empty(),
        }
    }
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

/// A column of a table for people: how a row fills it stands beside its title, so that the two can't drift apart.
pub struct Column<T: ?Sized> {
    /// Its header.
    pub title: &'static str,
    /// Numbers stand on the right.
    pub align: Align,
    /// What a row has there.
    pub cell: fn(&T) -> Cell,
}

impl Table {
    /// A row for each of `items`.
    pub fn of<'a, T: 'a>(columns: &[Column<T>], items: impl IntoIterator<Item = &'a T>) -> Self {
        Self {
            columns: columns
                .iter()
                .map(|column| Header {
                    title: column.title.to_owned(),
                    align: column.align,
                })
                .collect(),
            rows: items
                .into_iter()
                .map(|item| columns.iter().map(|column| (column.cell)(item)).collect())
                .collect(),
        }
    }

    /// A plain table of texts.
    pub fn of_texts(titles: &[&str], rows: Vec<Vec<String>>) -> Self {
        let header = |title: &&str| Header {
            title: (*title).to_owned(),
            align: Align::Left,
        };
        Self {
            columns: titles.iter().map(header).collect(),
            rows: rows
                .into_iter()
                .map(|row| row.into_iter().map(Cell::plain).collect())
                .collect(),
        }
    }
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

impl Data {
    /// The same columns of each of these objects; what one lacks is null.
    pub fn of_documents(columns: &[&str], documents: &[Value]) -> Self {
        let value = |row: &Value, name: &&str| row.get(*name).cloned().unwrap_or(Value::Null);
        Self {
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            rows: documents
                .iter()
                .map(|row| columns.iter().map(|name| value(row, name)).collect())
                .collect(),
        }
    }
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
