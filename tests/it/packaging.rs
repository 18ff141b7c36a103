//! What is installed beside the binary is what the binary prints, and what is released agrees on names and versions.

use std::path::{Path, PathBuf};

use crate::support::run;

/// Below the root of an environment or a system, and the command that prints it.
const SHARED: &[(&str, &[&str])] = &[
    ("man/man1/relay-diag.1", &["man"]),
    ("bash-completion/completions/relay-diag", &["completions", "bash"]),
    ("zsh/site-functions/_relay-diag", &["completions", "zsh"]),
    ("fish/vendor_completions.d/relay-diag.fish", &["completions", "fish"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shared() -> PathBuf {
    root().join("packaging/wheel/data/share")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// As snapshots are: `INSTA_UPDATE=always` writes them again.
#[test]
fn manual_and_completions_are_what_the_binary_prints() {
    let update = std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always");
    for (path, args) in SHARED {
        let file = shared().join(path);
        let printed = run(args).stdout;
        if update {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &printed).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == printed,
            "{} is not what `relay-diag {}` prints: INSTA_UPDATE=always cargo test --test it packaging",
            file.display(),
            args.join(" ")
        );
    }
}

#[test]
fn a_release_has_its_chapter_in_the_changelog() {
    let chapter = format!("\n## {}", env!("CARGO_PKG_VERSION"));
    assert!(text("CHANGELOG.md").contains(&chapter), "no chapter{chapter}");
}

#[test]
fn the_crate_holds_what_it_is_compiled_from() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let included: Vec<&str> = manifest["package"]["include"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap().trim_start_matches('/'))
        .collect();
    let mut files = 0;
    for path in rust_files(&root().join("src")) {
        let source = std::fs::read_to_string(&path).unwrap();
        let named = ["include_str!(\"", "include_bytes!(\""];
        for piece in named.iter().flat_map(|macro_name| source.split(macro_name).skip(1)) {
            let file = path.parent().unwrap().join(piece.split('"').next().unwrap());
            let file = file.canonicalize().unwrap();
            let file = file.strip_prefix(root().canonicalize().unwrap()).unwrap();
            let file = file.to_string_lossy().replace('\\', "/");
            let held = included.iter().any(|pattern| match pattern.strip_suffix("**") {
                Some(folder) => file.starts_with(folder),
                None => file == *pattern,
            });
            assert!(held, "{file} is compiled in and would not be in the published crate");
            files += 1;
        }
    }
    assert!(files > 20, "only {files} files");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// Every action by its commit: a tag can be moved.
#[test]
fn actions_are_pinned_by_commit() {
    let mut files: Vec<PathBuf> = [".github/workflows", "docs/gate"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.push(root().join("action.yml"));
    let mut seen = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines() {
            let Some(used) = line.trim().trim_start_matches("- ").strip_prefix("uses: ") else {
                continue;
            };
            if used.starts_with("./") {
                continue;
            }
            let (_, pin) = used.split_once('@').unwrap_or_default();
            let (commit, version) = pin.split_once(" # ").unwrap_or_default();
            assert!(
                commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()) && !version.is_empty(),
                "{}: {line}",
                file.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} actions");
}
