//! `diagnose`: the first round decides; what it suggests is asked in a second request.

use super::timeline::{hold_s, parameters, sections};
use super::{Asked, Failure};
use crate::advice::{advise, extent, told};
use crate::diagnosis::{Diagnosis, Questions, diagnose};
use crate::episodes::Episodes;
use crate::facts::{About, Facts, NotKnown, Run, Second, exact_runs};
use crate::query::{Parameter, Parameters};
use crate::report::Report;
use crate::window::Window;

pub(super) async fn run(asked: &Asked, full: bool) -> Result<Report, Failure> {
    let (facts, mut spent) = asked.first_round(&sections()).await?;
    let episodes = Episodes::of(&facts, &asked.settings);
    let diagnosis = diagnose(&episodes);
    let round = second_round(asked, &facts, &diagnosis, false, &mut spent).await?;
    let mut missing = facts.not_known();
    missing.extend(round.missing);
    let advice = advise(&diagnosis, &episodes, round.second.as_ref(), &asked.question);
    let frame = asked.frame("diagnose", spent, &missing, facts.bounds.no_records());
    Ok(frame.around(told(&diagnosis, &advice, full, &asked.project_url())))
}

/// What the second request told.
#[derive(Default)]
pub(super) struct Round {
    /// `None` = there was nothing to ask about, or no answer.
    pub second: Option<Second>,
    /// The exact runs of success, if they were wanted and anything cuts them.
    pub runs: Option<Vec<Run>>,
    /// What could not be learned.
    pub missing: Vec<NotKnown>,
}

/// Asks about the incident, and for the exact runs of success if they are wanted. The answer of the first round stands without it.
///
/// # Errors
/// What is no refusal of the source.
pub(super) async fn second_round(
    asked: &Asked,
    facts: &Facts,
    diagnosis: &Diagnosis,
    with_runs: bool,
    spent: &mut u32,
) -> Result<Round, Failure> {
    let mut names = Vec::new();
    let mut values = asked.parameters();
    let service = diagnosis.answer.as_ref().and_then(|answer| answer.service.as_deref());
    let incident = extent(diagnosis, facts)
        .map(|(from, to)| Window::new(from, to))
        .transpose()?;
    if let Some(incident) = incident {
        values = about_incident(asked, facts, incident, service);
        names.extend(Second::SECTIONS);
    }
    if diagnosis
        .incident()
        .is_some_and(|(_, mode)| incident.is_some() && mode.questions == Questions::WhichStatements)
    {
        names.push(Second::STATEMENTS);
    }
    if with_runs && !facts.cuts.is_empty() {
        values.insert("runs", Parameter::Runs(facts.cuts.since(asked.window.from)));
        names.push("runs");
    }
    let mut round = Round::default();
    if names.is_empty() {
        return Ok(round);
    }
    match asked.ask_sections(&names, &values, spent).await {
        Ok(sections) => {
            round.runs = names.contains(&"runs").then(|| exact_runs(facts, &sections).rows);
            round.second =
                incident.map(|incident| Second::read(facts, &asked.settings, (incident, service), &sections));
            round.missing = round.second.as_ref().map(Second::not_known).unwrap_or_default();
        }
        Err(Failure::Source(error)) if error.spares_the_rest() => round.missing.push(NotKnown {
            section: String::from("second request"),
            why: error.to_string(),
        }),
        Err(error) => return Err(error),
    }
    Ok(round)
}

pub(super) fn about_incident(asked: &Asked, facts: &Facts, incident: Window, service: Option<&str>) -> Parameters {
    let about = About::of(facts, incident, service);
    let mut values = parameters(&asked.settings, asked.window);
    values.insert("incident_from", Parameter::Timestamp(incident.from));
    values.insert("incident_to", Parameter::Timestamp(incident.to));
    values.insert("hold_s", Parameter::Seconds(hold_s(incident)));
    values.insert("notable", Parameter::Texts(about.traces));
    values.insert("beside", Parameter::Spans(about.beside));
    values.insert("processes", Parameter::Texts(about.processes));
    values
}
