//! Facts, names and demands, as every check needs them.

use chrono::{DateTime, Utc};

use super::{Demands, Instance, instances};
use crate::diagnosis::Diagnosis;
use crate::episodes::{Episodes, Hanging};
use crate::facts::health::{HealthFacts, Life};
use crate::facts::to_seconds;
use crate::profile::Settings;
use crate::words::duration;

/// What is judged, and by what.
pub(crate) struct Subject<'a> {
    pub(super) episodes: &'a Episodes<'a>,
    pub(super) diagnosis: &'a Diagnosis,
    pub(super) health: &'a HealthFacts,
    pub(super) profile: &'a Settings,
    pub(super) demands: &'a Demands,
    /// The end of the window.
    pub(super) now: DateTime<Utc>,
}

impl Subject<'_> {
    /// How long ago that was, in words.
    pub(super) fn ago(&self, at: DateTime<Utc>) -> String {
        duration(to_seconds(self.now - at).max(0.0))
    }

    /// The begin of the first record of all.
    pub(super) fn evidence_from(&self) -> DateTime<Utc> {
        instances::evidence_from(self.health)
    }

    /// Whether requests are to be expected of an instance. One that never had any is a worker, if others of its service serve.
    pub(super) fn serves(&self, instance: &Instance<'_>) -> bool {
        let lives = self.health.lives.rows.iter();
        let mut service = lives.filter(|life| life.service == instance.newest.service);
        instance.serves(self.now, self.profile.diagnose.short_life) || service.all(|life| life.served == 0)
    }

    /// The share of traces that is recorded, if it is less than all: by the profile, else by the newest records.
    pub(super) fn sample_rate(&self) -> Option<f64> {
        let told = Some(self.profile.sample_rate).filter(|rate| *rate < 1.0);
        told.or_else(|| self.health.sample_rate())
    }

    /// Whether the team says that what it serves has no database.
    pub(super) fn has_no_database(&self, instance: &Instance<'_>) -> bool {
        self.profile.app.without_database.contains(&instance.newest.service)
    }

    /// Spans of the instance's current processes, or of older ones, that have no end at the window's end.
    pub(super) fn open(&self, instance: &Instance<'_>, current: bool) -> Vec<&Hanging<'_>> {
        let lives = if current { &instance.current } else { &instance.older };
        // A process name can come back after a restart: only the times tell whose span it is.
        let of = |span: &Hanging<'_>, life: &Life| {
            span.process == life.process
                && if life.newest {
                    span.started_at >= life.first_at
                } else {
                    span.started_at <= life.last_at
                }
        };
        let spans = self.episodes.hangs.iter();
        spans
            .filter(|span| span.instance == instance.name)
            .filter(|span| span.duration_s().is_none() || span.ended_at().is_some_and(|at| at > self.now))
            .filter(|span| self.now - span.started_at > self.profile.in_flight_after)
            .filter(|span| lives.iter().any(|life| of(span, life)))
            .collect()
    }
}
