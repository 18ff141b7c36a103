//! Rows of pauses in which nothing began, each judged by its end.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Entry, EntryKind};
use crate::episodes::{Episodes, Pause, SHORTEST_GAP};
use crate::facts::to_seconds;
use crate::report::Severity;
use crate::words;

/// What comes within this after a gap is its end.
const ENDS_WITHIN: TimeDelta = TimeDelta::seconds(30);

pub(super) fn entries(episodes: &Episodes<'_>, told: &[Entry]) -> Vec<Entry> {
    let parts = episodes.pauses().flat_map(|pause| split(pause, told));
    parts.map(|(from, to)| judged(episodes, from, to, told)).collect()
}

/// A first sign of trouble inside a pause splits it: before it nothing was asked, behind it nothing was answered.
fn split(pause: Pause, told: &[Entry]) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let inside = told
        .iter()
        .map(|entry| entry.start)
        .filter(|at| pause.from < *at && *at < pause.to);
    let mut edges: Vec<DateTime<Utc>> = [pause.from, pause.to].into_iter().chain(inside).collect();
    edges.sort();
    let parts = edges.windows(2).map(|pair| (pair[0], pair[1]));
    parts.filter(|(from, to)| *to - *from >= SHORTEST_GAP).collect()
}

fn judged(episodes: &Episodes<'_>, from: DateTime<Utc>, to: DateTime<Utc>, told: &[Entry]) -> Entry {
    let length = to_seconds(to - from);
    let said = words::duration(length);
    let mut entry = Entry::new(from, EntryKind::Gap, String::new(), Severity::Info);
    entry.duration_s = Some((length, length));
    if to >= episodes.facts.window.to {
        entry.event = String::from("no spans from here on");
        entry.duration = format!("for {said}, to the end of the window");
        entry.severity = Severity::Warning;
        entry.in_progress = true;
        return entry;
    }
    entry.event = format!("~{said} gap with no spans");
    entry.end = Some(to);
    let grave = |other: &&Entry| other.severity >= Severity::Warning;
    let at_its_end = |other: &&Entry| to <= other.start && other.start - to <= ENDS_WITHIN;
    let trouble_before = told
        .iter()
        .filter(grave)
        .any(|other| other.start <= from && from < other.last());
    let trouble_after = told.iter().filter(grave).any(|other| at_its_end(&other));
    let restart = told
        .iter()
        .filter(|other| other.kind.is_start())
        .any(|other| at_its_end(&other));
    if trouble_before || trouble_after || restart {
        entry.severity = Severity::Warning;
    } else {
        entry.duration = String::from("a lull: what comes next is fast");
    }
    entry
}
