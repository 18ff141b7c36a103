//! The report's document for scripts.

use serde_json::Value;

use super::{
    Format,
    neutral::{Marks, is_hidden},
    safe::{Safe, Syntax},
};

/// See [`Format`].
pub(super) const FORMAT: Format = Format {
    name: "json",
    help: "For scripts",
    render: |report, _| render(&report.document),
};

/// JSON text that a terminal may show: hidden characters and floods of marks stand as `\u` escapes, so that the
/// value is unchanged.
pub(super) enum Json {}

impl Syntax for Json {
    /// `text` is JSON already. Outside of strings it has only ASCII, and of the hidden characters only line breaks.
    fn escape(text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut marks = Marks::default();
        for c in text.chars() {
            if c != '\n' && (is_hidden(c) || marks.are_too_many(c)) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                out.push(c);
            }
        }
        out
    }
}

/// Indented by two spaces, keys in the document's order, a newline at the end.
fn render(document: &Value) -> String {
    let mut out = Safe::<Json>::escape(&format!("{document:#}"));
    out += "\n";
    out.into_string()
}

/// On one line, for a value inside another format.
pub(super) fn compact(value: &Value) -> Safe<Json> {
    Safe::escape(&value.to_string())
}
