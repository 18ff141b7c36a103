//! JSON texts of one record to the cells of a batch, each checked against its column's type.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, ListBuilder, StringBuilder,
    StringViewBuilder, TimestampMicrosecondBuilder,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Slots;
use crate::source::capture::schema::{COLUMNS, Kind, ZONE};

enum Builder {
    Text(StringViewBuilder),
    Json(StringBuilder),
    RepeatedJson(StringViewBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Float(Float64Builder),
    Int(Int32Builder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
    TextList(ListBuilder<StringBuilder>),
}

/// One growing array for each column that is read.
pub(super) struct Builders {
    columns: Vec<(usize, Builder)>,
    rows: usize,
}

impl Builders {
    /// For columns by their positions.
    pub(super) fn new(reads: &[usize]) -> Self {
        let columns = reads
            .iter()
            .map(|position| (*position, Builder::new(COLUMNS[*position].1)));
        Self {
            columns: columns.collect(),
            rows: 0,
        }
    }

    /// How many records were added.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a record. After an error the builders are of no use: columns may differ in length.
    ///
    /// # Errors
    /// Which field is wrong and how, in words.
    pub(super) fn push(&mut self, slots: &Slots<'_>) -> Result<(), String> {
        for (position, builder) in &mut self.columns {
            builder
                .push(slots[*position].map(RawValue::get))
                .map_err(|expected| format!("{} must be {expected}", COLUMNS[*position].0))?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The columns, in the order in which they were asked for.
    pub(super) fn finish(mut self) -> Vec<ArrayRef> {
        self.columns.iter_mut().map(|(_, builder)| builder.finish()).collect()
    }
}

impl Builder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(StringViewBuilder::new()),
            Kind::Json => Self::Json(StringBuilder::new()),
            Kind::RepeatedJson => Self::RepeatedJson(StringViewBuilder::new().with_deduplicate_strings()),
            Kind::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone(ZONE)),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Int => Self::Int(Int32Builder::new()),
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Date => Self::Date(Date32Builder::new()),
            Kind::TextList => Self::TextList(ListBuilder::new(StringBuilder::new())),
        }
    }

    fn push(&mut self, raw: Option<&str>) -> Result<(), &'static str> {
        match self {
            Self::Text(builder) => builder.append_option(raw.map(text).transpose()?),
            Self::Json(builder) => builder.append_option(raw.map(json).transpose()?),
            Self::RepeatedJson(builder) => builder.append_option(raw.map(json).transpose()?),
            Self::Timestamp(builder) => builder.append_option(raw.map(micros).transpose()?),
            Self::Float(builder) => builder.append_option(raw.map(float).transpose()?),
            Self::Int(builder) => builder.append_option(raw.map(int).transpose()?),
            Self::Bool(builder) => builder.append_option(raw.map(boolean).transpose()?),
            Self::Date(builder) => builder.append_option(raw.map(day).transpose()?),
            Self::TextList(builder) => builder.append_option(raw.map(texts).transpose()?),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        let mut array: ArrayRef = match self {
            Self::Text(builder) | Self::RepeatedJson(builder) => Arc::new(builder.finish()),
            Self::Json(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::TextList(builder) => Arc::new(builder.finish()),
        };
        // Builders grow by doubling: up to half of what they hold is never used.
        if let Some(array) = Arc::get_mut(&mut array) {
            array.shrink_to_fit();
        }
        array
    }
}

fn text(raw: &str) -> Result<Cow<'_, str>, &'static str> {
    let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\\') => Ok(Cow::Borrowed(inner)),
        Some(_) => serde_json::from_str(raw)
            .map(Cow::Owned)
            .map_err(|_| "a string of valid Unicode"),
        None => Err("a string"),
    }
}

/// JSON as it stands; a string that holds an object or an array is that object or array, as CSV and Arrow exports
/// write them, and any other string is itself (`log_body` may be plain text).
fn json(raw: &str) -> Result<Cow<'_, str>, &'static str> {
    if raw.starts_with('"') {
        text(raw)
    } else {
        Ok(Cow::Borrowed(raw))
    }
}

