//! The file of a capture: Parquet as small and as prunable as it gets, with notes on what it holds and how that is known.

use std::fs::File;
use std::io::BufWriter;
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};

use super::error::CaptureError;
use super::job::Fetched;
use super::partial::Plan;
use super::records;
use super::selection::{Selection, instant};
use crate::source::capture::WINDOW_NOTE;
use crate::window::rfc3339;

/// All that is known of how the file came to be, as JSON.
const NOTES: &str = "relay_diag.capture";
/// So many rows share a dictionary and are skipped together; what is written is held in memory until they are complete.
const ROWS_PER_GROUP: usize = 100_000;
/// Rows of a page: the smallest piece that a question about a few minutes reads.
const ROWS_PER_PAGE: usize = 10_000;
/// Of texts a page must be long, or each begins anew what the one before had learnt of what repeats.
const BYTES_PER_PAGE: usize = 8 << 20;
/// Of zstd's 22: the middle of those that are meant for everyday use. A file is written once and kept for years.
const LEVEL: i32 = 6;
/// A trace has several records: about so many ids are in a group, at most.
const TRACES_PER_GROUP: u64 = 25_000;

/// What a file says of itself. Never the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Of relay-diag.
    pub version: String,
    /// The API's address, or the path of a capture.
    pub source: String,
    /// `organization/project`, where the source says so.
    pub project: Option<String>,
    /// Which records.
    pub selection: Selection,
    /// The window that was asked for, microseconds.
    pub window: Range<i64>,
    /// When it was written, RFC 3339.
    pub captured_at: String,
    /// Records in the file.
    pub records: u64,
    /// Records that the source counted before the first was fetched.
    pub counted_before: u64,
    /// The same after the last.
    pub counted_after: u64,
    /// Whether people's data was taken out.
    pub redacted: bool,
}

impl Notes {
    /// Of what was fetched for a plan.
    pub(super) fn of(plan: &Plan, fetched: &Fetched, now: DateTime<Utc>, redacted: bool) -> Self {
        Self {
            version: String::from(env!("CARGO_PKG_VERSION")),
            source: plan.source.clone(),
            project: fetched.project.clone(),
            selection: plan.selection.clone(),
            window: plan.window.clone(),
            captured_at: rfc3339(now),
            records: fetched.rows(),
            counted_before: plan.counted,
            counted_after: fetched.counted,
            redacted,
        }
    }

    /// Whether the file was made by this plan.
    pub(super) fn are_of(&self, plan: &Plan) -> bool {
        self.source == plan.source
            && self.selection == plan.selection
            && self.window == plan.window
            && self.counted_before == plan.counted
    }

    /// Whether every record that the source counts in the end is in the file.
    pub fn is_whole(&self) -> bool {
        self.records >= self.counted_after
    }
}

/// Writes a file, batch after batch in the order of time.
pub(super) struct Writer {
    writer: ArrowWriter<BufWriter<File>>,
    path: PathBuf,
}

impl Writer {
    /// # Errors
    /// [`CaptureError::Unwritable`].
    pub(super) fn create(path: &Path, rows: u64) -> Result<Self, CaptureError> {
        let failed = |error| CaptureError::unwritable(path, error);
        let file = File::create(path).map_err(failed)?;
        // The engine's own types are no business of other readers.
        let options = ArrowWriterOptions::new()
            .with_properties(properties(rows))
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(BufWriter::new(file), records::stored_schema(), options);
        Ok(Self {
            writer: writer.map_err(|error| CaptureError::unwritable(path, error))?,
            path: path.to_owned(),
        })
    }

    /// # Errors
    /// [`CaptureError::Unwritable`].
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), CaptureError> {
        self.writer
            .write(batch)
            .map_err(|error| CaptureError::unwritable(&self.path, error))
    }

    /// Ends the file; it is on the disk when this returns. Its length, bytes.
    ///
    /// # Errors
    /// [`CaptureError::Unwritable`].
    pub(super) fn finish(mut self, notes: &Notes) -> Result<u64, CaptureError> {
        let path = self.path;
        let window = format!(
            "{}/{}",
            rfc3339(instant(notes.window.start)),
            rfc3339(instant(notes.window.end))
        );
        self.writer
            .append_key_value_metadata(KeyValue::new(String::from(WINDOW_NOTE), window));
        let notes = serde_json::to_string(notes).unwrap_or_default();
        self.writer
            .append_key_value_metadata(KeyValue::new(String::from(NOTES), notes));
        let buffer = self
            .writer
            .into_inner()
            .map_err(|error| CaptureError::unwritable(&path, error))?;
        let on_disk = || {
            let file = buffer.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            file.sync_all()?;
            Ok::<_, std::io::Error>(file.metadata()?.len())
        };
        on_disk().map_err(|error| CaptureError::unwritable(&path, error))
    }
}

/// What a file says of itself; `None` if it is not there, or not one of ours.
pub(super) fn notes(path: &Path) -> Option<Notes> {
    let reader = SerializedFileReader::new(File::open(path).ok()?).ok()?;
    let notes = reader.metadata().file_metadata().key_value_metadata()?;
    let notes = notes.iter().find(|note| note.key == NOTES)?.value.as_deref()?;
    serde_json::from_str(notes).ok()
}

/// What repeats has a dictionary. Times and ids don't; times differ little from their neighbours.
fn properties(rows: u64) -> WriterProperties {
    let start = records::stored_schema().index_of("start_timestamp").unwrap_or_default();
    let trace_id = ColumnPath::from("trace_id");
    let mut properties = WriterProperties::builder();
    for field in records::stored_schema().fields() {
        let column = ColumnPath::from(field.name().as_str());
        let is_time = matches!(field.data_type(), DataType::Timestamp(..));
        if is_time || field.name() == "span_id" {
            properties = properties.set_column_dictionary_enabled(column.clone(), false);
        }
        if is_time {
            properties = properties.set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
    }
    properties
        .set_created_by(concat!("relay-diag ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_data_page_row_count_limit(ROWS_PER_PAGE)
        .set_data_page_size_limit(BYTES_PER_PAGE)
        .set_dictionary_page_size_limit(BYTES_PER_PAGE)
        .set_sorting_columns(Some(vec![SortingColumn {
            column_idx: i32::try_from(start).unwrap_or_default(),
            descending: false,
            nulls_first: false,
        }]))
        .set_column_bloom_filter_enabled(trace_id.clone(), true)
        .set_column_bloom_filter_max_ndv(trace_id, rows.clamp(1, TRACES_PER_GROUP))
        .build()
}
