//! The postmortem of a window: what a person who was not there reads, with what only a person knows left as TODO. A view of the
//! timeline, the diagnosis and its advice. Pure.

mod aftermath;
mod impact;
mod known;
mod sections;

pub use sections::{Appendix, ReportDocument, told};

use crate::advice::Advice;
use crate::diagnosis::Diagnosis;
use crate::episodes::Episodes;
use crate::facts::NotKnown;
use crate::timeline::Timeline;

/// Everything that a postmortem tells of.
pub struct Story<'a> {
    /// What belongs together.
    pub episodes: &'a Episodes<'a>,
    /// What it was.
    pub diagnosis: &'a Diagnosis,
    /// What goes with it.
    pub advice: Advice,
    /// What happened.
    pub timeline: Timeline,
    /// What could not be learned.
    pub missing: Vec<NotKnown>,
}
