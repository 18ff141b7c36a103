//! Columns of other writers as the records' own, whatever types they chose; and decoders kept from taking the program
//! down.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringArray, StringBuilder, new_null_array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::arrow::record_batch::RecordBatch;

use super::schema::{COLUMNS, Kind, REQUIRED};
use super::wanted::{Wanted, lacking};
use super::{SourceError, cells};

/// Turns a panic of the decoders, which some damaged files cause, into an error.
pub(super) fn guarded<T>(name: &str, read: impl FnOnce() -> Result<T, SourceError>) -> Result<T, SourceError> {
    // What a panic may leave half done is dropped with the closure, or not read again.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(unreadable(name, "the file is damaged")))
}

/// Whether the file is one of records.
///
/// # Errors
/// [`SourceError::MissingColumns`].
pub(super) fn check_columns(name: &str, found: &Schema) -> Result<(), SourceError> {
    let missing: Vec<String> = REQUIRED
        .iter()
        .filter(|column| found.column_with_name(column).is_none())
        .map(|column| (*column).to_owned())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(SourceError::MissingColumns {
        path: name.to_owned(),
        missing,
    })
}

/// The wanted records of a batch. A column that it lacks is null.
///
/// # Errors
/// [`SourceError::Unreadable`] with the column that can't be taken.
pub(super) fn convert(name: &str, batch: &RecordBatch, wanted: &Wanted) -> Result<RecordBatch, SourceError> {
    let mut arrays = Vec::with_capacity(wanted.reads().len());
    for position in wanted.reads() {
        let (column, kind) = COLUMNS[*position];
        arrays.push(match batch.column_by_name(column) {
            Some(array) => fit(array, kind).map_err(|why| unreadable(name, format!("column {column}: {why}")))?,
            None => new_null_array(&kind.data_type(), batch.num_rows()),
        });
    }
    if let Some(column) = lacking(wanted.reads(), &arrays) {
        return Err(unreadable(name, format!("column {column} is null in some records")));
    }
    let finished = wanted.finish(arrays, batch.num_rows());
    finished.map_err(|error| unreadable(name, error))
}

/// The array as the column's own type.
///
/// # Errors
/// In words.
pub(super) fn fit(array: &ArrayRef, kind: Kind) -> Result<ArrayRef, String> {
    let wanted = kind.data_type();
    if *array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    // Unsafe casts turn what does not fit into null: here it must be an error.
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let cast = |array: &ArrayRef, wanted: &DataType| {
        cast_with_options(array, wanted, &strict).map_err(|error| error.to_string())
    };
    let is_text = matches!(
        array.data_type(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..)
    );
    match kind {
        Kind::Json | Kind::RepeatedJson if array.data_type().is_nested() => cast(&json_texts(array)?, &wanted),
        Kind::TextList if is_text => text_lists(&cast(array, &DataType::Utf8)?),
        Kind::TextList if !array.data_type().is_nested() && *array.data_type() != DataType::Null => {
            Err(format!("{} is not a list of strings", array.data_type()))
        }
        _ => cast(array, &wanted),
    }
}

/// Structs, lists and maps as the JSON text that the engine's operators read.
fn json_texts(array: &ArrayRef) -> Result<ArrayRef, String> {
    let reader = cells::Cells::new(array.as_ref())?;
    let texts: StringArray = (0..array.len())
        .map(|row| array.is_valid(row).then(|| reader.value(row).to_string()))
        .collect();
    Ok(Arc::new(texts))
}

/// Lists that were written as JSON text.
fn text_lists(array: &ArrayRef) -> Result<ArrayRef, String> {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for text in array.as_string::<i32>() {
        let list: Option<Vec<Option<String>>> = match text {
            Some(text) => serde_json::from_str(text).map_err(|_| format!("{text:?} is not a JSON list of strings"))?,
            None => None,
        };
        lists.append_option(list);
    }
    Ok(Arc::new(lists.finish()))
}

/// The file can't be read, and why.
pub(super) fn unreadable(name: &str, why: impl ToString) -> SourceError {
    SourceError::Unreadable {
        path: name.to_owned(),
        why: why.to_string(),
    }
}
