//! One statement can be recorded twice: by the pool or ORM that sends it, and by the driver below. Which of both counts,
//! service by service and process by process; from here on there are only statements.

use std::collections::BTreeMap;

use super::{Activity, Asked, Cell, ProcessRow, What};
use crate::facts::Evidence;

/// A driver that records so many times as many statements as the ORM beside it serves most of them without it.
const MOSTLY_WITHOUT: u64 = 3;

/// Whether the driver's records are the ones that count.
fn driver_counts(statements: u64, driver: u64) -> bool {
    driver > MOSTLY_WITHOUT * statements
}

/// Of traffic: the layer that counts as statements, the other as nothing of note.
pub(super) fn of_services(mut traffic: Evidence<Cell>) -> Evidence<Cell> {
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for cell in &traffic.rows {
        let count = counts.entry(cell.service.clone()).or_default();
        match cell.what {
            What::Statement => count.0 += cell.count,
            What::Driver => count.1 += cell.count,
            _ => {}
        }
    }
    for cell in &mut traffic.rows {
        let by_driver = counts
            .get(&cell.service)
            .is_some_and(|(statements, driver)| driver_counts(*statements, *driver));
        cell.what = match (cell.what, by_driver) {
            (What::Driver, true) => What::Statement,
            (What::Driver, false) | (What::Statement, true) => What::Other,
            (other, _) => other,
        };
    }
    // Of the lookback only what is counted is asked for.
    traffic.rows.retain(|cell| cell.in_window || cell.what != What::Other);
    traffic
}

/// Of processes.
pub(super) fn of_processes(mut processes: Evidence<ProcessRow>) -> Evidence<ProcessRow> {
    for row in &mut processes.rows {
        let sum = |of: fn(&Activity) -> Asked| row.activity.iter().map(|bucket| of(bucket).begun).sum::<u64>();
        if driver_counts(sum(|bucket| bucket.statements), sum(|bucket| bucket.driver)) {
            row.statements_s = row.driver_s;
            for bucket in &mut row.activity {
                bucket.statements = bucket.driver;
            }
        }
    }
    processes
}
