//! The engine's arrays to the values of a result: what the API's JSON would hold at the same place.

use chrono::{DateTime, SecondsFormat};
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Float64Type, Int64Type, SchemaRef, TimeUnit, TimestampMicrosecondType, UInt64Type,
};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion_functions_json::{JsonUnionEncoder, JsonUnionValue};
use serde_json::{Map, Number, Value};

use crate::source::{Column, ColumnType, JSON_COLUMNS, Rows};

/// A result in the interface's form.
///
/// # Errors
/// In words, when a type of the engine has no form there.
pub(super) fn rows(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Rows, String> {
    let columns: Vec<Column> = schema
        .fields()
        .iter()
        .map(|field| Column {
            name: field.name().clone(),
            data_type: column_type(field.name(), field.data_type()),
        })
        .collect();
    let mut rows = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for batch in batches {
        let readers = batch
            .columns()
            .iter()
            .map(|array| Cells::new(array.as_ref()))
            .collect::<Result<Vec<_>, String>>()?;
        for row in 0..batch.num_rows() {
            let cells = readers
                .iter()
                .zip(&columns)
                .map(|(cells, column)| match cells.value(row) {
                    Value::String(text) if column.data_type == ColumnType::Json => nested(text),
                    value => value,
                });
            rows.push(cells.collect());
        }
    }
    Ok(Rows { columns, rows })
}

fn column_type(name: &str, data_type: &DataType) -> ColumnType {
    match data_type {
        DataType::Dictionary(_, values) => column_type(name, values),
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 if JSON_COLUMNS.contains(&name) => ColumnType::Json,
        DataType::Boolean => ColumnType::Bool,
        DataType::Timestamp(..) => ColumnType::Timestamp,
        _ if data_type.is_integer() => ColumnType::Int,
        _ if data_type.is_floating() || data_type.is_decimal() => ColumnType::Float,
        // Covers the JSON functions' union too: its cells are whatever the JSON holds there.
        _ if data_type.is_nested() => ColumnType::Json,
        _ => ColumnType::Text,
    }
}

/// Objects and arrays as values; any other text is itself (`log_body` may be plain).
fn nested(text: String) -> Value {
    if text.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    } else {
        Value::String(text)
    }
}

