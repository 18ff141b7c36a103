//! How long operations took, by when they began: a logarithmic scale shows milliseconds and half an hour side by side.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{
    figure::{Span, colour, hint, merged, percent, times},
    said,
};
use crate::report::{MarkKind, Operation};
use crate::words;

/// Lines across the picture, seconds. The lowest is its floor: what takes less is prompt all the same.
const SCALE: [(f64, &str); 10] = [
    (0.001, "1ms"),
    (0.01, "10ms"),
    (0.1, "0.1s"),
    (1.0, "1s"),
    (10.0, "10s"),
    (60.0, "1min"),
    (600.0, "10min"),
    (3_600.0, "1h"),
    (36_000.0, "10h"),
    (864_000.0, "10d"),
];
/// The scale goes up to here at least, so that milliseconds look as short as they are.
const LEAST_TOP_S: f64 = 10.0;
/// Height of the plot and the room at both ends for a mark or a label, pixels.
const HEIGHT_PX: f64 = 300.0;
const PAD_PX: f64 = 12.0;
/// More marks than these would make a page of megabytes, and no screen shows them apart.
const MOST_MARKS: usize = 1_500;
/// The cells in which operations are joined at first: columns, and rows as high as a mark is.
const FINEST: (u32, u32) = (240, 60);
/// The radius of one, what each tenfold adds, and the most, pixels.
const RADIUS_PX: (f64, f64, f64) = (3.0, 1.3, 7.0);
/// As many of those that a mark stands for are named.
const NAMED: usize = 3;
/// What is drawn first lies below: success is many, and must hide no hang.
const ORDER: [MarkKind; 4] = [MarkKind::Success, MarkKind::Slow, MarkKind::Failure, MarkKind::Hang];

/// Operations of a kind that lie together, drawn where their middle is.
struct Drawn<'a> {
    kind: MarkKind,
    operations: Vec<&'a Operation>,
}

impl Drawn<'_> {
    fn count(&self) -> u64 {
        self.operations.iter().map(|one| one.count.max(1)).sum()
    }

    fn markup(&self, span: &Span, scale: &Scale) -> Markup {
        let many = self.operations.len().max(1) as f64;
        let x = self.operations.iter().map(|one| span.share(one.at)).sum::<f64>() / many;
        let y = self.operations.iter().map(|one| scale.y(one.seconds)).sum::<f64>() / many;
        let begins = || self.operations.iter().map(|one| one.at);
        let when = times(begins().min().unwrap_or_default(), begins().max().unwrap_or_default());
        let took = range(self.operations.iter().copied()).map_or(String::new(), |took| format!("{took}, "));
        let labels = self.operations.iter().take(NAMED).map(|one| one.label.as_str());
        let text = hint(labels, self.kind, &format!("{took}{when}"), self.count());
        shape(self.kind, &percent(x), y, self.count(), &text)
    }
}

/// Where a duration lies in the picture.
struct Scale {
    top: f64,
}

impl Scale {
    /// Up to the first line above all of `operations`.
    fn of(operations: &[Operation]) -> Self {
        let longest = operations.iter().map(|one| one.seconds).fold(LEAST_TOP_S, f64::max);
        let mut lines = SCALE.into_iter().map(|(seconds, _)| seconds);
        let top = lines.clone().find(|line| *line >= longest);
        Self {
            top: top.or(lines.next_back()).unwrap_or(LEAST_TOP_S),
        }
    }

    /// Pixels from the top.
    fn y(&self, seconds: f64) -> f64 {
        let floor = SCALE[0].0;
        // Not `clamp`, which keeps what is no number.
        let share = (seconds.max(floor).min(self.top) / floor).ln() / (self.top / floor).ln();
        HEIGHT_PX - PAD_PX - share * (HEIGHT_PX - 2.0 * PAD_PX)
    }

    fn lines(&self) -> impl Iterator<Item = (String, &'static str)> {
        let within = SCALE.into_iter().filter(|(seconds, _)| *seconds <= self.top);
        within.map(|(seconds, label)| (format!("{:.1}", self.y(seconds)), label))
    }
}

