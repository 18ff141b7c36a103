//! A result as the engine makes it: batch after batch, with an end that says that nothing is missing.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use tokio::sync::mpsc;

use super::{SourceError, cells, refusal};
use crate::source::{Ran, Rows};

/// What the engine sends.
pub(super) enum Piece {
    Rows(RecordBatch),
    /// All rows were sent; without it the result is not whole.
    End {
        metrics: Option<String>,
    },
}

/// The plans of a statement, as indented text.
#[derive(Debug, Clone)]
pub struct Plans {
    /// After optimising.
    pub logical: String,
    /// What runs.
    pub physical: String,
}

/// What is known of a statement before its rows.
#[derive(Debug)]
pub(super) struct About {
    /// If they were asked for.
    pub plans: Option<Plans>,
    /// If there was a choice.
    pub ran: Option<Ran>,
}

/// A result that is still being made.
#[derive(Debug)]
pub struct Batches {
    schema: SchemaRef,
    about: About,
    metrics: Option<String>,
    pieces: mpsc::Receiver<Result<Piece, SourceError>>,
}

impl Batches {
    pub(super) fn new(schema: SchemaRef, about: About, pieces: mpsc::Receiver<Result<Piece, SourceError>>) -> Self {
        Self {
            schema,
            about,
            metrics: None,
            pieces,
        }
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The plans, if they were asked for.
    #[must_use]
    pub fn plans(&self) -> Option<&Plans> {
        self.about.plans.as_ref()
    }

    /// Where it runs, if there was a choice.
    #[must_use]
    pub fn ran(&self) -> Option<Ran> {
        self.about.ran
    }

    /// The physical plan with what each step took: after the last batch, if plans were asked for.
    #[must_use]
    pub fn metrics(&self) -> Option<&str> {
        self.metrics.as_deref()
    }

    /// The next batch, `None` when there were all.
    ///
    /// # Errors
    /// [`SourceError::Rejected`] when the statement fails on a row.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, SourceError> {
        match self.pieces.recv().await {
            Some(Ok(Piece::Rows(batch))) => Ok(Some(batch)),
            Some(Ok(Piece::End { metrics })) => {
                self.metrics = metrics;
                Ok(None)
            }
            Some(Err(error)) => Err(error),
            None => Err(refusal::unfinished()),
        }
    }

    /// All batches that are left.
    ///
    /// # Errors
    /// As [`Batches::next`].
    pub async fn collect(&mut self) -> Result<Vec<RecordBatch>, SourceError> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await? {
            batches.push(batch);
        }
        Ok(batches)
    }
}

/// Batches as rows in the interface's form.
///
/// # Errors
/// [`SourceError::Rejected`] when a type of the engine has no form there.
pub fn rows(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Rows, SourceError> {
    cells::rows(schema, batches).map_err(|message| SourceError::Rejected { message, at: None })
}
