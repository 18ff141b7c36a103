//! Cells side by side: how wide a column is, and where text is wrapped.

use comfy_table::{Attribute, CellAlignment, Color, ContentArrangement, LineStyle, TableStyle};
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
/// The library puts one space between columns by itself.
const PADDING: u16 = 1;
/// Below this a wrapped column is a tower of syllables.
pub(super) const MIN_COLUMN: usize = 8;

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

/// What a text looks like.
#[derive(Clone, Copy, Default)]
pub(super) struct Look {
    pub(super) color: Option<Color>,
    pub(super) bold: bool,
}

/// A text with what it looks like.
pub(super) struct Item {
    pub(super) text: Text,
    pub(super) align: Align,
    pub(super) look: Look,
}

/// The widest that a column may be so that all fit: only the widest columns shrink. `None` if they would become
/// too narrow to read.
pub(super) fn column_limit(grid: &[Vec<Item>], width: usize) -> Option<usize> {
    // The library gives a column of empty texts one place too.
    let natural = widths(grid.iter().map(|row| row.iter().map(|item| item.text.width().max(1))));
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

/// The cells of `grid` side by side, no column wider than `limit`; `ruled` draws a line under the first row.
pub(super) fn push_grid(out: &mut Text, grid: &[Vec<Item>], limit: usize, ruled: bool) {
    let mut table = comfy_table::Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table
        .load_style(TableStyle::new().header_separator(rule))
        .set_content_arrangement(ContentArrangement::Disabled)
        .enforce_styling()
        .style_text_only();
    let (header, body) = grid.split_at(usize::from(ruled).min(grid.len()));
    if let [header] = header {
        table.set_header(header.iter().map(|item| item.cell(limit)));
    }
    table.add_rows(body.iter().map(|row| row.iter().map(|item| item.cell(limit))));
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { PADDING }));
    }
    for line in table.lines() {
        *out += &Text::laid_out(line.trim_end().to_owned());
        *out += "\n";
    }
}

impl Item {
    /// Wrapped already: the widths of columns depend on each other, and the library looks at one at a time.
    fn cell(&self, limit: usize) -> comfy_table::Cell {
        let lines: Vec<String> = self.text.wrap(limit).into_iter().map(Text::into_string).collect();
        let mut cell = comfy_table::Cell::new(lines.join("\n")).set_alignment(match self.align {
            Align::Left => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        });
        if self.text.as_str().is_empty() {
            return cell;
        }
        if let Some(color) = self.look.color {
            cell = cell.fg(color);
        }
        if self.look.bold {
            cell = cell.add_attribute(Attribute::Bold);
        }
        cell
    }
}
