//! The points in time that cut success into runs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{View, ended, joined, succeeded};
use crate::facts::rows::{Cell, Outcome, What};
use crate::facts::{Hang, Role, SHOWN_OF_A_WAVE, WAVE_PAUSE};
use crate::profile::Settings;

/// Starts of hangs that cut: those of a wave that have rows, and the row of the others.
const CUTTING_OF_A_WAVE: usize = SHOWN_OF_A_WAVE + 1;
/// Buckets on either side that help to tell whether checkouts are slow.
const NEIGHBOURS: usize = 1;
/// Cut points of a service that are asked for; the earliest speak.
const MOST: usize = 400;
/// What comes after a point.
const JUST_AFTER: TimeDelta = TimeDelta::microseconds(1);

/// By service its cut points in order: a run begins with each.
#[derive(Debug, Clone, Default)]
pub struct Cuts {
    /// By service.
    pub points: BTreeMap<String, Vec<DateTime<Utc>>>,
}

impl Cuts {
    /// Whether all success is one run of each service.
    pub fn is_empty(&self) -> bool {
        self.points.values().all(Vec::is_empty)
    }

    /// For the second request: microseconds since `from`.
    pub fn since(&self, from: DateTime<Utc>) -> BTreeMap<String, Vec<i64>> {
        let offset = |at: &DateTime<Utc>| (*at - from).num_microseconds().unwrap_or(i64::MAX);
        let points = self.points.iter();
        points
            .map(|(service, points)| (service.clone(), points.iter().map(offset).collect()))
            .collect()
    }
}

pub(super) fn cuts(view: &View<'_>, hangs: &[Hang]) -> Cuts {
    let mut services: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    for cell in view
        .in_window()
        .filter(|cell| cell.what.is_request() || cell.what == What::Connect)
    {
        services.entry(&cell.service).or_default().push(cell);
    }
    let of_service = |(service, cells): (&str, Vec<&Cell>)| {
        let successes = || cells.iter().filter(|cell| succeeded(cell));
        let first = successes().map(|cell| cell.first_at).min();
        let last = successes().map(|cell| cell.last_at).max();
        let own = |hang: &&Hang| {
            hang.service == service && is_request(hang, view.profile) && hang.started_at >= view.window.from
        };
        let hung: Vec<&Hang> = hangs.iter().filter(own).collect();
        let mut points: BTreeSet<DateTime<Utc>> = BTreeSet::new();
        points.extend(hang_starts(&hung));
        points.extend(hanging_changes(&hung));
        points.extend(process_starts(view, service));
        points.extend(after_pauses(view, &cells));
        points.extend(burst_changes(view, &cells));
        points.extend(speed_changes(&cells));
        // A cut before the first success or behind the last parts nothing.
        let parts = |at: &DateTime<Utc>| first.is_some_and(|first| *at > first) && last.is_some_and(|last| *at <= last);
        (
            service.to_owned(),
            points.into_iter().filter(parts).take(MOST).collect(),
        )
    };
    Cuts {
        points: services.into_iter().map(of_service).collect(),
    }
}

fn is_request(hang: &Hang, profile: &Settings) -> bool {
    hang.role == Role::Request && !profile.spans.health.contains(&hang.span_name)
}

fn hang_starts(hung: &[&Hang]) -> Vec<DateTime<Utc>> {
    let starts: Vec<DateTime<Utc>> = hung.iter().map(|hang| hang.started_at).collect();
    let lately = |at: DateTime<Utc>| {
        starts
            .iter()
            .filter(|other| **other <= at && at - **other <= WAVE_PAUSE)
            .count()
    };
    starts
        .iter()
        .copied()
        .filter(|at| lately(*at) <= CUTTING_OF_A_WAVE)
        .collect()
}

/// Where ended hangs begin to be open, and where the last of them has ended.
fn hanging_changes(hung: &[&Hang]) -> Vec<DateTime<Utc>> {
    let spans = hung.iter().filter_map(|hang| match hang.fate {
        crate::facts::Fate::Ended { .. } => Some((hang.started_at, hang.ended_at()?)),
        _ => None,
    });
    let open = joined(spans.collect(), JUST_AFTER);
    open.into_iter()
        .flat_map(|(from, to)| [from, to + JUST_AFTER])
        .collect()
}

fn process_starts(view: &View<'_>, service: &str) -> Vec<DateTime<Utc>> {
    let own = view.rows.processes.rows.iter().filter(|row| row.service == service);
    own.filter_map(|row| row.asked_at).collect()
}

fn after_pauses(view: &View<'_>, cells: &[&Cell]) -> Vec<DateTime<Utc>> {
    let spans = cells.iter().map(|cell| (cell.first_at, cell.last_at)).collect();
    joined(spans, view.pause())
        .into_iter()
        .skip(1)
        .map(|(from, _)| from)
        .collect()
}

fn burst_changes(view: &View<'_>, cells: &[&Cell]) -> Vec<DateTime<Utc>> {
    let failed = cells.iter().filter(|cell| cell.outcome == Outcome::Failed);
    let bursts = joined(failed.map(|cell| (cell.first_at, cell.last_at)).collect(), view.pause());
    bursts
        .into_iter()
        .flat_map(|(from, to)| [from, to + JUST_AFTER])
        .collect()
}

/// Slow checkouts of a bucket, all of them, and the first and the last slow one.
type Speed = (u64, u64, Option<(DateTime<Utc>, DateTime<Utc>)>);

/// Where most checkouts begin to be slow, and where they are fast again. Neighbours decide, so that a few are no change.
fn speed_changes(cells: &[&Cell]) -> Vec<DateTime<Utc>> {
    let mut buckets: BTreeMap<i64, Speed> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.what == What::Connect && ended(cell)) {
        let bucket = buckets.entry(cell.bucket).or_default();
        bucket.0 += cell.slow;
        bucket.1 += cell.count;
        bucket.2 = match (bucket.2, cell.slow_between) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }
    let all: Vec<_> = buckets.into_values().collect();
    let is_slow = |place: usize| {
        let near = &all[place.saturating_sub(NEIGHBOURS)..(place + NEIGHBOURS + 1).min(all.len())];
        let (slow, count) = near
            .iter()
            .fold((0, 0), |sum, bucket| (sum.0 + bucket.0, sum.1 + bucket.1));
        2 * slow > count
    };
    let mut points = Vec::new();
    for place in 1..all.len() {
        match (is_slow(place - 1), is_slow(place)) {
            (false, true) => points.extend(all[place].2.map(|(from, _)| from)),
            (true, false) => points.extend(all[place - 1].2.map(|(_, to)| to + JUST_AFTER)),
            _ => {}
        }
    }
    points
}
