//! What all pictures share: the frame, the time below them, shapes, and the limits that keep a page small.
//! Positions along the time are shares of the width, so that a picture fits a phone and a wide screen without scaling its text.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{durations::durations, lanes::lanes, rates::rates, said, series::series};
use crate::render::axis::ticks;
use crate::report::{Chart, Drawing, MarkKind};
use crate::words;

/// Labels of the time on a wide screen and on a narrow one, with the narrowest plot that they must fit, pixels.
const TIERS: [(&str, usize, f64); 2] = [("wide", 8, 430.0), ("narrow", 4, 250.0)];
/// A character of a label at 12 pixels, with some air.
const CHARACTER_PX: f64 = 7.5;
/// Height of the row with the times, pixels.
const AXIS_PX: u32 = 22;
/// That a few marks lie under others is no news.
const WORTH_SAYING: f64 = 0.9;
/// What pointing at a mark shows is cut behind so many characters.
const HINT_LENGTH: usize = 240;

/// The time of a chart, laid over the width of a plot.
pub(super) struct Span {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// The name of its lines on this page.
    grid: String,
}

impl Span {
    /// Where `at` lies, 0 to 1; what lies outside counts to the nearest edge.
    pub(super) fn share(&self, at: DateTime<Utc>) -> f64 {
        let microseconds = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).num_microseconds().unwrap_or(i64::MAX);
        let length = microseconds(self.from, self.to).max(1);
        microseconds(self.from, at).clamp(0, length) as f64 / length as f64
    }

    /// The instant at a share of the width.
    pub(super) fn at(&self, share: f64) -> DateTime<Utc> {
        let length_us = (self.to - self.from).num_microseconds().unwrap_or(i64::MAX);
        #[allow(clippy::cast_possible_truncation)] // no more than the length
        let since = chrono::TimeDelta::microseconds((length_us as f64 * share) as i64);
        self.from.checked_add_signed(since).unwrap_or(self.to)
    }

    /// The lines of the axis within a plot of any height.
    pub(super) fn lines(&self) -> Markup {
        html! { use href={ "#" (self.grid) } {} }
    }

    /// The times below or above plots.
    pub(super) fn axis(&self) -> Markup {
        html! {
            svg.axis width="100%" height=(AXIS_PX) aria-hidden="true" {
                @for (class, most, plot_px) in TIERS {
                    g class=(class) {
                        @for tick in ticks(self.from, self.to, most) {
                            @let x = self.share(tick.at);
                            @let half = tick.label.chars().count() as f64 * CHARACTER_PX / 2.0 / plot_px;
                            @if x >= half && x <= 1.0 - half {
                                text x=(percent(x)) y="15" text-anchor="middle" { (tick.label) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn definition(&self) -> Markup {
        html! {
            svg.defined width="0" height="0" aria-hidden="true" {
                defs {
                    g id=(self.grid) {
                        @for (class, most, _) in TIERS {
                            g class={ "grid " (class) } {
                                @for tick in ticks(self.from, self.to, most) {
                                    @let x = percent(self.share(tick.at));
                                    line x1=(x) x2=(x) y1="0" y2="100%" {}
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A chart with its title, its time and what it draws. `nth` tells it from others on the page.
pub(super) fn figure(chart: &Chart, nth: usize) -> Markup {
    let span = Span {
        from: chart.from,
        to: chart.to,
        grid: format!("grid-{nth}"),
    };
    html! {
        figure {
            figcaption {
                strong { (said(&chart.title)) }
                " "
                span.when { (when(chart.from, chart.to)) }
            }
            (span.definition())
            @match &chart.drawing {
                Drawing::Lanes(all) => (lanes(all, &span)),
                Drawing::Series(all) => (series(all, &span)),
                Drawing::Durations(all) => (durations(all, &span, &chart.title)),
                Drawing::Rates(all) => (rates(all)),
            }
        }
    }
}

/// `2025-12-08 06:30-07:00 UTC`, with both dates where they differ.
fn when(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let round = [from, to].iter().all(|at| at.timestamp() % 60 == 0);
    let time = if round { "%H:%M" } else { "%H:%M:%S" };
    let end = if from.date_naive() == to.date_naive() {
        ""
    } else {
        "%Y-%m-%d "
    };
    format!(
        "{}-{} UTC",
        from.format(&format!("%Y-%m-%d {time}")),
        to.format(&format!("{end}{time}"))
    )
}

/// A share as a length of SVG.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// The class of a kind: its colour.
pub(super) fn colour(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Alive => "alive",
        MarkKind::Gap => "gap",
        MarkKind::Success => "success",
        MarkKind::Slow => "slow",
        MarkKind::Trouble => "trouble",
        MarkKind::Failure => "failure",
        MarkKind::Hang => "hang",
        MarkKind::Stop => "stop",
        MarkKind::Start => "start",
    }
}

/// What is told of a mark that was pointed at: the sentences of those that it stands for, when, and how many.
pub(super) fn hint<'a>(labels: impl Iterator<Item = &'a str>, kind: MarkKind, when: &str, count: u64) -> String {
    let mut labels: Vec<&str> = labels.filter(|label| !label.is_empty()).collect();
    labels.dedup();
    let mut text = if labels.is_empty() {
        String::from(kind.meaning())
    } else {
        labels.join("; ")
    };
    if let Some((cut, _)) = text.char_indices().nth(HINT_LENGTH) {
        text.truncate(cut);
        text.push('…');
    }
    let times = if count > 1 {
        format!(", {} times", words::grouped(count))
    } else {
        String::new()
    };
    format!("{text} ({when}{times})")
}

/// `06:36:04-06:58:10`, or one time if both read the same.
pub(super) fn times(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let (begin, end) = (words::clock(from), words::clock(to));
    if from.date_naive() != to.date_naive() {
        format!("{}-{}", from.format("%m-%d %H:%M:%S"), to.format("%m-%d %H:%M:%S"))
    } else if begin == end {
        begin
    } else {
        format!("{begin}-{end}")
    }
}

/// Below a picture that draws much less than it was given.
pub(super) fn merged(all: usize, drawn: usize, what: &str) -> Markup {
    html! {
        @if drawn < all && drawn as f64 <= all as f64 * WORTH_SAYING {
            p.aside {
                (words::grouped(all as u64)) " " (what) " are drawn as " (words::counted(drawn as u64, "mark"))
                ": what lies together is one."
            }
        }
    }
}

/// Shapes that stand at a point, around which they are drawn, and the signs of severities.
pub(super) fn definitions() -> Markup {
    html! {
        svg.defined width="0" height="0" aria-hidden="true" {
            defs {
                pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    line.hatch x1="0" x2="0" y1="0" y2="6" {}
                }
                path id="cross" d="M-5 -5L5 5M-5 5L5 -5" {}
                path id="up" d="M0 -7L6.5 5H-6.5Z" {}
                path id="down" d="M0 7L6.5 -5H-6.5Z" {}
                path id="square" d="M-5 -5H5V5H-5Z" {}
                path id="diamond" d="M0 -6L6 0L0 6L-6 0Z" {}
                g id="sign-ok" { circle cx="10" cy="10" r="9" {} path.cut d="M5.5 10.5L9 14L15 7" {} }
                g id="sign-info" { circle cx="10" cy="10" r="9" {} path.cut d="M10 5.2V7M10 9.2V15" {} }
                g id="sign-warning" { path d="M10 1L19.5 18.5H.5Z" {} path.cut d="M10 7V12.4M10 14.6V16" {} }
                g id="sign-critical" { path d="M6 .5H14L19.5 6V14L14 19.5H6L.5 14V6Z" {} path.cut d="M6 6L14 14M14 6L6 14" {} }
            }
        }
    }
}
