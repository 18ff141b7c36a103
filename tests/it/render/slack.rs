//! What a channel gets to see, and that nobody is called or fooled by it.

use proptest::prelude::*;

use super::properties::texts;
use super::*;

/// Slack may split a longer message.
const LONGEST: usize = 4_000;

fn slack(report: &Report) -> String {
    render(report, format("slack"), &PLAIN)
}

/// What Slack reads: without code blocks and code, line by line.
fn read(message: &str) -> Vec<String> {
    let outside = message.split("```").step_by(2).collect::<String>();
    let lines = outside
        .lines()
        .map(|line| line.split('`').step_by(2).collect::<Vec<_>>().join("¤"));
    lines.collect()
}

#[cfg(feature = "capture")]
#[test]
fn the_demo_as_messages() {
    for name in ["timeline", "verify", "diagnose"] {
        let run = crate::support::run(&[name, "--source", "demo", "--format", "slack"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
        assert!(run.stdout.chars().count() <= LONGEST, "{name}");
        insta::assert_snapshot!(format!("demo_{name}"), run.stdout);
    }
}

#[test]
fn signs_of_markup_are_text() {
    for (text, message) in [
        (
            "GET /tracks/{track_id} hangs ~2.5 min at 06:33:36",
            "*GET /tracks/{track_id} hangs ~2.5 min at 06:33:36*\n",
        ),
        ("p95 < 50ms & a > b", "*p95 &lt; 50ms &amp; a &gt; b*\n"),
        ("<!channel> now", "*&lt;!channel&gt; now*\n"),
        ("<@U1|x> @here @channel ok", "*`&lt;@U1|x&gt; @here @channel` ok*\n"),
        ("a *b* _c_ ~d~ snake_case", "*a `*b* _c_ ~d~` snake_case*\n"),
        ("the query `verification` ```x", "*the query 'verification' '''x*\n"),
        (
            "on :fire: https://evil.example www.evil.example x",
            "*on `:fire: https://evil.example www.evil.example` x*\n",
        ),
        ("two\nlines", "*two lines*\n"),
    ] {
        assert_eq!(slack(&report(text, vec![])), message);
    }
}

#[test]
fn what_does_not_fit_is_counted_and_what_is_there_to_paste_is_kept() {
    let lines = (0..300).map(|n| format!("line {n} is of no interest to anybody in this channel"));
    let blocks = vec![
        Block::lines(lines),
        Block::Heading("what to do".to_owned()),
        Block::Preformatted("restart 1\nrestart 2".to_owned()),
        Block::lines([String::from("the last line")]),
    ];
    let message = slack(&report("all is lost", blocks));
    assert!(message.starts_with("*all is lost*\n\n• line 0 is"), "{message}");
    assert!(
        message.contains("\n*what to do*\n```\nrestart 1\nrestart 2\n```\n"),
        "{message}"
    );
    let shown = message.matches("of no interest").count();
    let rest = format!(
        "\n… left out: {} lines of 2 parts; the same command with `--format markdown` shows them\n",
        301 - shown
    );
    assert!(message.ends_with(&rest), "{message}");
    assert!((3_500..LONGEST).contains(&message.chars().count()), "{message}");
}

#[test]
fn a_huge_text_takes_no_message_of_its_own() {
    let huge = "&".repeat(100_000);
    let message = slack(&report(
        &huge,
        vec![
            Block::lines([huge.clone(), String::from("b")]),
            Block::Preformatted(huge.clone()),
        ],
    ));
    assert!(message.chars().count() <= LONGEST, "{}", message.len());
    assert!(message.contains("left out"), "{message}");
}

proptest! {
    #[test]
    fn messages_are_short_and_call_nobody(texts in texts()) {
        let mut report = properties::spread(&texts);
        report.blocks.push(Block::Preformatted(texts[7].clone()));
        report.blocks.push(Block::Heading(texts[7].clone()));
        let message = slack(&report);
        prop_assert!(message.chars().count() <= LONGEST, "{message}");
        prop_assert_eq!(message.matches("```").count() % 2, 0, "{}", message);
        for line in read(&message) {
            let line = line.replace("<https://logfire.example/t|open>", "");
            prop_assert!(!line.contains(['<', '@', '`']), "{line} of {message}");
            // Ours are the bullet and, around what is bold, two stars.
            let stars = line.matches('*').count();
            prop_assert!(stars == 0 || stars % 2 == 0, "{line} of {message}");
        }
    }
}
