//! `stuck`: the first round, told as what hangs.

use super::{Asked, Failure};
use crate::episodes::Episodes;
use crate::facts::Rows;
use crate::report::Report;
use crate::stuck::{SECTIONS, stuck, told};

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let (facts, spent) = asked.first_round(&Rows::OF_HANGS).await?;
    let stuck = stuck(&Episodes::of(&facts, &asked.settings));
    let missing = facts.not_known_of(&SECTIONS);
    let frame = asked.frame("stuck", spent, &missing, facts.bounds.no_records());
    Ok(frame.around(told(&stuck, facts.window.to, &asked.project_url())))
}
