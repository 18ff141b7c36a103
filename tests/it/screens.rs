//! What the person on call sees: the screens of `diagnose`, `verify` and `timeline --chart`, on narrow and wide terminals.

use crate::support::{Run, cases, command, finish, fixture, on_each};

/// Columns of a terminal beside another window, of one that is alone, of a wide one.
const WIDTHS: [usize; 3] = [80, 120, 200];
/// The demo, and recordings of an incident on one of several machines, of a lock, of a cold start, of a healthy hour.
const RECORDINGS: [&str; 5] = [
    "demo",
    "one-sick-instance",
    "lock-contention",
    "cold-start",
    "healthy-load",
];
const SCREENS: [&[&str]; 3] = [&["diagnose"], &["verify"], &["timeline", "--chart"]];
/// Lines that a terminal shows at once, where its width is 100.
const LINES: usize = 30;
const AT_ONCE: usize = 2;

/// Paths are asked for from where the fixtures are: an absolute one makes lines of another length in each clone.
fn on_screen(args: &[&str], records: &str, width: usize) -> Run {
    let mut command = command(&fixture(""));
    command
        .args(args)
        .args(["--source", records, "--format", "table"])
        .env("COLUMNS", width.to_string());
    finish(&mut command)
}

fn records(name: &str) -> String {
    match name {
        "demo" => name.to_owned(),
        name => format!("{name}/records.ndjson.zst"),
    }
}

#[test]
fn screens_are_as_they_were_looked_at() {
    let mut jobs = Vec::new();
    for name in RECORDINGS {
        for args in SCREENS {
            jobs.extend(WIDTHS.map(|width| (name, args, width)));
        }
    }
    let screens = on_each(&jobs, AT_ONCE, |(name, args, width)| {
        on_screen(args, &records(name), *width).stdout
    });
    for ((name, args, width), text) in jobs.iter().zip(screens) {
        // Links and paths are as long as they are; the rest keeps to the screen.
        let is_free = |line: &str| line.contains("relay-diag ") || line.contains("fly ");
        for line in text.lines().filter(|line| !is_free(line)) {
            assert!(line.chars().count() <= *width, "{name} {args:?} at {width}: {line}");
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(true);
        settings.bind(|| insta::assert_snapshot!(format!("{}_{name}_{width}", args[0]), text));
    }
}

/// At night a person reads ten lines: what to do stands among them, and no screen is left.
#[test]
fn a_diagnosis_fits_a_screen() {
    let cases = cases();
    let screens = on_each(&cases, AT_ONCE, |case| {
        on_screen(&["diagnose"], &records(&case.name), 100).stdout
    });
    for (case, text) in cases.iter().zip(screens) {
        let lines = text.lines().count();
        assert!(lines <= LINES, "{}: {lines} lines\n{text}", case.name);
        if case.label["incident"] == true {
            let place = text.lines().position(|line| line == "what to do").unwrap();
            assert!(place <= 12, "{}: what to do in line {place}\n{text}", case.name);
        }
    }
}

#[test]
fn a_pass_is_a_line_and_what_was_asked() {
    let text = on_screen(&["verify"], &records("healthy-load"), 100).stdout;
    assert!(text.starts_with("PASS: "), "{text}");
    assert!(text.lines().count() <= 8, "{text}");
    let full = on_screen(&["verify", "--full"], &records("healthy-load"), 100).stdout;
    assert!(full.contains("otel_status_code") && full.contains("required"), "{full}");
}
