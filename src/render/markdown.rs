//! GitHub Flavored Markdown, in the form of the runbooks that it is pasted into.

use super::{
    Format,
    neutral::neutral,
    safe::{Safe, Syntax},
};
use crate::report::{Align, Block, Note, Report, Table};

/// See [`Format`].
pub(super) const FORMAT: Format = Format {
    name: "markdown",
    help: "For a postmortem",
    render: |report, _| render(report),
};

/// A line that is no table's: what opens a block at its start is escaped too.
enum Line {}

impl Syntax for Line {
    fn escape(text: &str) -> String {
        let text = neutral(text);
        let text = text.trim();
        let (start, rest) = text.split_at(block_marker(text).unwrap_or(0));
        let rest = inline(rest);
        // What `inline` has put into code or escaped opens no block any more.
        let open = block_marker(text).is_some() && !rest.starts_with(['`', '\\']);
        [start, if open { "\\" } else { "" }, &rest].concat()
    }
}

/// What a page shows of a fence without scrolling.
const CHART_WIDTH: usize = 110;

/// Text within a line, such as a cell.
enum Inline {}

impl Syntax for Inline {
    fn escape(text: &str) -> String {
        inline(neutral(text).trim())
    }
}

/// A line within a fence, where nothing but the fence's end is read.
enum Verbatim {}

impl Syntax for Verbatim {
    fn escape(text: &str) -> String {
        neutral(text)
    }
}

/// The target of a link: what could end it or be read as an entity is percent-encoded.
enum Address {}

impl Syntax for Address {
    fn escape(text: &str) -> String {
        let encode = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ if b"-._~:/?#@!$&'*+,=%".contains(&byte) => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(encode).collect()
    }
}

type Page = Safe<Line>;

/// The headline, then the blocks with an empty line before each.
fn render(report: &Report) -> String {
    let mut out = Page::escape(&report.headline);
    out += "\n";
    for block in &report.blocks {
        match block {
            Block::Heading(title) => push_title(&mut out, "\n### ", title),
            Block::Subheading(title) => push_title(&mut out, "\n#### ", title),
            Block::Table(table) => push_table(&mut out, table),
            Block::Notes(notes) => push_notes(&mut out, notes),
            Block::Preformatted(text) => push_fence(&mut out, text),
            Block::Chart(chart) => {
                let lines = super::chart::lines(chart, CHART_WIDTH);
                if !lines.is_empty() {
                    push_fence(&mut out, &lines.join("\n"));
                }
            }
        }
    }
    out.into_string()
}

fn push_title(out: &mut Page, marks: &'static str, title: &str) {
    *out += marks;
    out.embed(&Safe::<Inline>::escape(title));
    *out += "\n";
}

fn push_table(out: &mut Page, table: &Table) {
    if table.columns.is_empty() {
        return;
    }
    let titles: Vec<Safe<Inline>> = table.columns.iter().map(|column| Safe::escape(&column.title)).collect();
    *out += "\n|";
    for title in &titles {
        push_cell(out, title, false);
    }
    *out += "\n|";
    for (title, column) in titles.iter().zip(&table.columns) {
        let width = title.as_str().chars().count() + 2;
        match column.align {
            Align::Left => out.repeat("-", width),
            Align::Right => {
                out.repeat("-", width - 1);
                *out += ":";
            }
        }
        *out += "|";
    }
    *out += "\n";
    for row in &table.rows {
        *out += "|";
        for index in 0..titles.len() {
            match row.get(index) {
                Some(cell) => push_cell(out, &Safe::escape(&cell.text), cell.emphasis),
                None => *out += "  |",
            }
        }
        *out += "\n";
    }
}

fn push_cell(out: &mut Page, text: &Safe<Inline>, emphasis: bool) {
    // `****` around nothing would show as asterisks.
    let mark = if emphasis && !text.as_str().is_empty() {
        "**"
    } else {
        ""
    };
    *out += " ";
    *out += mark;
    out.embed(text);
    *out += mark;
    *out += " |";
}

