//! Sorted batches from the records of a file and of parts, in one order, without holding more than a few batches.

use std::cmp::Ordering;
use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use datafusion::arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::error::CaptureError;
use super::partial::Part;
use super::records;

/// The engine's own preference.
const ROWS_PER_BATCH: usize = 8_192;

/// Batches in the order of time, one after the other.
pub(super) trait Sorted {
    /// The next; `None` at the end.
    fn next(&mut self) -> Result<Option<RecordBatch>, CaptureError>;
}

/// The records of parts.
pub(super) struct OfParts<'a> {
    parts: std::slice::Iter<'a, Part>,
    batches: std::vec::IntoIter<RecordBatch>,
}

/// The records of a file that [`super::file::Writer`] wrote.
pub(super) struct OfFile {
    reader: ParquetRecordBatchReader,
    path: std::path::PathBuf,
}

/// The records of two.
pub(super) struct Merged<A, B> {
    first: Ahead<A>,
    second: Ahead<B>,
}

/// What is left of one, from its next batch on.
struct Ahead<S> {
    rest: S,
    batch: Option<RecordBatch>,
}

impl<'a> OfParts<'a> {
    pub(super) fn new(parts: &'a [Part]) -> Self {
        Self {
            parts: parts.iter(),
            batches: Vec::new().into_iter(),
        }
    }
}

impl Sorted for OfParts<'_> {
    fn next(&mut self) -> Result<Option<RecordBatch>, CaptureError> {
        loop {
            if let Some(batch) = self.batches.next() {
                return Ok(Some(batch));
            }
            let Some(part) = self.parts.next() else { return Ok(None) };
            self.batches = part.read()?.into_iter();
        }
    }
}

impl OfFile {
    /// # Errors
    /// [`CaptureError::Unwritable`]: what can't be read can't be extended.
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        let file = File::open(path).map_err(|error| CaptureError::unwritable(path, error))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| builder.with_batch_size(ROWS_PER_BATCH).build())
            .map_err(|error| CaptureError::unwritable(path, error))?;
        Ok(Self {
            reader,
            path: path.to_owned(),
        })
    }
}

impl Sorted for OfFile {
    fn next(&mut self) -> Result<Option<RecordBatch>, CaptureError> {
        let broken = |error| CaptureError::unwritable(&self.path, error);
        let Some(batch) = self.reader.next().transpose().map_err(broken)? else {
            return Ok(None);
        };
        records::stored(&batch).map(Some).map_err(broken)
    }
}

impl<A: Sorted, B: Sorted> Merged<A, B> {
    pub(super) fn new(first: A, second: B) -> Result<Self, CaptureError> {
        Ok(Self {
            first: Ahead::new(first)?,
            second: Ahead::new(second)?,
        })
    }
}

impl<A: Sorted, B: Sorted> Sorted for Merged<A, B> {
    /// What both have up to the earlier of their last starts is complete.
    fn next(&mut self) -> Result<Option<RecordBatch>, CaptureError> {
        let until = match (self.first.last(), self.second.last()) {
            (None, None) => return Ok(None),
            (Some(last), None) | (None, Some(last)) => last,
            (Some(one), Some(other)) => one.min(other),
        };
        let taken = [self.first.take(until)?, self.second.take(until)?];
        let mut taken: Vec<RecordBatch> = taken.into_iter().flatten().collect();
        match taken.len() {
            1 => Ok(taken.pop()),
            _ => records::sorted(taken).map(Some).map_err(CaptureError::broken),
        }
    }
}

impl<S: Sorted> Ahead<S> {
    fn new(mut rest: S) -> Result<Self, CaptureError> {
        let batch = not_empty(&mut rest)?;
        Ok(Self { rest, batch })
    }

    fn last(&self) -> Option<i64> {
        starts(self.batch.as_ref()?).last().copied()
    }

    /// What begins no later; the batch after it is fetched once this one is used up.
    fn take(&mut self, until: i64) -> Result<Option<RecordBatch>, CaptureError> {
        let Some(batch) = self.batch.take() else {
            return Ok(None);
        };
        let rows = starts(&batch).partition_point(|start| start.cmp(&until) != Ordering::Greater);
        let taken = batch.slice(0, rows);
        self.batch = if rows < batch.num_rows() {
            Some(batch.slice(rows, batch.num_rows() - rows))
        } else {
            not_empty(&mut self.rest)?
        };
        Ok((rows > 0).then_some(taken))
    }
}

fn not_empty(rest: &mut impl Sorted) -> Result<Option<RecordBatch>, CaptureError> {
    while let Some(batch) = rest.next()? {
        if batch.num_rows() > 0 {
            return Ok(Some(batch));
        }
    }
    Ok(None)
}

/// Microseconds. Every record has a start.
fn starts(batch: &RecordBatch) -> &[i64] {
    let column = batch.column_by_name("start_timestamp");
    let starts = column.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    starts.map_or(&[], |starts| starts.values())
}
