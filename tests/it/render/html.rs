//! Pages: their parts, their limits, and that what is told stays text.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use regex::Regex;

use super::properties::{steers, text};
use super::*;
use crate::pages;

/// A page may be sent by mail and must open at once.
const MOST_BYTES: usize = 1_000_000;
/// Contrast of text and of what means something (WCAG 2.2, 1.4.3 and 1.4.11): the colours serve both.
const LEAST_CONTRAST: f64 = 4.5;

static TAG: LazyLock<Regex> = LazyLock::new(|| Regex::new("<[^>]*>").unwrap());
static VALUE: LazyLock<Regex> = LazyLock::new(|| Regex::new("=\"[^\"]*\"").unwrap());

fn page(report: &Report) -> String {
    render(report, format("html"), &PLAIN)
}

/// Between the head and the script, one element a line.
pub(super) fn body(page: &str) -> String {
    let body = page.split("<body>").nth(1).unwrap().split("<script>").next().unwrap();
    let main = body.split("<main>").nth(1).unwrap();
    main.replace("><", ">\n<")
}

/// The tags with the names of their attributes: what text can't change.
fn skeleton(page: &str) -> Vec<String> {
    TAG.find_iter(page)
        .map(|tag| VALUE.replace_all(tag.as_str(), "").into_owned())
        .collect()
}

/// The text between an element's tags, the first of its name.
fn inside<'a>(page: &'a str, tag: &str) -> &'a str {
    let after = page.split(&format!("<{tag}>")).nth(1).unwrap();
    after.split(&format!("</{tag}>")).next().unwrap()
}

fn sha256(text: &str) -> String {
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()))
}

#[test]
fn a_page_loads_and_runs_nothing_but_its_own() {
    let page = page(&pages::incident());
    for (directive, tag) in [("style-src", "style"), ("script-src", "script")] {
        let allowed = format!("{directive} 'sha256-{}'", sha256(inside(&page, tag)));
        assert!(
            page.contains(&allowed),
            "src/render/html.rs: the policy has to hold {allowed}"
        );
    }
    assert!(page.contains("default-src 'none'; base-uri 'none'; form-action 'none'"));
    for loads in ["src=", "url(h", "@import", "<link", "<iframe", "style=\"", " onclick"] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert_eq!(
        (page.matches("<script").count(), page.matches("<style").count()),
        (1, 1)
    );
}

#[test]
fn a_page_says_its_answer_first() {
    let page = page(&pages::incident());
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"));
    assert!(page.ends_with("</html>\n"));
    assert_eq!(
        inside(&page, "title"),
        "partial-connect-hang (high confidence): new database connections hang…"
    );
    assert_eq!(page.matches("<h1").count(), 1);
    assert_eq!(inside(&page, "h1"), pages::incident().headline);
    assert!(!page.contains("<h3"));
    assert!(page.contains("<th scope=\"col\">time (UTC)</th>"));
    assert!(page.contains("<td class=\"ok\"><strong>succeeds in 14ms</strong></td>"));
    let link = "<a href=\"https://logfire.example/relay/api?q=trace_id%3D%27019b%27&amp;since=2025-12-08T06:36:04Z\"";
    assert!(page.contains(link));
}

#[test]
fn pictures_say_what_they_show() {
    let page = page(&pages::incident());
    for (what, times) in [
        // A lane, a series, a share or a plot of durations each; each with words for who can't see it.
        (" role=\"img\"", 18),
        ("<desc>", 18),
        (
            "<title>GET /moderation</title><desc>succeeds: 1; succeeds in 14ms</desc>",
            1,
        ),
        ("GET /auth/me hangs 18 min (06:36:06-06:54:06)", 1),
        ("hangs: 22, 19-24 min", 2),
        ("limit 15", 2),
        ("0-1 requests per 30s", 2),
        (">5 of 5<", 2),
        (">3 of 120<", 1),
    ] {
        assert_eq!(page.matches(what).count(), times, "{what}");
    }
    let single = super::html::page(&pages::single());
    assert!(!single.contains("starts</li>"), "the legend has what is drawn");
}

