//! `stuck`: one batch of four sections, read into facts.

use super::context::not_known;
use super::{Asked, Failure};
use crate::facts::stuck::StuckFacts;
use crate::query::Batch;
use crate::report::Report;
use crate::stuck::{Context, stuck, to_report};

/// What hangs, and the evidence for the death of its process.
const SECTIONS: [&str; 4] = ["bounds", "processes", "lifecycle", "stuck"];

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let batch = Batch::new(&asked.catalogue, &SECTIONS, &asked.parameters())?;
    let (sections, attempts) = asked.ask_batch(&batch).await?;
    let facts = StuckFacts::read(asked.window, &sections);
    let not_known = not_known(facts.not_known());
    let spent = attempts.max(1);
    let project_url = asked.project_url();
    let context = Context {
        document: asked.document("stuck", spent, &not_known),
        notes: asked.notes(spent, &not_known),
        project_url: &project_url,
        window: asked.window,
    };
    let report = asked.with_doubts(to_report(&stuck(&facts, &asked.settings), context));
    Ok(if facts.bounds.no_records() {
        asked.found_nothing(report)
    } else {
        report
    })
}
