//! Requests and failures, step by step.

use chrono::TimeDelta;

use crate::episodes::{Episodes, bucket};
use crate::facts::{Bucket, Grid, weight};
use crate::report::{Chart, Drawing, Series, Severity};
use crate::window::Window;
use crate::words;

/// Requests and failures of a stretch of time, a value for each bucket of the evidence.
pub fn traffic(episodes: &Episodes<'_>, span: Window) -> Chart {
    let buckets = &episodes.facts.traffic.rows;
    let grid = Grid::new(episodes.facts.window, TimeDelta::zero());
    let first = grid.bucket_of(span.from);
    let behind = grid.bucket_of(span.to - TimeDelta::microseconds(1)) + 1;
    let values = |count: fn(&Bucket) -> u64| {
        let mut values = vec![0_u64; usize::try_from(behind - first).unwrap_or_default()];
        for bucket in buckets {
            let step = usize::try_from(grid.bucket_of(bucket.at) - first);
            if let Some(value) = step.ok().and_then(|step| values.get_mut(step)) {
                *value += count(bucket);
            }
        }
        values.into_iter().map(|value| Some(weight(value))).collect::<Vec<_>>()
    };
    let unit = format!("in {}", words::duration(bucket(episodes.facts.window).as_seconds_f64()));
    let series = |name: &str, severity, values: Vec<Option<f64>>| Series {
        name: name.to_owned(),
        unit: unit.clone(),
        values,
        limit: None,
        severity,
    };
    let failed = values(|bucket| bucket.failed);
    let mut drawn = vec![series("requests", Severity::Info, values(|bucket| bucket.requests))];
    if failed.iter().flatten().any(|value| *value > 0.0) {
        drawn.push(series("requests failed", Severity::Critical, failed));
    }
    let drawn = if buckets.is_empty() { Vec::new() } else { drawn };
    Chart {
        title: String::from("requests and failures"),
        from: grid.begin(first),
        to: grid.begin(behind),
        drawing: Drawing::Series(drawn),
    }
}
