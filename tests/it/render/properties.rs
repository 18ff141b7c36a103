//! What holds for any text, wherever in a report it stands.

use std::sync::LazyLock;

use comrak::{Options, markdown_to_html};
use proptest::prelude::*;
use regex::Regex;
use unicode_width::UnicodeWidthStr;

use super::*;

/// What our own Markdown turns into.
const TAGS: [&str; 13] = [
    "p",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "ul",
    "li",
    "code",
    "strong",
    "a",
    "a href=\"https://logfire.example/t\"",
];
static INLINE_TAG: LazyLock<Regex> = LazyLock::new(|| Regex::new("</?(code|strong|a)[^>]*>").unwrap());
static PAINT: LazyLock<Regex> = LazyLock::new(|| Regex::new("\u{1b}\\[[0-9;]+m").unwrap());
static ESCAPED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\.").unwrap());

/// Any characters, mixed with what means something to a terminal, Markdown, CSV or JSON.
pub(super) fn text() -> impl Strategy<Value = String> {
    let markup = "| \\ ` * _ ~ < > & [ ] ( ) ! # - + = : ; $ ^ @ / . , ' \" { } 1 a é";
    let markup: Vec<String> = markup.split(' ').map(str::to_owned).collect();
    let hostile: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    let piece = prop_oneof![
        3 => any::<char>().prop_map(String::from),
        6 => prop::sample::select(markup),
        2 => Just(" ".to_owned()),
        1 => prop::sample::select(hostile),
        1 => prop::sample::select(vec!["\u{1b}", "\u{1b}[", "\u{1b}]", "\u{9d}", "\u{7}", "\n", "\r", "\u{301}"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["http://", "https://x.yz", "www.", "ftp://", "a@b.cd", "&amp;", "&#42;", "<!--", "```", "漢"]).prop_map(str::to_owned),
        1 => (1usize..200).prop_map(|length| "w".repeat(length)),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// `texts` in each place of a report, three columns a table.
pub(super) fn spread(texts: &[String]) -> Report {
    let columns = texts[..3].iter().map(|text| header(text, Align::Left)).collect();
    let cells = |emphasis| move |text: &String| cell(text, Severity::Warning, emphasis);
    let rows = vec![
        texts[3..6].iter().map(cells(false)).collect(),
        texts[3..6].iter().map(cells(true)).collect(),
    ];
    let notes = vec![
        note(&texts[6], None),
        note(&texts[6], Some("https://logfire.example/t")),
    ];
    let document = json!({ "list": texts, &texts[0]: { &texts[1]: texts[2] } });
    Report {
        data: Data {
            columns: texts[..3].to_vec(),
            rows: vec![
                vec![json!(texts[3]), document.clone(), json!(-1.5)],
                vec![json!(texts[4]), json!(null), json!(true)],
            ],
        },
        document,
        ..report(
            &texts[7],
            vec![Block::Table(Table { columns, rows }), Block::Notes(notes)],
        )
    }
}

pub(super) fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 8)
}

/// What `text` looks like as one line.
fn neutral(text: &str) -> String {
    let style = Style {
        width: 1_000_000,
        links: false,
        color: false,
    };
    render(&report(text, vec![]), format("table"), &style).trim().to_owned()
}

/// Whether a terminal might act on `c`.
pub(super) fn steers(c: char) -> bool {
    let marks = ['\u{61c}', '\u{2028}', '\u{2029}', '\u{feff}'];
    let ranges = [
        '\u{200b}'..='\u{200f}',
        '\u{202a}'..='\u{202e}',
        '\u{2066}'..='\u{2069}',
    ];
    (c.is_control() && c != '\n') || marks.contains(&c) || ranges.iter().any(|range| range.contains(&c))
}

/// As GitHub would, except that injected HTML is let through, to be found.
fn html(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    options.render.r#unsafe = true;
    markdown_to_html(markdown, &options)
}

/// Found by the property below: code that holds `]:` made the line of a link a definition of one.
#[test]
fn a_link_is_no_definition_of_one() {
    let note = note("]:http://", Some("https://logfire.example/t"));
    let page = html(&render(
        &report("x", vec![Block::Notes(vec![note])]),
        format("markdown"),
        &PLAIN,
    ));
    assert_eq!(contents(&page, "li"), ["]:http://"], "{page}");
}

/// The texts between `<tag>` and `</tag>`, as a browser shows them.
fn contents(html: &str, tag: &str) -> Vec<String> {
    let shown = |element: &str| {
        let text = element.split(&format!("</{tag}>")).next().unwrap_or_default();
        let text = INLINE_TAG.replace_all(text, "");
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
    };
    html.split(&format!("<{tag}>")).skip(1).map(shown).collect()
}

proptest! {
    #[test]
    fn terminal_lines_fit_and_steer_nothing(texts in texts(), width in 40usize..120) {
        for width in [80, width] {
            let mut report = spread(&texts);
            report.blocks.push(Block::Table(Table {
                columns: (0..10).map(|_| header("a column", Align::Right)).collect(),
                rows: vec![texts.iter().map(Cell::plain).collect()],
            }));
            let out = render(&report, format("table"), &Style { width, ..PLAIN });
            prop_assert!(!out.contains(steers));
            for line in out.lines() {
                prop_assert!(line.width() <= width, "{} columns: {line}", line.width());
            }
        }
    }

    #[test]
    fn colour_adds_only_colour(texts in texts()) {
        let report = spread(&texts);
        let colored = render(&report, format("table"), &Style { color: true, ..PLAIN });
        prop_assert_eq!(PAINT.replace_all(&colored, ""), render(&report, format("table"), &PLAIN));
    }

    #[test]
    fn markdown_keeps_its_lines_and_cells(texts in texts()) {
        let out = render(&spread(&texts), format("markdown"), &PLAIN);
        let lines: Vec<&str> = out.lines().collect();
        prop_assert_eq!(lines.len(), 9);
        for row in &lines[2..6] {
            prop_assert_eq!(ESCAPED.replace_all(row, "").matches('|').count(), 4, "{}", row);
        }
    }

    #[test]
    fn markdown_shows_the_text_and_nothing_else(texts in texts()) {
        let markdown = render(&spread(&texts), format("markdown"), &PLAIN);
        let page = html(&markdown);
        for tag in page.split('<').skip(1).filter_map(|part| part.split('>').next()) {
            prop_assert!(TAGS.contains(&tag.trim_start_matches('/')), "{tag} in {page}\nfrom {markdown}");
        }
        let shown = |texts: &[String]| texts.iter().map(|text| neutral(text)).collect::<Vec<_>>();
        let visible = |texts: &[String]| shown(texts).into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
        prop_assert_eq!(page.matches("<a ").count(), 1);
        prop_assert_eq!(page.matches("<strong>").count(), visible(&texts[3..6]).len());
        let (cells, note) = (shown(&texts[3..6]), shown(&texts[6..7]));
        prop_assert_eq!(contents(&page, "p"), visible(&texts[7..]));
        prop_assert_eq!(contents(&page, "th"), shown(&texts[..3]));
        prop_assert_eq!(contents(&page, "td"), [cells.clone(), cells].concat());
        prop_assert_eq!(contents(&page, "li"), [note.clone(), note].concat());
    }

    #[test]
    fn markdown_lines_open_no_block(text in text()) {
        let page = html(&render(&report(&text, vec![]), format("markdown"), &PLAIN));
        let expected: Vec<String> = Some(neutral(&text)).into_iter().filter(|text| !text.is_empty()).collect();
        prop_assert!(page.is_empty() || page.starts_with("<p>"), "{page}");
        prop_assert_eq!(contents(&page, "p"), expected);
    }

    #[test]
    fn a_fence_holds_its_text(lines in prop::collection::vec(text(), 0..4)) {
        let text = lines.join("\n");
        let page = html(&render(&report("x", vec![Block::Preformatted(text)]), format("markdown"), &PLAIN));
        prop_assert!(page.starts_with("<p>x</p>\n<pre><code>") && page.ends_with("</code></pre>\n"), "{page}");
        prop_assert_eq!(page.matches('<').count(), 6);
    }

    #[test]
    fn csv_keeps_its_shape_and_runs_nothing(texts in texts()) {
        let report = spread(&texts);
        let out = render(&report, format("csv"), &PLAIN);
        let records: Vec<csv::StringRecord> =
            csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_bytes()).records().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(records.len(), 3);
        for record in &records {
            prop_assert_eq!(record.len(), 3);
        }
        prop_assert_eq!(&records[1][2], "-1.5");
        prop_assert_eq!(serde_json::from_str::<Value>(&records[1][1]).unwrap(), report.document);
        prop_assert_eq!((&records[2][1], &records[2][2]), ("", "true"));
        for (shown, text) in [(&records[0][0], &texts[0]), (&records[1][0], &texts[3]), (&records[2][0], &texts[4])] {
            let text = neutral(text);
            let formula = text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
            let unmarked = if formula { shown.strip_prefix('\'') } else { Some(shown) };
            prop_assert_eq!(unmarked.map(str::trim), Some(text.as_str()));
        }
    }

    #[test]
    fn json_keeps_its_value_and_steers_nothing(texts in texts()) {
        let report = spread(&texts);
        let out = render(&report, format("json"), &PLAIN);
        prop_assert!(!out.contains(steers));
        prop_assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), report.document);
    }
}

