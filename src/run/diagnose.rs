//! `diagnose`: the timeline's batch decides; what it suggests is asked in a second request.

use super::context::NotKnown;
use super::timeline::parameters;
use super::{Asked, Failure};
use crate::facts::{Facts, Second};
use crate::query::{Batch, Parameter};
use crate::report::Report;
use crate::signature::{advise, classify, extent, to_report};
use crate::source::{Answer, Request};
use crate::window::Window;

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let batch = super::timeline_batch(&asked.catalogue, &asked.settings, asked.window)?;
    let answer = ask(asked, &batch).await?;
    let facts = Facts::read(asked.window, &batch.split(&answer.rows)?);
    let diagnosis = classify(&facts, &asked.settings);
    let mut spent = answer.attempts.max(1);
    let mut not_known: Vec<NotKnown> = facts
        .not_known()
        .into_iter()
        .map(|(section, why)| missing(section, why))
        .collect();
    let mut second = None;
    if let Some((from, to)) = extent(&diagnosis, &facts) {
        let batch = second_batch(asked, from, to)?;
        // The answer stands without it: what could not be asked is not known.
        match ask(asked, &batch).await {
            Ok(answer) => {
                spent += answer.attempts.max(1);
                let read = Second::read(&batch.split(&answer.rows)?);
                not_known.extend(read.not_known().into_iter().map(|(section, why)| missing(section, why)));
                second = Some(read);
            }
            Err(Failure::Source(error)) => {
                spent += 1;
                not_known.push(missing("second request", &error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(to_report(
        &diagnosis,
        advise(&diagnosis, &facts, second.as_ref(), &asked.settings),
        asked.document("diagnose", spent, &not_known),
        asked.notes(spent, &not_known),
    ))
}

fn missing(section: &str, why: &str) -> NotKnown {
    NotKnown {
        section: section.to_owned(),
        why: why.to_owned(),
    }
}

async fn ask(asked: &Asked, batch: &Batch) -> Result<Answer, Failure> {
    asked.say_sql(&batch.sql);
    let request = Request {
        sql: batch.sql.clone(),
        from: asked.window.from - asked.settings.lookback,
        to: asked.window.to,
        limit: batch.limit,
    };
    Ok(asked.source.query(&request).await?)
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
    Ok(Batch::new(&asked.catalogue, &Second::SECTIONS, &values)?)
}
