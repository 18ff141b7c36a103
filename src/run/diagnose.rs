//! `diagnose`: the first round decides; what it suggests is asked in a second request.

use super::timeline::{hold_s, parameters, sections};
use super::{Asked, Failure};
use crate::advice::{advise, extent, told};
use crate::diagnosis::{Questions, diagnose};
use crate::episodes::Episodes;
use crate::facts::{About, Facts, NotKnown, Second};
use crate::query::{Parameter, Parameters};
use crate::report::Report;
use crate::window::Window;

pub(super) async fn run(asked: &Asked, full: bool) -> Result<Report, Failure> {
    let (facts, mut spent) = asked.first_round(&sections()).await?;
    let episodes = Episodes::of(&facts, &asked.settings);
    let diagnosis = diagnose(&episodes);
    let mut missing = facts.not_known();
    let mut second = None;
    if let Some((from, to)) = extent(&diagnosis, &facts) {
        let incident = Window::new(from, to)?;
        let service = diagnosis.answer.as_ref().and_then(|answer| answer.service.as_deref());
        let values = about_incident(asked, &facts, incident, service);
        // The answer stands without it: what could not be asked is not known.
        let mut sections = Second::SECTIONS.to_vec();
        if diagnosis
            .incident()
            .is_some_and(|(_, mode)| mode.questions == Questions::WhichStatements)
        {
            sections.push(Second::STATEMENTS);
        }
        match asked.ask_sections(&sections, &values, &mut spent).await {
            Ok(sections) => {
                let read = Second::read(&facts, &asked.settings, (incident, service), &sections);
                missing.extend(read.not_known());
                second = Some(read);
            }
            Err(Failure::Source(error)) => {
                missing.push(NotKnown {
                    section: String::from("second request"),
                    why: error.to_string(),
                });
            }
            Err(error) => return Err(error),
        }
    }
    let advice = advise(&diagnosis, &episodes, second.as_ref(), &asked.question);
    let frame = asked.frame("diagnose", spent, &missing, facts.bounds.no_records());
    Ok(frame.around(told(&diagnosis, advice, full, &asked.project_url())))
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
