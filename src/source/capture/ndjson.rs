//! One JSON object a line to batches: finds the known fields, then converts each to its column's type.

use std::fmt;
use std::io::{BufRead, Read};

use datafusion::arrow::record_batch::RecordBatch;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::SourceError;
use super::schema::{self, COLUMNS, REQUIRED};
use builder::Builders;

mod builder;

/// Rows of a batch: the engine's own preference.
const BATCH_ROWS: usize = 8192;
/// A batch is closed early at this many bytes, far below the 2 GiB that a text column can address.
const BATCH_BYTES: usize = 64 << 20;
/// Logfire stores no record over 10 MB; a longer line is no record.
const LINE_BYTES: usize = 256 << 20;

/// Where each known field of one line stands; `None` where the line has no such field or a null.
type Slots<'a> = [Option<&'a RawValue>; COLUMNS.len()];

/// Every record of the text.
///
/// # Errors
/// [`SourceError::Malformed`] for the first broken line; [`SourceError::MissingColumns`] when no line has a required
/// column.
pub(super) fn read(name: &str, mut text: impl BufRead) -> Result<Vec<RecordBatch>, SourceError> {
    let mut batches = Vec::new();
    let mut builders = Builders::new();
    let mut required = Required::default();
    let (mut line, mut number, mut bytes) = (Vec::new(), 0, 0);
    loop {
        number += 1;
        let broken = |why: String| SourceError::Malformed {
            path: name.to_owned(),
            line: number,
            why,
        };
        line.clear();
        let read = (&mut text)
            .take(LINE_BYTES as u64 + 1)
            .read_until(b'\n', &mut line)
            .map_err(|error| broken(format!("reading stopped here: {error}")))?;
        if read == 0 {
            break;
        }
        if read > LINE_BYTES {
            return Err(broken(format!("the line is longer than {} MiB", LINE_BYTES >> 20)));
        }
        let record = if number == 1 {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line)
        } else {
            &line[..]
        };
        let record = std::str::from_utf8(record)
            .map_err(|error| broken(format!("byte {} is not UTF-8", error.valid_up_to() + 1)))?
            .trim();
        if record.is_empty() {
            continue;
        }
        let slots = split(record).map_err(|error| broken(in_words(&error)))?;
        required.note(&slots, number);
        builders.push(&slots).map_err(broken)?;
        bytes += read;
        if builders.rows() >= BATCH_ROWS || bytes >= BATCH_BYTES {
            batches.push(builders.finish().map_err(|error| broken(error.to_string()))?);
            bytes = 0;
        }
    }
    required.check(name)?;
    if builders.rows() > 0 {
        let batch = builders.finish().map_err(|error| SourceError::Unreadable {
            path: name.to_owned(),
            why: error.to_string(),
        })?;
        batches.push(batch);
    }
    Ok(batches)
}

/// Which required columns were seen, and where one was missing first.
#[derive(Default)]
struct Required {
    rows: usize,
    seen: [bool; REQUIRED.len()],
    absent: [Option<usize>; REQUIRED.len()],
}

impl Required {
    fn note(&mut self, slots: &Slots<'_>, number: usize) {
        self.rows += 1;
        for (index, name) in REQUIRED.iter().enumerate() {
            if schema::position(name).is_some_and(|position| slots[position].is_some()) {
                self.seen[index] = true;
            } else if self.absent[index].is_none() {
                self.absent[index] = Some(number);
            }
        }
    }

    /// A column that no line has is a wrong kind of file; one that some lines lack is a broken record.
    fn check(&self, name: &str) -> Result<(), SourceError> {
        let columns = || REQUIRED.iter().zip(self.seen.iter().zip(self.absent));
        let missing: Vec<String> = columns()
            .filter(|(_, (seen, _))| !**seen)
            .map(|(column, _)| (*column).to_owned())
            .collect();
        if self.rows > 0 && !missing.is_empty() {
            return Err(SourceError::MissingColumns {
                path: name.to_owned(),
                missing,
            });
        }
        match columns()
            .filter_map(|(column, (_, absent))| Some((absent?, column)))
            .min()
        {
            Some((line, column)) => Err(SourceError::Malformed {
                path: name.to_owned(),
                line,
                why: format!("the record has no {column}"),
            }),
            None => Ok(()),
        }
    }
}

/// The known fields of a record as JSON text. Of a repeated field the last counts.
fn split(record: &str) -> Result<Slots<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(record);
    let slots = deserializer.deserialize_map(Record)?;
    deserializer.end()?;
    Ok(slots)
}

fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    match error.classify() {
        Category::Eof => format!("the record is cut off after column {}", error.column()),
        _ => format!("{message} (column {})", error.column()),
    }
}

struct Record;

impl<'de> Visitor<'de> for Record {
    type Value = Slots<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one record, a JSON object, a line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut slots = [None; COLUMNS.len()];
        while let Some(column) = map.next_key_seed(ColumnName)? {
            match column {
                Some(position) => {
                    let value: &RawValue = map.next_value()?;
                    slots[position] = Some(value).filter(|value| value.get() != "null");
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(slots)
    }
}

/// Reads a key as the position of its column without making a string of it.
struct ColumnName;

impl<'de> DeserializeSeed<'de> for ColumnName {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for ColumnName {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(schema::position(name))
    }
}
