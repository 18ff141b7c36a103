//! Cells side by side: how wide a column is, and where text is wrapped.

use unicode_width::UnicodeWidthStr;

use crate::{
    render::{
        neutral::neutral,
        safe::{Safe, Syntax},
    },
    report::Align,
};

/// Spaces between columns.
pub(super) const GAP: usize = 2;
/// Below this a wrapped column is a tower of syllables.
pub(super) const MIN_COLUMN: usize = 8;

const RESET: &str = "\u{1b}[0m";

/// Text on a line of a terminal.
pub(super) enum Terminal {}

impl Syntax for Terminal {
    fn escape(text: &str) -> String {
        let mut text = neutral(text);
        text.truncate(text.trim_end().len());
        text
    }
}

pub(super) type Text = Safe<Terminal>;

impl Text {
    /// Columns of the screen.
    pub(super) fn width(&self) -> usize {
        self.as_str().width()
    }

    /// Lines of at most `width` columns, cut between words, or within a word that is longer than a line.
    pub(super) fn wrap(&self, width: usize) -> Vec<Self> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in self.as_str().split(' ') {
            let end = line.len();
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            if line.width() <= width {
                continue;
            }
            line.truncate(end);
            if !line.is_empty() {
                lines.push(Self::escape(&line));
                line.clear();
            }
            for c in word.chars() {
                line.push(c);
                if line.width() > width {
                    line.pop();
                    lines.push(Self::escape(&line));
                    line.clear();
                    line.push(c);
                }
            }
        }
        lines.push(Self::escape(&line));
        lines
    }
}

/// A text with what it looks like; `paint` is an escape sequence, or empty.
pub(super) struct Item {
    pub(super) text: Text,
    pub(super) align: Align,
    pub(super) paint: &'static str,
}

pub(super) fn push_painted(out: &mut Text, text: &Text, paint: &'static str) {
    *out += paint;
    *out += text;
    *out += if paint.is_empty() { "" } else { RESET };
}

/// The widest that a column may be so that all fit: only the widest columns shrink. `None` if they would become
/// too narrow to read.
pub(super) fn column_limit(grid: &[Vec<Item>], width: usize) -> Option<usize> {
    let natural = widths(grid.iter().map(|row| row.iter().map(|item| item.text.width())));
    let available = width.checked_sub(GAP * natural.len().saturating_sub(1))?;
    (MIN_COLUMN..=available)
        .rev()
        .find(|limit| natural.iter().map(|width| width.min(limit)).sum::<usize>() <= available)
}

/// The greatest width of each column.
fn widths<R: Iterator<Item = usize>>(rows: impl Iterator<Item = R>) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        for (index, width) in row.enumerate() {
            match widths.get_mut(index) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    widths
}

/// The cells of `grid` side by side, wrapped to `limit`; `ruled` draws a line under the first row.
pub(super) fn push_grid(out: &mut Text, grid: &[Vec<Item>], limit: usize, ruled: bool) {
    let wrapped: Vec<Vec<Vec<Text>>> = grid
        .iter()
        .map(|row| row.iter().map(|item| item.text.wrap(limit)).collect())
        .collect();
    let widest = |lines: &Vec<Text>| lines.iter().map(Text::width).max().unwrap_or(0);
    let widths = widths(wrapped.iter().map(|row| row.iter().map(widest)));
    for (number, (row, cells)) in grid.iter().zip(&wrapped).enumerate() {
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let mut spaces = 0;
            for ((item, cell), width) in row.iter().zip(cells).zip(&widths) {
                let Some(text) = cell.get(line).filter(|text| !text.as_str().is_empty()) else {
                    spaces += width + GAP;
                    continue;
                };
                let padding = width.saturating_sub(text.width());
                let (left, right) = match item.align {
                    Align::Left => (0, padding),
                    Align::Right => (padding, 0),
                };
                out.repeat(" ", spaces + left);
                push_painted(out, text, item.paint);
                spaces = right + GAP;
            }
            *out += "\n";
        }
        if ruled && number == 0 {
            for (index, width) in widths.iter().enumerate() {
                out.repeat(" ", if index == 0 { 0 } else { GAP });
                out.repeat("─", *width);
            }
            *out += "\n";
        }
    }
}
