//! Slack's mrkdwn, for one message of a channel: the answer in bold, narrow tables as code, wide ones as lists.
//!
//! Slack's rules (docs.slack.dev, "Formatting message text"): `&`, `<` and `>` are entities, there is no escape for
//! `*`, `_`, `~` and backticks, nothing is read within code, and there are no tables. A message of more than 4,000
//! characters may be split into several, and is cut at 40,000.

mod columns;

use self::columns::{side_by_side, total, widths};
use super::{
    Format,
    neutral::neutral,
    safe::{Safe, Syntax},
};
use crate::report::{Align, Block, Cell, Note, Report, Table};
use crate::words::counted;

/// See [`Format`].
pub(super) const FORMAT: Format = Format {
    name: "slack",
    help: "For a message (mrkdwn, at most 4,000 characters)",
    render: |report, _| render(report),
};

/// Slack may split what is longer than 4,000 characters, in the middle of a code block.
const LONGEST_MESSAGE: usize = 3_900;
/// For the line that says what was left out.
const LINE_ABOUT_THE_REST: usize = 120;
/// What is there to paste is kept before other blocks, as far as it leaves them most of the message.
const MOST_TO_PASTE: usize = 1_200;
/// No text of a stranger takes the whole message.
const LONGEST_TEXT: usize = 600;

/// Text of a line. Words that Slack would take for markup, a mention, an emoji or a link are put into code.
enum Line {}

impl Syntax for Line {
    fn escape(text: &str) -> String {
        // Within code a backtick would end it, and outside it would begin one.
        let text = shortened(text).replace('`', "'");
        let mut out = String::with_capacity(text.len());
        let mut in_code = false;
        for word in text.split(' ') {
            let is_code = is_markup(word);
            out.push_str(match (in_code, is_code) {
                (true, false) => "` ",
                (false, true) if out.is_empty() => "`",
                (false, true) => " `",
                _ if out.is_empty() => "",
                _ => " ",
            });
            out.push_str(&entities(word));
            in_code = is_code;
        }
        if in_code {
            out.push('`');
        }
        out
    }
}

/// A line within a code block, where nothing but the block's end is read.
enum Code {}

impl Syntax for Code {
    fn escape(text: &str) -> String {
        entities(neutral(text).replace("```", "'''").trim_end())
    }
}

/// The target of a link: what could end it is percent-encoded.
enum Address {}

