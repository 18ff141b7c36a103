//! Pauses: of everything, of what a service asks of its database, of an instance.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{View, percentile};
use crate::facts::rows::What;
use crate::facts::{Gap, GapOf, SHORTEST_GAP, UNUSUAL_SPACING, seconds, to_seconds};

/// Gaps of one sort that are told, the longest first.
const MOST: usize = 50;

/// When something was active: bucket by bucket its slots, and the instants that are known exactly.
#[derive(Default)]
struct Activity {
    slots: BTreeSet<DateTime<Utc>>,
    exact: BTreeSet<DateTime<Utc>>,
    records: u64,
}

impl Activity {
    fn add(&mut self, view: &View<'_>, bucket: i64, active: u64, (first_at, last_at): (DateTime<Utc>, DateTime<Utc>)) {
        self.slots.extend(view.grid.active(bucket, active));
        self.exact.extend([first_at, last_at]);
    }

    /// The usual distance of active seconds; `None` = there is only one.
    fn usual_s(&self, view: &View<'_>) -> Option<f64> {
        let times: Vec<&DateTime<Utc>> = self.slots.iter().collect();
        let mut distances: Vec<f64> = times.windows(2).map(|pair| to_seconds(*pair[1] - *pair[0])).collect();
        distances.sort_by(f64::total_cmp);
        let median = percentile(&distances, 0.5)?;
        let length = times
            .first()
            .zip(times.last())
            .map_or(0.0, |(first, last)| to_seconds(**last - **first));
        // Slots longer than a second hide how close together things began.
        let spacing = length / super::weight(self.records.max(1));
        Some(if view.grid.slot_s > 1 {
            median.min(spacing.max(1.0))
        } else {
            median
        })
    }

    fn gaps(&self, view: &View<'_>, of: &GapOf) -> Vec<Gap> {
        let Some(usual_s) = self.usual_s(view) else {
            return Vec::new();
        };
        let least = SHORTEST_GAP.max(seconds(UNUSUAL_SPACING * usual_s));
        // Between the exact instants of a bucket that is longer than a gap its slots tell.
        let slot = TimeDelta::seconds(view.grid.slot_s);
        let inner = |slots: &BTreeSet<DateTime<Utc>>| -> Vec<DateTime<Utc>> {
            slots
                .iter()
                .flat_map(|at| [*at, *at + slot - TimeDelta::microseconds(1)])
                .collect()
        };
        let mut times = self.exact.clone();
        let (first, last) = (times.first().copied(), times.last().copied());
        if TimeDelta::seconds(view.grid.bucket_s) > SHORTEST_GAP + slot {
            let within = inner(&self.slots).into_iter();
            times.extend(within.filter(|at| {
                first.is_some_and(|first| first < *at)
                    && last.is_some_and(|last| *at < last)
                    && !self.exact.iter().any(|exact| (*exact - *at).abs() < slot)
            }));
        }
        times.insert(view.window.to);
        let times: Vec<DateTime<Utc>> = times.into_iter().collect();
        let pairs = times.windows(2).map(|pair| (pair[0], pair[1]));
        pairs
            .filter(|(before_at, after_at)| *after_at - *before_at >= least)
            .map(|(before_at, after_at)| Gap {
                of: of.clone(),
                before_at,
                after_at,
            })
            .collect()
    }
}

pub(super) fn gaps(view: &View<'_>) -> Vec<Gap> {
    let mut all = Activity::default();
    let mut services: BTreeMap<&str, Activity> = BTreeMap::new();
    for cell in view.in_window() {
        let between = (cell.first_at, cell.last_at);
        let add = |activity: &mut Activity| {
            activity.add(view, cell.bucket, cell.active, between);
            activity.records += cell.count;
        };
        if cell.what != What::Listener {
            add(&mut all);
        }
        if cell.what.asks() {
            add(services.entry(&cell.service).or_default());
        }
    }
    let mut found = longest(all.gaps(view, &GapOf::All));
    let of_services = services
        .iter()
        .flat_map(|(name, own)| own.gaps(view, &GapOf::Service((*name).to_owned())));
    found.extend(longest(of_services.collect()));
    let of_instances = instances(view);
    let of_instances = of_instances
        .iter()
        .flat_map(|(name, own)| own.gaps(view, &GapOf::Instance((*name).to_owned())));
    found.extend(longest(of_instances.collect()));
    found.sort_by_key(|gap| gap.after_at);
    found
}

/// Signs of life: starts and ends of anything.
fn instances<'a>(view: &View<'a>) -> BTreeMap<&'a str, Activity> {
    let mut found: BTreeMap<&str, Activity> = BTreeMap::new();
    for row in &view.rows.processes.rows {
        let own = found.entry(&row.instance).or_default();
        for bucket in row.activity.iter().filter(|bucket| bucket.in_window) {
            own.add(view, bucket.bucket, bucket.active, (bucket.first_at, bucket.last_at));
            own.exact
                .extend([bucket.end_at].into_iter().filter(|at| *at < view.window.to));
            own.records += bucket.records;
        }
        let lines = row.lines.iter().filter(|said| said.first_at >= view.window.from);
        own.exact.extend(lines.flat_map(|said| [said.first_at, said.last_at]));
    }
    for long in view.rows.trouble.rows.iter().flat_map(|trouble| &trouble.long) {
        let end = long.span.started_at + seconds(long.duration_s);
        let inside = long.span.started_at >= view.window.from && end < view.window.to;
        if let Some(own) = found.get_mut(long.span.instance.as_str()).filter(|_| inside) {
            own.exact.insert(end);
        }
    }
    found.retain(|_, own| !own.exact.is_empty());
    found
}

fn longest(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort_by_key(|gap| (std::cmp::Reverse(gap.after_at - gap.before_at), gap.before_at));
    gaps.truncate(MOST);
    gaps
}
