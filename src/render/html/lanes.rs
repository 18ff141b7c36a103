//! Swimlanes: who it was on the left, what happened over the time, told by shape and colour.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{
    figure::{Span, colour, hint, merged, percent, times},
    said,
};
use crate::report::{Lane, Mark, MarkKind};

/// Height of a lane, pixels: states in the upper part, success below it, so that neither hides the other.
const STATES_PX: u32 = 20;
const LANE_PX: u32 = 31;
/// More marks than these in a picture would make a page of megabytes.
const MOST_MARKS: usize = 2_000;
/// Marks that lie this near to each other, as a part of the width, can't be told apart on a screen of 1,000 pixels.
const FINEST: u32 = 240;
/// A bar is not thinner: less than two pixels are overlooked.
const LEAST_WIDTH: f64 = 0.004;
/// As many of those that a mark stands for are named.
const NAMED: usize = 3;

/// What is drawn: marks of a kind that begin and end at about the same time.
struct Drawn<'a> {
    kind: MarkKind,
    marks: Vec<&'a Mark>,
    /// The part of the width that they share.
    cells: (f64, f64),
}

impl Drawn<'_> {
    fn count(&self) -> u64 {
        self.marks.iter().map(|mark| mark.count.max(1)).sum()
    }

    fn markup(&self, span: &Span) -> Markup {
        let from = self.marks.iter().map(|mark| mark.from).min().unwrap_or_default();
        let to = self
            .marks
            .iter()
            .map(|mark| mark.to)
            .max()
            .unwrap_or_default()
            .max(from);
        let labels = self.marks.iter().take(NAMED).map(|mark| mark.label.as_str());
        let text = hint(labels, self.kind, &times(from, to), self.count());
        // Side by side, cells full of success are a band.
        let is_band = self.kind == MarkKind::Success && self.marks.len() > 1;
        let place = if is_band {
            self.cells
        } else {
            (span.share(from), span.share(to))
        };
        shape(self.kind, place, self.count(), &text)
    }
}

/// One lane below the other, under the time and a legend of what they hold.
pub(super) fn lanes(lanes: &[Lane], span: &Span) -> Markup {
    let all: usize = lanes.iter().map(|lane| lane.marks.len()).sum();
    let mut cells = FINEST;
    let mut drawn: Vec<Vec<Drawn<'_>>> = joined(lanes, span, cells);
    while drawn.iter().map(Vec::len).sum::<usize>() > MOST_MARKS && cells > 1 {
        cells = cells * 4 / 5;
        drawn = joined(lanes, span, cells);
    }
    let is_drawn = |kind: &MarkKind| drawn.iter().flatten().any(|one| one.kind == *kind);
    let kinds: Vec<MarkKind> = MarkKind::ALL.into_iter().filter(is_drawn).collect();
    let height = if kinds.contains(&MarkKind::Success) {
        LANE_PX
    } else {
        STATES_PX
    };
    html! {
        @if !kinds.is_empty() {
            ul.legend {
                @for kind in kinds {
                    li {
                        svg.sample width="34" height=(STATES_PX) aria-hidden="true" {
                            g transform=[(kind == MarkKind::Success).then_some("translate(0 -15)")] {
                                (shape(kind, sample(kind), 1, ""))
                            }
                        }
                        (kind.meaning())
                    }
                }
            }
        }
        div.row.top { span.name {} (span.axis()) span.note {} }
        @for (lane, drawn) in lanes.iter().zip(&drawn) {
            div.row {
                span.name { (said(&lane.name)) }
                svg.plot width="100%" height=(height) role="img" {
                    title { (said(&lane.name)) }
                    desc { (said(&description(lane, drawn))) }
                    (span.lines())
                    @for one in drawn { (one.markup(span)) }
                }
                span.note { (said(&lane.note)) }
            }
        }
        (merged(all, drawn.iter().map(Vec::len).sum(), "events"))
    }
}

/// What stands at a point, and what lasts.
fn sample(kind: MarkKind) -> (f64, f64) {
    match kind {
        MarkKind::Success | MarkKind::Failure | MarkKind::Start | MarkKind::Stop => (0.5, 0.5),
        MarkKind::Alive | MarkKind::Gap | MarkKind::Slow | MarkKind::Trouble | MarkKind::Hang => (0.15, 0.85),
    }
}

