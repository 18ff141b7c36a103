//! For a terminal: columns as wide as their text, wrapped only where the screen ends.

mod grid;

use comfy_table::Color;

use self::grid::{GAP, Item, Look, MIN_COLUMN, Text, column_limit, push_grid};
use super::{Format, Style};
use crate::report::{Align, Block, Cell, Header, Note, Report, Severity, Table};

/// Narrower screens are not served: no table can be read there.
const MIN_WIDTH: usize = 40;

/// OSC 8: what follows is a link, up to one without an address.
const OPEN_LINK: &str = "\u{1b}]8;;";
const END_OF_COMMAND: &str = "\u{1b}\\";

/// See [`Format`].
pub(super) const FORMAT: Format = Format {
    name: "table",
    help: "For a terminal",
    render,
};

/// The headline, then the blocks with an empty line before each. No line is wider than the screen, except
/// for links and preformatted text, which would be useless if cut.
fn render(report: &Report, style: &Style) -> String {
    let width = style.width.max(MIN_WIDTH);
    let mut out = Text::new();
    let headline = Item {
        text: Text::escape(&report.headline),
        align: Align::Left,
        look: look(report.severity, report.severity == Severity::Critical, style),
    };
    push_grid(&mut out, &[vec![headline]], width, false);
    // What stands under a heading follows it at once.
    let mut apart = true;
    for block in report.screen.as_ref().unwrap_or(&report.blocks) {
        let mut drawn = Text::new();
        match block {
            Block::Heading(title) | Block::Subheading(title) => {
                let title = Item {
                    text: Text::escape(title),
                    align: Align::Left,
                    look: look(Severity::Info, true, style),
                };
                push_grid(&mut drawn, &[vec![title]], width, false);
            }
            Block::Table(table) => push_table(&mut drawn, table, width, style),
            Block::Notes(notes) => push_notes(&mut drawn, notes, width, style),
            Block::Preformatted(text) => push_lines(&mut drawn, text.lines()),
            Block::Chart(chart) => push_lines(&mut drawn, super::chart::lines(chart, width).iter().map(String::as_str)),
        }
        if !drawn.as_str().is_empty() {
            out += if apart { "\n" } else { "" };
            out.embed(&drawn);
            apart = !matches!(block, Block::Heading(_) | Block::Subheading(_));
        }
    }
    out.into_string()
}

/// As they are; nothing for none.
fn push_lines<'a>(out: &mut Text, lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        *out += &Text::escape(line);
        *out += "\n";
    }
}

fn look(severity: Severity, bold: bool, style: &Style) -> Look {
    if !style.color {
        return Look::default();
    }
    let color = match severity {
        Severity::Critical => Some(Color::DarkRed),
        Severity::Warning => Some(Color::DarkYellow),
        Severity::Ok => Some(Color::DarkGreen),
        Severity::Info => None,
    };
    Look { color, bold }
}

/// A link stands behind its text, or under it where the terminal knows links: then the text can be clicked.
fn push_notes(out: &mut Text, notes: &[Note], width: usize, style: &Style) {
    for note in notes {
        let text = Text::escape(&note.text);
        let fits = text.width() <= width;
        let lines = text.wrap(if fits { width } else { width - GAP });
        let link = note.link.as_ref().map(|link| Text::escape(link));
        let hidden = link.as_ref().filter(|_| style.links);
        let mut used = 0;
        for (index, line) in lines.iter().enumerate() {
            let indent = if index == 0 { 0 } else { GAP };
            *out += if index == 0 { "" } else { "\n" };
            out.repeat(" ", indent);
            if let Some(link) = hidden {
                *out += OPEN_LINK;
                *out += link;
                *out += END_OF_COMMAND;
            }
            *out += line;
            if hidden.is_some() {
                *out += OPEN_LINK;
                *out += END_OF_COMMAND;
            }
            used = indent + line.width();
        }
        if let Some(link) = link.filter(|_| !style.links) {
            let fits = used + 1 + link.width() <= width;
            *out += if fits { " " } else { "\n  " };
            *out += &link;
        }
        *out += "\n";
    }
}

fn push_table(out: &mut Text, table: &Table, width: usize, style: &Style) {
    if table.columns.is_empty() {
        return;
    }
    let columns = || table.columns.iter().enumerate();
    let mut grid: Vec<Vec<Item>> = vec![columns().map(|(_, header)| title(header, style)).collect()];
    grid.extend(table.rows.iter().map(|row| {
        columns()
            .map(|(index, header)| item(row.get(index), header.align, style))
            .collect()
    }));
    if let Some(limit) = column_limit(&grid, width) {
        push_grid(out, &grid, limit, true);
        return;
    }
    // Too many columns for the screen: each row becomes a list of its cells.
    for (index, row) in table.rows.iter().enumerate() {
        *out += if index == 0 { "" } else { "\n" };
        let list: Vec<Vec<Item>> = columns()
            .map(|(index, header)| {
                let name = Item {
                    align: Align::Left,
                    ..title(header, style)
                };
                vec![name, item(row.get(index), Align::Left, style)]
            })
            .collect();
        let limit = column_limit(&list, width).unwrap_or(MIN_COLUMN);
        push_grid(out, &list, limit, false);
    }
}

fn title(header: &Header, style: &Style) -> Item {
    Item {
        text: Text::escape(&header.title),
        align: header.align,
        look: look(Severity::Info, true, style),
    }
}

fn item(cell: Option<&Cell>, align: Align, style: &Style) -> Item {
    Item {
        text: Text::escape(cell.map_or("", |cell| &cell.text)),
        align,
        look: cell.map_or(Look::default(), |cell| look(cell.severity, cell.emphasis, style)),
    }
}
