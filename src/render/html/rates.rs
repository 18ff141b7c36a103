//! Shares side by side: how often something is so among some and among others, each with its interval.

use maud::{Markup, html};

use super::{figure::percent, said};
use crate::report::{Rate, Share};
use crate::words;

/// Height of a row, pixels.
const ROW_PX: u32 = 24;
/// Lines across the picture, with where their label stands to them.
const SCALE: [(f64, &str); 3] = [(0.0, "start"), (0.5, "middle"), (1.0, "end")];

/// Two rows for each, under its name.
pub(super) fn rates(rates: &[Rate]) -> Markup {
    html! {
        ul.legend {
            li {
                svg.sample width="44" height="20" aria-hidden="true" { (mark(0.5, (0.05, 0.95), "first", 10)) }
                "share, with the interval in which it lies with 95 %"
            }
        }
        @for rate in rates {
            p.rate { (said(&rate.name)) }
            (row(&rate.name, &rate.first, "first"))
            (row(&rate.name, &rate.second, "second"))
        }
        div.row.bottom {
            span.name {}
            svg.axis width="100%" height="22" aria-hidden="true" {
                @for (share, anchor) in SCALE {
                    text x=(percent(share)) y="15" text-anchor=(anchor) { (words_of(share)) }
                }
            }
            span.note {}
        }
    }
}

fn row(name: &str, share: &Share, class: &str) -> Markup {
    let counts = format!("{} of {}", words::grouped(share.count), words::grouped(share.all));
    let interval = (share.interval.0.clamp(0.0, 1.0), share.interval.1.clamp(0.0, 1.0));
    let between = format!("{} to {}", words_of(interval.0), words_of(interval.1));
    html! {
        div.row.share {
            span.name { (said(&share.of)) }
            svg.plot width="100%" height=(ROW_PX) role="img" {
                title { (said(&format!("{name}: {}", share.of))) }
                desc { (counts) ", " (between) }
                g.grid { @for (at, _) in SCALE { line x1=(percent(at)) x2=(percent(at)) y1="0" y2="100%" {} } }
                @if share.all > 0 {
                    g {
                        title { (said(&format!("{}: {counts}, {between}", share.of))) }
                        rect.spot x=(percent(interval.0)) y="0" width=(percent(interval.1 - interval.0)) height="100%" {}
                        (mark((share.count as f64 / share.all as f64).min(1.0), interval, class, ROW_PX / 2))
                    }
                }
            }
            span.note { (counts) }
        }
    }
}

/// The interval as a line with ends, and the share on it: a disc for the first, a square for the second.
fn mark(share: f64, (least, most): (f64, f64), class: &str, middle: u32) -> Markup {
    let (x1, x2, at) = (percent(least), percent(most), percent(share));
    html! {
        g class=(class) {
            line x1=(x1) x2=(x2) y1=(middle) y2=(middle) {}
            line x1=(x1) x2=(x1) y1=(middle - 4) y2=(middle + 4) {}
            line x1=(x2) x2=(x2) y1=(middle - 4) y2=(middle + 4) {}
            @if class == "first" { circle cx=(at) cy=(middle) r="5.5" {} } @else { use href="#square" x=(at) y=(middle) {} }
        }
    }
}

/// Whole percents, without the decimals that a small share has in a sentence.
fn words_of(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
