//! The queue listener: connected, or in trouble from the first sign until it is connected again. Its retries, timeouts
//! and undelivered notifications belong to that one trouble.

use chrono::{DateTime, Utc};

use crate::facts::{Facts, Line, LineKind};

/// A time in which a listener had no connection, from the first sign until it is connected again.
pub struct ListenerTrouble<'a> {
    /// The machine.
    pub instance: &'a str,
    /// The first sign.
    pub first_at: DateTime<Utc>,
    /// The last one.
    pub last_at: DateTime<Utc>,
    /// Connected again, or its process replaced.
    pub over_at: Option<DateTime<Utc>>,
    /// The line that ended it is a connect of the same process.
    pub reconnected: bool,
    /// The line of the first sign.
    pub first: &'a Line,
    /// Attempts to reconnect that were announced.
    pub attempts: u64,
    /// Some attempt to reconnect is known to have failed.
    pub answered: bool,
    /// Notifications that could not be sent meanwhile.
    pub undelivered: u64,
    /// Log lines that tell of it.
    pub lines: u64,
}

/// Every trouble that reaches into the window, in time order.
pub(super) fn trouble(facts: &Facts) -> Vec<ListenerTrouble<'_>> {
    let lines = &facts.lifecycle.rows;
    let mut found: Vec<ListenerTrouble<'_>> = Vec::new();
    for line in lines.iter().filter(|line| line.kind.is_trouble()) {
        let same =
            |other: &&Line| other.instance == line.instance && other.episode == line.episode && other.kind.is_trouble();
        let first = lines
            .iter()
            .filter(same)
            .min_by_key(|other| (other.first_at, other.kind))
            .unwrap_or(line);
        if !std::ptr::eq(first, line) {
            continue;
        }
        let count = |kind| {
            lines
                .iter()
                .filter(same)
                .filter(|other| other.kind == kind)
                .map(|other| other.lines)
                .sum()
        };
        let next = lines
            .iter()
            .filter(|other| other.instance == line.instance && other.first_at > line.first_at)
            .filter(|other| matches!(other.kind, LineKind::Connected | LineKind::Starting))
            .min_by_key(|other| other.first_at);
        found.push(ListenerTrouble {
            instance: &line.instance,
            first_at: line.first_at,
            last_at: lines
                .iter()
                .filter(same)
                .map(|other| other.last_at)
                .max()
                .unwrap_or(line.last_at),
            over_at: next.map(|other| other.first_at),
            reconnected: next.is_some_and(|other| other.kind == LineKind::Connected),
            first: line,
            // A failed attempt may be logged in several ways; the announcement of a try is logged once.
            attempts: count(LineKind::Lost),
            answered: count(LineKind::ReconnectFailed) > 0,
            undelivered: count(LineKind::NotifyFailed),
            lines: lines.iter().filter(same).map(|other| other.lines).sum(),
        });
    }
    found.retain(|trouble| trouble.over_at.unwrap_or(trouble.last_at) >= facts.window.from);
    found.sort_by_key(|trouble| (trouble.first_at, trouble.instance));
    found
}
