//! Requests that hung: rows of their own with start and length; in a wave the first few, then how many more.

use chrono::TimeDelta;

use super::{Entry, EntryKind, Scene};
use crate::facts::{Fate, Hang, to_seconds};
use crate::report::Severity;
use crate::words;

/// Hangs that begin this close to each other are one wave: longer than a pool's 30 s and a listener's 60 s back-off.
const WAVE_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// Hangs of a wave that have rows of their own (design.md).
const SHOWN_OF_A_WAVE: usize = 5;
/// Room for an error in the duration column.
const ERROR_WIDTH: usize = 60;

/// Whether it counts as hung in the timeline: it lasted longer than the profile's `hang_after`, or has no end yet.
/// What was cut off by the death of its process before that did not hang.
pub(super) fn is_hang(hang: &Hang, scene: &Scene<'_>) -> bool {
    match hang.fate {
        Fate::Ended { .. } | Fate::InFlight => true,
        Fate::Died(at) => at - hang.started_at > scene.profile.hang_after,
    }
}

pub(super) fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    let mut hangs: Vec<&Hang> = scene
        .facts
        .hangs
        .rows
        .iter()
        .filter(|hang| is_hang(hang, scene))
        .collect();
    hangs.sort_by(|a, b| (a.started_at, &a.span_id).cmp(&(b.started_at, &b.span_id)));
    let waves = hangs.chunk_by(|a, b| b.started_at - a.started_at <= WAVE_PAUSE);
    waves.flat_map(|wave| told(scene, wave)).collect()
}

fn told(scene: &Scene<'_>, wave: &[&Hang]) -> Vec<Entry> {
    let (shown, folded) = wave.split_at(wave.len().min(SHOWN_OF_A_WAVE));
    let mut entries: Vec<Entry> = shown.iter().map(|hang| single(scene, hang)).collect();
    match folded {
        [] => {}
        [one] => entries.push(single(scene, one)),
        [first, ..] => entries.push(more(scene, first, folded)),
    }
    entries
}

fn single(scene: &Scene<'_>, hang: &Hang) -> Entry {
    let kind = if hang.request {
        EntryKind::RequestHangs
    } else {
        EntryKind::ConnectHangs
    };
    let on = scene.on(&hang.instance, hang.started_at);
    let mut entry = Entry::new(
        hang.started_at,
        kind,
        format!("{} starts{on}", hang.span_name),
        Severity::Critical,
    );
    let length_s = hang.length_s(scene.facts.window.to);
    let length = words::duration(length_s);
    // A checkout is what a hang waits on as a rule; a statement is worth a word.
    let on_statement = if hang.waits_on.as_deref() == Some("statement") {
        " in a statement"
    } else {
        ""
    };
    entry.duration = match hang.fate {
        Fate::Ended { failed: true, .. } => format!("hangs {length}, then fails{}", because(hang)),
        Fate::Ended { failed: false, .. } => format!("hangs {length}{on_statement}"),
        Fate::Died(_) => format!("hangs {length}{on_statement}, until its process dies"),
        Fate::InFlight => format!("hanging for {length}{on_statement}"),
    };
    entry.duration_s = Some((length_s, length_s));
    entry.end = hang.ended_at();
    entry.in_progress = hang.fate == Fate::InFlight;
    entry.instances = vec![hang.instance.clone()];
    entry.trace_ids = vec![hang.trace_id.clone()];
    entry
}

fn because(hang: &Hang) -> String {
    let Some(error) = &hang.error else {
        return String::new();
    };
    match hang.addresses {
        0 | 1 => format!(": {}", words::error(error, ERROR_WIDTH)),
        addresses => format!(": {} ({addresses} addresses tried)", words::error(error, ERROR_WIDTH)),
    }
}

fn more(scene: &Scene<'_>, first: &Hang, folded: &[&Hang]) -> Entry {
    let mut entry = Entry::new(
        first.started_at,
        EntryKind::RequestHangs,
        format!("{} more requests start", folded.len()),
        Severity::Critical,
    );
    let lengths: Vec<f64> = folded.iter().map(|hang| hang.length_s(scene.facts.window.to)).collect();
    let shortest = lengths.iter().copied().fold(f64::INFINITY, f64::min);
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    let open = folded.iter().filter(|hang| hang.fate == Fate::InFlight).count();
    let failed = folded
        .iter()
        .filter(|hang| matches!(hang.fate, Fate::Ended { failed: true, .. }))
        .count();
    let died = folded.iter().filter(|hang| matches!(hang.fate, Fate::Died(_))).count();
    let mut duration = format!("hang {}", words::range(shortest, longest));
    if folded.iter().all(|hang| hang.waits_on.as_deref() == Some("statement")) {
        duration.push_str(" in a statement");
    }
    for (count, what) in [
        (failed, "fail then"),
        (died, "die with their process"),
        (open, "still hang"),
    ] {
        if count == folded.len() {
            duration.push_str(&format!(", all {what}"));
        } else if count > 0 {
            duration.push_str(&format!(", {count} {what}"));
        }
    }
    entry.duration = duration;
    entry.duration_s = Some((shortest, longest));
    entry.in_progress = open > 0;
    entry.end = if open > 0 {
        None
    } else {
        folded.iter().filter_map(|hang| hang.ended_at()).max()
    };
    entry.count = folded.len() as u64;
    entry.instances = distinct(folded.iter().map(|hang| hang.instance.as_str()));
    entry.trace_ids = folded.iter().map(|hang| hang.trace_id.clone()).collect();
    entry
}

/// How long a hang that has no end lasts, for the headline; seconds.
pub(super) fn longest_open_s(scene: &Scene<'_>) -> Option<f64> {
    let open = scene.facts.hangs.rows.iter().filter(|hang| hang.fate == Fate::InFlight);
    open.map(|hang| to_seconds(scene.facts.window.to - hang.started_at))
        .reduce(f64::max)
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let unique: std::collections::BTreeSet<&str> = names.collect();
    unique.into_iter().map(str::to_owned).collect()
}
