//! The postmortem: its numbers are those of `diagnose`, and the examples in `docs/` are what the demo gives.

use serde_json::Value;

use crate::support::{cases, on_each, run};

const AT_ONCE: usize = 2;

/// The cells of the rows of the table under this header.
fn rows(page: &str, header: &str) -> Vec<Vec<String>> {
    let mut lines = page.lines().skip_while(|line| *line != header).skip(2);
    let mut found = Vec::new();
    while let Some(line) = lines.next().filter(|line| line.starts_with('|')) {
        let cells = line.trim_matches('|').split(" | ");
        found.push(cells.map(|cell| cell.trim().replace('\\', "")).collect());
    }
    found
}

fn number(text: &str) -> u64 {
    text.replace(',', "").parse().unwrap()
}

#[test]
fn its_numbers_are_those_of_diagnose() {
    let all = cases();
    on_each(&all, AT_ONCE, |case| {
        let page = run(&["report", "--source", &case.records]).stdout;
        let diagnosed = run(&["diagnose", "--source", &case.records, "--format", "json"]).json();
        let reported = run(&["report", "--source", &case.records, "--format", "json"]).json();
        for field in [
            "diagnosis",
            "impact",
            "also",
            "ruled_out",
            "not_assessed",
            "pool",
            "statements",
            "next_steps",
        ] {
            assert_eq!(reported[field], diagnosed[field], "{}: {field}", case.name);
        }
        let first = page.lines().next().unwrap();
        let text = first.replace('\\', "");
        let answer = diagnosed["diagnosis"]["failure_mode"].as_str();
        let answer = answer
            .or(diagnosed["diagnosis"]["finding"].as_str())
            .unwrap_or("inconclusive");
        assert!(text.starts_with(answer), "{}: {text}", case.name);
        for (list, name) in [("routes", "route"), ("instances", "instance")] {
            let entries: Vec<&Value> = diagnosed["impact"][list].as_array().into_iter().flatten().collect();
            let told = page
                .lines()
                .find(|line| line.starts_with(&format!("| {name} | affected")));
            let told = told.map(|header| rows(&page, header)).unwrap_or_default();
            let expected: Vec<&&Value> = entries.iter().filter(|entry| entry.is_object()).take(10).collect();
            assert_eq!(told.len(), expected.len(), "{}: {list}", case.name);
            for (row, entry) in told.iter().zip(expected) {
                for (cell, key) in row[1..].iter().zip(["requests", "failed", "hung"]) {
                    assert_eq!(number(cell), entry[key].as_u64().unwrap(), "{}: {row:?}", case.name);
                }
            }
        }
    });
}

/// What a person who was not there asks.
#[test]
fn it_answers_what_a_reader_asks() {
    let all = cases();
    let incidents: Vec<_> = all.iter().filter(|case| case.label["incident"] == true).collect();
    on_each(&incidents, AT_ONCE, |case| {
        let page = run(&["report", "--source", &case.records]).stdout;
        for part in [
            "### Summary",
            "### Impact",
            "### Timeline",
            "### What it was, and the evidence",
            "### What it was not",
            "### What we don't know",
            "### What ended it, and is it fine now",
            "### Follow-ups",
            "### Appendix",
            "TODO",
        ] {
            assert!(page.contains(part), "{}: {part}\n{page}", case.name);
        }
        let summary = page.split("### Summary").nth(1).unwrap().split("###").next().unwrap();
        assert_eq!(
            summary.lines().filter(|line| line.starts_with("- ")).count(),
            3,
            "{summary}"
        );
        assert!(summary.contains(" UTC on 20"), "{summary}");
    });
}

fn is_current(file: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let how = format!("docs/{file} is not current: UPDATE_DOCS=1 cargo test examples_are_current");
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == text, "{how}");
}

#[test]
fn examples_are_current() {
    is_current("example-report.md", &run(&["report", "--source", "demo"]).stdout);
    let page = run(&["report", "--source", "demo", "--format", "html"]).stdout;
    is_current("example-report.html", &page);
}
