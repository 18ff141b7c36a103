//! Facts -> ordered, merged timeline entries, by the general rules below. Pure: no clock, no source, no format.
//!
//! What belongs together is one row (a listener's trouble until it is connected again, a start with its ready line, a
//! burst of one error); success is told in runs, beside trouble with emphasis; a gap is judged by its end; a table has
//! at most [`MOST_ENTRIES`] rows however long the window was, and what was folded is counted in its row.

mod entry;
pub(crate) mod failures;
mod fold;
mod gaps;
mod hangs;
mod headline;
pub(crate) mod listener;
pub(crate) mod processes;
mod report;
mod runs;

pub use entry::{DurationOrigin, Entry, EntryKind};
pub use gaps::SHORTEST as SHORTEST_GAP;
pub use report::{ReportContext, to_report};

use chrono::{DateTime, TimeDelta, Utc};

use crate::facts::Facts;
use crate::profile::Settings;
use crate::report::{Outcome, Severity};
use crate::window::Window;

/// A table that a person can take in at once.
pub const MOST_ENTRIES: usize = 25;
/// Time buckets of a window: enough to see half a minute in an hour, few enough to fetch (design.md).
pub const BUCKETS: i32 = 120;

/// The length of a bucket: whole seconds.
pub fn bucket(window: Window) -> TimeDelta {
    TimeDelta::seconds((window.length() / BUCKETS).num_seconds() + 1)
}

/// What happened.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The answer in one line.
    pub headline: String,
    /// How bad it is.
    pub severity: Severity,
    /// For the exit code.
    pub outcome: Outcome,
    /// In time order.
    pub entries: Vec<Entry>,
    /// What was folded away from the entries, for below the table.
    pub notes: Vec<String>,
}

/// Facts and names, as every rule needs them.
pub(crate) struct Scene<'a> {
    facts: &'a Facts,
    profile: &'a Settings,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(facts: &'a Facts, profile: &'a Settings) -> Self {
        Self { facts, profile }
    }

    /// " on <instance>" when another instance was at work at that time, else nothing.
    fn on(&self, instance: &str, at: DateTime<Utc>) -> String {
        let others = self.facts.processes.rows.iter();
        let beside = others
            .filter(|p| p.instance != instance && p.first_at <= at && at <= p.last_at)
            .count();
        if beside > 0 {
            format!(" on {instance}")
        } else {
            String::new()
        }
    }

    /// Whether a hang was open at that time.
    fn hanging_at(&self, at: DateTime<Utc>) -> bool {
        let mut hangs = self.facts.hangs.rows.iter().filter(|hang| hangs::is_hang(hang, self));
        hangs.any(|hang| hang.started_at <= at && hang.ended_at().is_none_or(|end| at < end))
    }

    /// Whether requests were failing at that time.
    fn failing_at(&self, at: DateTime<Utc>) -> bool {
        let mut bursts = self.facts.errors.rows.iter().filter(|burst| burst.requests);
        bursts.any(|burst| burst.first_at <= at && at <= burst.last_ended_at)
    }
}

/// Tells what happened in the window.
pub fn timeline(facts: &Facts, profile: &Settings) -> Timeline {
    let scene = Scene::new(facts, profile);
    let mut entries = processes::entries(&scene);
    let episodes = listener::episodes(&scene);
    entries.extend(listener::entries(&scene, &episodes));
    entries.extend(hangs::entries(&scene));
    entries.extend(failures::entries(&scene));
    entries.extend(failures::slow_statements(&scene));
    // Gaps end and runs break at what stands there already.
    entries.extend(gaps::entries(&scene, &entries));
    entries.extend(runs::entries(&scene, &entries));
    entries.sort_by(Entry::in_time);
    let entries = fold::to_most(entries, MOST_ENTRIES);
    let (headline, severity, outcome) = headline::headline(&scene, &entries, &episodes);
    Timeline {
        headline,
        severity,
        outcome,
        notes: listener::notes(&scene, &episodes),
        entries,
    }
}
