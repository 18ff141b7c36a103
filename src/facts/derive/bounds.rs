//! The extent of the evidence.

use super::{View, ended, weighted};
use crate::facts::rows::{Cell, Outcome, ProcessRow, What};
use crate::facts::{Bounds, Run};

/// `whole` are the exact runs of the window, one a service, where they were asked for.
pub(super) fn bounds(view: &View<'_>, whole: &[Run]) -> Vec<Bounds> {
    let served = || {
        let requests = view.in_window().filter(|cell| cell.what.is_request());
        requests.filter(|cell| ended(cell) && cell.outcome != Outcome::Failed)
    };
    let exact = match whole {
        [one] => one.requests.as_ref().zip(one.requests_p50_s),
        _ => None,
    };
    // Of many buckets percentiles can't be joined exactly: each bucket's tell how its requests lie.
    let at = |share: f64| weighted(share, served().flat_map(quantiles));
    let longest = served().filter_map(|cell| Some(cell.spread?.max_s)).reduce(f64::max);
    vec![Bounds {
        records: records(view),
        requests: served().map(|cell| cell.count).sum(),
        requests_s: match (at(0.5), at(0.95), longest) {
            (Some(_), Some(_), Some(max)) if exact.is_some() => exact.and_then(|(requests, p50_s)| {
                let (_, p95_s) = requests.spread.middle_s?;
                Some((p50_s, p95_s, max))
            }),
            (Some(p50), Some(p95), Some(max)) => Some((p50, p95, max)),
            _ => None,
        },
        last_activity_at: view
            .in_window()
            .filter(|cell| cell.what != What::Listener)
            .map(|cell| cell.last_at)
            .max(),
        records_unfiltered: 0,
        environments: None,
        services: None,
    }]
}

fn records(view: &View<'_>) -> u64 {
    let of_process = |row: &ProcessRow| {
        let activity = row.activity.iter().filter(|bucket| bucket.in_window);
        let lines = row.lines.iter().filter(|line| line.first_at >= view.window.from);
        activity.map(|bucket| bucket.records).sum::<u64>() + lines.map(|line| line.lines).sum::<u64>()
    };
    view.rows.processes.rows.iter().map(of_process).sum()
}

/// The durations of a cell, by its percentiles: a hundredth of it each.
fn quantiles(cell: &Cell) -> Vec<(f64, u64)> {
    let Some((spread, p50_s)) = cell.spread.zip(cell.p50_s) else {
        return Vec::new();
    };
    let (p5_s, p95_s) = spread.middle_s.unwrap_or((spread.min_s, spread.max_s));
    let points = [
        (0, spread.min_s),
        (5, p5_s),
        (50, p50_s),
        (95, p95_s),
        (100, spread.max_s),
    ];
    let between = points.windows(2).flat_map(|pair| {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        (from..to).map(move |percent| {
            let share = (f64::from(percent - from) + 0.5) / f64::from(to - from);
            (low + (high - low) * share, cell.count)
        })
    });
    between.collect()
}
