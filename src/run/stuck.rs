//! `stuck`: one batch of four sections, read into facts.

use super::{Asked, Failure};
use crate::episodes::Episodes;
use crate::query::Batch;
use crate::report::Report;
use crate::stuck::{SECTIONS, stuck, told};

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let batch = Batch::new(&asked.catalogue, &SECTIONS, &asked.parameters())?;
    let (sections, attempts) = asked.ask_batch(&batch).await?;
    let facts = asked.facts(&sections);
    let stuck = stuck(&Episodes::of(&facts, &asked.settings));
    let missing = facts.not_known_of(&SECTIONS);
    let frame = asked.frame("stuck", attempts.max(1), &missing, facts.bounds.no_records());
    Ok(frame.around(told(&stuck, facts.window.to, &asked.project_url())))
}
