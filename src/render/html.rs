//! One page that holds all it shows: it loads nothing, reads without its script, in light and dark, on a phone and on paper.
//! What telemetry says reaches the page only through [`said`], and the templates place it as text.

mod block;
mod durations;
mod figure;
mod lanes;
mod rates;
mod series;

use std::fmt::Write as _;

use maud::{DOCTYPE, Escaper, Markup, PreEscaped, Render, html};

use self::block::sections;
use super::{
    Format,
    neutral::neutral,
    safe::{Safe, Syntax},
};
use crate::report::{Report, Severity};

/// See [`Format`].
pub(super) const FORMAT: Format = Format {
    name: "html",
    help: "One page to keep or to send, with pictures",
    render: |report, _| page(report).into_string() + "\n",
};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
/// Nothing is loaded, and no style or script runs but these two, known by their SHA-256 (a test says what it has to be).
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
    style-src 'sha256-37CNQNwUs/nfJo3/CiKlBYCPIoN96Yh1ptrSeYnXhWU='; \
    script-src 'sha256-5hIe29WxE21UiOtyH8frue5szJpkjKOOSqIgx1xo2eQ='";
/// What a browser's tab or a bookmark shows, characters.
const TITLE_LENGTH: usize = 70;

/// Text within an element or a quoted attribute.
pub(super) enum Html {}

impl Syntax for Html {
    fn escape(text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        // Writing to a string does not fail.
        let _ = Escaper::new(&mut out).write_str(&neutral(text));
        out
    }
}

impl Render for Safe<Html> {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str(self.as_str());
    }
}

/// What a report says, as one line of text and nothing else.
fn said(text: &str) -> Safe<Html> {
    Safe::escape(text)
}

/// What a reader sees of a severity, and the class that colours it.
fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok",
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn page(report: &Report) -> Markup {
    let severity = class(report.severity);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content="relay-diag";
                title { (said(&beginning(&report.headline))) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (figure::definitions())
                main {
                    header class=(severity) {
                        p.badge {
                            svg.sign width="20" height="20" aria-hidden="true" { use href={ "#sign-" (severity) } {} }
                            (severity)
                        }
                        h1 { (said(&report.headline)) }
                    }
                    (sections(&report.blocks))
                }
                footer { p { "Made by relay-diag. Times are UTC. This page loads nothing." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Cut behind a word, if it has to be.
fn beginning(headline: &str) -> String {
    let headline = neutral(headline);
    let Some((end, _)) = headline.char_indices().nth(TITLE_LENGTH) else {
        return headline;
    };
    let cut = headline.get(..end).unwrap_or_default();
    let words = cut.rsplit_once(' ').map_or(cut, |(words, _)| words);
    format!("{}…", words.trim_end_matches([' ', ',', ';', ':']))
}
