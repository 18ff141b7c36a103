//! Batches of records on their way from an answer to a file: plain texts, in the order of time.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::compute::{SortColumn, cast, concat_batches, lexsort_to_indices, take_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use crate::source::capture::Capture;

/// Time first, so that files can be pruned; the rest makes the order the same however the records came.
const ORDER: [&str; 4] = ["start_timestamp", "trace_id", "span_id", "kind"];

/// How records are stored: what the engine has as views of texts is text to every other reader.
pub(super) fn stored_schema() -> SchemaRef {
    let schema = Capture::schema();
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<Arc<Field>>>()))
}

/// A batch as it is stored; what it lacks is null.
///
/// # Errors
/// If a column can't be taken, which those of a source can.
pub(super) fn stored(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = stored_schema();
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => cast(column, field.data_type()),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<Vec<ArrayRef>, _>>()?)
}

/// The records in one batch, as they are stored, in their order.
///
/// # Errors
/// As [`stored`].
pub(super) fn sorted(batches: Vec<RecordBatch>) -> Result<RecordBatch, ArrowError> {
    // Each step copies: what it copied from is let go before the next.
    let batches: Vec<RecordBatch> = batches
        .into_iter()
        .map(|batch| stored(&batch))
        .collect::<Result<_, _>>()?;
    let all = concat_batches(&stored_schema(), &batches)?;
    drop(batches);
    let columns = ORDER.iter().filter_map(|name| all.column_by_name(name));
    let keys: Vec<SortColumn> = columns
        .map(|values| SortColumn {
            values: Arc::clone(values),
            options: None,
        })
        .collect();
    take_record_batch(&all, &lexsort_to_indices(&keys, None)?)
}
