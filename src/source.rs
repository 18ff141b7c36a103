//! Where records come from: one enum over the sources, the rows they give, and how they fail.
//! A source runs SQL; it knows nothing of incidents.

pub mod api;
#[cfg(feature = "capture")]
pub mod capture;

use chrono::{DateTime, TimeDelta, Utc};
#[cfg(feature = "capture")]
use datafusion::arrow::record_batch::RecordBatch;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::size;

/// One `SELECT` to run, with the bounds that every source applies to `start_timestamp`.
#[derive(Debug, Clone)]
pub struct Request {
    /// A single `SELECT` or `WITH` statement in Logfire's dialect, parameters already bound.
    pub sql: String,
    /// First instant whose records count (inclusive).
    pub from: DateTime<Utc>,
    /// First instant whose records no longer count.
    pub to: DateTime<Utc>,
    /// The most rows to return. What is beyond is cut off silently, so ask for one more than you need.
    pub limit: usize,
}

/// The types a result column can have. Everything that Arrow knows is folded into these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Any string.
    Text,
    /// Any integer, signed or not.
    Int,
    /// Any float or decimal.
    Float,
    /// A boolean.
    Bool,
    /// An instant, RFC 3339 in UTC with microseconds.
    Timestamp,
    /// A list, an object, or a column that holds JSON text.
    Json,
}

/// A result column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Column {
    /// The name as the query gives it.
    pub name: String,
    /// The folded type.
    #[serde(rename = "type")]
    pub data_type: ColumnType,
}

/// A result: columns in the query's order, and rows whose cells stand in the same order.
/// A timestamp is RFC 3339 text in UTC with microseconds; a JSON column is a nested value; missing is `Null`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// What each cell of a row is.
    pub columns: Vec<Column>,
    /// As many cells a row as there are columns.
    pub rows: Vec<Vec<Value>>,
}

/// What came back for a [`Request`].
#[derive(Debug, Clone)]
pub struct Answer {
    /// At most `limit` rows.
    pub rows: Rows,
    /// `organization/project`, where the source says so.
    pub project: Option<String>,
    /// How many queries of the rate budget this took (0 for a capture).
    pub attempts: u32,
    /// The source gives no more rows than these, whatever the limit, and there may be more.
    pub clipped: bool,
    /// The server's clock less this machine's, if that is worth telling.
    pub clock_offset: Option<TimeDelta>,
    /// What the server wants people to know.
    pub warning: Option<String>,
    /// Where it ran, if there was a choice.
    pub ran: Option<Ran>,
}

/// Where a statement ran, of a source that has workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    /// On how many workers; 0 = on this machine.
    pub workers: usize,
    /// What there was to read of the files, bytes; `None` where some are not Parquet: workers read no others.
    pub bytes: Option<u64>,
}

impl Answer {
    /// Rows, and nothing to say about how they were got.
    pub fn of(rows: Rows) -> Self {
        Self {
            rows,
            project: None,
            attempts: 0,
            clipped: false,
            clock_offset: None,
            warning: None,
            ran: None,
        }
    }
}

/// Records as a source gives them: every column of `records_all` in its own type, null where it was not asked for.
#[cfg(feature = "capture")]
#[derive(Debug, Clone)]
pub struct RecordBatches {
    /// In the order of the answer.
    pub batches: Vec<RecordBatch>,
    /// How long the answer was, bytes.
    pub bytes: usize,
    /// `organization/project`, where the source says so.
    pub project: Option<String>,
}

/// The JSON columns of `records`: text in the engine, nested values in results.
pub const JSON_COLUMNS: [&str; 7] = [
    "attributes",
    "attributes_json_schema",
    "log_body",
    "otel_events",
    "otel_links",
    "otel_resource_attributes",
    "otel_scope_attributes",
];

