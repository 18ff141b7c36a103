//! Requests that hung: rows of their own with start and length; in a wave the first few, then how many more.

use super::{Entry, EntryKind};
use crate::episodes::{Episodes, Hanging, WaitingOn};
use crate::facts::{Fate, SHOWN_OF_A_WAVE, WAVE_PAUSE};
use crate::report::Severity;
use crate::words;

/// Room for an error in the duration column.
const ERROR_WIDTH: usize = 60;

pub(super) fn entries(episodes: &Episodes<'_>) -> Vec<Entry> {
    let hangs: Vec<&Hanging<'_>> = episodes.hung().collect();
    let waves = hangs.chunk_by(|a, b| b.started_at - a.started_at <= WAVE_PAUSE);
    waves.flat_map(|wave| told(episodes, wave)).collect()
}

fn told(episodes: &Episodes<'_>, wave: &[&Hanging<'_>]) -> Vec<Entry> {
    let (shown, folded) = wave.split_at(wave.len().min(SHOWN_OF_A_WAVE));
    let mut entries: Vec<Entry> = shown.iter().map(|hang| single(episodes, hang)).collect();
    match folded {
        [] => {}
        [one] => entries.push(single(episodes, one)),
        [first, ..] => entries.push(more(episodes, first, folded)),
    }
    entries
}

fn single(episodes: &Episodes<'_>, hang: &Hanging<'_>) -> Entry {
    let kind = if hang.is_request() {
        EntryKind::RequestHangs
    } else {
        EntryKind::ConnectHangs
    };
    let on = episodes.on(&hang.instance, hang.started_at);
    let mut entry = Entry::new(
        hang.started_at,
        kind,
        format!("{} starts{on}", hang.span_name),
        Severity::Critical,
    );
    let length_s = hang.length_s(episodes.facts.window.to);
    let length = words::duration(length_s);
    // A checkout is what a hang waits on as a rule; a statement is worth a word.
    let on_statement = if hang.waiting_on == WaitingOn::Statement {
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

fn because(hang: &Hanging<'_>) -> String {
    let Some(error) = &hang.error else {
        return String::new();
    };
    match hang.addresses {
        0 | 1 => format!(": {}", words::error(error, ERROR_WIDTH)),
        addresses => format!(": {} ({addresses} addresses tried)", words::error(error, ERROR_WIDTH)),
    }
}

fn more(episodes: &Episodes<'_>, first: &Hanging<'_>, folded: &[&Hanging<'_>]) -> Entry {
    let mut entry = Entry::new(
        first.started_at,
        EntryKind::RequestHangs,
        format!("{} more requests start", folded.len()),
        Severity::Critical,
    );
    let lengths: Vec<f64> = folded
        .iter()
        .map(|hang| hang.length_s(episodes.facts.window.to))
        .collect();
    let shortest = lengths.iter().copied().fold(f64::INFINITY, f64::min);
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    let open = folded.iter().filter(|hang| hang.fate == Fate::InFlight).count();
    let failed = folded
        .iter()
        .filter(|hang| matches!(hang.fate, Fate::Ended { failed: true, .. }))
        .count();
    let died = folded.iter().filter(|hang| matches!(hang.fate, Fate::Died(_))).count();
    let mut duration = format!("hang {}", words::range(shortest, longest));
    if folded.iter().all(|hang| hang.waiting_on == WaitingOn::Statement) {
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

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let unique: std::collections::BTreeSet<&str> = names.collect();
    unique.into_iter().map(str::to_owned).collect()
}
