//! Facts, names and demands, as every check needs them.

use chrono::{DateTime, Utc};

use super::{Demands, Instance};
use crate::facts::health::{HealthFacts, Life};
use crate::facts::stuck::Hung;
use crate::facts::to_seconds;
use crate::profile::Settings;
use crate::words::duration;

/// What is judged, and by what.
pub(crate) struct Scene<'a> {
    pub(super) facts: &'a HealthFacts,
    pub(super) profile: &'a Settings,
    pub(super) demands: &'a Demands,
    /// The end of the window.
    pub(super) now: DateTime<Utc>,
}

impl Scene<'_> {
    /// How long ago that was, in words.
    pub(super) fn ago(&self, at: DateTime<Utc>) -> String {
        duration(to_seconds(self.now - at).max(0.0))
    }

    /// Spans of the instance's current processes, or of older ones, that have no end at the window's end.
    pub(super) fn open(&self, instance: &Instance<'_>, current: bool) -> Vec<&Hung> {
        let lives = if current { &instance.current } else { &instance.older };
        // A process name can come back after a restart: only the times tell whose span it is.
        let of = |span: &Hung, life: &Life| {
            span.process == life.process
                && if life.newest {
                    span.started_at >= life.first_at
                } else {
                    span.started_at <= life.last_at
                }
        };
        let spans = self.facts.hung.rows.iter();
        spans
            .filter(|span| span.instance == instance.name)
            .filter(|span| span.ended_at().is_none_or(|at| at > self.now))
            .filter(|span| self.now - span.started_at > self.profile.in_flight_after)
            .filter(|span| lives.iter().any(|life| of(span, life)))
            .collect()
    }
}

/// The time of day.
pub(super) fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}
