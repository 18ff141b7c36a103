//! `stuck`: one batch of four sections, read into facts.

use super::context::NotKnown;
use super::{Asked, Failure};
use crate::facts::stuck::StuckFacts;
use crate::query::Batch;
use crate::report::Report;
use crate::source::Request;
use crate::stuck::{Context, stuck, to_report};

/// What hangs, and the evidence for the death of its process.
const SECTIONS: [&str; 4] = ["bounds", "processes", "lifecycle", "stuck"];

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let batch = Batch::new(&asked.catalogue, &SECTIONS, &asked.parameters())?;
    asked.say_sql(&batch.sql);
    let request = Request {
        sql: batch.sql.clone(),
        from: asked.window.from - asked.settings.lookback,
        to: asked.window.to,
        limit: batch.limit,
    };
    let answer = asked.source.query(&request).await?;
    let facts = StuckFacts::read(asked.window, &batch.split(&answer.rows)?);
    let not_known: Vec<NotKnown> = facts
        .not_known()
        .into_iter()
        .map(|(section, why)| NotKnown {
            section: section.to_owned(),
            why: why.to_owned(),
        })
        .collect();
    let spent = answer.attempts.max(1);
    let context = Context {
        document: asked.document("stuck", spent, &not_known),
        notes: asked.notes(spent, &not_known),
        project_url: &asked.settings.app.project_url,
        window: asked.window,
    };
    Ok(to_report(&stuck(&facts, &asked.settings), context))
}
