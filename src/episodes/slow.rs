//! Stretches in which most statements of a service were slow.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::facts::{Bucket, Facts};

/// Fewer slow statements in a bucket than this are chance.
const LEAST_SLOW_STATEMENTS: u64 = 5;
/// Buckets on either side that help to tell.
const NEIGHBOURS: usize = 5;
/// Buckets in between that had too few statements to tell do not end a slow stretch.
const SLOW_PAUSE: TimeDelta = TimeDelta::seconds(60);

/// A bucket in which most statements were slow: their median is over the limit, and they are enough to be no chance. Where
/// a bucket holds few its neighbours decide with it.
fn is_slow(buckets: &[&Bucket], place: usize) -> bool {
    let most = |slow: u64, all: u64| slow >= LEAST_SLOW_STATEMENTS && 2 * slow > all;
    let count = |some: &[&Bucket]| {
        let slow: u64 = some.iter().map(|bucket| bucket.statements_slow).sum();
        (slow, some.iter().map(|bucket| bucket.statements).sum::<u64>())
    };
    let Some(own) = buckets
        .get(place)
        .filter(|own| 2 * own.statements_slow > own.statements)
    else {
        return false;
    };
    let around = (0..=NEIGHBOURS).find_map(|width| {
        let near = buckets.get(place.saturating_sub(width)..(place + width + 1).min(buckets.len()))?;
        let (slow, all) = count(near);
        (all >= 2 * LEAST_SLOW_STATEMENTS).then(|| most(slow, all))
    });
    most(own.statements_slow, own.statements) || around.unwrap_or(false)
}

/// Stretches in which most statements of a service were slow.
pub struct SlowService<'a> {
    /// Whose statements they are.
    pub service: &'a str,
    /// Buckets of each, in time order.
    pub stretches: Vec<Vec<&'a Bucket>>,
    /// The median of the other buckets, else of the lookback, seconds.
    pub usual_s: Option<f64>,
    /// The last one goes on at the end of the window.
    pub goes_on: bool,
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
    let places = 0..buckets.len();
    let (slow, others): (Vec<usize>, Vec<usize>) = places.partition(|place| is_slow(&buckets, *place));
    let of = |places: Vec<usize>| places.into_iter().filter_map(|place| buckets.get(place).copied());
    let usual_s = median(of(others).filter_map(|bucket| bucket.statements_p50_s))
        .or_else(|| buckets.iter().find_map(|bucket| bucket.usual_before_s));
    let pause = (super::bucket(facts.window) * 2).max(SLOW_PAUSE);
    let slow: Vec<&Bucket> = of(slow).collect();
    let stretches: Vec<Vec<&Bucket>> = slow.chunk_by(|a, b| b.at - a.at <= pause).map(<[_]>::to_vec).collect();
    let last = stretches.last().and_then(|stretch| stretch.last());
    let goes_on = last
        .and_then(|bucket| bucket.slow_between)
        .is_some_and(|(_, end)| facts.window.to - end <= pause);
    SlowService {
        service,
        stretches,
        usual_s,
        goes_on,
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
