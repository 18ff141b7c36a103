//! A [`Report`] as text: one file a format, and nothing is written here.
//! What telemetry says reaches a format only through `safe::Safe`.

mod axis;
mod chart;
mod csv;
mod html;
mod json;
mod markdown;
mod neutral;
mod safe;
mod slack;
mod table;

use crate::report::Report;

/// A shape of the output. It stands in its own file; to add one: that file, its `mod` and its place in [`FORMATS`].
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// As `--format` and the settings spell it.
    pub name: &'static str,
    /// What it is for, in the help.
    pub help: &'static str,
    render: fn(&Report, &Style) -> String,
}

/// Every format, in the order of the help.
pub const FORMATS: &[Format] = &[
    table::FORMAT,
    markdown::FORMAT,
    html::FORMAT,
    json::FORMAT,
    csv::FORMAT,
    slack::FORMAT,
];

/// The format in which an error is a document too.
pub const JSON: Format = json::FORMAT;

/// Leaves the choice to where the output goes: name and help.
pub const AUTO: (&str, &str) = ("auto", "A table on a terminal, Markdown when piped");

/// Names and help of all that `--format` takes, in the order of the help.
pub fn choices() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::once(AUTO).chain(FORMATS.iter().map(|format| (format.name, format.help)))
}

/// The format of that name, or the one that suits where the output goes; `None` if there is no such format.
pub fn chosen(name: &str, on_terminal: bool) -> Option<Format> {
    if name == AUTO.0 {
        return Some(if on_terminal { table::FORMAT } else { markdown::FORMAT });
    }
    FORMATS.iter().find(|format| format.name == name).copied()
}

/// What the terminal can show; only the table looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of the screen; fewer than 40 count as 40.
    pub width: usize,
    /// Whether the terminal makes links of OSC 8.
    pub links: bool,
    /// Whether severities are coloured and emphasis is bold.
    pub color: bool,
}

/// The whole output of a command: lines that each end in a newline, the headline first (JSON and CSV carry none).
pub fn render(report: &Report, format: Format, style: &Style) -> String {
    (format.render)(report, style)
}

/// Text as a terminal may see it: one line without control, escape and direction characters. For messages on stderr.
pub fn for_terminal(text: &str) -> String {
    neutral::neutral(text)
}
