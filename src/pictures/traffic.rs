//! Requests and failures, step by step.

use chrono::{DateTime, TimeDelta, Utc};

use crate::episodes::{Episodes, bucket};
use crate::facts::Bucket;
use crate::report::{Chart, Drawing, Series, Severity};
use crate::window::Window;
use crate::words;

/// Requests and failures of a stretch of time, a value for each bucket of the evidence.
pub fn traffic(episodes: &Episodes<'_>, span: Window) -> Chart {
    let width = bucket(episodes.facts.window);
    let buckets = &episodes.facts.traffic.rows;
    let begin = |at: DateTime<Utc>| {
        let width_s = width.num_seconds().max(1);
        DateTime::from_timestamp(at.timestamp().div_euclid(width_s) * width_s, 0).unwrap_or(at)
    };
    let from = begin(span.from);
    let to = begin(span.to - TimeDelta::microseconds(1)) + width;
    let steps = usize::try_from((to - from).num_seconds() / width.num_seconds().max(1)).unwrap_or_default();
    let values = |count: fn(&Bucket) -> u64| {
        let mut values = vec![0_u64; steps];
        for bucket in buckets.iter().filter(|bucket| bucket.at >= from && bucket.at < to) {
            let step = (bucket.at - from).num_seconds() / width.num_seconds().max(1);
            if let Some(value) = usize::try_from(step).ok().and_then(|step| values.get_mut(step)) {
                *value += count(bucket);
            }
        }
        #[allow(clippy::cast_precision_loss)] // counts of records are far below 2^52
        let values: Vec<Option<f64>> = values.into_iter().map(|value| Some(value as f64)).collect();
        values
    };
    let unit = format!("in {}", words::duration(width.as_seconds_f64()));
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
        from,
        to,
        drawing: Drawing::Series(drawn),
    }
}
