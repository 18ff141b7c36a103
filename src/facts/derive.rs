//! Rows of the first request -> typed facts: what SQL would need windows and joins for. Pure; judges nothing.

mod bounds;
mod cuts;
mod database;
mod failures;
mod gaps;
mod hangs;
mod lines;
mod lives;
mod pool;
mod reasons;
mod runs;
mod traffic;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

pub use cuts::Cuts;
pub use lives::lives;
pub(super) use runs::joined_runs;

use super::rows::{Cell, Grid, Outcome, ProcessRow, Rows};
use super::{Evidence, Facts, Process};
use crate::profile::Settings;
use crate::query::Section;
use crate::window::Window;

/// A minute ends a run or a burst, and in long windows one bucket does, so that their number is bounded.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::seconds(60);

/// What every derivation looks at.
pub(super) struct View<'a> {
    pub rows: &'a Rows,
    pub window: Window,
    pub grid: Grid,
    pub profile: &'a Settings,
}

impl<'a> View<'a> {
    pub fn new(rows: &'a Rows, window: Window, profile: &'a Settings) -> Self {
        Self {
            rows,
            window,
            grid: Grid::new(window, profile.lookback),
            profile,
        }
    }

    /// A pause that ends a run or a burst.
    fn pause(&self) -> TimeDelta {
        SHORTEST_PAUSE.max(TimeDelta::seconds(self.grid.bucket_s))
    }

    fn cells(&self) -> impl Iterator<Item = &'a Cell> {
        self.rows.traffic.rows.iter()
    }

    fn in_window(&self) -> impl Iterator<Item = &'a Cell> {
        self.cells().filter(|cell| cell.in_window)
    }

    /// The instance of the one process that a `service_instance_id` stands for; `None` = several, or none.
    fn instance_of(&self, id: &str) -> Option<&'a str> {
        let rows = self.rows.processes.rows.iter();
        instance_of(id, rows.map(|row| (row.process.as_str(), row.instance.as_str())))
    }
}

/// The facts of a window, from the sections of the first request.
pub(super) fn facts(window: Window, profile: &Settings, sections: &BTreeMap<String, Section>) -> Facts {
    let rows = Rows::read(sections, profile);
    let view = View::new(&rows, window, profile);
    let (traffic, processes) = (&rows.traffic.not_known, &rows.processes.not_known);
    let (trouble, unfinished) = (&rows.trouble.not_known, &rows.unfinished.not_known);
    let lifecycle = lines::lines(&view);
    let lives: Vec<Process> = rows.processes.rows.iter().map(process).collect();
    let (hangs, long) = hangs::hangs(&view, &lives, &lifecycle);
    let cuts = cuts::cuts(&view, &hangs);
    let whole = super::second::whole_runs(&lives, sections);
    Facts {
        window,
        bounds: known(bounds::bounds(&view, &whole), [processes]),
        runs: known(runs::runs(&view, &cuts), [traffic]),
        earlier: known(runs::earlier(&view), [traffic]),
        answered: runs::answered(&view),
        traffic: known(traffic::buckets(&view), [traffic]),
        gaps: known(gaps::gaps(&view), [traffic, processes]),
        errors: known(failures::bursts(&view), [trouble]),
        checkouts: known(pool::routes(&view), [processes]),
        work: known(traffic::work(&view), [traffic]),
        processes: known(lives, [processes]),
        lifecycle: known(lifecycle, [processes]),
        hangs: known(hangs, [unfinished, trouble]),
        long,
        database: database::unseen(&view).filter(|_| traffic.is_none()),
        names: rows.names.clone(),
        cuts,
        whole_runs: whole,
        doubts: Vec::new(),
    }
}

fn known<T, const N: usize>(rows: Vec<T>, from: [&Option<String>; N]) -> Evidence<T> {
    Evidence {
        rows,
        not_known: from.into_iter().find_map(Clone::clone),
    }
}

fn process(row: &ProcessRow) -> Process {
    Process {
        instance: row.instance.clone(),
        process: row.process.clone(),
        service: row.service.clone(),
        service_version: row.service_version.clone(),
        first_at: row.first_at,
        last_at: row.last_at,
        lines: row.records,
        served: row.served,
    }
}

/// Whether operations of a cell ended.
fn ended(cell: &Cell) -> bool {
    cell.outcome != Outcome::Begun
}

/// Whether they ended well and in time.
fn succeeded(cell: &Cell) -> bool {
    matches!(cell.outcome, Outcome::Prompt | Outcome::Ok)
}

/// A count as a number to reckon with.
#[allow(clippy::cast_precision_loss)] // counts of records are far below 2^52
pub fn weight(count: u64) -> f64 {
    count as f64
}

/// The value below which that share of the weights lies.
fn weighted(share: f64, values: impl Iterator<Item = (f64, u64)>) -> Option<f64> {
    let mut sorted: Vec<(f64, u64)> = values.collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: u64 = sorted.iter().map(|(_, count)| count).sum();
    let mut seen = 0;
    sorted.iter().find_map(|(value, count)| {
        seen += count;
        (weight(seen) >= share * weight(all)).then_some(*value)
    })
}

/// Spans of time that overlap or lie closer together than `pause`, as one each.
fn joined(mut spans: Vec<(DateTime<Utc>, DateTime<Utc>)>, pause: TimeDelta) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    spans.sort();
    let mut found: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for (from, to) in spans {
        match found.last_mut() {
            Some(last) if from - last.1 < pause => last.1 = last.1.max(to),
            _ => found.push((from, to)),
        }
    }
    found
}

/// The instance of the processes (each beside its own) that share a `service_instance_id`; `None` = several, or none.
pub(super) fn instance_of<'a>(id: &str, processes: impl Iterator<Item = (&'a str, &'a str)>) -> Option<&'a str> {
    let own = processes.filter(|(process, _)| process.split('/').next() == Some(id));
    let mut names = own.map(|(_, instance)| instance);
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// The middle of sorted values, as SQL's `percentile_cont` has it.
pub(super) fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * weight(sorted.len().checked_sub(1)? as u64);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below the length
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let (low, high) = (sorted.get(low)?, sorted.get(high)?);
    Some(low + (high - low) * place.fract())
}
