//! `timeline`: one batch of eleven sections, read into facts.

use std::collections::BTreeMap;

use super::{Asked, Failure};
use crate::diagnosis::diagnose;
use crate::episodes::{Episodes, SHORTEST_GAP, bucket};
use crate::facts::{Facts, STEPS, to_seconds};
use crate::profile::{Settings, any_of, exactly_any_of};
use crate::query::{Batch, Catalogue, Parameter, Parameters, QueryError, Section};
use crate::report::Report;
use crate::timeline::{timeline, told};
use crate::window::Window;

/// The evidence of a timeline.
const SECTIONS: [&str; 11] = [
    "bounds",
    "processes",
    "lifecycle",
    "runs",
    "earlier",
    "traffic",
    "gaps",
    "hangs",
    "errors",
    "checkouts",
    "work",
];
/// Buckets of the lookback: a minute each, if it is an hour.
const EARLIER_BUCKETS: i64 = 60;
/// A minute ends a run or a burst, and in long windows one bucket does, so that their number is bounded.
const SHORTEST_PAUSE_S: f64 = 60.0;

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let batch = timeline_batch(&asked.catalogue, &asked.settings, asked.window)?;
    let (sections, attempts) = asked.ask_batch(&batch).await?;
    let facts = asked.facts(&sections);
    let episodes = Episodes::of(&facts, &asked.settings);
    let diagnosis = diagnose(&episodes);
    let frame = asked.frame(
        "timeline",
        attempts.max(1),
        &facts.not_known(),
        facts.bounds.no_records(),
    );
    Ok(frame.around(told(&timeline(&episodes), &diagnosis, &asked.project_url())))
}

/// The one request of a timeline.
///
/// # Errors
/// [`QueryError`] when a query of the catalogue can't be bound.
pub fn timeline_batch(catalogue: &Catalogue, settings: &Settings, window: Window) -> Result<Batch, QueryError> {
    Batch::new(catalogue, &SECTIONS, &parameters(settings, window))
}

impl Asked {
    /// What the sections say, with what makes them doubtful.
    pub(super) fn facts(&self, sections: &BTreeMap<String, Section>) -> Facts {
        Facts {
            doubts: self.learned.doubts(),
            ..Facts::read(self.window, sections)
        }
    }

    /// Values for every parameter that a query of the catalogue may have.
    pub(super) fn parameters(&self) -> Parameters {
        parameters(&self.settings, self.window)
    }
}

/// Values for every parameter that a query of the catalogue may have.
pub(super) fn parameters(settings: &Settings, window: Window) -> Parameters {
    let some = |text: String| Parameter::Text(Some(text));
    let filter = |name: &str| Parameter::Text((!name.is_empty()).then(|| name.to_owned()));
    let seconds = |span| Parameter::Seconds(to_seconds(span));
    let bucket_s = bucket(window).num_seconds();
    let environment = (!settings.all_environments).then(|| settings.environment.clone());
    let (spans, process, listener) = (&settings.spans, &settings.process, &settings.listener);
    Parameters::from([
        ("from", Parameter::Timestamp(window.from)),
        ("to", Parameter::Timestamp(window.to)),
        // Without a diagnosis the whole window stands for the incident.
        ("incident_from", Parameter::Timestamp(window.from)),
        ("incident_to", Parameter::Timestamp(window.to)),
        ("step_s", Parameter::Seconds(step_s(window))),
        ("lookback_from", Parameter::Timestamp(window.from - settings.lookback)),
        ("env", Parameter::Text(environment)),
        ("service", filter(&settings.service)),
        ("instance", filter(&settings.instance)),
        ("instance_key", some(settings.app.instance_attribute.clone())),
        ("request_scope", some(exactly_any_of(&spans.request_scopes))),
        ("database_scope", some(exactly_any_of(&spans.database_scopes))),
        ("connect_span", some(spans.connect_span.clone())),
        ("health_span", some(exactly_any_of(&spans.health))),
        ("starting_message", some(any_of(&process.starting))),
        ("stopping_message", some(any_of(&process.stopping))),
        ("connected_message", some(any_of(&listener.connected))),
        ("heartbeat_timeout_message", some(any_of(&listener.heartbeat_timed_out))),
        ("heartbeat_failed_message", some(any_of(&listener.heartbeat_failed))),
        ("lost_message", some(any_of(&listener.lost))),
        ("reconnect_failed_message", some(any_of(&listener.reconnect_failed))),
        ("notify_failed_message", some(any_of(&listener.notify_failed))),
        ("queued_span", some(exactly_any_of(&settings.work.queued))),
        ("run_span", some(exactly_any_of(&settings.work.run))),
        ("listener_message", some(any_of(&listener.trouble()))),
        ("hang_after_s", seconds(settings.hang_after)),
        ("in_flight_after_s", seconds(settings.in_flight_after)),
        ("slow_s", seconds(settings.slow_statement)),
        ("external_scope", some(exactly_any_of(&spans.external_scopes))),
        ("pool_timeout_s", seconds(settings.pool.timeout)),
        ("pool_message", some(any_of(&settings.pool.timed_out))),
        (
            "starts_from",
            Parameter::Timestamp(window.to - settings.verify.starts_within),
        ),
        ("startup_s", seconds(crate::verify::STARTUP)),
        ("gap_s", seconds(SHORTEST_GAP)),
        #[allow(clippy::cast_precision_loss)] // a window has far fewer than 2^52 seconds
        ("pause_s", Parameter::Seconds(SHORTEST_PAUSE_S.max(bucket_s as f64))),
        ("bucket", some(format!("{bucket_s} seconds"))),
        (
            "earlier_bucket",
            some(format!(
                "{} seconds",
                settings.lookback.num_seconds() / EARLIER_BUCKETS + 1
            )),
        ),
    ])
}

/// A step of the pool's use over an incident, seconds.
pub(super) fn step_s(incident: Window) -> f64 {
    to_seconds(incident.length()) / f64::from(STEPS)
}
