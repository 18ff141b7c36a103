//! Stretches in which most statements of a service were slow.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::facts::{Bucket, Facts};

/// Fewer slow statements in a bucket than this are chance.
const LEAST_SLOW_STATEMENTS: u64 = 5;
/// Buckets on either side that help to tell.
const NEIGHBOURS: usize = 5;
/// A part that is slow for less than this can be one report with all its statements.
const SHORTEST_PART: TimeDelta = TimeDelta::minutes(2);
/// Traces of slow statements that are named.
const MOST_TRACES: usize = 3;
/// Buckets in between that had too few statements to tell do not end a slow stretch.
const SLOW_PAUSE: TimeDelta = TimeDelta::seconds(60);

/// Slow statements in so many are a part of all that a chance does not explain: a dropped index slows only those that need it,
const LEAST_PART: f64 = 0.25;
/// if elsewhere there are so many times fewer.
const UNUSUAL_PART: f64 = 10.0;
/// Statements of neighbours, at least, to know a share.
const LEAST_TO_SHARE: u64 = 20;
/// A bucket at the edge of a slow stretch belongs to it if it has this share of slow ones itself.
const LEAST_OWN_PART: f64 = 0.125;

#[allow(clippy::cast_precision_loss)] // counts of statements are far below 2^52
fn share(slow: u64, all: u64) -> f64 {
    slow as f64 / all.max(1) as f64
}

/// Slow statements and all of these buckets.
fn count(some: &[&Bucket]) -> (u64, u64) {
    let slow: u64 = some.iter().map(|bucket| bucket.statements_slow).sum();
    (slow, some.iter().map(|bucket| bucket.statements).sum::<u64>())
}

fn at_places<'a>(buckets: &[&'a Bucket], places: &[usize]) -> Vec<&'a Bucket> {
    places.iter().filter_map(|place| buckets.get(*place).copied()).collect()
}

/// The narrowest surroundings of a bucket that hold so many statements.
fn around<'a, 'b>(buckets: &'b [&'a Bucket], place: usize, least: u64) -> Option<&'b [&'a Bucket]> {
    (0..=NEIGHBOURS).find_map(|width| {
        let near = buckets.get(place.saturating_sub(width)..(place + width + 1).min(buckets.len()))?;
        (count(near).1 >= least).then_some(near)
    })
}

/// A bucket in which most statements were slow: their median is over the limit, and they are enough to be no chance. Where
/// a bucket holds few its neighbours decide with it.
fn is_slow(buckets: &[&Bucket], place: usize) -> bool {
    let most = |slow: u64, all: u64| slow >= LEAST_SLOW_STATEMENTS && 2 * slow > all;
    let Some(own) = buckets
        .get(place)
        .filter(|own| 2 * own.statements_slow > own.statements)
    else {
        return false;
    };
    let near = around(buckets, place, 2 * LEAST_SLOW_STATEMENTS).map(count);
    most(own.statements_slow, own.statements) || near.is_some_and(|(slow, all)| most(slow, all))
}

/// A bucket in which a large part of the statements was slow.
fn is_slow_in_part(buckets: &[&Bucket], place: usize) -> bool {
    let own = buckets
        .get(place)
        .is_some_and(|own| share(own.statements_slow, own.statements) >= LEAST_OWN_PART);
    let near = around(buckets, place, LEAST_TO_SHARE).map(count);
    own && near.is_some_and(|(slow, all)| slow >= LEAST_SLOW_STATEMENTS && share(slow, all) >= LEAST_PART)
}

/// Buckets in a row in which statements were slow.
#[derive(Clone)]
pub struct SlowStretch<'a> {
    /// In time order.
    pub buckets: Vec<&'a Bucket>,
    /// Only a part of the statements was slow: medians say little, the 95th percentile tells.
    pub in_part: bool,
}

impl SlowStretch<'_> {
    /// The lowest and the highest median of its buckets, or 95th percentile if a part was slow; seconds.
    pub fn took_s(&self) -> Option<(f64, f64)> {
        let of_bucket = |bucket: &&Bucket| {
            if self.in_part {
                p95_s(bucket)
            } else {
                bucket.statements_p50_s
            }
        };
        let all = || self.buckets.iter().filter_map(of_bucket);
        Some((all().reduce(f64::min)?, all().reduce(f64::max)?))
    }

    /// From the first slow statement to the last.
    fn length(&self) -> TimeDelta {
        let between = |bucket: Option<&&Bucket>| bucket.and_then(|bucket| bucket.slow_between);
        let (first, last) = (between(self.buckets.first()), between(self.buckets.last()));
        first
            .zip(last)
            .map_or(TimeDelta::zero(), |((from, _), (_, to))| to - from)
    }

    /// Slow statements.
    pub fn slow(&self) -> u64 {
        count(&self.buckets).0
    }

    /// All statements.
    pub fn statements(&self) -> u64 {
        count(&self.buckets).1
    }

    /// Traces of some slow ones.
    pub fn trace_ids(&self) -> Vec<String> {
        let traces = self.buckets.iter().filter_map(|bucket| bucket.trace_id.clone());
        traces.take(MOST_TRACES).collect()
    }
}

