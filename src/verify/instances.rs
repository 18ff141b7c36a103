//! Who is who: lives grouped by instance, the processes that are alive now apart from those before.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::episodes::{Episodes, OVERLAP, patience_s};
use crate::facts::health::{HealthFacts, Life};
use crate::facts::{seconds, to_seconds};

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
    /// The instance that appeared when it had ended, and when: it does not come back.
    pub successor: Option<(&'a str, DateTime<Utc>)>,
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

    /// How far apart its records are as a rule, seconds.
    pub fn spacing_s(&self) -> f64 {
        let active = self.current.iter().map(|life| life.active_seconds).max();
        let length_s = to_seconds(self.last_at() - self.first_at()).max(0.0);
        #[allow(clippy::cast_precision_loss)] // at most the seconds of the lookback
        match active.unwrap_or(0) {
            seconds @ 2.. => length_s / (seconds - 1) as f64,
            _ => 0.0,
        }
    }

    /// A silence is out of the ordinary from so many seconds on.
    pub fn patience_s(&self) -> f64 {
        patience_s(self.spacing_s())
    }

    /// Whether it is still there: it did not stop, and no other took its place.
    pub fn runs(&self) -> bool {
        self.stopped_at.is_none() && self.successor.is_none()
    }

    /// Whether it serves requests: a worker does not. One that is young may not have been asked yet.
    pub fn serves(&self, now: DateTime<Utc>, young: TimeDelta) -> bool {
        let lives = || self.current.iter().chain(&self.older);
        let first_at = lives().map(|life| life.first_at).min();
        lives().any(|life| life.served > 0) || first_at.is_none_or(|at| now - at < young)
    }

    /// Whether nothing of it was recorded before, for longer than it is ever silent: its first record is its begin.
    pub fn appeared(&self, evidence_from: DateTime<Utc>) -> bool {
        self.older.is_empty() && self.first_at() - evidence_from >= seconds(self.patience_s())
    }

    /// A figure over all current processes.
    pub fn sum(&self, figure: impl Fn(&Life) -> u64) -> u64 {
        self.current.iter().map(|life| figure(life)).sum()
    }
}

/// All of them, with `since` as the begin of what counts as lately.
pub(super) fn instances<'a>(
    health: &'a HealthFacts,
    episodes: &Episodes<'_>,
    since: DateTime<Utc>,
) -> Vec<Instance<'a>> {
    // One machine may run several services: what becomes of one says nothing of another.
    let mut by_name: BTreeMap<(&str, &str), Vec<&Life>> = BTreeMap::new();
    for life in &health.lives.rows {
        by_name.entry((&life.instance, &life.service)).or_default().push(life);
    }
    let mut found: Vec<Instance<'_>> = by_name
        .into_iter()
        .filter_map(|((name, _), lives)| instance(name, lives, since, episodes.facts.names.is_made_up(name)))
        .collect();
    let successors: Vec<_> = found
        .iter()
        .map(|instance| successor(health, episodes, instance, &found))
        .collect();
    for (instance, successor) in found.iter_mut().zip(successors) {
        instance.successor = successor;
    }
    found
}

/// When the first record of all is of.
pub(super) fn evidence_from(health: &HealthFacts) -> DateTime<Utc> {
    let begins = health.lives.rows.iter().map(|life| life.first_at);
    begins.min().unwrap_or(health.lookback_from)
}

/// One of its service that appeared when this one had ended, as pods do in a deploy. Nobody misses it: what fell silent
/// in mid-work is an episode.
fn successor<'a>(
    health: &HealthFacts,
    episodes: &Episodes<'_>,
    gone: &Instance<'a>,
    all: &[Instance<'a>],
) -> Option<(&'a str, DateTime<Utc>)> {
    let now = episodes.facts.window.to;
    let ended = gone.stopped_at.is_some() || to_seconds(now - gone.last_at()) > gone.patience_s();
    let missed = episodes
        .silences
        .iter()
        .any(|silence| silence.instance == gone.name && silence.until.is_none());
    if !ended || missed {
        return None;
    }
    let from = evidence_from(health);
    let others = all
        .iter()
        .filter(|other| other.newest.service == gone.newest.service && other.name != gone.name);
    let appeared = others.filter(|other| other.appeared(from) && other.first_at() > gone.first_at());
    let took_over = appeared.filter(|other| other.first_at() >= gone.last_at() - OVERLAP);
    took_over
        .map(|other| (other.name, other.first_at()))
        .min_by_key(|(_, at)| *at)
}

fn instance<'a>(name: &'a str, mut lives: Vec<&'a Life>, since: DateTime<Utc>, made_up: bool) -> Option<Instance<'a>> {
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
        starts: starts(&lives, since, made_up),
        current,
        older,
        successor: None,
    })
}

/// When a process said that it goes, and did not start again since.
fn said_goodbye(life: &Life) -> Option<DateTime<Utc>> {
    let restarted = |at| life.started_line_at.is_some_and(|started| started > at);
    life.stopping_at.filter(|at| !restarted(*at))
}

/// Workers that start side by side are one start; a process whose begin was not seen is none.
fn starts(newest_first: &[&Life], since: DateTime<Utc>, made_up: bool) -> u64 {
    // Without machine names a job that is run every minute would be one process that starts again and again.
    let is_job = |life: &Life| made_up && life.served == 0 && life.started_line_at.is_none();
    let mut generations = 0;
    let mut alive_until: Option<DateTime<Utc>> = None;
    for life in newest_first.iter().rev().filter(|life| !is_job(life)) {
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
