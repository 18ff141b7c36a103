//! Starts of processes: a start and its ready line belong together.

use chrono::{DateTime, TimeDelta, Utc};

use super::{OVERLAP, patience_s};
use crate::facts::{Facts, Line, LineKind, Process, seconds};

/// A start and a ready line belong together within this; relay-api takes 3 s.
pub const READY_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// A process whose beginning the records show.
pub struct Start<'a> {
    /// The machine.
    pub instance: &'a str,
    /// What it serves.
    pub service: &'a str,
    /// When it began.
    pub at: DateTime<Utc>,
    /// The listener's first connect, if it came soon enough to be part of the start.
    pub ready: Option<&'a Line>,
    /// The process that it follows on the same machine.
    pub before: Option<&'a Process>,
    /// Else one of its service that was there before: pods come under new names.
    pub beside: Option<&'a Process>,
    /// The version that it runs.
    pub version: Option<&'a str>,
}

impl Start<'_> {
    /// The version before and the one that it runs, if they are known and differ: a deploy.
    pub fn deployed(&self) -> Option<(&str, &str)> {
        let before = self.before.or(self.beside);
        let before = before.and_then(|process| process.service_version.as_deref())?;
        let now = self.version?;
        (before != now).then_some((before, now))
    }

    /// When it was ready, as far as the records say; else when it began.
    pub fn ready_at(&self) -> DateTime<Utc> {
        self.ready.map_or(self.at, |line| line.first_at)
    }
}

/// Whether its first record is its begin: others were recorded before it for longer than it is ever silent.
fn appeared(facts: &Facts, process: &Process) -> bool {
    let begins = facts.processes.rows.iter().map(|other| other.first_at);
    let patience = seconds(patience_s(process.spacing_s()));
    begins.min().is_some_and(|from| process.first_at - from >= patience)
}

/// One of its service that runs another version and was there before it.
fn older<'a>(facts: &'a Facts, process: &Process) -> Option<&'a Process> {
    let others = facts
        .processes
        .rows
        .iter()
        .filter(|other| other.service == process.service);
    let earlier = others.filter(|other| other.first_at < process.first_at && other.instance != process.instance);
    earlier
        .filter(|other| other.last_at >= process.first_at - OVERLAP)
        .filter(|other| other.service_version.is_some() && other.service_version != process.service_version)
        .max_by_key(|other| other.first_at)
}

/// All starts of the evidence, lookback included, in time order. The first process of an instance counts as started
/// if it says so, or if it appeared amid the evidence: otherwise it may have been there before.
pub(super) fn starts(facts: &Facts) -> Vec<Start<'_>> {
    let mut found = Vec::new();
    for process in &facts.processes.rows {
        let its_lines = |kind: LineKind| {
            let lines = facts.lifecycle.rows.iter();
            lines.filter(move |l| l.instance == process.instance && l.process == process.process && l.kind == kind)
        };
        let before = facts
            .processes
            .rows
            .iter()
            .filter(|p| p.instance == process.instance && p.service == process.service && p.process != process.process)
            .filter(|p| p.last_at <= process.first_at)
            .max_by_key(|p| p.last_at);
        let mut times: Vec<DateTime<Utc>> = its_lines(LineKind::Starting).map(|line| line.first_at).collect();
        // Without machine names a job that is run every minute would be one process that starts again and again.
        let may_be_job = facts.names.is_made_up(&process.instance) && process.served == 0;
        if times.is_empty() && !may_be_job && (before.is_some() || appeared(facts, process)) {
            times.push(process.first_at);
        }
        let beside = older(facts, process);
        for (nth, logged_at) in times.into_iter().enumerate() {
            // The first records of a process come a moment before it says that it starts.
            let at = if nth == 0 && logged_at - process.first_at < READY_WITHIN {
                process.first_at
            } else {
                logged_at
            };
            let ready = its_lines(LineKind::Connected)
                .find(|line| line.first_at >= logged_at && line.first_at - logged_at <= READY_WITHIN);
            found.push(Start {
                instance: &process.instance,
                service: &process.service,
                at,
                ready,
                before: if nth == 0 { before } else { Some(process) },
                beside,
                version: process.service_version.as_deref(),
            });
        }
    }
    found.sort_by_key(|start| (start.at, start.instance));
    found
}