fn p95_s(bucket: &Bucket) -> Option<f64> {
    let spread = bucket.statements_spread?;
    Some(spread.middle_s.map_or(spread.max_s, |(_, p95_s)| p95_s))
}

/// Stretches in which most statements of a service were slow, or a large part of them.
pub struct SlowService<'a> {
    /// Whose statements they are.
    pub service: &'a str,
    /// In time order.
    pub stretches: Vec<SlowStretch<'a>>,
    /// The median of the other buckets, else of the lookback, seconds.
    pub usual_s: Option<f64>,
    /// The 95th percentile of the other buckets, seconds.
    pub usual_p95_s: Option<f64>,
    /// The last one goes on at the end of the window.
    pub goes_on: bool,
}

impl SlowService<'_> {
    /// What is usual beside this stretch, in the same measure; seconds.
    pub fn usual_of(&self, stretch: &SlowStretch<'_>) -> Option<f64> {
        if stretch.in_part {
            self.usual_p95_s
        } else {
            self.usual_s
        }
    }
}

/// Finds them, service by service: one that is fast says nothing of another.
pub(super) fn stretches(facts: &Facts) -> Vec<SlowService<'_>> {
    let services: BTreeSet<&str> = facts
        .traffic
        .rows
        .iter()
        .map(|bucket| bucket.service.as_str())
        .collect();
    services.into_iter().map(|service| slow_in(facts, service)).collect()
}

fn slow_in<'a>(facts: &'a Facts, service: &'a str) -> SlowService<'a> {
    let own = facts.traffic.rows.iter().filter(|bucket| bucket.service == service);
    let mut buckets: Vec<&Bucket> = own.collect();
    buckets.sort_by_key(|bucket| bucket.at);
    let places = || 0..buckets.len();
    let whole: BTreeSet<usize> = places().filter(|place| is_slow(&buckets, *place)).collect();
    let in_part = parts(&buckets);
    let (slow, others): (Vec<usize>, Vec<usize>) =
        places().partition(|place| whole.contains(place) || in_part.contains(place));
    let others = at_places(&buckets, &others);
    let usual_s = median(others.iter().filter_map(|bucket| bucket.statements_p50_s))
        .or_else(|| buckets.iter().find_map(|bucket| bucket.usual_before_s));
    let pause = (super::bucket(facts.window) * 2).max(SLOW_PAUSE);
    let stretch = |places: &[usize]| {
        let is_whole = |place: &usize| whole.contains(place);
        let in_part = 2 * places.iter().filter(|place| is_whole(place)).count() < places.len();
        // Where most is slow, what is slow in part is only its edge.
        let first = places.iter().position(is_whole).filter(|_| !in_part).unwrap_or(0);
        let last = places.iter().rposition(is_whole).filter(|_| !in_part);
        SlowStretch {
            buckets: at_places(&buckets, &places[first..last.map_or(places.len(), |last| last + 1)]),
            in_part,
        }
    };
    let at = |place: &usize| buckets.get(*place).map(|bucket| bucket.at).unwrap_or_default();
    let stretches: Vec<SlowStretch<'_>> = slow
        .chunk_by(|a, b| at(b) - at(a) <= pause)
        .map(stretch)
        .filter(|stretch| !stretch.in_part || stretch.length() >= SHORTEST_PART)
        .collect();
    let last = stretches.last().and_then(|stretch| stretch.buckets.last());
    let goes_on = last
        .and_then(|bucket| bucket.slow_between)
        .is_some_and(|(_, end)| facts.window.to - end <= pause);
    SlowService {
        service,
        stretches,
        usual_s,
        usual_p95_s: median(others.into_iter().filter_map(p95_s)),
        goes_on,
    }
}

/// Buckets in which a large part was slow, where elsewhere hardly any statement is.
fn parts(buckets: &[&Bucket]) -> BTreeSet<usize> {
    let (slow, others): (Vec<usize>, Vec<usize>) =
        (0..buckets.len()).partition(|place| is_slow_in_part(buckets, *place));
    let (calm_slow, calm) = count(&at_places(buckets, &others));
    let (part_slow, part) = count(&at_places(buckets, &slow));
    let is_known = calm >= LEAST_TO_SHARE;
    if is_known && share(part_slow, part) >= UNUSUAL_PART * share(calm_slow, calm) {
        slow.into_iter().collect()
    } else {
        BTreeSet::new()
    }
}

/// The middle value; of an even number the lower of the two.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median(std::iter::empty()), None);
    }
}
