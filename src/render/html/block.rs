//! Blocks of a report as elements: what stands under a heading is its section.

use maud::{Markup, html};

use super::{class, figure::figure, said};
use crate::render::neutral::neutral;
use crate::report::{Align, Block, Cell, Header, Note, Severity, Table};

/// All blocks, in order.
pub(super) fn sections(blocks: &[Block]) -> Markup {
    let begins = |(at, block): (usize, &Block)| (at > 0 && matches!(block, Block::Heading(_))).then_some(at);
    let mut cuts: Vec<usize> = vec![0];
    cuts.extend(blocks.iter().enumerate().filter_map(begins));
    cuts.push(blocks.len());
    html! {
        @for cut in cuts.windows(2) {
            (section(cut[0], blocks.get(cut[0]..cut[1]).unwrap_or_default()))
        }
    }
}

/// `first` = the place of its first block in the report, for names that no other element has.
fn section(first: usize, blocks: &[Block]) -> Markup {
    let (heading, rest) = match blocks.split_first() {
        Some((Block::Heading(heading), rest)) => (Some(heading.as_str()), rest),
        _ => (None, blocks),
    };
    let name = format!("section-{first}");
    html! {
        section aria-labelledby=[heading.map(|_| &name)] {
            @if let Some(heading) = heading { h2 id=(name) { (said(heading)) } }
            @for (at, block) in rest.iter().enumerate() {
                @match block {
                    // A heading begins a section: within one there is none.
                    Block::Heading(_) => {}
                    Block::Subheading(title) => h3 { (said(title)) }
                    Block::Table(table) => (table_of(table)),
                    Block::Notes(notes) => (list(notes)),
                    Block::Preformatted(text) => (code(text)),
                    Block::Chart(chart) => @if !chart.is_empty() { (figure(chart, first + at)) },
                }
            }
        }
    }
}

/// It scrolls within its own box, with the keyboard too; the page never does so sideways.
fn table_of(table: &Table) -> Markup {
    if table.columns.is_empty() || table.rows.is_empty() {
        return html! {};
    }
    let titles: Vec<&str> = table.columns.iter().map(|header| header.title.as_str()).collect();
    html! {
        div.scroll role="region" tabindex="0" aria-label=(said(&titles.join(", "))) {
            table {
                thead {
                    tr { @for header in &table.columns { th scope="col" class=[side(header)] { (said(&header.title)) } } }
                }
                tbody {
                    @for row in &table.rows {
                        tr { @for (at, header) in table.columns.iter().enumerate() { (cell(row.get(at), header)) } }
                    }
                }
            }
        }
    }
}

fn side(header: &Header) -> Option<&'static str> {
    (header.align == Align::Right).then_some("number")
}

fn cell(cell: Option<&Cell>, header: &Header) -> Markup {
    let Some(cell) = cell else {
        return html! { td {} };
    };
    let coloured = (cell.severity != Severity::Info && !cell.text.is_empty()).then(|| class(cell.severity));
    let classes: Vec<&str> = side(header).into_iter().chain(coloured).collect();
    let classes = (!classes.is_empty()).then(|| classes.join(" "));
    html! {
        td class=[classes] {
            @if cell.emphasis { strong { (said(&cell.text)) } } @else { (said(&cell.text)) }
        }
    }
}

fn list(notes: &[Note]) -> Markup {
    if notes.is_empty() {
        return html! {};
    }
    html! {
        ul.notes {
            @for note in notes {
                li {
                    @match note.link.as_deref().filter(|link| link.starts_with("https://")) {
                        // A link without a text could not be followed.
                        Some(link) if neutral(&note.text).trim().is_empty() => (anchor(link, link)),
                        Some(link) => (anchor(link, &note.text)),
                        None => (said(&note.text)),
                    }
                }
            }
        }
    }
}

fn anchor(link: &str, text: &str) -> Markup {
    html! { a href=(said(link)) rel="noreferrer" { (said(text)) } }
}

/// The button that copies it comes with the script: without one it would do nothing.
fn code(text: &str) -> Markup {
    if text.is_empty() {
        return html! {};
    }
    let lines: Vec<String> = text.lines().map(neutral).collect();
    html! {
        div.code {
            pre tabindex="0" { code { @for (at, line) in lines.iter().enumerate() { @if at > 0 { "\n" } (said(line)) } } }
        }
    }
}