/// Microseconds of an RFC 3339 text.
pub(super) fn micros(raw: &str) -> Result<i64, &'static str> {
    const EXPECTED: &str = "a timestamp like 2025-12-08T06:32:40.123456Z";
    let text = text(raw).map_err(|_| EXPECTED)?;
    DateTime::parse_from_rfc3339(&text)
        .map(|instant| instant.timestamp_micros())
        .map_err(|_| EXPECTED)
}

fn float(raw: &str) -> Result<f64, &'static str> {
    serde_json::from_str(raw).map_err(|_| "a number")
}

/// Also takes `200.0`: what data frames make of an integer column that has nulls.
fn int(raw: &str) -> Result<i32, &'static str> {
    const EXPECTED: &str = "an integer of at most 32 bits";
    if let Ok(value) = serde_json::from_str(raw) {
        return Ok(value);
    }
    let value = float(raw).map_err(|_| EXPECTED)?;
    let whole = value.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value);
    if whole { Ok(value as i32) } else { Err(EXPECTED) }
}

fn boolean(raw: &str) -> Result<bool, &'static str> {
    serde_json::from_str(raw).map_err(|_| "true or false")
}

fn day(raw: &str) -> Result<i32, &'static str> {
    const EXPECTED: &str = "a day like 2025-12-08";
    let text = text(raw).map_err(|_| EXPECTED)?;
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").map_err(|_| EXPECTED)?;
    let since_epoch = day.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(since_epoch).map_err(|_| EXPECTED)
}

fn texts(raw: &str) -> Result<Vec<Option<String>>, &'static str> {
    const EXPECTED: &str = "a list of strings";
    let raw = json(raw)?;
    let values: Vec<Value> = serde_json::from_str(&raw).map_err(|_| EXPECTED)?;
    values
        .into_iter()
        .map(|value| match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(EXPECTED),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_of_every_accepted_spelling_are_one_instant() {
        for spelling in [
            "2025-12-08T06:32:40.123456Z",
            "2025-12-08T06:32:40.123456789Z",
            "2025-12-08 06:32:40.123456+00:00",
            "2025-12-08T08:32:40.123456+02:00",
            "2025-12-08t06:32:40.123456z",
        ] {
            assert_eq!(
                micros(&format!("{spelling:?}")),
                Ok(1_765_175_560_123_456),
                "{spelling}"
            );
        }
        assert_eq!(micros("\"2025-12-08T06:32:40Z\""), Ok(1_765_175_560_000_000));
        assert_eq!(micros("\"2025-12-08T06:32:40.1Z\""), Ok(1_765_175_560_100_000));
        for wrong in [
            "\"2025-12-08\"",
            "\"2025-12-08T06:32:40\"",
            "\"06:32\"",
            "\"\"",
            "12",
            "{}",
        ] {
            assert!(micros(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn integers_keep_their_value_or_are_refused() {
        assert_eq!(int("200"), Ok(200));
        assert_eq!(int("200.0"), Ok(200));
        assert_eq!(int("-2147483648"), Ok(i32::MIN));
        for wrong in ["2147483648", "1.5", "1e300", "\"13\"", "true", "[]"] {
            assert!(int(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn json_keeps_objects_and_unwraps_strings() {
        assert_eq!(json(r#"{"a": 1}"#).as_deref(), Ok(r#"{"a": 1}"#));
        assert_eq!(json(r#""{\"a\":1}""#).as_deref(), Ok(r#"{"a":1}"#));
        assert_eq!(json(r#""plain \"text\"""#).as_deref(), Ok("plain \"text\""));
        assert_eq!(json("3").as_deref(), Ok("3"));
    }

    #[test]
    fn days_before_the_epoch_are_negative() {
        assert_eq!(day("\"1970-01-02\""), Ok(1));
        assert_eq!(day("\"1969-12-31\""), Ok(-1));
        assert!(day("\"1969-13-31\"").is_err());
    }
}