impl Syntax for Address {
    fn escape(text: &str) -> String {
        let encode = |byte: u8| match byte {
            b'&' => String::from("&amp;"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ if b"-._~:/?#@!$'()*+,;=%".contains(&byte) => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(encode).collect()
    }
}

type Page = Safe<Line>;

/// A block as what can be left out of it, line by line.
struct Part {
    /// Stands before the first row, and is nothing without one.
    open: Page,
    rows: Vec<Page>,
    close: &'static str,
    to_paste: bool,
}

/// The headline, then the blocks as far as there is room; what is there to paste has its room in any case.
fn render(report: &Report) -> String {
    let mut out = Page::new();
    out += "*";
    out += &Page::escape(&report.headline);
    out += "*\n";
    let parts = parts(report.screen.as_ref().unwrap_or(&report.blocks));
    let to_paste: usize = parts.iter().filter(|part| part.to_paste).map(Part::length).sum();
    let reserved = if to_paste <= MOST_TO_PASTE { to_paste } else { 0 };
    let whole: usize = parts.iter().map(Part::length).sum();
    let room = LONGEST_MESSAGE.saturating_sub(length(&out));
    if whole <= room {
        parts.iter().for_each(|part| part.push(&mut out, part.rows.len()));
        return out.into_string();
    }
    let mut left = room.saturating_sub(LINE_ABOUT_THE_REST + reserved);
    let (mut is_full, mut rows_left_out, mut parts_cut) = (false, 0_u64, 0_u64);
    for part in &parts {
        let fitting = match part.to_paste && reserved > 0 {
            true => part.rows.len(),
            false if is_full => 0,
            false => part.fitting(left),
        };
        if !(part.to_paste && reserved > 0) {
            left = left.saturating_sub(part.length_of(fitting));
        }
        part.push(&mut out, fitting);
        if fitting < part.rows.len() {
            is_full = true;
            parts_cut += 1;
            rows_left_out += (part.rows.len() - fitting) as u64;
        }
    }
    out += "\n… left out: ";
    let (lines, parts) = (counted(rows_left_out, "line"), counted(parts_cut, "part"));
    out += &Page::escape(&format!("{lines} of {parts}"));
    out += "; the same command with `--format markdown` shows them\n";
    out.into_string()
}

fn length(text: &Page) -> usize {
    text.as_str().chars().count()
}

impl Part {
    fn length(&self) -> usize {
        self.length_of(self.rows.len())
    }

    fn length_of(&self, rows: usize) -> usize {
        match rows {
            0 => 0,
            _ => length(&self.open) + self.rows.iter().take(rows).map(length).sum::<usize>() + self.close.len(),
        }
    }

    /// How many rows fit.
    fn fitting(&self, room: usize) -> usize {
        let mut used = length(&self.open) + self.close.len();
        let mut fits = |row: &&Page| {
            used += length(row);
            used <= room
        };
        self.rows.iter().take_while(|row| fits(row)).count()
    }

    fn push(&self, out: &mut Page, rows: usize) {
        if rows == 0 {
            return;
        }
        *out += &self.open;
        self.rows.iter().take(rows).for_each(|row| *out += row);
        *out += self.close;
    }
}

/// A title goes with what stands under it.
fn parts(blocks: &[Block]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut title = Page::new();
    for block in blocks {
        let part = match block {
            Block::Heading(text) | Block::Subheading(text) => {
                title += "\n*";
                title += &Page::escape(text);
                title += "*";
                continue;
            }
            Block::Table(table) => table_part(table),
            Block::Notes(notes) => Some(Part {
                open: line_break(),
                rows: notes.iter().map(note).collect(),
                close: "",
                to_paste: false,
            }),
            Block::Preformatted(text) => Some(code_part(text.lines().map(code_line).collect(), true)),
            // Characters are too wide for a message, and a picture is none.
            Block::Chart(_) => None,
        };
        let Some(mut part) = part.filter(|part| !part.rows.is_empty()) else {
            continue;
        };
        if title.as_str().is_empty() {
            parts.push(part);
            continue;
        }
        title += &part.open;
        part.open = std::mem::replace(&mut title, Page::new());
        parts.push(part);
    }
    if !title.as_str().is_empty() {
        title += "\n";
        parts.push(Part {
            open: Page::new(),
            rows: vec![title],
            close: "",
            to_paste: false,
        });
    }
    parts
}

fn line_break() -> Page {
    let mut open = Page::new();
    open += "\n";
    open
}

fn code_part(rows: Vec<Page>, to_paste: bool) -> Part {
    let mut open = line_break();
    open += "```\n";
    Part {
        open,
        rows,
        close: "```\n",
        to_paste,
    }
}

fn code_line(line: &str) -> Page {
    let mut row = Page::new();
    row.embed(&Safe::<Code>::escape(line));
    row += "\n";
    row
}

fn note(note: &Note) -> Page {
    let mut row = Page::new();
    row += "• ";
    row += &Page::escape(&note.text);
    match note.link.as_deref() {
        Some(link) if link.starts_with("https://") || link.starts_with("http://") => {
            row += " <";
            row.embed(&Safe::<Address>::escape(link));
            row += "|open>";
        }
        Some(other) => {
            row += " ";
            row += &Page::escape(other);
        }
        None => {}
    }
    row += "\n";
    row
}

/// Side by side where the columns can be read, else a line a row.
fn table_part(table: &Table) -> Option<Part> {
    if table.columns.is_empty() || table.rows.is_empty() {
        return None;
    }
    let titles: Vec<String> = table.columns.iter().map(|header| shortened(&header.title)).collect();
    let text = |cell: Option<&Cell>| cell.map_or_else(String::new, |cell| shortened(&cell.text));
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| (0..titles.len()).map(|index| text(row.get(index))).collect())
        .collect();
    let Some(widths) = widths(&titles, &rows) else {
        return Some(list_part(table, &titles));
    };
    let aligns: Vec<Align> = table.columns.iter().map(|header| header.align).collect();
    let lines = |cells: &[String]| {
        let mut lines = Page::new();
        for line in side_by_side(cells, &widths, &aligns) {
            lines += &code_line(&line);
        }
        lines
    };
    let mut part = code_part(rows.iter().map(|row| lines(row)).collect(), false);
    part.open += &lines(&titles);
    part.open += &code_line(&"─".repeat(total(&widths)));
    Some(part)
}

/// `• cell · cell`, under the titles in italics; what is empty is skipped.
fn list_part(table: &Table, titles: &[String]) -> Part {
    let row = |row: &Vec<Cell>| {
        let mut line = Page::new();
        line += "•";
        let cells = row
            .iter()
            .take(titles.len())
            .filter(|cell| !cell.text.trim().is_empty());
        for (index, cell) in cells.enumerate() {
            line += if index == 0 { " " } else { " · " };
            line += if cell.emphasis { "*" } else { "" };
            line += &Page::escape(&cell.text);
            line += if cell.emphasis { "*" } else { "" };
        }
        line += "\n";
        line
    };
    let mut open = line_break();
    open += "_";
    open += &Page::escape(&titles.join(" · "));
    open += "_\n";
    Part {
        open,
        rows: table.rows.iter().map(row).collect(),
        close: "",
        to_paste: false,
    }
}

/// One visible line that is not too long.
fn shortened(text: &str) -> String {
    let text = neutral(text);
    let text = text.trim();
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Whether Slack would read more in a word than its letters. In code nothing is read, not even `@here` when it is pasted.
fn is_markup(word: &str) -> bool {
    let alone = |sign: char| {
        let mut before = ' ';
        let mut chars = word.chars().peekable();
        while let Some(c) = chars.next() {
            let after = chars.peek().copied().unwrap_or(' ');
            if c == sign && !(before.is_alphanumeric() && after.is_alphanumeric()) {
                return true;
            }
            before = c;
        }
        false
    };
    // "~2.5 min" opens what nothing closes.
    let strikes = word.strip_prefix('~').unwrap_or(word).contains('~') || word.ends_with('~');
    let is_address = word.contains("://") || word.to_ascii_lowercase().contains("www.");
    word.contains(['*', '@']) || alone('_') || strikes || is_address || has_emoji(word)
}

/// `:fire:`, but not the `:33:` of a time.
fn has_emoji(word: &str) -> bool {
    let names = word.split(':').skip(1);
    let closed = word.matches(':').count().saturating_sub(1);
    names.take(closed).any(|name| {
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '+'));
        is_name && (name.chars().any(char::is_alphabetic) || matches!(name, "100" | "1234"))
    })
}
