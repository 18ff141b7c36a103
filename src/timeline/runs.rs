//! Success, in runs: as checkouts while nothing is wrong, as requests while a hang or a failure is open, and with
//! emphasis beside an open hang, because that is what makes an incident hard to believe.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Entry, EntryKind};
use crate::episodes::{Episodes, READY_WITHIN, is_prompt, merged};
use crate::facts::{Run, Successes, to_seconds};
use crate::report::Severity;

/// Runs beside trouble that have rows of their own; the rest is one row, since they say the same.
const SHOWN_IN_TROUBLE: usize = 3;

/// A stretch of runs that is told in one row.
struct Stretch<'a> {
    beside_hang: bool,
    in_trouble: bool,
    runs: Vec<&'a Run>,
}

/// What succeeds this soon after the first sign was under way before it.
const TROUBLE_SETS_IN: TimeDelta = TimeDelta::seconds(1);
/// Fewer requests than this at the edge of trouble are no stretch of their own.
const FEWEST_IN_TROUBLE: u64 = 3;

pub(super) fn entries(episodes: &Episodes<'_>, runs: &[Run], told: &[Entry]) -> Vec<Entry> {
    let mut stretches: Vec<Stretch<'_>> = Vec::new();
    let mut runs: Vec<(DateTime<Utc>, &Run)> = runs.iter().filter_map(|run| Some((run.first_at()?, run))).collect();
    runs.sort_by_key(|(at, run)| (*at, run.trace_id.as_deref()));
    let mut alone_in_trouble = 0;
    for (at, run) in runs {
        let beside_hang = episodes.hanging_at(at);
        let slow_s = to_seconds(episodes.profile.slow_statement);
        let few = run.requests.as_ref().is_none_or(|some| some.count < FEWEST_IN_TROUBLE);
        let slow = run.connects_p50_s.is_some_and(|median_s| median_s > slow_s);
        let in_trouble = beside_hang || slow || (!few && episodes.failing_at(at));
        let last = stretches.last_mut();
        let same_state = last
            .as_ref()
            .is_some_and(|s| s.in_trouble == in_trouble && s.beside_hang == beside_hang);
        let joins = match &last {
            Some(stretch) if same_state && in_trouble => {
                alone_in_trouble >= SHOWN_IN_TROUBLE || !stretch.is_cut(told, at)
            }
            Some(stretch) if same_state => !stretch.is_broken(told, at),
            _ => false,
        };
        if !in_trouble {
            alone_in_trouble = 0;
        }
        match last {
            Some(stretch) if joins => stretch.runs.push(run),
            _ => {
                alone_in_trouble += usize::from(in_trouble);
                stretches.push(Stretch {
                    beside_hang,
                    in_trouble,
                    runs: vec![run],
                });
            }
        }
    }
    stretches
        .iter()
        .filter_map(|stretch| entry(episodes, stretch))
        .collect()
}

impl Run {
    fn last_at(&self) -> Option<DateTime<Utc>> {
        [&self.connects, &self.requests]
            .into_iter()
            .flatten()
            .map(|some| some.last_at)
            .max()
    }
}

impl Stretch<'_> {
    fn last_at(&self) -> Option<DateTime<Utc>> {
        self.runs.iter().filter_map(|run| run.last_at()).max()
    }

    /// Whether a row begins between the stretch and `at`.
    fn is_cut(&self, told: &[Entry], at: DateTime<Utc>) -> bool {
        let last_at = self.last_at();
        told.iter()
            .any(|entry| last_at.is_some_and(|last_at| last_at < entry.start) && entry.start <= at)
    }

    /// Whether something stands between the stretch and `at` while nothing is wrong, so that they are two stretches.
    fn is_broken(&self, told: &[Entry], at: DateTime<Utc>) -> bool {
        let Some(last_at) = self.last_at() else {
            return false;
        };
        told.iter().any(|entry| {
            let notable =
                entry.severity >= Severity::Warning || entry.kind == EntryKind::Gap || first_of_starts(told, entry);
            // Requests go on while a start waits for its ready line, or while the listener is in trouble.
            let hinders = !entry.kind.is_start() && !entry.kind.is_listener();
            let over_at = if hinders { entry.last() } else { entry.start };
            let stands = over_at <= at || at - entry.start > TROUBLE_SETS_IN;
            notable && last_at < over_at && entry.start <= at && stands
        })
    }
}

/// Instances are started together; only the first of them ends a stretch.
fn first_of_starts(told: &[Entry], entry: &Entry) -> bool {
    let just_before = |other: &Entry| other.start < entry.start && entry.start - other.start <= READY_WITHIN;
    entry.kind.is_start() && !told.iter().any(|other| other.kind.is_start() && just_before(other))
}

fn entry(episodes: &Episodes<'_>, stretch: &Stretch<'_>) -> Option<Entry> {
    if !stretch.in_trouble {
        let connects = merged(stretch.runs.iter().filter_map(|run| run.connects.as_ref()));
        if let Some(connects) = connects {
            let event = format!("{} connects succeeding", episodes.profile.app.database_client);
            let mut entry = success(&connects, EntryKind::ConnectsSucceed, event, stretch);
            entry.duration = connects.spread.in_words(connects.count);
            return Some(entry);
        }
    }
    let requests = merged(stretch.runs.iter().filter_map(|run| run.requests.as_ref()))?;
    let route = match stretch.runs.as_slice() {
        [one] if requests.count == 1 => one.route.as_deref(),
        _ => None,
    };
    let (event, verb) = match route {
        Some(route) => (format!("{route} starts"), "succeeds"),
        None => (String::from("multiple requests"), "succeed"),
    };
    let mut entry = success(&requests, EntryKind::RequestsSucceed, event, stretch);
    entry.duration = format!("{verb} in {}", requests.spread.in_words(requests.count));
    entry.emphasis = stretch.beside_hang && is_prompt(&requests);
    Some(entry)
}

fn success(successes: &Successes, kind: EntryKind, event: String, stretch: &Stretch<'_>) -> Entry {
    let mut entry = Entry::new(successes.first_at, kind, event, Severity::Ok);
    entry.end = (successes.count > 1).then_some(successes.last_at);
    entry.duration_s = Some((successes.spread.min_s, successes.spread.max_s));
    entry.count = successes.count;
    let instances: std::collections::BTreeSet<&String> =
        stretch.runs.iter().filter_map(|run| run.instance.as_ref()).collect();
    entry.instances = instances.into_iter().cloned().collect();
    entry.trace_ids = stretch
        .runs
        .iter()
        .filter_map(|run| run.trace_id.clone())
        .take(3)
        .collect();
    entry
}
