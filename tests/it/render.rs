//! Renderers: reviewed snapshots of hand-built reports in every format, and what holds for any text at all.

mod html;
mod properties;
mod slack;
mod snapshots;

use relay_diag::{
    render::{FORMATS, Format, Style, chosen, render},
    report::{Align, Block, Cell, Data, Header, Note, Outcome, Report, Severity, Table},
};
use serde_json::{Value, json};

const PLAIN: Style = Style {
    width: 80,
    links: false,
    color: false,
};

fn format(name: &str) -> Format {
    chosen(name, false).unwrap()
}

fn report(headline: &str, blocks: Vec<Block>) -> Report {
    Report {
        headline: headline.to_owned(),
        severity: Severity::Critical,
        outcome: Outcome::Incident,
        blocks,
        screen: None,
        document: json!({}),
        data: Data::default(),
    }
}

fn header(title: &str, align: Align) -> Header {
    Header {
        title: title.to_owned(),
        align,
    }
}

fn cell(text: &str, severity: Severity, emphasis: bool) -> Cell {
    Cell {
        text: text.to_owned(),
        emphasis,
        severity,
    }
}

fn note(text: &str, link: Option<&str>) -> Note {
    Note {
        text: text.to_owned(),
        link: link.map(str::to_owned),
    }
}

/// Columns of time, event and duration; the rows as in the runbook.
fn timeline(rows: &[(&str, &str, &str, Severity, bool)]) -> Table {
    Table {
        columns: ["time (UTC)", "event", "duration"]
            .map(|title| header(title, Align::Left))
            .into(),
        rows: rows
            .iter()
            .map(|(time, event, duration, severity, emphasis)| {
                vec![
                    Cell::plain(*time),
                    Cell::plain(*event),
                    cell(duration, *severity, *emphasis),
                ]
            })
            .collect(),
    }
}

fn empty() -> Report {
    Report {
        severity: Severity::Warning,
        ..report(
            "inconclusive: no records between 06:30 and 07:00",
            vec![
                Block::Table(timeline(&[])),
                Block::Notes(vec![]),
                Block::Table(Table {
                    columns: vec![],
                    rows: vec![],
                }),
            ],
        )
    }
}

fn typical() -> Report {
    use Severity::{Critical, Info, Ok, Warning};
    let rows = [
        ("06:32:40", "queue service connected", "-", Info, false),
        (
            "06:32:50-06:33:29",
            "SQLAlchemy connects succeeding",
            "3-6ms",
            Info,
            false,
        ),
        ("06:33:36", "queue heartbeat times out", "5s timeout", Warning, false),
        ("06:33:36-06:36:04", "~2.5 min gap with no spans", "-", Warning, false),
        ("06:36:04", "GET /albums starts", "hangs 24 min", Critical, false),
        ("06:36:06", "GET /moderation starts", "succeeds in 14ms", Ok, true),
        ("06:36:06", "GET /auth/me starts", "hangs 18 min", Critical, false),
        ("06:36:31", "multiple requests", "succeed in 3-15ms", Ok, true),
    ];
    let routes = Table {
        columns: vec![header("route", Align::Left), header("hung", Align::Right)],
        rows: vec![
            vec![Cell::plain("GET /tracks/{track_id}"), Cell::plain("14")],
            vec![Cell::plain("GET /albums"), Cell::plain("3")],
        ],
    };
    Report {
        document: json!({
            "schema": "relay-diag.timeline.v1",
            "entries": [{"start": "2025-12-08T06:36:04.000000Z", "end": null, "duration_ms": {"min": 3.25, "max": 14}}],
        }),
        data: Data {
            columns: ["start", "end", "event", "duration_ms", "instances"]
                .map(String::from)
                .into(),
            rows: vec![
                vec![
                    json!("2025-12-08T06:36:04.000000Z"),
                    json!(null),
                    json!("GET /albums starts"),
                    json!(-0.5),
                    json!(["a", "b"]),
                ],
                vec![
                    json!("2025-12-08T06:36:06.000000Z"),
                    json!(""),
                    json!("one, \"two\""),
                    json!(14),
                    json!({"min": 3}),
                ],
            ],
        },
        ..report(
            "partial-connect-hang (high confidence): new database connections hang while others succeed in 3-15ms, since 06:33:36",
            vec![
                Block::Table(timeline(&rows)),
                Block::Notes(vec![
                    note(
                        "QueuePool limit of size 10 overflow 5 reached, connection timed out: 37 times",
                        None,
                    ),
                    note(
                        "GET /albums hung for 24 min",
                        Some("https://logfire.example/relay/api?q=trace_id%3D%27019b%27&since=2025-12-08T06:36:04Z"),
                    ),
                    note(
                        "the gap is judged by its end: it is followed by hung requests on the same process, so it is part of the outage",
                        Some("https://logfire.example/t/1"),
                    ),
                ]),
                Block::Table(routes),
                Block::Heading("what to do".to_owned()),
                Block::Preformatted("fly machines restart <machine-id-1> \\\n    -a relay-api".to_owned()),
            ],
        )
    }
}

/// Text that tries to leave its place in one format or another.
const HOSTILE: [&str; 17] = [
    "\u{1b}[2J\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\ \u{9b}1mc1",
    "two\r\nlines\u{2028}three\ttab\u{85}four",
    "a | b \\| c \\",
    "`code` ``` fence",
    "\u{202e}live\u{2066}isolate\u{200f}mark\u{61c} zero\u{200b}width \u{e0041}tag",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;b&gt; &copy;",
    "**bold** __bold__ *it* _it_ ~~gone~~ ~gone~ snake_case {track_id}",
    "[click](https://evil.example) ![pic](https://evil.example/p.png) [ref]: x",
    "see https://evil.example/a?b=c, www.evil.example or admin@evil.example, @everyone",
    "# heading",
    "- item",
    "1. item",
    "> quote $x^2$ $`y`$",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301} wide: 漢字かな 👍🏽 🇩🇪",
    "---",
    ">https://evil.example x ~",
];

fn hostile() -> Report {
    let long = "x".repeat(600);
    let texts = || HOSTILE.iter().copied().chain([long.as_str()]);
    let rows: Vec<_> = texts()
        .map(|text| (text, text, text, Severity::Critical, true))
        .collect();
    let values = |text: &str| vec![json!(text), json!({ text: [text] }), json!(-1)];
    let mut table = timeline(&rows);
    table.columns[2].title = "dur|ation\u{1b}[1m".to_owned();
    Report {
        document: json!({ "texts": texts().collect::<Vec<_>>(), "\u{202e}key": 1 }),
        data: Data {
            columns: vec!["=text".to_owned(), "nested".to_owned(), "number".to_owned()],
            rows: texts().map(values).collect(),
        },
        ..report(
            "# \u{1b}[2J**down** <b>now</b>\n| https://evil.example |",
            vec![
                Block::Table(table),
                Block::Notes(
                    texts()
                        .map(|text| note(text, None))
                        .chain([
                            note(
                                "a](https://evil.example) [b",
                                Some("https://logfire.example/a b?c=(d)|<e>\"f\""),
                            ),
                            note("not a link", Some("javascript:alert(1)")),
                        ])
                        .collect(),
                ),
                Block::Heading("# \u{1b}[2J**[x](https://evil.example)**\n- y".to_owned()),
                Block::Preformatted("````\n\u{1b}[31m<b>\r\n````".to_owned()),
            ],
        )
    }
}
