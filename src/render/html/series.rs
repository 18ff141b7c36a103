//! Numbers over time: small pictures below each other, each with a scale of its own.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::{
    class,
    figure::{Span, percent, times},
    said,
};
use crate::render::axis::number;
use crate::report::Series;

/// Height of a picture and the room above its highest value, pixels.
const HEIGHT_PX: f64 = 64.0;
const PAD_PX: f64 = 4.0;
/// A limit that is so many times the highest value stands in words only: drawn, it would press the line flat.
const FAR: f64 = 4.0;
/// Something is never drawn as nothing: at least this part of the height.
const LEAST: f64 = 0.03;
/// Places to point at; of more steps several share one.
const MOST_HINTS: usize = 240;

/// One below the other, with the time under the last.
pub(super) fn series(all: &[Series], span: &Span) -> Markup {
    html! {
        @for series in all { (small(series, span)) }
        div.row.bottom { span.name {} (span.axis()) span.note {} }
    }
}

fn small(series: &Series, span: &Span) -> Markup {
    let most = series
        .values
        .iter()
        .flatten()
        .copied()
        .filter(|value| value.is_finite())
        .reduce(f64::max);
    let highest = most.unwrap_or(0.0).max(0.0);
    let drawn_limit = series
        .limit
        .filter(|limit| *limit > 0.0 && (highest <= 0.0 || *limit <= highest * FAR));
    let top = drawn_limit.unwrap_or(highest).max(highest);
    let top = if top > 0.0 { top } else { 1.0 };
    let steps = series.values.len().max(1);
    let scale = match most {
        None => String::from("not known"),
        Some(_) if highest <= 0.0 => format!("0 {}", series.unit),
        Some(_) => format!("0-{} {}", number(highest), series.unit),
    };
    let limit = series.limit.map(|limit| format!("limit {}", number(limit)));
    let description = [Some(scale.clone()), limit.clone()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ");
    html! {
        div class={ "row series " (class(series.severity)) } {
            span.name { (said(&series.name)) }
            svg.plot width="100%" height=(HEIGHT_PX) role="img" {
                title { (said(&series.name)) }
                desc { (said(&description)) }
                (span.lines())
                svg y=(PAD_PX) width="100%" height=(HEIGHT_PX - PAD_PX) viewBox={ "0 0 " (steps) " 100" } preserveAspectRatio="none" {
                    (curve(&series.values, top))
                }
                @if let Some(limit) = drawn_limit {
                    @let y = format!("{:.1}", PAD_PX + (1.0 - limit / top) * (HEIGHT_PX - PAD_PX));
                    line.limit x1="0" x2="100%" y1=(y) y2=(y) {}
                }
                line.base x1="0" x2="100%" y1=(HEIGHT_PX) y2=(HEIGHT_PX) {}
                (hints(series, span))
            }
            span.note {
                (said(&scale))
                @if let Some(limit) = limit {
                    " "
                    span.limit {
                        @if drawn_limit.is_some() {
                            svg.sample width="22" height="8" aria-hidden="true" { line.limit x1="0" x2="22" y1="4" y2="4" {} }
                        }
                        (limit)
                    }
                }
            }
        }
    }
}

/// The line over its area, as steps; broken where nothing is known.
fn curve(values: &[Option<f64>], top: f64) -> Markup {
    let (mut line, mut area) = (String::new(), String::new());
    let mut known = false;
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value.filter(|value| value.is_finite()) else {
            if known {
                let _ = write!(area, "V100Z");
            }
            known = false;
            continue;
        };
        let share = if value > 0.0 {
            (value / top).clamp(LEAST, 1.0)
        } else {
            0.0
        };
        let y = 100.0 - share * 100.0;
        // Writing to a string does not fail.
        let _ = if known {
            write!(line, "V{y:.1}H{}", at + 1).and_then(|()| write!(area, "V{y:.1}H{}", at + 1))
        } else {
            write!(line, "M{at} {y:.1}H{}", at + 1).and_then(|()| write!(area, "M{at} 100V{y:.1}H{}", at + 1))
        };
        known = true;
    }
    if known {
        area.push_str("V100Z");
    }
    html! {
        path.area d=(area) {}
        path.line d=(line) vector-effect="non-scaling-stroke" {}
    }
}

/// What is said where one points: the time, and the highest value there.
fn hints(series: &Series, span: &Span) -> Markup {
    let steps = series.values.len();
    let width = steps.div_ceil(MOST_HINTS).max(1);
    html! {
        @for (nth, values) in series.values.chunks(width).enumerate() {
            @let (first, last) = (nth * width, nth * width + values.len());
            @let (from, to) = (first as f64 / steps as f64, last as f64 / steps as f64);
            @let value = values.iter().flatten().copied().reduce(f64::max);
            @let said_value = value.map_or(String::from("not known"), |value| format!("{} {}", number(value), series.unit));
            rect.spot x=(percent(from)) y="0" width=(percent(to - from)) height="100%" {
                title { (said(&format!("{said_value} ({})", times(span.at(from), span.at(to))))) }
            }
        }
    }
}