fn push_notes(out: &mut Page, notes: &[Note]) {
    for (index, note) in notes.iter().enumerate() {
        *out += if index == 0 { "\n- " } else { "- " };
        match note.link.as_deref() {
            Some(link) if link.starts_with("https://") || link.starts_with("http://") => {
                *out += "[";
                out.embed(&Safe::<Inline>::escape(&note.text));
                *out += "](";
                out.embed(&Safe::<Address>::escape(link));
                *out += ")";
            }
            Some(other) => {
                *out += &Page::escape(&note.text);
                *out += " ";
                out.embed(&Safe::<Inline>::escape(other));
            }
            None => *out += &Page::escape(&note.text),
        }
        *out += "\n";
    }
}

fn push_fence(out: &mut Page, text: &str) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = (longest + 1).max(3);
    *out += "\n";
    out.repeat("`", fence);
    *out += "\n";
    for line in text.lines() {
        out.embed(&Safe::<Verbatim>::escape(line));
        *out += "\n";
    }
    out.repeat("`", fence);
    *out += "\n";
}

/// Where in `text` the character stands that makes it a heading, a quote or an item of a list.
fn block_marker(text: &str) -> Option<usize> {
    let ends_marker = |rest: &str| rest.is_empty() || rest.starts_with(' ');
    match text.chars().next()? {
        '#' | '>' => Some(0),
        // `---` is a rule, and a heading when it stands under a line.
        sign @ ('-' | '+') => {
            let rest = text.trim_start_matches(sign);
            (ends_marker(rest) || text.len() - rest.len() > 2).then_some(0)
        }
        _ => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
            let after = rest.strip_prefix(['.', ')'])?;
            (rest.len() < text.len() && ends_marker(after)).then_some(text.len() - rest.len())
        }
    }
}

/// Escapes only what GitHub would interpret, so that `GET /tracks/{track_id}` stays readable in the source.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word = if ends_word(before) {
            rest.split(ends_word).next().unwrap_or_default()
        } else {
            ""
        };
        if is_address(word) {
            // GitHub links addresses even through backslashes, but not in code.
            let word = word.trim_end_matches([',', '.', ';', ':']);
            out.extend(["`", word, "`"]);
            before = '`';
            rest = rest.strip_prefix(word).unwrap_or_default();
            continue;
        }
        rest = rest.strip_prefix(c).unwrap_or_default();
        if is_markup(before, c, rest) {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// A code span can hold neither backticks nor, in a table, pipes; a backslash before them would be its text. Brackets stay
/// outside as well: behind the one that opens a link, `]:` within code would make the line a definition, which shows nothing.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '`' | '|' | '\\' | '[' | ']')
}

/// Whether GitHub might make a link or a mention of it.
fn is_address(word: &str) -> bool {
    word.contains("://") || word.contains('@') || word.to_ascii_lowercase().contains("www.")
}

/// Whether `c`, between `before` and `rest`, is read as markup (GitHub Flavored Markdown, section 6).
fn is_markup(before: char, c: char, rest: &str) -> bool {
    let after = rest.chars().next().unwrap_or(' ');
    match c {
        // `$` sets mathematics on GitHub. `!` means something only before `[`.
        // `^` opens a footnote behind a bracket.
        '\\' | '`' | '*' | '[' | ']' | '|' | '$' | '^' => true,
        // Within a word it is no emphasis.
        '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
        // One alone between a blank and a word ("~2.5 min") can open, but never close.
        '~' => !before.is_whitespace() || !after.is_alphanumeric(),
        '<' => after.is_ascii_alphabetic() || matches!(after, '/' | '!' | '?'),
        '&' => {
            let end = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '#');
            end.len() < rest.len() && end.starts_with(';')
        }
        _ => false,
    }
}