/// Reads single cells of one array.
pub(super) enum Cells<'a> {
    Nulls,
    Bools(&'a dyn Array),
    Ints(ArrayRef),
    Unsigned(ArrayRef),
    Floats(ArrayRef),
    Timestamps(ArrayRef),
    Texts(ArrayRef),
    Json(Box<JsonUnionEncoder>),
    List(&'a dyn Array, DataType),
    Struct(Vec<(&'a str, Cells<'a>)>, &'a dyn Array),
    Other(ArrayFormatter<'a>),
}

impl<'a> Cells<'a> {
    /// A reader for the array.
    ///
    /// # Errors
    /// In words, when the type can't be read.
    pub(super) fn new(array: &'a dyn Array) -> Result<Self, String> {
        let to = |wanted: DataType| cast(array, &wanted).map_err(|error| error.to_string());
        let data_type = array.data_type();
        Ok(match data_type {
            DataType::Null => Self::Nulls,
            DataType::Boolean => Self::Bools(array),
            DataType::UInt64 => Self::Unsigned(to(DataType::UInt64)?),
            _ if data_type.is_integer() => Self::Ints(to(DataType::Int64)?),
            _ if data_type.is_floating() || data_type.is_decimal() => Self::Floats(to(DataType::Float64)?),
            DataType::Timestamp(_, zone) => {
                Self::Timestamps(to(DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?)
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Texts(to(DataType::LargeUtf8)?),
            DataType::Union(..) => match JsonUnionEncoder::from_union(array.as_union().clone()) {
                Some(json) => Self::Json(Box::new(json)),
                None => Self::other(array)?,
            },
            DataType::Struct(fields) => {
                let members = fields
                    .iter()
                    .zip(array.as_struct().columns())
                    .map(|(field, member)| Ok((field.name().as_str(), Self::new(member.as_ref())?)))
                    .collect::<Result<_, String>>()?;
                Self::Struct(members, array)
            }
            _ if data_type.is_nested() => Self::List(array, data_type.clone()),
            _ => Self::other(array)?,
        })
    }

    fn other(array: &'a dyn Array) -> Result<Self, String> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_display_error(true);
        ArrayFormatter::try_new(array, &OPTIONS)
            .map(Self::Other)
            .map_err(|error| error.to_string())
    }

    /// The cell of a row, `Null` where the array is.
    pub(super) fn value(&self, row: usize) -> Value {
        match self {
            Self::Nulls => Value::Null,
            Self::Bools(array) => valid(*array, row, |row| Value::Bool(array.as_boolean().value(row))),
            Self::Ints(array) => valid(array, row, |row| array.as_primitive::<Int64Type>().value(row).into()),
            Self::Unsigned(array) => valid(array, row, |row| array.as_primitive::<UInt64Type>().value(row).into()),
            Self::Floats(array) => valid(array, row, |row| float(array.as_primitive::<Float64Type>().value(row))),
            Self::Timestamps(array) => valid(array, row, |row| {
                instant(array.as_primitive::<TimestampMicrosecondType>().value(row))
            }),
            Self::Texts(array) => valid(array, row, |row| array.as_string::<i64>().value(row).into()),
            Self::Json(json) => match json.get_value(row) {
                JsonUnionValue::JsonNull => Value::Null,
                JsonUnionValue::Bool(value) => value.into(),
                JsonUnionValue::Int(value) => value.into(),
                JsonUnionValue::Float(value) => float(value),
                JsonUnionValue::Str(text) => text.into(),
                JsonUnionValue::Array(text) | JsonUnionValue::Object(text) => nested(text.to_owned()),
            },
            Self::List(array, data_type) => valid(*array, row, |row| list(*array, data_type, row)),
            Self::Struct(members, array) => valid(*array, row, |row| {
                let pairs = members
                    .iter()
                    .map(|(name, cells)| ((*name).to_owned(), cells.value(row)));
                Value::Object(pairs.collect())
            }),
            Self::Other(texts) => match texts.value(row).try_to_string() {
                Ok(text) => text.into(),
                Err(_) => Value::Null,
            },
        }
    }
}

fn valid(array: &dyn Array, row: usize, read: impl FnOnce(usize) -> Value) -> Value {
    if array.is_valid(row) { read(row) } else { Value::Null }
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// RFC 3339 in UTC, always six digits; beyond the calendar there is no text for it.
fn instant(micros: i64) -> Value {
    DateTime::from_timestamp_micros(micros).map_or(Value::Null, |instant| {
        instant.to_rfc3339_opts(SecondsFormat::Micros, true).into()
    })
}

fn list(array: &dyn Array, data_type: &DataType, row: usize) -> Value {
    let items = match data_type {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        DataType::ListView(_) => array.as_list_view::<i32>().value(row),
        DataType::LargeListView(_) => array.as_list_view::<i64>().value(row),
        DataType::FixedSizeList(..) => array.as_fixed_size_list().value(row),
        DataType::Map(..) => return map(array, row),
        DataType::Dictionary(..) => return dictionary(array, row),
        _ => return Value::Null,
    };
    all(items.as_ref()).into()
}

fn all(items: &dyn Array) -> Vec<Value> {
    match Cells::new(items) {
        Ok(cells) => (0..items.len()).map(|item| cells.value(item)).collect(),
        Err(_) => Vec::new(),
    }
}

fn map(array: &dyn Array, row: usize) -> Value {
    let entries = array.as_map().value(row);
    let keys = all(entries.column(0).as_ref());
    let values = all(entries.column(1).as_ref());
    let pairs = keys.into_iter().map(|key| match key {
        Value::String(text) => text,
        other => other.to_string(),
    });
    Value::Object(pairs.zip(values).collect::<Map<String, Value>>())
}

fn dictionary(array: &dyn Array, row: usize) -> Value {
    let dictionary = array.as_any_dictionary();
    let one = array.slice(row, 1);
    match cast(&one, dictionary.values().data_type()) {
        Ok(value) => all(value.as_ref()).pop().unwrap_or(Value::Null),
        Err(_) => Value::Null,
    }
}
