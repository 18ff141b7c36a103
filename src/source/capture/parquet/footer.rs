//! The footer of a Parquet file: all that is known of it before a record is read.

use std::sync::Arc;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::PageIndexPolicy;
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema};

use crate::source::capture::place::Content;
use crate::source::capture::schema::{self, COLUMNS};

/// The footer, with the index of pages if there is a sound one. Text is read as views, so that what a column's dictionary
/// holds once is not written out for each row.
///
/// # Errors
/// The reader's own.
pub(super) fn load(file: &Content) -> Result<ArrowReaderMetadata, ParquetError> {
    let indexed = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let found = ArrowReaderMetadata::load(file, indexed)
        .or_else(|_| ArrowReaderMetadata::load(file, ArrowReaderOptions::new()))?;
    let is_viewed = |field: &Field| {
        let kind = schema::position(field.name()).map(|position| COLUMNS[position].1);
        let is_text = matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8);
        is_text && kind.is_some_and(|kind| kind.data_type() == DataType::Utf8View)
    };
    let viewed = found.schema().fields().iter().map(|field| match is_viewed(field) {
        true => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        false => Arc::clone(field),
    });
    let viewed = Schema::new(viewed.collect::<Fields>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(viewed));
    ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), options).or(Ok(found))
}
