//! Processes that ran out of connections, and what each route had been served there.

use super::View;
use crate::facts::RouteOfProcess;
use crate::facts::rows::ProcessRow;

/// Nothing, unless some process ran dry; then the routes of all, since a route that leaks does so everywhere.
pub(super) fn routes(view: &View<'_>) -> Vec<RouteOfProcess> {
    let processes = &view.rows.processes.rows;
    if processes.iter().all(|row| row.in_vain == 0) {
        return Vec::new();
    }
    let mut found: Vec<RouteOfProcess> = processes.iter().flat_map(|row| of_process(view, row)).collect();
    found.sort_by_key(|row| {
        (
            row.dry.is_none(),
            std::cmp::Reverse(row.in_vain),
            row.instance.clone(),
            row.process.clone(),
        )
    });
    found
}

fn of_process(view: &View<'_>, row: &ProcessRow) -> Vec<RouteOfProcess> {
    let of = |route: Option<&crate::facts::rows::Served>| {
        let served = route.map_or(0, |route| route.count);
        // One that was served later had not been served all of it before.
        let later = route.is_some_and(|route| row.dry.is_some_and(|(from, _)| route.last_at >= from));
        RouteOfProcess {
            instance: row.instance.clone(),
            process: row.process.clone(),
            route: route.map(|route| route.route.clone()),
            dry: row.dry,
            in_vain: row.in_vain,
            served,
            served_before: if later { served.saturating_sub(1) } else { served },
            statements_meanwhile: statements_meanwhile(view, row),
        }
    };
    match row.routes.as_slice() {
        [] if row.dry.is_some() => vec![of(None)],
        routes => routes.iter().map(|route| of(Some(route))).collect(),
    }
}

/// Statements of buckets that lie within the time that the process was dry.
fn statements_meanwhile(view: &View<'_>, row: &ProcessRow) -> u64 {
    let Some((from, to)) = row.dry else { return 0 };
    let within = row
        .activity
        .iter()
        .filter(|bucket| bucket.in_window && view.grid.begin(bucket.bucket) >= from);
    within
        .filter(|bucket| bucket.last_at <= to)
        .map(|bucket| bucket.statements.begun)
        .sum()
}
