//! The house rules of the design, read from the source: who may import whom, and how long a file may be.

use std::path::{Path, PathBuf};

/// The floors of the house, from the ground up. A module imports only what stands below it: there are no circles.
const FLOORS: &[&[&str]] = &[
    &["log", "size", "window", "words"],
    &["schema"],
    &["report"],
    &["error_text", "profile", "render", "source"],
    &["config", "paste", "query", "redact"],
    &["capture", "credentials", "facts", "serve"],
    &["episodes"],
    &["diagnosis", "pictures"],
    &["advice", "init", "stuck", "timeline", "verify"],
    &["cli", "postmortem"],
    &["run"],
];
/// What looks at nothing but what it is given.
const PURE_MODULES: &[&str] = &[
    "advice",
    "diagnosis",
    "episodes",
    "error_text",
    "facts",
    "init",
    "paste",
    "pictures",
    "postmortem",
    "redact",
    "render",
    "report",
    "schema",
    "stuck",
    "timeline",
    "verify",
    "window",
    "words",
];
/// No source, engine, network, environment or clock.
const OF_THE_WORLD: &[&str] = &[
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
const LONGEST_FILE: usize = 400;
/// A longer function does more than one thing.
const LONGEST_FUNCTION: usize = 80;

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

/// Every source file: its path below `src`, its module, its lines without comments.
fn sources() -> Vec<(String, String, Vec<String>)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: PathBuf| {
        let relative = path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        let module = relative.split(['/', '.']).next().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        (relative.clone(), module, code.map(str::to_owned).collect())
    };
    let found: Vec<_> = rust_files(&src).into_iter().map(read).collect();
    assert!(found.len() > 100, "only {} files were read", found.len());
    found
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

#[test]
fn modules_import_only_what_stands_below_them() {
    for (file, module, lines) in sources() {
        // The library's list and the program itself name everything, and so may tests.
        let is_test = file.ends_with("tests.rs") || file.contains("/tests/");
        if is_test || ["lib", "main", "terminal"].contains(&module.as_str()) {
            continue;
        }
        let own = floor(&module).unwrap_or_else(|| panic!("{module} stands on no floor"));
        for line in &lines {
            for named in line.split("crate::").skip(1) {
                let other: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let below = other == module || floor(&other).is_some_and(|other| other < own);
                assert!(below || floor(&other).is_none(), "{file}: {line}");
            }
        }
    }
}

#[test]
fn pure_modules_import_nothing_of_the_world() {
    for (file, module, lines) in sources() {
        if !PURE_MODULES.contains(&module.as_str()) {
            continue;
        }
        for line in lines {
            let named = OF_THE_WORLD.iter().find(|name| line.contains(*name));
            assert_eq!(named, None, "{file}: {line}");
        }
    }
}

#[test]
fn functions_do_one_thing() {
    for (file, _, lines) in sources() {
        let mut open: Option<(usize, String, usize)> = None;
        for (at, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let begins = line.contains("fn ") && line.contains('(') && !line.trim_end().ends_with([';', '}']);
            match &open {
                Some((from, name, depth)) if indent == *depth && line.trim() == "}" => {
                    let length = at - from + 1;
                    assert!(length <= LONGEST_FUNCTION, "{file}: {name} has {length} lines");
                    open = None;
                }
                None if begins => open = Some((at, line.trim().to_owned(), indent)),
                _ => {}
            }
        }
    }
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