#[test]
fn a_busy_hour_is_a_page_that_opens() {
    let page = page(&pages::busy());
    assert!(page.len() < MOST_BYTES, "{} bytes", page.len());
    let said = Regex::new("10,000 points are drawn as ([0-9,]+) marks: what lies together is one").unwrap();
    let drawn: usize = said.captures(&page).unwrap()[1].replace(',', "").parse().unwrap();
    assert!((500..=1_500).contains(&drawn), "{drawn}");
    assert!(page.contains("events are drawn as"));
}

#[test]
fn numbers_that_are_none_reach_no_picture() {
    let texts = ["a", "b"];
    let wrong = Regex::new("\\b(x|y|x1|x2|y1|y2|cx|cy|r|d|width|height)=\"[^\"]*(NaN|inf|e)[^\"]*\"").unwrap();
    for report in [pages::strange(&texts), pages::single(), empty()] {
        let page = page(&report);
        let drawn = page.split("<main>").nth(1).unwrap();
        assert!(wrong.find(drawn).is_none(), "{:?}", wrong.find(drawn));
    }
}

#[test]
fn colours_have_contrast_in_both_themes() {
    let css = include_str!("../../../src/render/html/page.css");
    let colour = Regex::new("--([a-z]+): #([0-9a-f]{6});").unwrap();
    let linear = |hex: &str| {
        let value = f64::from(u8::from_str_radix(hex, 16).unwrap()) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    let light = |hex: &str| 0.2126 * linear(&hex[..2]) + 0.7152 * linear(&hex[2..4]) + 0.0722 * linear(&hex[4..]);
    let themes: Vec<Vec<(String, f64)>> = css
        .split(":root {")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
        .map(|theme| {
            colour
                .captures_iter(theme)
                .map(|one| (one[1].to_owned(), light(&one[2])))
                .collect()
        })
        .filter(|theme: &Vec<_>| !theme.is_empty())
        .collect();
    assert_eq!(themes.len(), 2, "light and dark");
    for theme in themes {
        let page = theme.iter().find(|(name, _)| name == "page").unwrap().1;
        for (name, light) in theme
            .iter()
            .filter(|(name, _)| !["page", "rule", "soft"].contains(&name.as_str()))
        {
            let contrast = (light.max(page) + 0.05) / (light.min(page) + 0.05);
            assert!(contrast >= LEAST_CONTRAST, "{name}: {contrast}");
        }
    }
}

#[cfg(feature = "capture")]
#[test]
fn every_command_makes_a_page() {
    let commands = [
        "timeline --source demo",
        "diagnose --source demo",
        "stuck --source demo",
        "verify --source demo",
        "query traffic --source demo",
        "queries list",
        "explain",
        "explain partial-connect-hang",
        "init --source demo --print",
        "config show",
    ];
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').chain(["--format", "html"]).collect();
        let run = crate::support::run(&arguments);
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
        assert!(run.stdout.starts_with("<!DOCTYPE html>"), "{command}");
        assert!(run.stdout.ends_with("</html>\n"), "{command}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn text_changes_no_tag_and_steers_nothing(texts in prop::collection::vec(text(), 4)) {
        // With a letter each, since an empty text has no colour.
        let texts: Vec<String> = texts.iter().map(|text| format!("é{}é", text.replace(['\n', '\r'], " "))).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let page = page(&pages::strange(&texts));
        let plain = super::html::page(&pages::strange(&["w", "x", "y", "z"]));
        prop_assert_eq!(skeleton(&body(&page)), skeleton(&body(&plain)));
        prop_assert!(!body(&page).contains(steers));
        prop_assert!(!page.contains("href=\"javascript"));
    }
}

#[test]
fn hostile_text_changes_no_tag() {
    let plain: Vec<String> = (0..HOSTILE.len()).map(|nth| format!("text {nth}")).collect();
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    // Line breaks within preformatted text stay, as they should.
    let (hostile, plain) = (page(&pages::strange(&HOSTILE)), page(&pages::strange(&plain)));
    assert_eq!(skeleton(&body(&hostile)), skeleton(&body(&plain)));
    assert!(!hostile.replace('\n', "").contains(steers));
}
