//! A partition of records that are in memory or in Parquet files.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::RecordBatchStream;
use futures_util::Stream;

use super::{Part, Piece, Reader, Records, SourceError};

/// Reads when it is asked for the next batch, without a thread of its own.
pub(super) struct AtOnce {
    reader: Reader,
    schema: SchemaRef,
    /// The row group that is being read.
    open: Option<(Arc<Part>, ParquetRecordBatchReader)>,
}

impl AtOnce {
    pub(super) fn new(reader: Reader, schema: SchemaRef) -> Self {
        Self {
            reader,
            schema,
            open: None,
        }
    }

    fn next(&mut self) -> Result<Option<RecordBatch>, SourceError> {
        loop {
            if let Some((part, batches)) = &mut self.open
                && let Records::Parquet(file) = &part.records
            {
                match file.next(batches, &self.reader.wanted)? {
                    Some(batch) if batch.num_rows() == 0 => {}
                    Some(batch) => {
                        self.reader.counts.rows.add(batch.num_rows());
                        return Ok(Some(batch));
                    }
                    None => self.open = None,
                }
                continue;
            }
            let Some((part, piece)) = self.reader.take()? else {
                return Ok(None);
            };
            if let (Piece::Group(group), Records::Parquet(file)) = (&piece, &part.records) {
                let batches = file.begin(group, &self.reader.wanted, self.reader.sieve.as_ref())?;
                self.open = Some((part, batches));
                continue;
            }
            let mut found = None;
            self.reader.read(&part, piece, &mut |batch| {
                found = Some(batch);
                true
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}

impl Stream for AtOnce {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.next();
        if next.is_err() {
            self.open = None;
        }
        Poll::Ready(
            next.map_err(|error| DataFusionError::External(Box::new(error)))
                .transpose(),
        )
    }
}

impl RecordBatchStream for AtOnce {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
