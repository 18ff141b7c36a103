//! One hang, judged: what it waits on, and whether it died with its process. `timeline`, `diagnose`, `stuck` and `verify` are
//! views of it.
//!
//! A checkout covers the wait for the pool and the new connection alike. It is told by the pool's own error, or, while
//! it is open, by its age: a pool gives up after its timeout, so a longer wait is a connect that does not come.

use std::ops::Deref;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{Facts, Fate, Hang, Nature, Role, to_seconds};
use crate::profile::Settings;

/// A pool gives up a moment after its timeout: its error was seen 10 to 50 ms late, and up to half a second under load.
const POOL_TIMEOUT_SLACK: TimeDelta = TimeDelta::seconds(1);
/// A process that emitted something so lately is alive; the oldest of in-flight spans say nothing about it.
const ALIVE_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// What a hanging request waits on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = crate::schema::grows)]
pub enum WaitingOn {
    /// A connection from the pool, which has none to give.
    Pool,
    /// A checkout: a new connection, or the pre-ping of an old one.
    Connect,
    /// SQL.
    Statement,
    /// Another service.
    External,
    /// No record tells.
    Unknown,
}

impl WaitingOn {
    /// As in "waiting on connect".
    pub fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Connect => "connect",
            Self::Statement => "statement",
            Self::External => "external",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it waits in its checkout, for the pool or for a new connection.
    pub fn is_checkout(self) -> bool {
        matches!(self, Self::Pool | Self::Connect)
    }

    /// Whether it waits for the database or for the way to it.
    pub fn is_database(self) -> bool {
        self.is_checkout() || self == Self::Statement
    }
}

/// A hang with what is concluded of it.
#[derive(Debug, Clone, Copy)]
pub struct Hanging<'a> {
    /// The facts.
    pub hang: &'a Hang,
    /// What it waits on.
    pub waiting_on: WaitingOn,
    /// Proven, disproven, or not known.
    pub died_with_process: Option<bool>,
}

impl Deref for Hanging<'_> {
    type Target = Hang;

    fn deref(&self) -> &Hang {
        self.hang
    }
}

impl Hanging<'_> {
    /// Whether it lasted longer than the profile's `hang_after`, or has no end yet.
    pub fn has_hung(&self, profile: &Settings) -> bool {
        match self.fate {
            Fate::Ended { .. } | Fate::InFlight => true,
            Fate::Died(at) => at - self.started_at > profile.hang_after,
        }
    }

    /// Whether it had begun and not ended at that time.
    pub fn is_open_at(&self, at: DateTime<Utc>) -> bool {
        self.started_at <= at && self.ended_at().is_none_or(|end| at < end)
    }
}

/// All of them, by start.
pub(super) fn hangs<'a>(facts: &'a Facts, profile: &Settings) -> Vec<Hanging<'a>> {
    judged(facts, profile, facts.hangs.rows.iter())
}

/// Long requests that end by themselves: when their instance is silent, what is open of them was cut off. Streams last as long
/// as somebody listens, and say nothing.
pub(super) fn lasting<'a>(facts: &'a Facts, profile: &Settings) -> Vec<Hanging<'a>> {
    let streams = [Nature::Named, Nature::WebSocket];
    let long = facts.long.iter().filter(|long| !streams.contains(&long.nature));
    judged(facts, profile, long.map(|long| &long.request))
}

fn judged<'a>(facts: &'a Facts, profile: &Settings, hangs: impl Iterator<Item = &'a Hang>) -> Vec<Hanging<'a>> {
    let judged = |hang: &'a Hang| Hanging {
        hang,
        waiting_on: waiting_on(hang, facts, profile),
        died_with_process: died(hang, facts),
    };
    let mut hangs: Vec<Hanging<'a>> = hangs.map(judged).collect();
    hangs.sort_by(|a, b| (a.started_at, &a.span_id).cmp(&(b.started_at, &b.span_id)));
    hangs
}

/// What a span waits on, or waited on the longest.
fn waiting_on(hang: &Hang, facts: &Facts, profile: &Settings) -> WaitingOn {
    if hang.pool_timed_out {
        return WaitingOn::Pool;
    }
    let (role, started_at, duration_s) = match (hang.role, hang.wait) {
        (Role::Request, Some(wait)) => (wait.role, wait.started_at, wait.duration_s),
        (Role::Request, None) => return WaitingOn::Unknown,
        (own, _) => (own, hang.started_at, hang.duration_s()),
    };
    match role {
        Role::Request => WaitingOn::Unknown,
        Role::Statement => WaitingOn::Statement,
        Role::External => WaitingOn::External,
        Role::Connect if duration_s.is_none() => open_checkout(hang, started_at, facts, profile),
        Role::Connect => ended_checkout(hang, profile),
    }
}

/// Checkouts that ended: each was of the pool if none took longer than its timeout, and others gave up there.
fn ended_checkout(hang: &Hang, profile: &Settings) -> WaitingOn {
    let patient = profile.pool.timeout + POOL_TIMEOUT_SLACK;
    let longest_s = hang.wait.and_then(|wait| wait.longest_s);
    let within_timeout = longest_s.is_some_and(|longest_s| longest_s <= to_seconds(patient));
    let others_gave_up = hang.pool_timeout_at.is_some_and(|at| at >= hang.started_at);
    if within_timeout && others_gave_up {
        WaitingOn::Pool
    } else {
        WaitingOn::Connect
    }
}

/// A checkout without an end: of the pool only while it is younger than the pool's timeout, and others gave up there.
fn open_checkout(hang: &Hang, started_at: DateTime<Utc>, facts: &Facts, profile: &Settings) -> WaitingOn {
    // A process dies between its last record and the proof: the former says how long the checkout waited at least.
    let until = match (hang.died_at(), hang.process_last_at) {
        (Some(died), last) => last.map_or(died, |at| at.clamp(started_at, died.max(started_at))),
        (None, _) => facts.window.to,
    };
    let within_timeout = until - started_at <= profile.pool.timeout + POOL_TIMEOUT_SLACK;
    let others_gave_up = hang
        .pool_timeout_at
        .is_some_and(|at| at >= started_at - profile.pool.timeout);
    if within_timeout && others_gave_up {
        WaitingOn::Pool
    } else {
        WaitingOn::Connect
    }
}

/// Without proof, a process that lately emitted something is alive, and a silent one may be frozen or dead.
fn died(hang: &Hang, facts: &Facts) -> Option<bool> {
    match hang.fate {
        Fate::Ended { .. } => Some(false),
        Fate::Died(_) => Some(true),
        Fate::InFlight => {
            let alive = hang
                .process_last_at
                .is_some_and(|at| facts.window.to - at <= ALIVE_WITHIN);
            alive.then_some(false)
        }
    }
}