/// Marks of each lane, joined where both their ends fall into the same of so many cells; the gravest last, on top.
fn joined<'a>(lanes: &'a [Lane], span: &Span, cells: u32) -> Vec<Vec<Drawn<'a>>> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to the number of cells
    let cell = |at| (span.share(at) * f64::from(cells)) as u32;
    let of_lane = |lane: &'a Lane| {
        let mut groups: BTreeMap<(MarkKind, u32, u32), Vec<&Mark>> = BTreeMap::new();
        for mark in &lane.marks {
            let key = (mark.kind, cell(mark.from), cell(mark.to.max(mark.from)));
            groups.entry(key).or_default().push(mark);
        }
        let cell = f64::from(cells).recip();
        let drawn = groups.into_iter().map(|((kind, first, last), marks)| Drawn {
            kind,
            marks,
            cells: (f64::from(first) * cell, (f64::from(last + 1) * cell).min(1.0)),
        });
        let mut drawn: Vec<Drawn<'_>> = drawn.collect();
        // A cross shows on a bar; a bar would hide it.
        drawn.sort_by_key(|one| (one.kind >= MarkKind::Stop, one.kind == MarkKind::Failure));
        drawn
    };
    lanes.iter().map(of_lane).collect()
}

/// What a lane holds, for who can't see it.
fn description(lane: &Lane, drawn: &[Drawn<'_>]) -> String {
    let count = |kind: MarkKind| {
        drawn
            .iter()
            .filter(|one| one.kind == kind)
            .map(Drawn::count)
            .sum::<u64>()
    };
    let counts = MarkKind::ALL.into_iter().map(|kind| (kind.meaning(), count(kind)));
    let held: Vec<String> = counts
        .filter(|(_, count)| *count > 0)
        .map(|(meaning, count)| format!("{meaning}: {count}"))
        .collect();
    let held = if held.is_empty() {
        String::from("nothing")
    } else {
        held.join(", ")
    };
    if lane.note.is_empty() {
        held
    } else {
        format!("{held}; {}", lane.note)
    }
}

/// A mark of a kind between two shares of the width.
fn shape(kind: MarkKind, (from, to): (f64, f64), count: u64, text: &str) -> Markup {
    let (class, title) = (colour(kind), html! { @if !text.is_empty() { title { (said(text)) } } });
    let width = (to - from).max(LEAST_WIDTH);
    let from = from.min(1.0 - LEAST_WIDTH);
    let (x1, x2, w) = (percent(from), percent(from + width), percent(width));
    let is_point = to - from <= LEAST_WIDTH;
    match kind {
        MarkKind::Hang if is_point => html! { rect class="hang brief" x=(x1) y="2" width=(w) height="16" { (title) } },
        MarkKind::Hang => html! { rect class=(class) x=(x1) y="2" width=(w) height="16" { (title) } },
        MarkKind::Slow => html! { rect class=(class) x=(x1) y="5" width=(w) height="10" { (title) } },
        MarkKind::Gap => html! { rect class=(class) x=(x1) y="1" width=(w) height="18" { (title) } },
        MarkKind::Alive | MarkKind::Trouble => {
            html! { line class=(class) x1=(x1) x2=(x2) y1="10" y2="10" { (title) } }
        }
        MarkKind::Success if is_point => {
            // Alone it is seen beside bars, in a row it is a band; a hundred are seen to be more.
            let radius = if count < 100 { "3" } else { "4" };
            html! { circle class=(class) cx=(x1) cy="25" r=(radius) { (title) } }
        }
        MarkKind::Success => html! { rect class=(class) x=(x1) y="22" width=(w) height="6" { (title) } },
        MarkKind::Failure => html! {
            g class=(class) {
                (title)
                @if !is_point { line x1=(x1) x2=(x2) y1="10" y2="10" {} }
                use.halo href="#cross" x=(x2) y="10" {}
                use href="#cross" x=(x2) y="10" {}
            }
        },
        MarkKind::Start => html! { use class=(class) href="#up" x=(x1) y="10" { (title) } },
        MarkKind::Stop => html! { use class=(class) href="#down" x=(x1) y="10" { (title) } },
    }
}
