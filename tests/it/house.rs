//! The house rules of the design, read from the source: who may import whom, and how long a file may be.

use std::path::{Path, PathBuf};

/// Module (with its folder) and what it must not name.
const RULES: &[(&str, &[&str])] = &[
    ("window", PURE),
    ("words", PURE),
    ("facts", PURE),
    ("paste", PURE),
    ("psycopg", PURE),
    ("stuck", PURE),
    ("timeline", PURE),
    ("verify", PURE),
    ("error_text", PURE),
    ("signature", PURE),
    ("report", PURE),
    (
        "render",
        &[
            "crate::source",
            "crate::facts",
            "crate::timeline",
            "crate::query",
            "crate::config",
            "tokio",
            "reqwest",
            "datafusion",
            "std::env",
            "Utc::now",
        ],
    ),
];
/// No source, engine, network, environment or clock.
const PURE: &[&str] = &[
    "crate::source::capture",
    "crate::source::api",
    "crate::run",
    "crate::config",
    "tokio",
    "reqwest",
    "datafusion",
    "std::env",
    "std::fs",
    "Utc::now",
];
/// A longer file has two subjects.
const LONGEST_FILE: usize = 450;

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn pure_modules_import_nothing_of_the_world() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for path in rust_files(&src) {
        let relative = path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        let module = relative.split(['/', '.']).next().unwrap();
        let Some((_, forbidden)) = RULES.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        seen += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let named = forbidden.iter().find(|name| line.contains(*name));
            assert_eq!(named, None, "{relative}: {line}");
        }
    }
    assert!(seen > 15, "only {seen} files were read");
}

#[test]
fn files_say_what_they_own_and_stay_short() {
    for path in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} does not say what it owns", path.display());
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", path.display());
    }
}
