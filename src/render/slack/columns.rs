//! Columns of a code block: how wide each is, and where a cell is wrapped.

use unicode_width::UnicodeWidthStr;

use crate::report::Align;

/// Columns of a code block before Slack's window on a laptop wraps it.
const WIDEST_TABLE: usize = 84;
/// A column that would be wrapped to less than this is read better in a list.
const MIN_COLUMN: usize = 28;
const GAP: &str = "  ";

/// How wide each column is; only the widest shrink. `None` if they would be too narrow.
pub(super) fn widths(titles: &[String], rows: &[Vec<String>]) -> Option<Vec<usize>> {
    let widest = |index: usize| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.width());
        cells.chain(titles.get(index).map(|title| title.width())).max()
    };
    let natural: Vec<usize> = (0..titles.len()).filter_map(widest).collect();
    let room = WIDEST_TABLE.checked_sub(GAP.len() * (titles.len() - 1))?;
    let limit = (MIN_COLUMN..=WIDEST_TABLE)
        .rev()
        .find(|limit| natural.iter().map(|width| width.min(limit)).sum::<usize>() <= room)?;
    Some(natural.into_iter().map(|width| width.min(limit)).collect())
}

/// How wide all columns are together.
pub(super) fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

/// One row, on as many lines as its longest cell needs.
pub(super) fn side_by_side(cells: &[String], widths: &[usize], aligns: &[Align]) -> Vec<String> {
    let wrapped: Vec<Vec<String>> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| wrap(cell, *width))
        .collect();
    let line = |nth: usize| {
        let placed = wrapped.iter().zip(widths).zip(aligns).map(|((cell, width), align)| {
            let piece = cell.get(nth).map_or("", String::as_str);
            let blanks = " ".repeat(width.saturating_sub(piece.width()));
            match align {
                Align::Left => format!("{piece}{blanks}"),
                Align::Right => format!("{blanks}{piece}"),
            }
        });
        placed.collect::<Vec<_>>().join(GAP)
    };
    (0..wrapped.iter().map(Vec::len).max().unwrap_or(0)).map(line).collect()
}

/// Lines of at most `width` columns, cut between words, or within one that is longer.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            line.push(c);
            if line.width() > width {
                line.pop();
                lines.push(std::mem::take(&mut line));
                line.push(c);
            }
        }
    }
    lines.push(line);
    lines
}
