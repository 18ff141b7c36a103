//! Who is who: lives grouped by instance, the processes that are alive now apart from those before.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::facts::health::{HealthFacts, Life};

/// A machine, by its newest process.
#[derive(Debug, Clone)]
pub struct Instance<'a> {
    /// Its name.
    pub name: &'a str,
    /// The newest of its processes.
    pub newest: &'a Life,
    /// All that live: the newest, and workers that emit beside it.
    pub current: Vec<&'a Life>,
    /// Those before.
    pub older: Vec<&'a Life>,
    /// When the current ones began; `None` = before the first record.
    pub started_at: Option<DateTime<Utc>>,
    /// When they said that they go, if they did.
    pub stopped_at: Option<DateTime<Utc>>,
    /// How often it started lately (profile: `verify.starts_within`).
    pub starts: u64,
}

impl Instance<'_> {
    /// The end of its last record.
    pub fn last_at(&self) -> DateTime<Utc> {
        let ends = self.current.iter().map(|life| life.last_at);
        ends.max().unwrap_or(self.newest.last_at)
    }

    /// The start of the first record of its current processes.
    pub fn first_at(&self) -> DateTime<Utc> {
        let begins = self.current.iter().map(|life| life.first_at);
        begins.min().unwrap_or(self.newest.first_at)
    }

    /// A figure over all current processes.
    pub fn sum(&self, figure: impl Fn(&Life) -> u64) -> u64 {
        self.current.iter().map(|life| figure(life)).sum()
    }
}

pub(super) fn instances(health: &HealthFacts, since: DateTime<Utc>) -> Vec<Instance<'_>> {
    let mut by_name: BTreeMap<&str, Vec<&Life>> = BTreeMap::new();
    for life in &health.lives.rows {
        by_name.entry(&life.instance).or_default().push(life);
    }
    by_name
        .into_iter()
        .filter_map(|(name, lives)| instance(name, lives, since))
        .collect()
}

fn instance<'a>(name: &'a str, mut lives: Vec<&'a Life>, since: DateTime<Utc>) -> Option<Instance<'a>> {
    lives.sort_by(|a, b| (b.first_at, b.newest, &b.process).cmp(&(a.first_at, a.newest, &a.process)));
    let newest = *lives.first()?;
    // Whoever emits after the newest began runs beside it, unless it said that it goes.
    let (current, older): (Vec<&Life>, Vec<&Life>) = lives.iter().copied().partition(|life| {
        std::ptr::eq(*life, newest) || (life.newest && life.last_at > newest.first_at && said_goodbye(life).is_none())
    });
    let begun = current.iter().map(|life| life.first_at).min()?;
    let start_seen =
        older.iter().any(|life| life.last_at <= begun) || current.iter().all(|life| life.started_line_at.is_some());
    let goodbyes: Option<Vec<DateTime<Utc>>> = current.iter().map(|life| said_goodbye(life)).collect();
    Some(Instance {
        name,
        newest,
        started_at: start_seen.then_some(begun),
        stopped_at: goodbyes.and_then(|all| all.into_iter().max()),
        starts: starts(&lives, since),
        current,
        older,
    })
}

/// When a process said that it goes, and did not start again since.
fn said_goodbye(life: &Life) -> Option<DateTime<Utc>> {
    let restarted = |at| life.started_line_at.is_some_and(|started| started > at);
    life.stopping_at.filter(|at| !restarted(*at))
}

/// Workers that start side by side are one start; a process whose begin was not seen is none.
fn starts(newest_first: &[&Life], since: DateTime<Utc>) -> u64 {
    let mut generations = 0;
    let mut alive_until: Option<DateTime<Utc>> = None;
    for life in newest_first.iter().rev() {
        let follows = alive_until.is_some_and(|until| life.first_at >= until);
        let first = alive_until.is_none();
        if (follows || (first && life.started_line_at.is_some())) && life.first_at >= since {
            generations += 1;
        }
        alive_until = Some(alive_until.map_or(life.last_at, |until| until.max(life.last_at)));
    }
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    for life in newest_first {
        *lines.entry(&life.process).or_default() += life.starting_lines;
    }
    lines.into_values().max().unwrap_or(0).max(generations)
}
