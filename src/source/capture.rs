//! Files of records as the tables `records` and `records_all` of an embedded engine, in Logfire's dialect.
//! Owns what a capture holds and what of it a query may see; knows nothing of what the records mean.

mod batches;
mod cells;
mod clock;
mod columnar;
mod dialect;
mod engine;
mod files;
mod level;
mod ndjson;
mod refusal;
mod schema;
mod stop;
mod time_bucket;

use std::path::Path;

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;

pub use batches::{Batches, Plans, rows};

use super::{Answer, Request, SourceError};

/// A [`Request`] with what only the query API's own clients ask for.
#[derive(Debug, Clone)]
pub struct Question {
    /// What to run.
    pub request: Request,
    /// Only records of these environments; the empty name stands for records without one. `None`: all records.
    pub environments: Option<Vec<String>>,
    /// The zone of the session, UTC by default: a name such as `Europe/Paris`, or an offset.
    pub timezone: Option<String>,
    /// Whether to tell the plans.
    pub explain: bool,
}

impl From<Request> for Question {
    fn from(request: Request) -> Self {
        Self {
            request,
            environments: None,
            timezone: None,
            explain: false,
        }
    }
}

/// Records of one file or folder, in memory.
#[derive(Debug)]
pub struct Capture {
    name: String,
    batches: Vec<RecordBatch>,
    held: Option<(DateTime<Utc>, DateTime<Utc>)>,
    clock: Option<DateTime<Utc>>,
}

impl Capture {
    /// Reads a `.ndjson` or `.jsonl` file (also `.gz`, `.zst`), a `.parquet` or `.arrow` file, or every such file of a
    /// folder in the order of their names. With `now`, records that had not arrived by then are hidden: those with
    /// `created_at > now` (without a `created_at`, `end_timestamp` counts, else `start_timestamp`).
    ///
    /// # Errors
    /// [`SourceError::Unreadable`] when there is nothing to read, [`SourceError::Malformed`] for a broken record,
    /// [`SourceError::MissingColumns`] when a file is not one of records.
    pub fn open(path: &Path, now: Option<DateTime<Utc>>) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let mut batches = Vec::new();
        for (file, format) in files::list(path)? {
            batches.extend(format.read(&file)?);
        }
        Self::build(name, batches, now)
    }

    /// Reads zstd-compressed NDJSON from memory; `name` stands for the path in messages. `now` as in [`Capture::open`].
    ///
    /// # Errors
    /// As [`Capture::open`].
    pub fn from_ndjson_zst(name: &str, bytes: &[u8], now: Option<DateTime<Utc>>) -> Result<Self, SourceError> {
        Self::build(name.to_owned(), files::read_ndjson_zst(name, bytes)?, now)
    }

    /// No records at all: enough to plan a query against.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            name: String::from("empty"),
            batches: Vec::new(),
            held: None,
            clock: None,
        }
    }

    fn build(name: String, batches: Vec<RecordBatch>, now: Option<DateTime<Utc>>) -> Result<Self, SourceError> {
        let held = schema::held(&batches);
        let batches = match now {
            Some(now) => schema::arrived_by(&batches, now).map_err(|why| SourceError::Unreadable {
                path: name.clone(),
                why,
            })?,
            None => batches,
        };
        Ok(Self {
            name,
            batches,
            held,
            clock: now.or(held.map(|(_, last)| last)),
        })
    }

    /// The path or name it was opened under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The earliest `start_timestamp` and the latest arrival of all records read, hidden ones included;
    /// `None` without records.
    #[must_use]
    pub fn held(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.held
    }

    /// How many records (pending ones too) queries can see, before their own bounds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether queries see no record at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs one statement. In it `now()` is the `now` of [`Capture::open`], else the latest arrival: what a query
    /// answers does not change with the day it is asked.
    ///
    /// # Errors
    /// [`SourceError::Rejected`] when it is no single `SELECT` or `WITH`, or the engine refuses it.
    pub async fn query(&self, request: &Request) -> Result<Answer, SourceError> {
        let mut batches = self.stream(request.clone().into(), ()).await?;
        let collected = batches.collect().await?;
        Ok(Answer::of(rows(batches.schema(), &collected)?))
    }

    /// The same as typed batches, from the first that is ready. `while_running` is dropped when the engine has ended,
    /// which is later than the batches are dropped: it works on up to its next await.
    ///
    /// # Errors
    /// As [`Capture::query`], before the first batch.
    pub async fn stream(&self, question: Question, while_running: impl Send + 'static) -> Result<Batches, SourceError> {
        engine::run(self.batches.clone(), self.clock, question, while_running).await
    }

    /// What `now()` is in queries; `None` without records.
    #[must_use]
    pub fn clock(&self) -> Option<DateTime<Utc>> {
        self.clock
    }

    /// The columns of `records` and `records_all`.
    #[must_use]
    pub fn schema() -> SchemaRef {
        schema::schema()
    }
}
