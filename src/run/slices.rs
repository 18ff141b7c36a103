//! A long stretch of records in parts that are asked one after the other, each for rows of its own. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::facts::Grid;
use crate::window::Window;

/// Cuts the time into so many parts, about equal, where buckets begin; empty for one.
pub(super) fn slices(window: Window, lookback: TimeDelta, parts: usize) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let parts = i32::try_from(parts).unwrap_or(i32::MAX);
    if parts < 2 {
        return Vec::new();
    }
    let grid = Grid::new(window, lookback);
    let from = window.from - lookback;
    let begin = |place: i32| {
        let at = from + (window.to - from) / parts * place;
        let width = if at < window.from {
            grid.earlier_bucket_s
        } else {
            grid.bucket_s
        };
        let begin = DateTime::from_timestamp(at.timestamp().div_euclid(width) * width, 0).unwrap_or(at);
        // The window's own first bucket begins with it.
        if at < window.from {
            begin
        } else {
            begin.max(window.from)
        }
    };
    let mut cuts: Vec<DateTime<Utc>> = (1..parts)
        .map(begin)
        .filter(|cut| *cut > from && *cut < window.to)
        .collect();
    cuts.dedup();
    let begins = std::iter::once(from).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([window.to]);
    begins.zip(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_meet_where_buckets_begin() {
        let from = DateTime::from_timestamp_millis(1_763_884_810_500).unwrap_or_default();
        let window = Window {
            from,
            to: from + TimeDelta::hours(2),
        };
        let lookback = TimeDelta::hours(1);
        assert_eq!(slices(window, lookback, 1), []);
        let cut = slices(window, lookback, 5);
        assert_eq!(cut.len(), 5);
        assert_eq!((cut[0].0, cut[4].1), (window.from - lookback, window.to));
        let grid = Grid::new(window, lookback);
        for (one, next) in cut.iter().zip(&cut[1..]) {
            assert_eq!(one.1, next.0);
            let width = if one.1 < window.from {
                grid.earlier_bucket_s
            } else {
                grid.bucket_s
            };
            assert!(
                one.1 == window.from || one.1.timestamp_micros() % (width * 1_000_000) == 0,
                "{}",
                one.1
            );
        }
    }
}
