//! Runs of success, as far as buckets tell: enough to judge by. The second request makes them exact for the table.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Cuts, View, succeeded, weight};
use crate::facts::rows::{Cell, Outcome, What};
use crate::facts::{Run, Successes};

/// A cell's part between two cut points.
struct Piece<'a> {
    cell: &'a Cell,
    count: u64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

/// What was prompt stands apart from what waited.
pub(super) fn runs(view: &View<'_>, cuts: &Cuts) -> Vec<Run> {
    let mut pieces: BTreeMap<(&str, i64, usize, bool), Vec<Piece<'_>>> = BTreeMap::new();
    let none = Vec::new();
    for cell in view.in_window().filter(|cell| succeeded(cell)) {
        if !cell.what.is_request() && cell.what != What::Connect {
            continue;
        }
        let points = cuts.points.get(&cell.service).unwrap_or(&none);
        for (place, piece) in split(view, cell, points) {
            let key = (
                cell.service.as_str(),
                cell.bucket,
                place,
                cell.outcome == Outcome::Prompt,
            );
            pieces.entry(key).or_default().push(piece);
        }
    }
    in_time(pieces.into_iter().map(|((service, ..), own)| run(view, service, &own)))
}

/// Checkouts that succeeded before the window: a hang that began there has its contrast there.
pub(super) fn earlier(view: &View<'_>) -> Vec<Run> {
    let cells = view
        .cells()
        .filter(|cell| !cell.in_window && cell.what == What::Connect && succeeded(cell));
    in_time(cells.map(|cell| run(view, &cell.service, &[whole(cell)])))
}

/// Statements that succeeded where no checkouts are recorded, lookback included, as if each were one.
pub(super) fn answered(view: &View<'_>) -> Vec<Run> {
    let services = super::reasons::without_checkouts(view);
    let cells = view
        .cells()
        .filter(|cell| cell.what == What::Statement && succeeded(cell) && services.contains(cell.service.as_str()));
    let of_cell = |cell: &Cell| Run {
        connects: successes([whole(cell)].iter()),
        connects_p50_s: cell.p50_s,
        ..run(view, &cell.service, &[whole(cell)])
    };
    in_time(cells.map(of_cell))
}

fn whole(cell: &Cell) -> Piece<'_> {
    Piece {
        cell,
        count: cell.count,
        first_at: cell.first_at,
        last_at: cell.last_at,
    }
}

fn in_time(runs: impl Iterator<Item = Run>) -> Vec<Run> {
    let mut found: Vec<Run> = runs.collect();
    found.sort_by(|a, b| (a.first_at(), &a.service).cmp(&(b.first_at(), &b.service)));
    found
}

/// Parts a cell where a cut point lies within it. How many of it lie on either side is told by its active slots.
fn split<'a>(view: &View<'_>, cell: &'a Cell, points: &[DateTime<Utc>]) -> Vec<(usize, Piece<'a>)> {
    let place = |at: DateTime<Utc>| points.partition_point(|point| *point <= at);
    let (first, last) = (place(cell.first_at), place(cell.last_at));
    let mut times: BTreeMap<usize, Vec<DateTime<Utc>>> = BTreeMap::new();
    if first == last {
        times.insert(first, vec![cell.first_at, cell.last_at]);
    } else {
        let slots = view.grid.active(cell.bucket, cell.active);
        let inside = slots.filter(|at| cell.first_at < *at && *at < cell.last_at);
        for at in inside.chain([cell.first_at, cell.last_at]) {
            times.entry(place(at)).or_default().push(at);
        }
    }
    let all: usize = times.values().map(Vec::len).sum();
    let share = |part: usize| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // at most the count
        let count = (weight(cell.count) * weight(part as u64) / weight(all as u64)).round() as u64;
        count.max(1)
    };
    let piece = |(place, times): (usize, Vec<DateTime<Utc>>)| {
        let count = if first == last { cell.count } else { share(times.len()) };
        let first_at = times.iter().min().copied().unwrap_or(cell.first_at);
        let last_at = times.iter().max().copied().unwrap_or(cell.last_at);
        (
            place,
            Piece {
                cell,
                count,
                first_at,
                last_at,
            },
        )
    };
    times.into_iter().map(piece).collect()
}

fn run(view: &View<'_>, service: &str, pieces: &[Piece<'_>]) -> Run {
    let of = |fits: fn(What) -> bool| pieces.iter().filter(move |piece| fits(piece.cell.what));
    let is_connect = |what| what == What::Connect;
    let routes = || of(What::is_request).map(|piece| piece.cell.route.as_ref());
    let first_route = routes().next().flatten();
    let ids = || pieces.iter().map(|piece| piece.cell.process.as_ref());
    let first_id = ids().next().flatten();
    Run {
        service: service.to_owned(),
        connects: successes(of(is_connect)),
        connects_p50_s: of(is_connect).find_map(|piece| piece.cell.p50_s),
        requests: successes(of(What::is_request)),
        requests_p50_s: None,
        route: first_route
            .filter(|name| routes().all(|other| other == Some(*name)))
            .cloned(),
        instance: first_id
            .filter(|id| ids().all(|other| other == Some(*id)))
            .and_then(|id| view.instance_of(id))
            .map(str::to_owned),
        trace_id: pieces.iter().map(|piece| piece.cell.trace_id.clone()).min(),
    }
}

fn successes<'a, 'b: 'a>(pieces: impl Iterator<Item = &'a Piece<'b>>) -> Option<Successes> {
    let of_piece = |piece: &Piece<'_>| {
        Some(Successes {
            count: piece.count,
            first_at: piece.first_at,
            last_at: piece.last_at,
            spread: piece.cell.spread?,
        })
    };
    pieces.filter_map(of_piece).reduce(|a, b| a.and(&b))
}

/// All runs of a service as one; percentiles can't be joined.
pub(in crate::facts) fn joined_runs(runs: &[Run]) -> Vec<Run> {
    let mut services: BTreeMap<&str, Run> = BTreeMap::new();
    let both = |a: &Option<Successes>, b: &Option<Successes>| match (a, b) {
        (Some(a), Some(b)) => Some(a.and(b)),
        (a, b) => a.clone().or_else(|| b.clone()),
    };
    for run in runs {
        services
            .entry(&run.service)
            .and_modify(|other| {
                let count = |run: &Run| run.connects.as_ref().map_or(0, |some| some.count);
                let medians = [(other.connects_p50_s, count(other)), (run.connects_p50_s, count(run))];
                let known = medians.into_iter().filter_map(|(p50_s, count)| Some((p50_s?, count)));
                other.connects_p50_s = super::weighted(0.5, known);
                other.connects = both(&other.connects, &run.connects);
                other.requests = both(&other.requests, &run.requests);
                let same = |a: &Option<String>, b: &Option<String>| a.clone().filter(|name| b.as_ref() == Some(name));
                other.route = same(&other.route, &run.route);
                other.instance = same(&other.instance, &run.instance);
                other.trace_id = other.trace_id.clone().min(run.trace_id.clone());
            })
            .or_insert_with(|| run.clone());
    }
    services.into_values().collect()
}
