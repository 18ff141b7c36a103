//! A [`Report`] as text: one file a format, and nothing is written here.
//! What telemetry says reaches a format only through `safe::Safe`.

mod csv;
mod json;
mod markdown;
mod neutral;
mod safe;
mod table;

use crate::report::Report;

/// The shape of the output. To add one: a variant, a line in [`Format::ALL`] and in [`render`], a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal: aligned columns, wrapped to its width.
    Table,
    /// GitHub Flavored Markdown, as postmortems and runbooks have it.
    Markdown,
    /// The report's versioned document.
    Json,
    /// The report's rows, one header line.
    Csv,
}

impl Format {
    /// Every format, in the order in which help lists them.
    pub const ALL: [Self; 4] = [Self::Table, Self::Markdown, Self::Json, Self::Csv];

    /// The format of that name, as `--format` and the settings spell it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "table" => Some(Self::Table),
            "markdown" => Some(Self::Markdown),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// What the terminal can show; only [`Format::Table`] looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of the screen; fewer than 40 count as 40.
    pub width: usize,
    /// Whether severities are coloured and emphasis is bold.
    pub color: bool,
}

/// The whole output of a command: lines that each end in a newline, the headline first
/// ([`Format::Json`] and [`Format::Csv`] carry no headline).
pub fn render(report: &Report, format: Format, style: &Style) -> String {
    match format {
        Format::Table => table::render(report, style),
        Format::Markdown => markdown::render(report),
        Format::Json => json::render(&report.document),
        Format::Csv => csv::render(&report.data),
    }
}

/// Text as a terminal may see it: one line without control, escape and direction characters. For messages on stderr.
pub fn for_terminal(text: &str) -> String {
    neutral::neutral(text)
}
