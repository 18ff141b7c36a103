//! `diagnose`: the timeline's batch decides; what it suggests is asked in a second request.

use super::context::NotKnown;
use super::{Asked, Failure};
use crate::facts::Facts;
use crate::report::Report;
use crate::signature::{Findings, classify, to_report};
use crate::source::Request;

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let batch = super::timeline_batch(&asked.catalogue, &asked.settings, asked.window)?;
    asked.say_sql(&batch.sql);
    let request = Request {
        sql: batch.sql.clone(),
        from: asked.window.from - asked.settings.lookback,
        to: asked.window.to,
        limit: batch.limit,
    };
    let answer = asked.source.query(&request).await?;
    let facts = Facts::read(asked.window, &batch.split(&answer.rows)?);
    let diagnosis = classify(&facts, &asked.settings);
    let not_known: Vec<NotKnown> = facts
        .not_known()
        .into_iter()
        .map(|(section, why)| NotKnown {
            section: section.to_owned(),
            why: why.to_owned(),
        })
        .collect();
    let spent = answer.attempts.max(1);
    Ok(to_report(
        &diagnosis,
        Findings::default(),
        asked.document("diagnose", spent, &not_known),
        asked.notes(spent, &not_known),
    ))
}
