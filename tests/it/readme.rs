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
        // From a registry and from source the same words are run.
        let starts = ["relay-diag ", "uvx relay-diag ", "cargo run -- "];
        let Some(arguments) = starts.into_iter().find_map(|start| line.strip_prefix(start)) else {
            continue;
        };
        let run = finish(command(folder.path()).args(words(arguments)));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{line}");
        ran += 1;
    }
    assert!(ran >= 10, "only {ran} examples");
}

#[test]
fn it_begins_with_what_a_user_does() {
    let readme = readme();
    let first = blocks(&readme, "sh").remove(0);
    assert_eq!(first, ["uvx relay-diag timeline --source demo"]);
    let from_source = blocks(&readme, "sh").concat();
    assert!(from_source.contains(&String::from("cargo run -- timeline --source demo")));
    let changelog = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("CHANGELOG.md")).unwrap();
    assert_eq!(
        readme.contains("0.1.0 is not released yet"),
        changelog.contains("## 0.1.0 (unreleased)"),
        "the README must say whether there is a release to take"
    );
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