/// A point for each, with the kinds, how many of them and how long they took above it.
pub(super) fn durations(operations: &[Operation], span: &Span, title: &str) -> Markup {
    let scale = Scale::of(operations);
    let (mut columns, mut rows) = FINEST;
    let mut drawn = joined(operations, span, &scale, (columns, rows));
    while drawn.len() > MOST_MARKS && columns > 1 {
        (columns, rows) = (columns * 4 / 5, (rows * 4 / 5).max(1));
        drawn = joined(operations, span, &scale, (columns, rows));
    }
    let kinds: Vec<(MarkKind, String)> = ORDER.into_iter().filter_map(|kind| summary(kind, operations)).collect();
    let summaries: Vec<&str> = kinds.iter().map(|(_, summary)| summary.as_str()).collect();
    html! {
        ul.legend {
            @for (kind, summary) in &kinds {
                li {
                    svg.sample width="20" height="20" aria-hidden="true" { (shape(*kind, "50%", 10.0, 1, "")) }
                    (summary)
                }
            }
        }
        div.scatter {
            svg.scale width="100%" height=(HEIGHT_PX) aria-hidden="true" {
                @for (y, label) in scale.lines() {
                    text x="100%" y=(y) dy="4" text-anchor="end" { (label) }
                }
            }
            svg.plot width="100%" height=(HEIGHT_PX) role="img" {
                title { (said(title)) }
                desc { (said(&summaries.join("; "))) }
                (span.lines())
                g.grid { @for (y, _) in scale.lines() { line x1="0" x2="100%" y1=(y) y2=(y) {} } }
                @for one in &drawn { (one.markup(span, &scale)) }
            }
            span {}
            (span.axis())
        }
        (merged(operations.len(), drawn.len(), "points"))
    }
}

/// Operations of a kind joined where they fall into the same cell, in the order in which they are drawn.
fn joined<'a>(operations: &'a [Operation], span: &Span, scale: &Scale, (columns, rows): (u32, u32)) -> Vec<Drawn<'a>> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to the number of cells
    let cell = |share: f64, cells: u32| (share * f64::from(cells)) as u32;
    let mut groups: BTreeMap<(usize, u32, u32), Vec<&Operation>> = BTreeMap::new();
    for one in operations {
        let layer = ORDER.iter().position(|kind| *kind == kind_of(one)).unwrap_or_default();
        let (column, row) = (
            cell(span.share(one.at), columns),
            cell(scale.y(one.seconds) / HEIGHT_PX, rows),
        );
        groups.entry((layer, column, row)).or_default().push(one);
    }
    let drawn = groups.into_iter().map(|((layer, ..), operations)| Drawn {
        kind: ORDER[layer],
        operations,
    });
    drawn.collect()
}

/// Its kind; what is none of the four counts as success.
fn kind_of(operation: &Operation) -> MarkKind {
    let known = ORDER.into_iter().find(|kind| *kind == operation.kind);
    known.unwrap_or(MarkKind::Success)
}

/// `hangs: 14, 18-26 min`; `None` if there is none of that kind.
fn summary(kind: MarkKind, operations: &[Operation]) -> Option<(MarkKind, String)> {
    let of_kind = || operations.iter().filter(|one| kind_of(one) == kind);
    let took = range(of_kind())?;
    let count: u64 = of_kind().map(|one| one.count.max(1)).sum();
    Some((kind, format!("{}: {}, {took}", kind.meaning(), words::grouped(count))))
}

/// The shortest and the longest.
fn range<'a>(operations: impl Iterator<Item = &'a Operation>) -> Option<String> {
    let seconds: Vec<f64> = operations.map(|one| one.seconds).collect();
    let least = seconds.iter().copied().reduce(f64::min)?;
    let most = seconds.iter().copied().reduce(f64::max)?;
    Some(words::range(least, most))
}

fn shape(kind: MarkKind, x: &str, y: f64, count: u64, text: &str) -> Markup {
    let (class, title) = (colour(kind), html! { @if !text.is_empty() { title { (said(text)) } } });
    let place = format!("{y:.1}");
    let figure = match kind {
        MarkKind::Hang => "#square",
        MarkKind::Slow => "#diamond",
        MarkKind::Failure => "#cross",
        _ => {
            let (least, tenfold, most) = RADIUS_PX;
            let radius = (least + tenfold * (count.max(1) as f64).log10()).min(most);
            return html! { circle class=(class) cx=(x) cy=(place) r=(format!("{radius:.1}")) { (title) } };
        }
    };
    html! { use class=(class) href=(figure) x=(x) y=(place) { (title) } }
}
