//! Pauses in which nothing began. A pause is judged by its end: traffic alone can't tell a quiet night from an outage.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Entry, EntryKind, Scene};
use crate::facts::{Gap, GapOf, to_seconds};
use crate::report::Severity;
use crate::words;

/// Shorter pauses are no gaps (design.md). The query has the same limit.
pub const SHORTEST: TimeDelta = TimeDelta::seconds(60);
/// What comes within this after a gap is its end.
const ENDS_WITHIN: TimeDelta = TimeDelta::seconds(30);

pub(super) fn entries(scene: &Scene<'_>, told: &[Entry]) -> Vec<Entry> {
    let gaps = scene.facts.gaps.rows.iter().filter(|gap| gap.of == GapOf::All);
    gaps.flat_map(|gap| {
        split(gap, told)
            .into_iter()
            .map(|(from, to)| judged(scene, from, to, told))
    })
    .collect()
}

/// A first sign of trouble inside a pause splits it: before it nothing was asked, behind it nothing was answered.
fn split(gap: &Gap, told: &[Entry]) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let inside = told
        .iter()
        .map(|entry| entry.start)
        .filter(|at| gap.before_at < *at && *at < gap.after_at);
    let mut edges: Vec<DateTime<Utc>> = [gap.before_at, gap.after_at].into_iter().chain(inside).collect();
    edges.sort();
    let pauses = edges.windows(2).map(|pair| (pair[0], pair[1]));
    pauses.filter(|(from, to)| *to - *from >= SHORTEST).collect()
}

fn judged(scene: &Scene<'_>, from: DateTime<Utc>, to: DateTime<Utc>, told: &[Entry]) -> Entry {
    let length = to_seconds(to - from);
    let said = words::duration(length);
    let mut entry = Entry::new(from, EntryKind::Gap, String::new(), Severity::Info);
    entry.duration_s = Some((length, length));
    if to >= scene.facts.window.to {
        entry.event = String::from("no spans from here on");
        entry.duration = format!("for {said}, to the end of the window");
        entry.severity = Severity::Warning;
        entry.in_progress = true;
        return entry;
    }
    entry.event = format!("~{said} gap with no spans");
    entry.end = Some(to);
    let trouble_before = told
        .iter()
        .any(|other| other.start <= from && from < other.last() && other.severity >= Severity::Warning);
    let trouble_after = told
        .iter()
        .any(|other| other.severity >= Severity::Warning && to <= other.start && other.start - to <= ENDS_WITHIN);
    let restart = told.iter().any(|other| {
        matches!(other.kind, EntryKind::InstanceStarted | EntryKind::Deploy)
            && to <= other.start
            && other.start - to <= ENDS_WITHIN
    });
    if trouble_before || trouble_after || restart {
        entry.severity = Severity::Warning;
    } else {
        entry.duration = String::from("a lull: what comes next is fast");
    }
    entry
}
