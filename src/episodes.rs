//! What belongs together, computed once from the facts and handed to every view: processes and their starts, hangs, the
//! listener's trouble, slow stretches, silences, gaps. It judges what each of these is; whether that is an incident, and of
//! which kind, is `diagnosis`. Pure.

mod gaps;
mod hangs;
mod listener;
mod processes;
mod runs;
mod silences;
mod slow;

pub use crate::facts::{SHORTEST_GAP, UNUSUAL_SPACING};
pub use gaps::Pause;
pub use hangs::{Hanging, WaitingOn};
pub use listener::ListenerTrouble;
pub use processes::{READY_WITHIN, Start};
pub use runs::{is_prompt, merged};
pub use silences::{OVERLAP, Silence};
pub use slow::{SlowService, SlowStretch, median};

use chrono::{DateTime, TimeDelta, Utc};

use crate::facts::{ErrorBurst, Facts, Grid, to_seconds};
use crate::profile::Settings;
use crate::window::Window;

/// Shorter silences are no news: traffic alone explains them.
pub const SHORTEST_SILENCE: TimeDelta = TimeDelta::seconds(60);
/// How long something whose records are so far apart as a rule may be silent; both in seconds.
pub fn patience_s(spacing_s: f64) -> f64 {
    to_seconds(SHORTEST_SILENCE).max(UNUSUAL_SPACING * spacing_s)
}

/// A listener in trouble is back by then, or has tried again: relay-api's longest pause between two attempts is 60 s.
pub const LISTENER_PATIENCE: TimeDelta = TimeDelta::seconds(90);
/// A restart this close to the end of the trouble goes with it: a machine takes some seconds to come back.
pub const RESTART_GOES_WITH: TimeDelta = TimeDelta::seconds(60);

/// What waited for one thing goes on when it is back: within this of each other.
pub const ENDS_TOGETHER: TimeDelta = TimeDelta::seconds(10);

/// The length of a bucket: whole seconds.
pub fn bucket(window: Window) -> TimeDelta {
    TimeDelta::seconds(Grid::new(window, TimeDelta::zero()).bucket_s)
}

/// Everything that the views and the diagnosis look at.
pub struct Episodes<'a> {
    /// What they are made of.
    pub facts: &'a Facts,
    /// Names and thresholds.
    pub profile: &'a Settings,
    /// What hung or is in flight, by start.
    pub hangs: Vec<Hanging<'a>>,
    /// Processes that began, lookback included, in time order.
    pub starts: Vec<Start<'a>>,
    /// Times in which the listener had no connection, in time order.
    pub listener: Vec<ListenerTrouble<'a>>,
    /// Instances that gave no sign of life, longest first.
    pub silences: Vec<Silence<'a>>,
    /// Stretches of slow statements, by service.
    pub slow: Vec<SlowService<'a>>,
}

impl<'a> Episodes<'a> {
    /// Finds them.
    pub fn of(facts: &'a Facts, profile: &'a Settings) -> Self {
        let hangs = hangs::hangs(facts, profile);
        let listener = listener::trouble(facts);
        let open = [&hangs[..], &hangs::lasting(facts, profile)].concat();
        Self {
            starts: processes::starts(facts),
            silences: silences::silences(facts, profile, &open, &listener),
            hangs,
            slow: slow::stretches(facts),
            listener,
            facts,
            profile,
        }
    }

    /// " on <instance>" when another instance was at work at that time, else nothing.
    pub fn on(&self, instance: &str, at: DateTime<Utc>) -> String {
        let mut others = self.facts.processes.rows.iter();
        let beside = others.any(|p| p.instance != instance && p.first_at <= at && at <= p.last_at);
        if beside {
            format!(" on {instance}")
        } else {
            String::new()
        }
    }

    /// Those that lasted longer than the profile's `hang_after`, or have no end yet. What was cut off by the death of its
    /// process before that did not hang.
    pub fn hung(&self) -> impl Iterator<Item = &Hanging<'a>> {
        self.hangs.iter().filter(|hang| hang.has_hung(self.profile))
    }

    /// Whether a hang was open at that time.
    pub fn hanging_at(&self, at: DateTime<Utc>) -> bool {
        self.hung().any(|hang| hang.is_open_at(at))
    }

    /// Whether requests were failing at that time.
    pub fn failing_at(&self, at: DateTime<Utc>) -> bool {
        self.failures()
            .any(|burst| burst.first_at <= at && at <= burst.last_ended_at)
    }

    /// Errors that what stands above them survived.
    pub fn recovered(&self) -> impl Iterator<Item = &'a ErrorBurst> {
        self.facts.errors.rows.iter().filter(|burst| burst.survived)
    }

    /// Bursts in which requests failed.
    pub fn failures(&self) -> impl Iterator<Item = &'a ErrorBurst> {
        self.facts.errors.rows.iter().filter(|burst| burst.requests)
    }
}
