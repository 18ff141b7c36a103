//! Records without people's data, by the rules of `redact`: the same value has the same name in the whole file.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use serde_json::Value;

use crate::redact::Redactor;
use crate::source::JSON_COLUMNS;

/// Resources and scopes are the same text in record after record.
const REPEATED: [&str; 2] = ["otel_resource_attributes", "otel_scope_attributes"];

/// Takes people's data out of the records of one file. All are shown to [`Redacted::learn`] before the first is changed.
#[derive(Default)]
pub(super) struct Redacted {
    redactor: Redactor,
    repeated: HashMap<String, String>,
}

impl Redacted {
    /// Remembers which addresses are databases' and instances'.
    pub(super) fn learn(&mut self, batches: &[RecordBatch]) {
        for batch in batches {
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                if let DataType::Utf8 = column.data_type() {
                    let texts = column.as_string::<i32>().iter().flatten();
                    texts.for_each(|text| self.learn_text(field.name(), text));
                }
            }
        }
    }

    fn learn_text(&mut self, column: &str, text: &str) {
        if REPEATED.contains(&column) && self.repeated.contains_key(text) {
            return;
        }
        self.redactor.learn_value(column, &value(column, text));
        if REPEATED.contains(&column) {
            // Filled when it is first changed.
            self.repeated.insert(text.to_owned(), String::new());
        }
    }

    /// The records as they may leave.
    ///
    /// # Errors
    /// If the types were others than those of records.
    pub(super) fn batch(&mut self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns());
        let columns = columns.map(|(field, column)| self.column(field.name(), column));
        RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<_, _>>()?)
    }

    fn column(&mut self, name: &str, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        Ok(match column.data_type() {
            DataType::Utf8 => Arc::new(self.texts(name, column.as_string())),
            DataType::List(_) => {
                let list: &ListArray = column.as_list();
                let (field, offsets, values, nulls) = list.clone().into_parts();
                match values.data_type() {
                    DataType::Utf8 => {
                        let texts = Arc::new(self.texts(name, values.as_string()));
                        Arc::new(ListArray::try_new(field, offsets, texts, nulls)?)
                    }
                    _ => Arc::clone(column),
                }
            }
            _ => Arc::clone(column),
        })
    }

    fn texts(&mut self, name: &str, texts: &StringArray) -> StringArray {
        texts
            .iter()
            .map(|text| text.map(|text| self.text(name, text)))
            .collect()
    }

    fn text(&mut self, column: &str, text: &str) -> String {
        let is_repeated = REPEATED.contains(&column);
        if let Some(done) = self.repeated.get(text).filter(|done| is_repeated && !done.is_empty()) {
            return done.clone();
        }
        let before = value(column, text);
        let changed = match self.redactor.value(column, before.clone()) {
            // What nothing was taken out of stays as it was written.
            after if after == before => text.to_owned(),
            Value::String(after) => after,
            after => after.to_string(),
        };
        if is_repeated {
            self.repeated.insert(text.to_owned(), changed.clone());
        }
        changed
    }
}

/// JSON is looked into; what is none is a text.
fn value(column: &str, text: &str) -> Value {
    let parsed = JSON_COLUMNS.contains(&column).then(|| serde_json::from_str(text).ok());
    parsed.flatten().unwrap_or_else(|| Value::String(text.to_owned()))
}
