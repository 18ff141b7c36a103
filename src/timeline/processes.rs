//! Rows of starts, deploys and orderly ends of processes. A start and its ready line are one row.

use super::{Entry, EntryKind};
use crate::episodes::{Episodes, READY_WITHIN, Start};
use crate::facts::{Fate, LineKind};
use crate::report::Severity;
use crate::words::counted;

pub(super) fn entries(episodes: &Episodes<'_>) -> Vec<Entry> {
    let shown = episodes
        .starts
        .iter()
        .filter(|start| episodes.facts.window.holds(start.at));
    shown
        .map(|start| started(episodes, start))
        .chain(stops(episodes))
        .collect()
}

fn started(episodes: &Episodes<'_>, start: &Start<'_>) -> Entry {
    let names = &episodes.facts.names;
    // Of processes without a machine one ends, and another begins.
    let is_line = names.is_made_up(start.instance);
    let (kind, verb) = match start.deployed() {
        Some((old, new)) => (EntryKind::Deploy, format!("runs version {new} (was {old})")),
        None if start.before.is_some() && is_line => (EntryKind::InstanceStarted, String::from("was replaced")),
        None if start.before.is_some() => (EntryKind::InstanceStarted, String::from("restarted")),
        None => (EntryKind::InstanceStarted, String::from("started")),
    };
    let ready = match start.ready {
        Some(_) => format!(", {} connected", episodes.profile.listener.name),
        None => String::new(),
    };
    let event = format!("{} {verb}{ready}", names.title(start.instance));
    let mut entry = Entry::new(start.at, kind, event, Severity::Info);
    entry.end = start.ready.map(|line| line.first_at);
    entry.instances = vec![start.instance.to_owned()];
    let cut_off = cut_off_by(episodes, start);
    if cut_off > 0 {
        entry.duration = format!("cuts off {}", counted(cut_off, "request"));
        entry.severity = Severity::Warning;
    }
    entry
}

/// Requests that died with the process before and had not hung yet; those that had are rows of their own.
fn cut_off_by(episodes: &Episodes<'_>, start: &Start<'_>) -> u64 {
    let Some(before) = start.before else {
        return 0;
    };
    let died = episodes.hangs.iter().filter(|hang| match hang.fate {
        Fate::Died(at) => {
            hang.instance == start.instance
                && at >= before.last_at
                && at <= start.at + READY_WITHIN
                && !hang.has_hung(episodes.profile)
        }
        _ => false,
    });
    died.count() as u64
}

fn stops(episodes: &Episodes<'_>) -> Vec<Entry> {
    let lines = episodes.facts.lifecycle.rows.iter();
    let shown = lines.filter(|line| line.kind == LineKind::Stopping && episodes.facts.window.holds(line.first_at));
    shown
        .map(|line| {
            let event = format!("{} shuts down", episodes.facts.names.title(&line.instance));
            let mut entry = Entry::new(line.first_at, EntryKind::InstanceStopped, event, Severity::Info);
            entry.end = Some(line.last_at);
            entry.count = line.lines;
            entry.instances = vec![line.instance.clone()];
            entry
        })
        .collect()
}