/// Why a source gave no answer. The message says what was tried and what came back; [`SourceError::hint`] what to do.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file or folder can't be opened or read.
    #[error("cannot read the capture {path}: {why}")]
    Unreadable {
        /// As the user named it.
        path: String,
        /// The cause in words.
        why: String,
    },
    /// A record can't be decoded; nothing of the file is used.
    #[error("the capture {path} is broken at line {line}: {why}")]
    Malformed {
        /// As the user named it.
        path: String,
        /// 1-based line (text formats).
        line: usize,
        /// The cause in words.
        why: String,
    },
    /// The file has no such columns, and they can't be taken as null.
    #[error("the capture {path} has no column {}", missing.join(", "))]
    MissingColumns {
        /// As the user named it.
        path: String,
        /// The required columns that are not there.
        missing: Vec<String>,
    },
    /// The engine refused the statement.
    #[error("the query was rejected: {message}")]
    Rejected {
        /// The engine's own words.
        message: String,
        /// 1-based line and column of the offending SQL, where known.
        at: Option<(u64, u64)>,
    },
    /// The query does not fit into the memory that it may use.
    #[error("the query needs more memory than the {} that it may use", size::in_words(*limit))]
    Memory {
        /// The limit, bytes.
        limit: u64,
    },
    /// The API could not be asked, or did not answer.
    #[error(transparent)]
    Api(#[from] api::ApiError),
    /// A worker did not do its part.
    #[cfg(feature = "cluster")]
    #[error(transparent)]
    Worker(#[from] capture::WorkerError),
}

impl SourceError {
    /// What the user can do about it.
    pub fn hint(&self) -> &str {
        match self {
            Self::Unreadable { path, .. } if path.contains("://") => {
                "is the address right, and do the variables of the platform's own tools (AWS_ACCESS_KEY_ID, AWS_ENDPOINT, \
                 GOOGLE_SERVICE_ACCOUNT, AZURE_STORAGE_ACCOUNT_NAME, …) let it be read?"
            }
            Self::Unreadable { .. } => {
                "give a .parquet, .ndjson, .jsonl or .arrow file (text may be .gz or .zst), or a folder of them"
            }
            Self::Malformed { .. } => "the file may be truncated: make the capture again, or remove the broken line",
            Self::MissingColumns { .. } => {
                "a capture holds rows of Logfire's `records_all`: see `relay-diag queries show`"
            }
            Self::Rejected { .. } => "`relay-diag queries check` tests the catalogue; `query --sql` takes one SELECT",
            Self::Memory { .. } => {
                "ask for a shorter window (--since, or --from and --to), or allow more: --memory 2GB, or `memory` in \
                 relay-diag.toml"
            }
            Self::Api(error) => error.hint(),
            #[cfg(feature = "cluster")]
            Self::Worker(error) => error.hint(),
        }
    }

    /// Whether what else was answered stands without this answer. Where a worker is lost, one machine can still do all.
    pub fn spares_the_rest(&self) -> bool {
        match self {
            #[cfg(feature = "cluster")]
            Self::Worker(_) => false,
            _ => true,
        }
    }

    /// A short stable word for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "capture_unreadable",
            Self::Malformed { .. } => "capture_malformed",
            Self::MissingColumns { .. } => "capture_columns_missing",
            Self::Rejected { .. } => "query_rejected",
            Self::Memory { .. } => "memory_limit",
            Self::Api(error) => error.kind(),
            #[cfg(feature = "cluster")]
            Self::Worker(error) => error.kind(),
        }
    }
}

/// A place to ask.
pub enum Source {
    /// Logfire over HTTP.
    Api(Box<api::Api>),
    /// Files of records, through the embedded engine.
    #[cfg(feature = "capture")]
    Capture(capture::Capture),
}

impl Source {
    /// Runs one statement.
    ///
    /// # Errors
    /// [`SourceError`] when the source can't be asked or refuses the statement.
    pub async fn query(&self, request: &Request) -> Result<Answer, SourceError> {
        match self {
            Self::Api(api) => api.query(request).await,
            #[cfg(feature = "capture")]
            Self::Capture(capture) => capture.query(request).await,
        }
    }

    /// Runs one statement of which many rows are expected.
    ///
    /// # Errors
    /// As [`Source::query`].
    pub async fn query_streamed(&self, request: &Request) -> Result<Answer, SourceError> {
        match self {
            Self::Api(api) => api.query_streamed(request).await,
            #[cfg(feature = "capture")]
            Self::Capture(capture) => capture.query(request).await,
        }
    }

    /// Runs one statement whose rows are records.
    ///
    /// # Errors
    /// As [`Source::query`].
    #[cfg(feature = "capture")]
    pub async fn query_records(&self, request: &Request) -> Result<RecordBatches, SourceError> {
        match self {
            Self::Api(api) => api.query_records(request).await,
            Self::Capture(capture) => capture.query_records(request).await,
        }
    }
}
