//! Starts, deploys and orderly ends of processes. A start and its ready line are one row.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Entry, EntryKind, Scene, hangs};
use crate::facts::{Fate, Line, LineKind, Process};
use crate::report::Severity;
use crate::words::counted;

/// A start and a ready line belong together within this; relay-api takes 3 s.
pub(super) const READY_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// A process whose beginning the records show.
pub(crate) struct Start<'a> {
    pub instance: &'a str,
    pub at: DateTime<Utc>,
    /// The listener's first connect, if it came soon enough to be part of the start.
    pub ready: Option<&'a Line>,
    pub before: Option<&'a Process>,
    pub version: Option<&'a str>,
}

/// All starts of the evidence, lookback included, in time order. The first process of an instance counts as started
/// only if it says so: otherwise it may have been there before the evidence begins.
pub(crate) fn starts<'a>(scene: &Scene<'a>) -> Vec<Start<'a>> {
    let facts = scene.facts;
    let mut found = Vec::new();
    for process in &facts.processes.rows {
        let own = |kind| {
            let lines = facts.lifecycle.rows.iter();
            lines.filter(move |l| l.instance == process.instance && l.process == process.process && l.kind == kind)
        };
        let before = facts
            .processes
            .rows
            .iter()
            .filter(|p| p.instance == process.instance && p.process != process.process && p.last_at <= process.first_at)
            .max_by_key(|p| p.last_at);
        let mut times: Vec<DateTime<Utc>> = own(LineKind::Starting).map(|line| line.first_at).collect();
        if times.is_empty() && before.is_some() {
            times.push(process.first_at);
        }
        for (nth, said) in times.into_iter().enumerate() {
            // The first records of a process come a moment before it says that it starts.
            let at = if nth == 0 && said - process.first_at < READY_WITHIN {
                process.first_at
            } else {
                said
            };
            let ready =
                own(LineKind::Connected).find(|line| line.first_at >= said && line.first_at - said <= READY_WITHIN);
            found.push(Start {
                instance: &process.instance,
                at,
                ready,
                before: if nth == 0 { before } else { Some(process) },
                version: process.service_version.as_deref(),
            });
        }
    }
    found.sort_by_key(|start| (start.at, start.instance));
    found
}

pub(super) fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    let starts = starts(scene);
    let shown = starts.iter().filter(|start| scene.facts.window.holds(start.at));
    shown.map(|start| started(scene, start)).chain(stops(scene)).collect()
}

fn started(scene: &Scene<'_>, start: &Start<'_>) -> Entry {
    let version_before = start.before.and_then(|process| process.service_version.as_deref());
    let (kind, verb) = match (version_before, start.version) {
        (Some(old), Some(new)) if old != new => (EntryKind::Deploy, format!("runs version {new} (was {old})")),
        _ if start.before.is_some() => (EntryKind::InstanceStarted, String::from("restarted")),
        _ => (EntryKind::InstanceStarted, String::from("started")),
    };
    let ready = match start.ready {
        Some(_) => format!(", {} connected", scene.profile.listener.name),
        None => String::new(),
    };
    let event = format!("instance {} {verb}{ready}", start.instance);
    let mut entry = Entry::new(start.at, kind, event, Severity::Info);
    entry.end = start.ready.map(|line| line.first_at);
    entry.instances = vec![start.instance.to_owned()];
    let cut_off = cut_off_by(scene, start);
    if cut_off > 0 {
        entry.duration = format!("cuts off {}", counted(cut_off, "request"));
        entry.severity = Severity::Warning;
    }
    entry
}

/// Requests that died with the process before and had not hung yet; those that had are rows of their own.
fn cut_off_by(scene: &Scene<'_>, start: &Start<'_>) -> u64 {
    let Some(before) = start.before else {
        return 0;
    };
    let died = scene.facts.hangs.rows.iter().filter(|hang| match hang.fate {
        Fate::Died(at) => {
            hang.instance == start.instance
                && at >= before.last_at
                && at <= start.at + READY_WITHIN
                && !hangs::is_hang(hang, scene)
        }
        _ => false,
    });
    died.count() as u64
}

fn stops(scene: &Scene<'_>) -> Vec<Entry> {
    let lines = scene.facts.lifecycle.rows.iter();
    let shown = lines.filter(|line| line.kind == LineKind::Stopping && scene.facts.window.holds(line.first_at));
    shown
        .map(|line| {
            let event = format!("instance {} shuts down", line.instance);
            let mut entry = Entry::new(line.first_at, EntryKind::InstanceStopped, event, Severity::Info);
            entry.end = Some(line.last_at);
            entry.count = line.lines;
            entry.instances = vec![line.instance.clone()];
            entry
        })
        .collect()
}
