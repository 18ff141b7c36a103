//! Why there is no capture, or not yet a whole one.

use std::path::Path;

use datafusion::arrow::error::ArrowError;

use crate::source::SourceError;

/// A capture that was not made. The message says what, [`CaptureError::hint`] what to do.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// What was typed can't be done.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// It takes more queries than are allowed.
    #[error(
        "this takes about {planned} queries, more than the {most} that --max-queries allows: {records} records in {slices} stretches of time"
    )]
    Budget {
        /// Queries that are still to be sent.
        planned: u64,
        /// The limit.
        most: u32,
        /// Records, with their thousands apart.
        records: String,
        /// Questions for records.
        slices: usize,
    },
    /// Nothing can be written there.
    #[error("cannot write {path}: {why}")]
    Unwritable {
        /// The file or folder.
        path: String,
        /// The cause in words.
        why: String,
    },
    /// The source gave up before everything was there. What it gave is kept.
    #[error("{cause}; {kept}")]
    Unfinished {
        /// The last failure.
        cause: SourceError,
        /// What there is, in words.
        kept: String,
    },
    /// The source could not be asked at all.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl CaptureError {
    /// What went wrong with a file or a folder.
    pub(super) fn unwritable(path: &Path, why: impl ToString) -> Self {
        Self::Unwritable {
            path: path.display().to_string(),
            why: why.to_string(),
        }
    }

    /// Records that can't be put into one order, which those of a source can.
    pub(super) fn broken(error: ArrowError) -> Self {
        Self::unwritable(Path::new("the records"), error)
    }

    /// The exit code (docs/contract.md): 2 for what was typed, 3 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Budget { .. } => 2,
            Self::Unwritable { .. } | Self::Unfinished { .. } | Self::Source(_) => 3,
        }
    }

    /// A short stable word for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::Budget { .. } => "query_budget",
            Self::Unwritable { .. } => "capture_unwritable",
            Self::Unfinished { cause, .. } | Self::Source(cause) => cause.kind(),
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Budget { planned, .. } => {
                format!("allow them with --max-queries {planned}, or keep less: a shorter window, --service, --env")
            }
            Self::Unwritable { .. } => String::from(
                "nothing stands under the name of the file; what was fetched is kept: make room, then --resume",
            ),
            Self::Unfinished { cause, .. } => {
                let goes_on = "the same command with --resume goes on where this one stopped";
                format!("{goes_on}; {}", cause.hint())
            }
            Self::Source(error) => error.hint().to_owned(),
        }
    }
}
