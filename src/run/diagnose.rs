//! `diagnose`: the timeline's batch decides; what it suggests is asked in a second request.

use super::timeline::{parameters, step_s};
use super::{Asked, Failure};
use crate::advice::{advise, extent, told};
use crate::diagnosis::diagnose;
use crate::episodes::Episodes;
use crate::facts::{NotKnown, Second};
use crate::query::{Batch, Parameter};
use crate::report::Report;
use crate::window::Window;

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let batch = super::timeline_batch(&asked.catalogue, &asked.settings, asked.window)?;
    let (sections, attempts) = asked.ask_batch(&batch).await?;
    let facts = asked.facts(&sections);
    let episodes = Episodes::of(&facts, &asked.settings);
    let diagnosis = diagnose(&episodes);
    let mut spent = attempts.max(1);
    let mut missing = facts.not_known();
    let mut second = None;
    if let Some((from, to)) = extent(&diagnosis, &facts) {
        let batch = second_batch(asked, from, to)?;
        // The answer stands without it: what could not be asked is not known.
        match asked.ask_batch(&batch).await {
            Ok((sections, attempts)) => {
                spent += attempts.max(1);
                let read = Second::read(&sections);
                missing.extend(read.not_known());
                second = Some(read);
            }
            Err(Failure::Source(error)) => {
                spent += 1;
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
    Ok(frame.around(told(&diagnosis, advice, &asked.project_url())))
}

fn second_batch(
    asked: &Asked,
    from: chrono::DateTime<chrono::Utc>,
    to: chrono::DateTime<chrono::Utc>,
) -> Result<Batch, Failure> {
    let window = Window::new(from, to)?;
    let mut values = parameters(&asked.settings, asked.window);
    values.insert("incident_from", Parameter::Timestamp(window.from));
    values.insert("incident_to", Parameter::Timestamp(window.to));
    values.insert("step_s", Parameter::Seconds(step_s(window)));
    Ok(Batch::new(&asked.catalogue, &Second::SECTIONS, &values)?)
}
