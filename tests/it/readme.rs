//! The README is run: its examples work, and the output that it shows is today's.

use std::path::Path;

use crate::support::{command, finish, fixture};

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The lines of all fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<Vec<String>> {
    let fence = format!("```{language}");
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == fence {
            found.push(
                lines
                    .by_ref()
                    .take_while(|line| *line != "```")
                    .map(str::to_owned)
                    .collect(),
            );
        }
    }
    found
}

/// Splits as a shell does for what the README uses: words, and words in double quotes.
fn words(line: &str) -> Vec<String> {
    let pieces = line.split('"').enumerate();
    pieces
        .flat_map(|(nth, piece)| match nth % 2 {
            0 => piece.split_whitespace().map(str::to_owned).collect(),
            _ => vec![piece.to_owned()],
        })
        .collect()
}

#[test]
fn every_example_works() {
    // Later examples read what earlier ones wrote.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(fixture(""), folder.path().join("fixtures")).unwrap();
    let mut ran = 0;
    for line in blocks(&readme(), "sh").concat() {
        let Some(arguments) = line.strip_prefix("relay-diag ") else {
            continue;
        };
        let run = finish(command(folder.path()).args(words(arguments)));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{line}");
        ran += 1;
    }
    assert!(ran >= 10, "only {ran} examples");
}

#[test]
fn the_output_it_shows_is_todays() {
    let root = fixture("").parent().unwrap().to_path_buf();
    let shown = blocks(&readme(), "console").remove(0);
    let arguments = words(shown[0].strip_prefix("$ relay-diag ").unwrap());
    let run = finish(
        command(&root)
            .args(arguments)
            .args(["--format", "table", "--color", "never"])
            .env("COLUMNS", "120"),
    );
    let said: Vec<&str> = run.stdout.lines().take(shown.len() - 1).collect();
    assert_eq!(said, shown[1..], "the README shows another output");
}
