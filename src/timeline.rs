//! What happened, as rows in time order: a view of the episodes, under the headline of the diagnosis. Pure.
//!
//! What belongs together is one row (a listener's trouble until it is connected again, a start with its ready line, a
//! burst of one error); success is told in runs, beside trouble with emphasis; a gap is judged by its end; a table has
//! at most [`MOST_ENTRIES`] rows however long the window was, and what was folded is counted in its row.

mod entry;
mod failures;
mod fold;
mod gaps;
mod hangs;
mod listener;
mod processes;
mod report;
mod runs;
mod slow;

pub use entry::{DurationOrigin, Entry, EntryKind};
pub use report::{EntryDocument, TimelineDocument, documents, table, told};

use crate::episodes::Episodes;
use crate::facts::Run;

/// A table that a person can take in at once.
pub const MOST_ENTRIES: usize = 25;

/// What happened.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// In time order.
    pub entries: Vec<Entry>,
    /// What was folded away from the entries, for below the table.
    pub notes: Vec<String>,
}

/// Tells what happened in the window, with the runs of success as exact as they are known.
pub fn timeline(episodes: &Episodes<'_>, runs: &[Run]) -> Timeline {
    let mut entries = processes::entries(episodes);
    entries.extend(listener::entries(episodes));
    entries.extend(hangs::entries(episodes));
    entries.extend(failures::entries(episodes));
    entries.extend(slow::entries(episodes));
    // Gaps end and runs break at what stands there already.
    entries.extend(gaps::entries(episodes, &entries));
    entries.extend(runs::entries(episodes, runs, &entries));
    entries.sort_by(Entry::in_time);
    Timeline {
        entries: fold::to_most(entries, MOST_ENTRIES),
        notes: listener::notes(episodes)
            .into_iter()
            .chain(failures::notes(episodes))
            .collect(),
    }
}