#[test]
fn every_invisible_character_of_unicode_is_taken_out() {
    let invisible = Regex::new(r"^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]$").unwrap();
    for c in ('\0'..=char::MAX).filter(|c| invisible.is_match(c.encode_utf8(&mut [0; 4]))) {
        // Between letters that end no escape sequence.
        let shown = neutral(&format!("é{c}é"));
        assert!(shown == "éé" || shown == "é é", "{:?}", c);
    }
}

#[test]
fn sequences_go_as_a_whole_and_broken_ones_lose_nothing_else() {
    for (text, shown) in [
        ("a\u{1b}[1;31mb", "ab"),
        ("a\u{1b}]0;t\u{7}b", "ab"),
        ("a\u{1b}]0;t\u{1b}\\b", "ab"),
        ("a\u{1b}Pq\u{9c}b", "ab"),
        ("a\u{9b}2Jb", "ab"),
        ("a\u{1b}(Bb", "ab"),
        ("a\u{1b}cb", "ab"),
        ("a\u{1b}", "a"),
        ("a\u{1b}[", "a"),
        ("a\u{1b}]no end", "ano end"),
        ("a\u{1b}é", "aé"),
    ] {
        assert_eq!(neutral(text), shown, "{text:?}");
    }
}

#[test]
fn a_flood_of_openings_takes_no_time() {
    let flood = "\u{1b}]".repeat(50_000);
    assert_eq!(neutral(&flood), "");
}
