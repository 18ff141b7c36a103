//! `timeline`: the first round decides; a second one asks for the exact runs of success, if anything cuts them.

use std::collections::BTreeMap;

use super::diagnose::about_incident;
use super::{Asked, Failure};
use crate::advice::{extent, pool_chart};
use crate::diagnosis::diagnose;
use crate::episodes::Episodes;
use crate::facts::{Facts, Grid, PROMPT, Rows, STEPS, Second, exact_runs, lasting_s, to_seconds};
use crate::pictures::{lanes, traffic};
use crate::profile::{Settings, any_of};
use crate::query::{Batch, Catalogue, Parameter, Parameters, QueryError, Section};
use crate::report::Report;
use crate::timeline::{timeline, told};
use crate::window::Window;

pub(super) async fn run(asked: &Asked, chart: bool) -> Result<Report, Failure> {
    let (mut facts, mut spent) = asked.first_round(&sections()).await?;
    let mut runs = facts.runs.clone();
    let mut charts = Vec::new();
    // The judgement rests on the first round, as that of every command; only the rows of success are exact.
    let episodes = Episodes::of(&facts, &asked.settings);
    let diagnosis = diagnose(&episodes);
    let service = diagnosis.answer.as_ref().and_then(|answer| answer.service.as_deref());
    // Only a picture shows the pool.
    let incident = extent(&diagnosis, &facts).filter(|_| chart);
    let incident = incident.map(|(from, to)| Window::new(from, to)).transpose()?;
    if facts.cuts.is_empty() && incident.is_none() {
        runs.rows = facts.joined_runs();
    } else {
        let mut values = asked.parameters();
        let mut names = vec!["runs"];
        if let Some(incident) = incident {
            values = about_incident(asked, &facts, incident, service);
            names.push("occupancy");
        }
        values.insert("runs", Parameter::Runs(facts.cuts.since(asked.window.from)));
        // Without them the first round's buckets stand for the runs.
        match asked.ask_sections(&names, &values, &mut spent).await {
            Ok(sections) => {
                runs = exact_runs(&facts, &sections);
                if let Some(incident) = incident {
                    let second = Second::read(&facts, &asked.settings, (incident, service), &sections);
                    charts.extend(pool_chart(&diagnosis, &episodes, &second));
                }
            }
            Err(Failure::Source(error)) if error.spares_the_rest() => {
                runs.not_known = Some(format!("the runs of success are told to half a minute only: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    if chart {
        let drawn = [
            lanes(&episodes, &runs.rows, asked.window),
            traffic(&episodes, asked.window),
        ];
        charts.splice(0..0, drawn);
    }
    let told = told(
        &timeline(&episodes, &runs.rows),
        &diagnosis,
        charts,
        asked.window,
        &asked.project_url(),
    );
    facts.doubts = asked.learned.doubts();
    facts.runs = runs;
    let frame = asked.frame("timeline", spent, &facts.not_known(), facts.bounds.no_records());
    Ok(frame.around(told))
}

/// The first request of `timeline` and `diagnose`; `stuck` and `verify` need no runs of success.
///
/// # Errors
/// [`QueryError`] when a query of the catalogue can't be bound.
pub fn timeline_batch(catalogue: &Catalogue, settings: &Settings, window: Window) -> Result<Batch, QueryError> {
    Batch::new(catalogue, &sections(), &parameters(settings, window))
}

/// The evidence of the first round, and the whole window as one run: exact where nothing cuts it.
pub(super) fn sections() -> Vec<&'static str> {
    [&Rows::SECTIONS[..], &["runs"]].concat()
}

impl Asked {
    /// Asks what all commands judge by: the facts, and the queries that were spent. If no record passes, also what the
    /// filters left out.
    pub(super) async fn first_round(&self, sections: &[&str]) -> Result<(Facts, u32), Failure> {
        let (values, mut spent) = (self.parameters(), 0);
        let sections = self.ask_sections(sections, &values, &mut spent).await?;
        let mut facts = self.facts(&sections);
        if facts.bounds.no_records() {
            // "Nothing was found" stands without it.
            match self.ask_sections(&["filters"], &values, &mut spent).await {
                Ok(sections) => facts.read_filters(&sections),
                Err(Failure::Source(error)) if error.spares_the_rest() => self
                    .log
                    .step(format!("what the filters left out is not known: {error}")),
                Err(error) => return Err(error),
            }
        }
        Ok((facts, spent))
    }

    /// What the sections say, with what makes them doubtful.
    pub(super) fn facts(&self, sections: &BTreeMap<String, Section>) -> Facts {
        Facts {
            doubts: self.learned.doubts(),
            ..Facts::read(self.window, &self.settings, sections)
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
    let texts = |list: &[String]| Parameter::Texts(list.to_vec());
    let grid = Grid::new(window, settings.lookback);
    let environment = (!settings.all_environments).then(|| settings.environment.clone());
    let (spans, process, listener) = (&settings.spans, &settings.process, &settings.listener);
    Parameters::from([
        ("from", Parameter::Timestamp(window.from)),
        ("to", Parameter::Timestamp(window.to)),
        ("lookback_from", Parameter::Timestamp(window.from - settings.lookback)),
        // Only `verify` shows how long the statements of each process took.
        ("measured_from", Parameter::Timestamp(window.to)),
        // Without a diagnosis the whole window stands for the incident, and nothing is notable.
        ("incident_from", Parameter::Timestamp(window.from)),
        ("incident_to", Parameter::Timestamp(window.to)),
        ("notable", Parameter::Texts(Vec::new())),
        ("beside", Parameter::Spans(Vec::new())),
        ("processes", Parameter::Texts(Vec::new())),
        ("runs", Parameter::Runs(BTreeMap::new())),
        ("hold_s", Parameter::Seconds(hold_s(window))),
        ("env", Parameter::Text(environment)),
        ("service", filter(&settings.service)),
        ("instance", filter(&settings.instance)),
        ("instance_keys", texts(&settings.app.instance_attribute)),
        ("instance_names", texts(&settings.app.instance_attribute)),
        ("request_scopes", texts(&spans.request_scopes)),
        ("database_scopes", texts(&spans.database_scopes)),
        ("driver_scopes", texts(&spans.driver_scopes)),
        ("external_scopes", texts(&spans.external_scopes)),
        ("connect_span", some(spans.connect_span.clone())),
        ("health_spans", texts(&spans.health)),
        ("queued_spans", texts(&settings.work.queued)),
        ("run_spans", texts(&settings.work.run)),
        ("starting_message", some(any_of(&process.starting))),
        ("stopping_message", some(any_of(&process.stopping))),
        ("connected_message", some(any_of(&listener.connected))),
        ("heartbeat_timeout_message", some(any_of(&listener.heartbeat_timed_out))),
        ("heartbeat_failed_message", some(any_of(&listener.heartbeat_failed))),
        ("lost_message", some(any_of(&listener.lost))),
        ("reconnect_failed_message", some(any_of(&listener.reconnect_failed))),
        ("notify_failed_message", some(any_of(&listener.notify_failed))),
        ("listener_message", some(any_of(&listener.trouble()))),
        ("pool_message", some(any_of(&settings.pool.timed_out))),
        ("hang_after_s", seconds(settings.hang_after)),
        ("in_flight_after_s", seconds(settings.in_flight_after)),
        ("lasting_s", Parameter::Seconds(lasting_s(settings))),
        ("slow_s", seconds(settings.slow_statement)),
        ("prompt_s", seconds(PROMPT)),
        ("bucket_s", Parameter::Int(grid.bucket_s)),
        ("earlier_bucket_s", Parameter::Int(grid.earlier_bucket_s)),
        ("slot_s", Parameter::Int(grid.slot_s)),
    ])
}

/// Connections held for less do not show in a line of an incident's steps, seconds.
pub(super) fn hold_s(incident: Window) -> f64 {
    (to_seconds(incident.length()) / f64::from(STEPS) / 100.0).min(0.1)
}
