//! What people and scripts get to see.

use relay_diag::report::Outcome;

use super::*;

/// Escape sequences as text, so that a reviewer sees them and a terminal does not.
fn visible(text: &str) -> String {
    text.replace('\u{1b}', "␛")
}

fn check(name: &str, report: &Report) {
    for &format in FORMATS {
        let kind = format.name;
        if kind == "html" {
            // A page's style and script are files of their own.
            insta::assert_snapshot!(format!("{name}_{kind}"), html::body(&render(report, format, &PLAIN)));
            continue;
        }
        if kind != "table" {
            insta::assert_snapshot!(format!("{name}_{kind}"), render(report, format, &PLAIN));
            continue;
        }
        for width in [80, 200] {
            let style = Style { width, ..PLAIN };
            insta::assert_snapshot!(format!("{name}_{kind}_{width}"), render(report, format, &style));
        }
    }
}

#[test]
fn empty_report() {
    check("empty", &empty());
}

#[test]
fn typical_report() {
    check("typical", &typical());
}

#[test]
fn hostile_report() {
    check("hostile", &hostile());
}

#[test]
fn colours_follow_severity() {
    let style = Style {
        width: 200,
        links: false,
        color: true,
    };
    insta::assert_snapshot!("typical_color", visible(&render(&typical(), format("table"), &style)));
}

#[test]
fn runbook_table_is_reproduced() {
    let markdown = render(&typical(), format("markdown"), &PLAIN);
    let table = "\n\n\
        | time (UTC) | event | duration |\n\
        |------------|-------|----------|\n\
        | 06:32:40 | queue service connected | - |\n\
        | 06:32:50-06:33:29 | SQLAlchemy connects succeeding | 3-6ms |\n\
        | 06:33:36 | queue heartbeat times out | 5s timeout |\n\
        | 06:33:36-06:36:04 | ~2.5 min gap with no spans | - |\n\
        | 06:36:04 | GET /albums starts | hangs 24 min |\n\
        | 06:36:06 | GET /moderation starts | **succeeds in 14ms** |\n\
        | 06:36:06 | GET /auth/me starts | hangs 18 min |\n\
        | 06:36:31 | multiple requests | **succeed in 3-15ms** |\n\n";
    assert!(markdown.contains(table), "{markdown}");
}

#[test]
fn ordinary_text_is_left_alone_in_markdown() {
    for text in [
        "GET /tracks/{track_id}?a=1&b=2",
        "QueuePool limit of size 10 overflow 5 reached",
        "3-6ms",
        "~2.5 min gap",
        "2.5 requests a second",
        "p95 < 50 ms, max > 1 s",
        "connection to 10.0.0.1:5432 failed: timeout!",
        "(psycopg.OperationalError) it's \"broken\" = 100%",
    ] {
        let markdown = render(&report(text, vec![]), format("markdown"), &PLAIN);
        assert_eq!(markdown, format!("{text}\n"));
    }
}

#[test]
fn more_columns_than_fit_become_lists() {
    let columns = (0..12)
        .map(|n| header(&format!("attributes_{n}"), Align::Left))
        .collect();
    let row = |value: &str| (0..12).map(|n| Cell::plain(format!("{value} {n}"))).collect();
    let table = Table {
        columns,
        rows: vec![row("a somewhat long value"), row("b")],
    };
    let wide = report("12 columns", vec![Block::Table(table)]);
    insta::assert_snapshot!("wide_table_80", render(&wide, format("table"), &PLAIN));
}

#[test]
fn rows_of_the_wrong_length_keep_the_shape() {
    let table = Table {
        columns: vec![header("a", Align::Left), header("b", Align::Right)],
        rows: vec![vec![Cell::plain("1")], vec![], ["1", "2", "3"].map(Cell::plain).into()],
    };
    let mut ragged = report("ragged", vec![Block::Table(table)]);
    ragged.outcome = Outcome::Fine;
    ragged.data = Data {
        columns: vec!["a".into(), "b".into()],
        rows: vec![vec![json!(1)], vec![json!(1), json!(2), json!(3)]],
    };
    assert_eq!(render(&ragged, format("csv"), &PLAIN), "a,b\n1,\n1,2\n");
    assert_eq!(
        render(&ragged, format("markdown"), &PLAIN),
        "ragged\n\n| a | b |\n|---|--:|\n| 1 |  |\n|  |  |\n| 1 | 2 |\n"
    );
    assert_eq!(
        render(&ragged, format("table"), &PLAIN),
        "ragged\n\na  b\n────\n1\n\n1  2\n"
    );
}

#[test]
fn links_are_under_their_text_where_the_terminal_knows_links() {
    let style = Style { links: true, ..PLAIN };
    let out = render(&typical(), format("table"), &style);
    let plain = render(&typical(), format("table"), &PLAIN);
    let link = plain
        .split_whitespace()
        .find(|word| word.starts_with("https://"))
        .unwrap();
    assert!(out.contains(&format!("\u{1b}]8;;{link}\u{1b}\\")), "{out:?}");
    assert_eq!(
        out.matches("https://").count(),
        out.matches("\u{1b}]8;;https://").count()
    );
    // A stranger's text ends no link and begins none.
    let out = render(&hostile(), format("table"), &style);
    assert_eq!(
        out.matches('\u{1b}').count(),
        out.matches("\u{1b}]8;;").count() + out.matches("\u{1b}\\").count()
    );
}
