//! One JSON object a line to a batch: finds the fields that are wanted, then converts each to its column's type.

use std::fmt;

use datafusion::arrow::record_batch::RecordBatch;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::SourceError;
use super::blocks::Block;
use super::schema::{self, COLUMNS, REQUIRED};
use super::wanted::Wanted;
use builder::Builders;

mod builder;

/// Where each known field of one line stands; `None` where the line has no such field or a null.
type Slots<'a> = [Option<&'a RawValue>; COLUMNS.len()];

/// What a block of lines holds.
pub(super) struct Parsed {
    pub batch: RecordBatch,
    pub required: Required,
}

/// The wanted records of a block. Lines that start outside the bounds are not looked at any closer.
///
/// # Errors
/// [`SourceError::Malformed`] for the first broken line.
pub(super) fn parse(name: &str, block: &Block, wanted: &Wanted) -> Result<Parsed, SourceError> {
    let fields = Fields::of(wanted);
    let mut builders = Builders::new(wanted.reads());
    let mut required = Required::default();
    for (line, number) in block.bytes.split(|byte| *byte == b'\n').zip(block.first_line..) {
        let broken = |why: String| SourceError::Malformed {
            path: name.to_owned(),
            line: number,
            why,
        };
        let record = match number {
            1 => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
            _ => line,
        };
        let record = std::str::from_utf8(record)
            .map_err(|error| broken(format!("byte {} is not UTF-8", error.valid_up_to() + 1)))?
            .trim();
        if record.is_empty() {
            continue;
        }
        let slots = fields.split(record).map_err(|error| broken(in_words(&error)))?;
        required.note(&slots, number);
        if !is_outside(&slots, wanted) {
            builders.push(&slots).map_err(broken)?;
        }
    }
    let rows = builders.rows();
    let batch = wanted.finish(builders.finish(), rows);
    Ok(Parsed {
        batch: batch.map_err(|error| SourceError::Unreadable {
            path: name.to_owned(),
            why: error.to_string(),
        })?,
        required,
    })
}

/// What is no time is left to the builders, which have words for it.
fn is_outside(slots: &Slots<'_>, wanted: &Wanted) -> bool {
    let start = schema::position("start_timestamp").and_then(|position| slots[position]);
    let start = start.filter(|_| wanted.is_bounded());
    start.is_some_and(|start| builder::micros(start.get()).is_ok_and(|start| !wanted.starts().contains(&start)))
}

/// Which required columns were seen, and where one was missing first.
#[derive(Default)]
pub(super) struct Required {
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

    /// Adds what was seen in another block.
    pub(super) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for index in 0..REQUIRED.len() {
            self.seen[index] |= other.seen[index];
            let absent = [self.absent[index], other.absent[index]];
            self.absent[index] = absent.into_iter().flatten().min();
        }
    }

    /// A column that no line has is a wrong kind of file; one that some lines lack is a broken record.
    ///
    /// # Errors
    /// [`SourceError::MissingColumns`] and [`SourceError::Malformed`].
    pub(super) fn check(&self, name: &str) -> Result<(), SourceError> {
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

/// The fields that are looked at; the others are only skipped.
struct Fields([bool; COLUMNS.len()]);

impl Fields {
    fn of(wanted: &Wanted) -> Self {
        let mut fields = [false; COLUMNS.len()];
        let required = REQUIRED.iter().filter_map(|name| schema::position(name));
        for position in wanted.reads().iter().copied().chain(required) {
            fields[position] = true;
        }
        Self(fields)
    }

    /// The fields of a record as JSON text. Of a repeated field the last counts.
    fn split<'a>(&self, record: &'a str) -> Result<Slots<'a>, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(record);
        let slots = deserializer.deserialize_map(self)?;
        deserializer.end()?;
        Ok(slots)
    }
}

fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    match error.classify() {
        Category::Eof => format!("the record is cut off after column {}", error.column()),
        _ => format!("{message} (column {})", error.column()),
    }
}

impl<'de> Visitor<'de> for &Fields {
    type Value = Slots<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one record, a JSON object, a line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut slots = [None; COLUMNS.len()];
        while let Some(column) = map.next_key_seed(ColumnName)? {
            match column {
                Some(position) if self.0[position] => {
                    let value: &RawValue = map.next_value()?;
                    slots[position] = Some(value).filter(|value| value.get() != "null");
                }
                _ => {
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
