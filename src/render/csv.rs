//! The report's rows for spreadsheets and scripts (RFC 4180).

use std::iter;

use serde_json::Value;

use super::{
    Format, json,
    neutral::neutral,
    safe::{Safe, Syntax},
};
use crate::report::Data;

/// See [`Format`].
pub(super) const FORMAT: Format = Format {
    name: "csv",
    help: "For spreadsheets",
    render: |report, _| render(&report.data),
};

/// A field. Quoting is the writer's part; here it becomes one visible line that no spreadsheet runs.
///
/// A spreadsheet takes text that begins with `=`, `+`, `-` or `@` (also after blanks, also full-width) for a
/// formula, quoted or not. Such text gets a leading `'`, which spreadsheets take for "this is text"; scripts can
/// strip it, or read `--format json`, which has the exact value. Numbers are written as they are.
enum Field {}

impl Syntax for Field {
    fn escape(text: &str) -> String {
        let mut text = neutral(text);
        if text
            .trim_start()
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        {
            text.insert(0, '\'');
        }
        text
    }
}

/// One header line, then one line a row; every line has as many fields as there are columns.
fn render(data: &Data) -> String {
    if data.columns.is_empty() {
        return String::new();
    }
    let header = data.columns.iter().map(|column| Safe::escape(column)).collect();
    let rows = data.rows.iter().map(|row| {
        let values = row.iter().chain(iter::repeat(&Value::Null));
        values.take(data.columns.len()).map(field).collect()
    });
    // Writing to memory has no way to fail; should that change, the output says so.
    write(iter::once(header).chain(rows)).unwrap_or_else(|error| format!("no CSV: {error}\n"))
}

fn write(records: impl Iterator<Item = Vec<Safe<Field>>>) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record.iter().map(Safe::as_str))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn field(value: &Value) -> Safe<Field> {
    let mut out = Safe::new();
    match value {
        Value::Null => {}
        Value::String(text) => out = Safe::escape(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => out.embed(&json::compact(value)),
    }
    out
}
