//! Traffic by bucket, and work that is queued and run.

use std::collections::{BTreeMap, BTreeSet};

use super::{View, ended, succeeded, weighted};
use crate::facts::rows::{Cell, Outcome, What};
use crate::facts::{Bucket, Role, Spread, Work};

pub(super) fn buckets(view: &View<'_>) -> Vec<Bucket> {
    let mut cells: BTreeMap<(i64, &str), Vec<&Cell>> = BTreeMap::new();
    for cell in view.in_window().filter(|cell| cell.what.asks()) {
        cells.entry((cell.bucket, &cell.service)).or_default().push(cell);
    }
    let mut open: BTreeMap<(i64, &str), u64> = BTreeMap::new();
    for span in &view.rows.unfinished.rows {
        if span.role == Role::Request && !span.health && span.started_at >= view.window.from {
            let bucket = view.grid.bucket_of(span.started_at);
            *open.entry((bucket, &span.service)).or_default() += 1;
        }
    }
    let services: BTreeSet<&str> = cells.keys().map(|(_, service)| *service).collect();
    let usual_s: BTreeMap<&str, Option<f64>> = services
        .into_iter()
        .map(|name| (name, usual_before_s(view, name)))
        .collect();
    let of_bucket = |((bucket, service), own): ((i64, &str), Vec<&Cell>)| {
        let of = |fits: fn(&Cell) -> bool| own.iter().copied().filter(move |cell| fits(cell));
        let statements = || of(|cell| cell.what == What::Statement && ended(cell));
        let slow = || statements().filter(|cell| cell.slow_between.is_some());
        Bucket {
            at: view.grid.begin(bucket),
            service: service.to_owned(),
            usual_before_s: usual_s.get(service).copied().flatten(),
            requests: of(|cell| cell.what.is_request() && ended(cell))
                .map(|cell| cell.count)
                .sum::<u64>()
                + open.get(&(bucket, service)).copied().unwrap_or_default(),
            failed: of(|cell| cell.what.is_request() && cell.outcome == Outcome::Failed)
                .map(|cell| cell.count)
                .sum(),
            requests_p50_s: weighted(
                0.5,
                of(|cell| cell.what.is_request() && succeeded(cell)).filter_map(|cell| Some((cell.p50_s?, cell.count))),
            ),
            // Of several cells the highest: percentiles can't be joined.
            requests_p95_s: of(|cell| cell.what.is_request() && succeeded(cell))
                .filter_map(|cell| Some(cell.spread?.middle_s?.1))
                .reduce(f64::max),
            statements: statements().map(|cell| cell.count).sum(),
            statements_slow: statements()
                .filter(|cell| cell.outcome != Outcome::Hung)
                .map(|cell| cell.slow)
                .sum(),
            statements_spread: statements().filter_map(|cell| cell.spread).reduce(Spread::and),
            statements_p50_s: weighted(0.5, statements().filter_map(|cell| Some((cell.p50_s?, cell.count)))),
            slow_between: slow()
                .filter_map(|cell| cell.slow_between)
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))),
            trace_id: slow().map(|cell| cell.trace_id.clone()).min(),
        }
    };
    cells.into_iter().map(of_bucket).collect()
}

/// The median statement of a service before the window.
fn usual_before_s(view: &View<'_>, service: &str) -> Option<f64> {
    let earlier = view
        .cells()
        .filter(|cell| !cell.in_window && cell.what == What::Statement);
    let own = earlier.filter(|cell| cell.service == service);
    weighted(0.5, own.filter_map(|cell| Some((cell.p50_s?, cell.count))))
}

/// The lookback tells whether runs are recorded here at all. A run shows that somebody works from its first sign,
/// whatever became of it.
pub(super) fn work(view: &View<'_>) -> Vec<Work> {
    let of = |what: What, inside: bool| {
        view.cells()
            .filter(move |cell| cell.what == what && cell.in_window == inside)
    };
    let runs = |inside: bool| {
        let count = |has_ended: bool| {
            of(What::Run, inside)
                .filter(|cell| ended(cell) == has_ended)
                .map(|cell| cell.count)
                .sum::<u64>()
        };
        // A pending row may have a final one beside it.
        count(true).max(count(false))
    };
    let ran = view.cells().filter(|cell| cell.what == What::Run);
    let run_last_at = ran.map(|cell| cell.last_at).max();
    let since = |cell: &&Cell| run_last_at.is_none_or(|at| cell.last_at > at);
    // A run in the middle of a bucket: what was queued last in it came later, the rest is not known.
    let whole = |cell: &Cell| run_last_at.is_none_or(|at| cell.first_at > at);
    let queued = || of(What::Queue, true).filter(since);
    vec![Work {
        queued: of(What::Queue, true).map(|cell| cell.count).sum(),
        queued_since_run: queued().map(|cell| if whole(cell) { cell.count } else { 1 }).sum(),
        queued_first_at: queued()
            .map(|cell| if whole(cell) { cell.first_at } else { cell.last_at })
            .min(),
        queued_last_at: of(What::Queue, true).map(|cell| cell.last_at).max(),
        run_before: runs(false),
        run: runs(true),
        run_last_at,
        trace_id: queued().map(|cell| cell.trace_id.clone()).min(),
    }]
}
