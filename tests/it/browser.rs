//! Pages in a browser: what is too wide, cut, covered, unreadable or not text is found by a script that looks.
//! Skipped, with a line that says so, where there is no Chromium.

use std::io::Write as _;
use std::process::Command;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use relay_diag::render::{Style, chosen, render};
use relay_diag::report::Report;

use crate::pages;

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const PROBE: &str = include_str!("browser.js");
/// Collects what the probes in the frames have found.
const HARNESS: &str = "addEventListener('message', (event) => { findings.textContent += event.data + '\\n'; });";
/// A desktop and a phone, pixels.
const WIDTHS: [u32; 2] = [1280, 400];
/// Names that try to leave their place, or are too long for it.
const STRANGE: [&str; 9] = [
    "<script>document.title = 'evil'</script> <img src=x onerror=alert(1)> &lt;b&gt; &copy;",
    "\"><svg onload=alert(1)> ' onfocus=x autofocus </title></style></script>",
    "\u{1b}[2J\u{1b}[31mred\u{1b}[0m \u{202e}live\u{2066}isolate zero\u{200b}width",
    "two\r\nlines\u{2028}three\ttab",
    "e\u{301}\u{301}\u{301} wide: 漢字かな 👍🏽 شكرا جزيلا",
    "GET /artists/{artist_id}/albums/{album_id}/tracks/{track_id}",
    "sixty-characters-without-a-single-place-at-which-to-break-it",
    "{{7*7}} ${7*7} <!-- --> ]]> javascript:alert(1)",
    "",
];

/// Past the test harness, which keeps to itself what a passing test prints.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn browser() -> Option<&'static str> {
    let runs = |name: &&str| {
        Command::new(name)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    };
    BROWSERS.into_iter().find(runs)
}

fn page(report: &Report) -> String {
    let style = Style {
        width: 80,
        links: false,
        color: false,
    };
    render(report, chosen("html", false).unwrap(), &style)
}

/// The page with the probe in its head, which the policy lets run beside the page's own script.
fn probed(page: &str) -> String {
    let hash = STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, PROBE.as_bytes()));
    let allowed = page.replacen("script-src ", &format!("script-src 'sha256-{hash}' "), 1);
    assert_ne!(allowed, page, "the page has no policy for scripts");
    let probed = allowed.replacen("<title>", &format!("<script>{PROBE}</script><title>"), 1);
    assert_ne!(probed, allowed, "the page has no title");
    probed
}

/// Pages by name, each in a frame as wide as a screen, since the browser's own window has a least width: what the probe
/// says of each, and what the browser said meanwhile.
fn findings(browser: &str, pages: &[(&str, String)], dark: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let light = if dark { "dark" } else { "light" };
    let mut frames = String::new();
    for (name, page) in pages {
        std::fs::write(folder.path().join(format!("{name}.html")), probed(page)).unwrap();
        for width in WIDTHS {
            frames += &format!(
                "<iframe src='{name}.html#{width}-{light}' width={width} height=900 style='border:0'></iframe>"
            );
        }
    }
    let harness = folder.path().join("harness.html");
    std::fs::write(
        &harness,
        format!("<pre id=findings></pre><script>{HARNESS}</script>{frames}"),
    )
    .unwrap();
    let output = Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--dump-dom",
        ])
        .args([
            "--no-first-run",
            "--disable-extensions",
            "--virtual-time-budget=5000",
            "--enable-logging=stderr",
        ])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg("--window-size=1400,900")
        .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)))
        .arg(format!("file://{}", harness.display()))
        .output()
        .unwrap();
    let (dom, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let found = dom
        .split("<pre id=\"findings\">")
        .nth(1)
        .and_then(|rest| rest.split("</pre>").next());
    let found: Vec<&str> = found.unwrap_or_else(|| panic!("no answer: {log}")).lines().collect();
    let looked = found.iter().filter(|line| line.ends_with(": looked")).count();
    assert_eq!(
        looked,
        pages.len() * WIDTHS.len(),
        "not every page was looked at: {found:#?}\n{log}"
    );
    let wrong = found.into_iter().filter(|line| !line.ends_with(": looked"));
    wrong
        .chain(log.lines().filter(|line| line.contains("CONSOLE")))
        .map(str::to_owned)
        .collect()
}

/// Hand-built pages, and those of the recorded incident where this build can make them.
fn all_pages() -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("incident", page(&pages::incident())),
        ("crash-loop", page(&pages::crash_loop())),
        ("healthy", page(&pages::healthy())),
        ("busy", page(&pages::busy())),
        ("single", page(&pages::single())),
        ("strange", page(&pages::strange(&STRANGE))),
    ];
    if cfg!(feature = "capture") {
        for command in ["timeline", "diagnose", "verify"] {
            let run = crate::support::run(&[command, "--source", "demo", "--format", "html"]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            all.push((command, run.stdout));
        }
    }
    all
}

#[test]
fn pages_fit_and_read_in_every_light() {
    let Some(browser) = browser() else {
        say("SKIPPED: no browser looked at the pages of `--format html`; it takes a Chromium in PATH");
        return;
    };
    let pages = all_pages();
    for dark in [false, true] {
        let wrong = findings(browser, &pages, dark);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// A probe that finds nothing could be blind.
#[test]
fn the_probe_sees_what_is_wrong() {
    let Some(browser) = browser() else {
        return;
    };
    let broken = "<p class=\"broken\" style=\"color:red\">x</p><img src=\"https://evil.example/x.png\">\
        <svg width=\"100\" height=\"20\"><text x=\"5\" y=\"15\">one text</text><text x=\"9\" y=\"15\">on another</text>\
        <text x=\"90\" y=\"15\">cut at the edge</text></svg>\
        <pre>short</pre><div class=\"row\"><svg width=\"3000\" height=\"9\"></svg></div></main>";
    let page = page(&pages::single()).replacen("</main>", broken, 1);
    let found = findings(browser, &[("broken", page)], false).join("\n");
    for wrong in [
        "wider than the screen",
        "over each other",
        "cut",
        "policy: ",
        "a strange element",
        "CONSOLE",
    ] {
        assert!(found.contains(wrong), "{wrong}: {found}");
    }
}
