//! Parquet and Arrow IPC files to the records' schema, whatever types their writer chose.

use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringArray, StringBuilder, new_null_array};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::reader::StreamDecoder;
use datafusion::arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::schema::{self, COLUMNS, Kind, REQUIRED};
use super::{SourceError, cells};

const BATCH_ROWS: usize = 8192;
/// What an IPC file starts with; a stream does not.
const IPC_FILE_MAGIC: [u8; 6] = *b"ARROW1";

/// Every record of a Parquet file. Columns that Logfire does not have are not decoded.
///
/// # Errors
/// [`SourceError::MissingColumns`] by the file's schema, [`SourceError::Unreadable`] for the rest.
pub(super) fn read_parquet(name: &str, file: File) -> Result<Vec<RecordBatch>, SourceError> {
    guarded(name, || parquet(name, file))
}

fn parquet(name: &str, file: File) -> Result<Vec<RecordBatch>, SourceError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| unreadable(name, error))?;
    check_columns(name, builder.schema())?;
    let known = builder
        .schema()
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| schema::position(field.name()).is_some())
        .map(|(index, _)| index);
    let mask = ProjectionMask::roots(builder.parquet_schema(), known);
    let batches = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| unreadable(name, error))?;
    convert(name, batches)
}

/// Every record of an Arrow IPC file or stream.
///
/// # Errors
/// As [`read_parquet`].
pub(super) fn read_arrow(name: &str, mut file: File) -> Result<Vec<RecordBatch>, SourceError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| unreadable(name, error))?;
    guarded(name, || {
        let (schema, batches) = decode(bytes).map_err(|why| unreadable(name, why))?;
        check_columns(name, &schema)?;
        convert(name, batches.into_iter().map(Ok))
    })
}

/// A file is a stream between a head and a footer. Both are decoded from memory: the readers of the library allocate
/// whatever length a damaged file claims.
fn decode(bytes: Vec<u8>) -> Result<(SchemaRef, Vec<RecordBatch>), String> {
    let is_file = bytes.starts_with(&IPC_FILE_MAGIC);
    if is_file && (bytes.len() == IPC_FILE_MAGIC.len() || !bytes.ends_with(&IPC_FILE_MAGIC)) {
        return Err(String::from("the file is cut off"));
    }
    let mut rest = Buffer::from_vec(bytes);
    if is_file {
        rest.advance(IPC_FILE_MAGIC.len());
        // Writers pad the head with zeros to the alignment of their choice.
        rest.advance(rest.iter().take_while(|byte| **byte == 0).count());
    }
    let mut decoder = StreamDecoder::new();
    let mut batches = Vec::new();
    loop {
        match decoder.decode(&mut rest) {
            Ok(Some(batch)) => batches.push(batch),
            Ok(None) => break,
            // Past the end of the stream only the footer of a file may follow.
            Err(_) if is_file && decoder.finish().is_ok() => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    decoder.finish().map_err(|error| error.to_string())?;
    let schema = decoder.schema().ok_or("it holds no schema")?;
    Ok((schema, batches))
}

/// Turns a panic of the decoders, which some damaged files cause, into an error.
fn guarded(
    name: &str,
    read: impl FnOnce() -> Result<Vec<RecordBatch>, SourceError>,
) -> Result<Vec<RecordBatch>, SourceError> {
    // What a panic may leave half done is dropped with the closure.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(unreadable(name, "the file is damaged")))
}

fn check_columns(name: &str, found: &SchemaRef) -> Result<(), SourceError> {
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

fn convert(
    name: &str,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<Vec<RecordBatch>, SourceError> {
    let mut converted = Vec::new();
    for batch in batches {
        let batch = batch.map_err(|error| unreadable(name, error))?;
        let mut columns = Vec::with_capacity(COLUMNS.len());
        for (column, kind) in COLUMNS {
            let array = match batch.column_by_name(column) {
                Some(array) => fit(array, kind).map_err(|why| unreadable(name, format!("column {column}: {why}")))?,
                None => new_null_array(&kind.data_type(), batch.num_rows()),
            };
            if REQUIRED.contains(&column) && array.null_count() > 0 {
                return Err(unreadable(name, format!("column {column} is null in some records")));
            }
            columns.push(array);
        }
        converted.push(schema::complete(columns).map_err(|error| unreadable(name, error))?);
    }
    Ok(converted)
}

/// The array as the column's own type.
fn fit(array: &ArrayRef, kind: Kind) -> Result<ArrayRef, String> {
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

fn unreadable(name: &str, why: impl ToString) -> SourceError {
    SourceError::Unreadable {
        path: name.to_owned(),
        why: why.to_string(),
    }
}
