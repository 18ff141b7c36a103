//! A result in the four formats of the API, piece by piece.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;
use serde_json::{Map, Value, json};

use super::accept::Format;
use super::fault::Shape;
use super::schema;
use crate::source::capture::{Plans, rows};
use crate::source::{ColumnType, Rows};

/// Rows in one `data` line: several in a result of the default limit's size would be noise.
const ROWS_PER_LINE: usize = 500;

/// Writes a result. What fails is told in words.
pub(super) struct Encoder {
    format: Format,
    schema: SchemaRef,
    shape: Shape,
    include_schema: bool,
    count: usize,
    arrow: Option<StreamWriter<Vec<u8>>>,
}

impl Encoder {
    pub(super) fn new(format: Format, inner: &SchemaRef, include_schema: bool, shape: Shape) -> Result<Self, String> {
        let schema = schema::outward(inner);
        let arrow = match format {
            Format::Arrow => Some(StreamWriter::try_new(Vec::new(), &schema).map_err(|error| error.to_string())?),
            _ => None,
        };
        Ok(Self {
            format,
            schema,
            shape,
            include_schema,
            count: 0,
            arrow,
        })
    }

    /// What stands before the rows.
    pub(super) fn begin(&mut self, plans: Option<&Plans>) -> Result<Vec<u8>, String> {
        match self.format {
            Format::Json => {
                let mut text = String::from("{");
                if self.shape.extra_key {
                    text.push_str(r#""hints":[{"kind":"unknown","weight":null}],"#);
                }
                if self.include_schema {
                    text.push_str(&format!("\"schema\":{},", self.schema_document()));
                }
                text.push_str("\"data\":[");
                Ok(text.into_bytes())
            }
            Format::Ndjson => {
                let mut lines = vec![json!({"type": "schema", "schema": self.schema_document()})];
                if let Some(plans) = plans {
                    lines.push(json!({
                        "type": "explain", "logical_plan": plans.logical, "physical_plan": plans.physical,
                    }));
                }
                if self.shape.unknown_line {
                    lines.push(json!({"type": "progress", "percent": 50}));
                }
                Ok(text_lines(&lines))
            }
            Format::Csv => {
                let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
                csv_records(std::iter::once(names))
            }
            Format::Arrow => self.arrow_bytes(),
        }
    }

    /// A batch.
    pub(super) fn rows(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, String> {
        if let Some(arrow) = &mut self.arrow {
            let batch = schema::convert(batch, &self.schema).map_err(|error| error.to_string())?;
            arrow.write(&batch).map_err(|error| error.to_string())?;
            self.count += batch.num_rows();
            return self.arrow_bytes();
        }
        let rows = rows(&batch.schema(), std::slice::from_ref(batch)).map_err(|error| error.to_string())?;
        let written = self.count;
        self.count += rows.rows.len();
        match self.format {
            Format::Csv => csv_records(rows.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>())),
            Format::Ndjson => {
                let objects = self.objects(rows);
                let lines: Vec<Value> = objects
                    .chunks(ROWS_PER_LINE)
                    .map(|rows| json!({"type": "data", "rows": rows}))
                    .collect();
                Ok(text_lines(&lines))
            }
            Format::Json | Format::Arrow => {
                let mut text = String::new();
                for (row, object) in self.objects(rows).into_iter().enumerate() {
                    if written + row > 0 {
                        text.push(',');
                    }
                    text.push_str(&Value::Object(object).to_string());
                }
                Ok(text.into_bytes())
            }
        }
    }

    /// What stands behind the rows.
    pub(super) fn end(&mut self, plans: Option<&Plans>, metrics: Option<&str>) -> Result<Vec<u8>, String> {
        match self.format {
            Format::Json => {
                let plans = plans.map(|plans| {
                    format!(
                        ",\"logical_plan\":{},\"physical_plan\":{},\"physical_plan_with_metrics\":{}",
                        json!(plans.logical),
                        json!(plans.physical),
                        json!(metrics.unwrap_or_default()),
                    )
                });
                Ok(format!("]{}}}", plans.unwrap_or_default()).into_bytes())
            }
            Format::Ndjson => Ok(self.last_lines(metrics)),
            Format::Csv => Ok(Vec::new()),
            Format::Arrow => {
                if let Some(arrow) = &mut self.arrow {
                    arrow.finish().map_err(|error| error.to_string())?;
                }
                self.arrow_bytes()
            }
        }
    }

    /// The line of a failure behind data; only NDJSON can tell of it.
    pub(super) fn failure(message: &str) -> Vec<u8> {
        text_lines(&[json!({"type": "error", "message": message})])
    }

    fn last_lines(&self, metrics: Option<&str>) -> Vec<u8> {
        if let Some(message) = &self.shape.error_after_data {
            return Self::failure(message);
        }
        if self.shape.no_end {
            return Vec::new();
        }
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        let mut end = json!({"type": "end", "row_count": count.saturating_add(self.shape.row_count_off)});
        if let Some(metrics) = metrics {
            end["physical_plan_with_metrics"] = metrics.into();
        }
        text_lines(&[end])
    }

    fn schema_document(&self) -> Value {
        let mut document = schema::document(&self.schema);
        self.shape.distort_schema(&mut document);
        document
    }

    /// Rows as objects. Null keys are there: `logfire.db_api` of the official package looks up every column.
    fn objects(&self, rows: Rows) -> Vec<Map<String, Value>> {
        let Rows { columns, rows } = rows;
        let object = |row: Vec<Value>| {
            let pairs = columns.iter().zip(row);
            pairs
                .filter_map(|(column, value)| {
                    let timestamp = column.data_type == ColumnType::Timestamp;
                    let value = self.shape.distort(&column.name, timestamp, value)?;
                    Some((column.name.clone(), value))
                })
                .collect()
        };
        rows.into_iter().map(object).collect()
    }

    fn arrow_bytes(&mut self) -> Result<Vec<u8>, String> {
        Ok(self
            .arrow
            .as_mut()
            .map(|arrow| std::mem::take(arrow.get_mut()))
            .unwrap_or_default())
    }
}

fn text_lines(lines: &[Value]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

fn csv_records<R, T>(records: impl Iterator<Item = R>) -> Result<Vec<u8>, String>
where
    R: IntoIterator<Item = T>,
    T: AsRef<[u8]>,
{
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record).map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// Lists and objects as JSON text; null and the empty text look alike.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
