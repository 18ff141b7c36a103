//! Files of records as the tables `records` and `records_all` of an embedded engine, in Logfire's dialect.
//! Owns what a capture holds and what of it a query may see; knows nothing of what the records mean.

mod arrow;
mod batches;
mod blocks;
mod cells;
mod clock;
#[cfg(feature = "cluster")]
mod cluster;
mod columnar;
mod dialect;
mod engine;
mod files;
mod level;
mod memory;
mod ndjson;
mod parquet;
mod place;
mod refusal;
#[cfg(feature = "remote")]
mod remote;
mod scan;
mod schema;
mod sieve;
mod stop;
mod table;
mod text;
mod time_bucket;
mod wanted;

use std::path::Path;
use std::sync::Arc;
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;

pub use batches::{Batches, Plans, rows};
#[cfg(feature = "cluster")]
pub use cluster::{Host, Listening, Tls, WorkerError, Workers, listen};
use dialect::Sessions;
use engine::Engine;
pub use files::WINDOW_NOTE;
use files::{Part, Records};
use memory::Memory;
pub use memory::remove_temporary_folders;
use wanted::{Extent, Wanted};

use super::{Answer, RecordBatches, Request, SourceError};

/// Times have microseconds.
const SHORTEST: TimeDelta = TimeDelta::microseconds(1);

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

/// Records of one file or folder. Small text is kept decoded; everything else is read as questions need it.
#[derive(Debug)]
pub struct Capture {
    name: String,
    held: Option<(DateTime<Utc>, DateTime<Utc>)>,
    window: Option<(DateTime<Utc>, DateTime<Utc>)>,
    engine: Arc<Engine>,
}

impl Capture {
    /// Opens a `.ndjson` or `.jsonl` file (also `.gz`, `.zst`), a `.parquet` or `.arrow` file, or every such file of a
    /// folder in the order of their names. With `now`, records that had not arrived by then are hidden: those with
    /// `created_at > now` (without a `created_at`, `end_timestamp` counts, else `start_timestamp`).
    /// A text is read through once; of a Parquet file the footer is enough, if it tells the records' times.
    ///
    /// # Errors
    /// [`SourceError::Unreadable`] when there is nothing to read, [`SourceError::Malformed`] for a broken record,
    /// [`SourceError::MissingColumns`] when a file is not one of records.
    pub fn open(path: &Path, now: Option<DateTime<Utc>>) -> Result<Self, SourceError> {
        Ok(Self::over(path.display().to_string(), files::open(path, now)?, now))
    }

    /// Opens zstd-compressed NDJSON in memory; `name` stands for the path in messages. `now` as in [`Capture::open`].
    ///
    /// # Errors
    /// As [`Capture::open`].
    pub fn from_ndjson_zst(name: &str, bytes: &[u8], now: Option<DateTime<Utc>>) -> Result<Self, SourceError> {
        Ok(Self::over(
            name.to_owned(),
            files::open_ndjson_zst(name, bytes, now)?,
            now,
        ))
    }

    /// No records at all: enough to plan a query against.
    #[must_use]
    pub fn empty() -> Self {
        Self::over(String::from("empty"), Vec::new(), None)
    }

    fn over(name: String, parts: Vec<Arc<Part>>, now: Option<DateTime<Utc>>) -> Self {
        let extent = parts.iter().filter_map(|part| part.extent).reduce(Extent::and);
        let held = extent.and_then(Extent::instants);
        let said = said_window(&parts);
        let clock = now.or(said.map(|(_, to)| to)).or(held.map(|(_, last)| last));
        // A window is half-open: the last record must lie in it.
        let whole = held.and_then(|(from, last)| Some((from, last.checked_add_signed(SHORTEST)?)));
        Self {
            name,
            held,
            window: said.or(whole),
            engine: Arc::new(Engine {
                sessions: Sessions::new(
                    clock,
                    Memory::new(memory::DEFAULT_BYTES),
                    partitions(&parts),
                    row_bytes(&parts),
                ),
                hides_after: now,
                parts: parts.into(),
                #[cfg(feature = "cluster")]
                workers: None,
            }),
        }
    }

    /// The same capture with another limit for what all questions together may take of memory (512 MB by default).
    #[must_use]
    pub fn with_memory(self, bytes: u64) -> Self {
        let mut engine = Arc::unwrap_or_clone(self.engine);
        let old = &engine.sessions;
        engine.sessions = Sessions::new(old.now, Memory::new(bytes), old.partitions, old.row_bytes);
        Self {
            engine: Arc::new(engine),
            ..self
        }
    }

    /// The same capture, whose larger questions these workers answer.
    #[cfg(feature = "cluster")]
    #[must_use]
    pub fn with_workers(self, workers: Workers) -> Self {
        let mut engine = Arc::unwrap_or_clone(self.engine);
        engine.workers = Some(workers).filter(|workers| !workers.is_empty());
        Self {
            engine: Arc::new(engine),
            ..self
        }
    }

