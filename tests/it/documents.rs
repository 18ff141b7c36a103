//! What the documents promise is there: commands, failure modes, formats, checks, aliases, files, one compiler.

use std::collections::BTreeSet;
use std::path::Path;

use relay_diag::render::choices;
use relay_diag::verify::CHECKS;

use crate::support::run;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// What stands in backticks.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The text under a heading.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let begin = text.find(&format!("\n## {heading}\n")).unwrap() + heading.len() + 5;
    let length = text[begin..].find("\n## ").unwrap_or(text.len() - begin);
    &text[begin..begin + length]
}

#[test]
fn the_contracts_commands_are_those_that_there_are() {
    let contract = text("docs/contract.md");
    let mut seen = 0;
    for row in section(&contract, "Commands")
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
    {
        let name = row.split([' ', '`', ',']).next().unwrap();
        assert_eq!(run(&[name, "--help"]).code, 0, "{name}");
        seen += 1;
    }
    assert!(seen > 10, "only {seen} commands");
}

#[test]
fn the_contracts_formats_checks_and_failure_modes_are_those_that_there_are() {
    let contract = text("docs/contract.md");
    let formats = contract.find("--format ").map(|at| &contract[at + 9..]).unwrap();
    let promised: Vec<&str> = formats.split('`').next().unwrap().split('|').collect();
    for name in &promised {
        assert!(choices().any(|(format, _)| format == *name), "{name}");
    }
    assert!(choices().all(|(format, _)| promised.contains(&format)));
    let checks: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    let words = contract.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("`{}`", checks.join(" "))), "{checks:?}");
    let document = run(&["explain", "--format", "json"]).json();
    let known: BTreeSet<&str> = document["failure_modes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mode| mode["failure_mode"].as_str().unwrap())
        .collect();
    let rows = section(&contract, "Failure modes").lines();
    let promised: BTreeSet<&str> = rows
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(known, promised);
}

#[test]
fn what_contributing_names_exists() {
    let text_of_it = text("CONTRIBUTING.md");
    let aliases: toml::Table = text(".cargo/config.toml").parse().unwrap();
    let aliases = aliases["alias"].as_table().unwrap();
    let spoken = code(&text_of_it);
    for alias in aliases.keys() {
        assert!(
            spoken.contains(&format!("cargo {alias}").as_str()),
            "cargo {alias} is not explained"
        );
    }
    let mut files = 0;
    for name in spoken {
        if let Some(alias) = name.strip_prefix("cargo ").filter(|rest| !rest.contains(' ')) {
            assert!(alias == "test" || aliases.contains_key(alias), "{name}");
        }
        let is_path = name.contains('/') && !name.contains(['N', ' ', '*']);
        if is_path {
            assert!(root().join(name).exists(), "{name} does not exist");
            files += 1;
        }
    }
    assert!(files > 10, "only {files} files");
}

#[test]
fn the_oldest_compiler_is_the_one_that_the_readme_names() {
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    assert!(text("README.md").contains(&format!("Rust {oldest} or later")));
}
