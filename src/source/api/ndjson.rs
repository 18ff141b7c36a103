//! NDJSON, line by line as it arrives: accepted only with its `end` and the number of rows that the `end` tells.

use serde::Deserialize;
use serde_json::Value;

use super::cells::Members;
use super::decode::{Schema, Shape, Unusable, recognise, words};
use crate::source::Rows;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    schema: Option<Schema>,
    #[serde(borrow, default)]
    rows: Option<Vec<Members<'a>>>,
    #[serde(default)]
    message: Option<Value>,
    #[serde(default)]
    row_count: Option<u64>,
}

/// Reads a stream in chunks of any size. It holds the rows so far and at most one unfinished line.
#[derive(Default)]
pub struct Lines {
    partial: Vec<u8>,
    number: u64,
    shape: Option<Shape>,
    rows: Vec<Vec<Value>>,
    end: Option<u64>,
}

impl Lines {
    /// Reads what has arrived.
    ///
    /// # Errors
    /// [`Unusable`] at the first line that is wrong or tells of an error; nothing after it counts.
    pub fn push(&mut self, mut chunk: &[u8]) -> Result<(), Unusable> {
        while let Some(at) = chunk.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = chunk.split_at(at);
            chunk = &rest[1..];
            if self.partial.is_empty() {
                self.line(line)?;
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                self.line(&whole)?;
            }
        }
        self.partial.extend_from_slice(chunk);
        Ok(())
    }

    /// The rows, once nothing more comes.
    ///
    /// # Errors
    /// [`Unusable`] without an `end`, or with one that counts other than was read.
    pub fn finish(mut self) -> Result<Rows, Unusable> {
        let last = std::mem::take(&mut self.partial);
        self.line(&last)?;
        let broken = |why: String| Err(Unusable::Broken(why));
        let read = self.rows.len() as u64;
        match (self.end, self.shape) {
            _ if self.number == 0 => Err(Unusable::Empty),
            (None, _) => broken(format!("it was cut off after {read} rows: its `end` line is missing")),
            (Some(told), _) if told != read => broken(format!("its `end` line tells of {told} rows, and {read} came")),
            (Some(_), None) => broken(String::from("it has no `schema` line")),
            (Some(_), Some(shape)) => Ok(shape.finish(self.rows)),
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Unusable> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        self.number += 1;
        let number = self.number;
        if number == 1 {
            recognise(line)?;
        }
        let broken = |why: &str| {
            Unusable::Broken(format!(
                "line {number}: {}",
                why.replace("at line 1 column", "at column")
            ))
        };
        let line: Line<'_> = serde_json::from_slice(line).map_err(|error| broken(&words(&error)))?;
        match line.kind.as_str() {
            "schema" => {
                let schema = line.schema.ok_or_else(|| broken("a `schema` line without one"))?;
                if self.shape.is_some() {
                    return Err(broken("a second `schema`"));
                }
                self.shape = Some(Shape::new(schema));
            }
            "data" => {
                let rows = line.rows.ok_or_else(|| broken("a `data` line without rows"))?;
                let shape = self
                    .shape
                    .as_ref()
                    .ok_or_else(|| broken("`data` before the `schema`"))?;
                for members in rows {
                    self.rows
                        .push(shape.row(members).map_err(|error| broken(&words(&error)))?);
                }
            }
            "error" => {
                let message = match line.message {
                    Some(Value::String(message)) => message,
                    Some(other) => other.to_string(),
                    None => String::from("without a message"),
                };
                return Err(Unusable::Failed(message));
            }
            "end" => {
                self.end = Some(
                    line.row_count
                        .ok_or_else(|| broken("an `end` line without `row_count`"))?,
                );
            }
            "" => return Err(broken("it has no `type`")),
            // Later versions may say more; the explanation of a plan is of this kind too.
            _ => {}
        }
        Ok(())
    }
}