    /// The path or name it was opened under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The earliest `start_timestamp` and the latest arrival of all records, hidden ones included; `None` without records.
    #[must_use]
    pub fn held(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.held
    }

    /// The half-open window that it says it holds; else from the first start to just behind the latest arrival.
    #[must_use]
    pub fn window(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.window
    }

    /// How many records (pending ones too) there are. What `now` hides is not counted where the records are in memory,
    /// and is where they are read later.
    #[must_use]
    pub fn len(&self) -> usize {
        self.engine.parts.iter().map(|part| part.rows).sum()
    }

    /// How many records may start between two instants, as far as it is known without reading.
    #[must_use]
    pub fn most_within(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> usize {
        let starts = from.timestamp_micros()..to.timestamp_micros();
        let wanted = Wanted::new(Vec::new(), starts, None);
        let within = |part: &Arc<Part>| match (&part.records, part.extent) {
            (Records::Parquet(file), Some(_)) => file.most_within(&wanted),
            (_, Some(extent)) if wanted.overlaps(extent.first_start, extent.last_start) => part.rows,
            _ => 0,
        };
        self.engine.parts.iter().map(within).sum()
    }

    /// Whether there is no record at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs one statement. In it `now()` is the `now` of [`Capture::open`], else the end of [`Capture::window`]: what a
    /// query answers does not change with the day it is asked.
    ///
    /// # Errors
    /// [`SourceError::Rejected`] when it is no single `SELECT` or `WITH`, or the engine refuses it;
    /// [`SourceError::Memory`] when it does not fit; what is wrong with a file, where that shows only now.
    pub async fn query(&self, request: &Request) -> Result<Answer, SourceError> {
        let mut batches = self.stream(request.clone().into(), ()).await?;
        let collected = batches.collect().await?;
        Ok(Answer {
            ran: batches.ran(),
            ..Answer::of(rows(batches.schema(), &collected)?)
        })
    }

    /// The same for a statement whose rows are records.
    ///
    /// # Errors
    /// As [`Capture::query`].
    pub async fn query_records(&self, request: &Request) -> Result<RecordBatches, SourceError> {
        let mut batches = self.stream(request.clone().into(), ()).await?;
        let collected = batches.collect().await?;
        let bytes = collected.iter().map(RecordBatch::get_array_memory_size).sum();
        let everything = Wanted::everything();
        let records = collected
            .iter()
            .map(|batch| columnar::convert(&self.name, batch, &everything));
        Ok(RecordBatches {
            batches: records.collect::<Result<_, _>>()?,
            bytes,
            project: None,
        })
    }

    /// The same as typed batches, from the first that is ready. `while_running` is dropped when the engine has ended,
    /// which is later than the batches are dropped: it works on up to its next await.
    ///
    /// # Errors
    /// As [`Capture::query`], before the first batch.
    pub async fn stream(&self, question: Question, while_running: impl Send + 'static) -> Result<Batches, SourceError> {
        self.engine.run(question, while_running).await
    }

    /// What `now()` is in queries; `None` without records.
    #[must_use]
    pub fn clock(&self) -> Option<DateTime<Utc>> {
        self.engine.sessions.now
    }

    /// The columns of `records` and `records_all`.
    #[must_use]
    pub fn schema() -> SchemaRef {
        schema::schema()
    }
}

/// The records of a stream in Arrow's format, complete with its end. A column that it lacks is null.
///
/// # Errors
/// [`SourceError::Unreadable`] for what is no such stream or breaks off, [`SourceError::MissingColumns`].
pub fn from_arrow_stream(bytes: Vec<u8>) -> Result<Vec<RecordBatch>, SourceError> {
    arrow::records(bytes)
}

/// The window that all files together say they hold, if each says one.
fn said_window(parts: &[Arc<Part>]) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let windows: Option<Vec<_>> = parts.iter().map(|part| part.window).collect();
    let windows = windows?.into_iter();
    windows.reduce(|(from, to), (other_from, other_to)| (from.min(other_from), to.max(other_to)))
}

/// How long a record is.
fn row_bytes(parts: &[Arc<Part>]) -> u64 {
    let rows: usize = parts.iter().map(|part| part.rows).sum();
    parts.iter().map(|part| part.bytes).sum::<u64>() / (rows.max(1) as u64)
}

/// Few records are faster on one thread, and rows then keep one order.
fn partitions(parts: &[Arc<Part>]) -> usize {
    match parts.iter().all(|part| matches!(part.records, Records::Memory(_))) {
        true => 1,
        false => thread::available_parallelism().map_or(1, usize::from),
    }
}
