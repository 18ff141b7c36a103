//! `diagnose`: the timeline's batch decides; what it suggests is asked in a second request.

use super::context::{NotKnown, not_known};
use super::timeline::{parameters, step_s};
use super::{Asked, Failure};
use crate::facts::{Facts, Second};
use crate::query::{Batch, Parameter};
use crate::report::Report;
use crate::signature::{ReportContext, advise, classify, extent, to_report};
use crate::window::Window;

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let batch = super::timeline_batch(&asked.catalogue, &asked.settings, asked.window)?;
    let (sections, attempts) = asked.ask_batch(&batch).await?;
    let facts = Facts::read(asked.window, &sections);
    let diagnosis = classify(&facts, &asked.settings);
    let mut spent = attempts.max(1);
    let mut missing = not_known(facts.not_known());
    let mut second = None;
    if let Some((from, to)) = extent(&diagnosis, &facts) {
        let batch = second_batch(asked, from, to)?;
        // The answer stands without it: what could not be asked is not known.
        match asked.ask_batch(&batch).await {
            Ok((sections, attempts)) => {
                spent += attempts.max(1);
                let read = Second::read(&sections);
                missing.extend(not_known(read.not_known()));
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
    let report = asked.with_doubts(to_report(
        &diagnosis,
        advise(&diagnosis, &facts, second.as_ref(), &asked.settings),
        ReportContext {
            document: asked.document("diagnose", spent, &missing),
            notes: asked.notes(spent, &missing),
            project_url: &asked.project_url(),
        },
    ));
    Ok(if facts.bounds.no_records() {
        asked.found_nothing(report)
    } else {
        report
    })
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
