//! A whole JSON body as rows: `{schema, data}` of v2, and the two older shapes. Columns come in the schema's order.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::cells::{Kind, Members, exact};
use crate::source::{Column, Rows};

/// How a stream of Arrow's format begins.
pub(super) const ARROW: [u8; 4] = [0xff; 4];

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// Arrow's binary format instead of text.
    Arrow,
    /// A web page.
    Html,
    /// Nothing at all.
    Empty,
    /// An error in spite of the status.
    Failed(String),
    /// Not what the format demands, in words.
    Broken(String),
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(default)]
    schema: Option<Schema>,
    #[serde(borrow, default)]
    data: Option<Vec<Members<'a>>>,
    #[serde(borrow, default)]
    columns: Option<Vec<OldColumn<'a>>>,
    #[serde(borrow, default)]
    rows: Option<Vec<Members<'a>>>,
}

/// The schema of an answer. Whatever else stands in it is not read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Schema {
    fields: Vec<Field>,
}

#[derive(Debug, Clone, Deserialize)]
struct Field {
    name: String,
    #[serde(default, alias = "datatype")]
    data_type: Value,
}

/// A column of v1, with its values or beside rows.
#[derive(Deserialize)]
struct OldColumn<'a> {
    name: String,
    #[serde(default, alias = "data_type")]
    datatype: Value,
    #[serde(borrow, default)]
    values: Option<Vec<&'a RawValue>>,
}

/// Decodes a body that came with status 200.
///
/// # Errors
/// [`Unusable`]: a body that is not complete and valid gives no rows at all.
pub fn json(body: &[u8]) -> Result<Rows, Unusable> {
    recognise(body)?;
    let broken = |error: serde_json::Error| Unusable::Broken(words(&error));
    let parsed: Body<'_> = match serde_json::from_slice(body) {
        Ok(parsed) => parsed,
        Err(error) => return Err(failed(body).unwrap_or_else(|| broken(error))),
    };
    let fields = parsed.schema.map(|schema| schema.fields);
    match (parsed.data, parsed.rows, parsed.columns) {
        (Some(data), _, _) => table(fields, data).map_err(broken),
        (None, Some(rows), columns) => {
            let columns = columns.map(|columns| columns.into_iter().map(OldColumn::field).collect());
            table(fields.or(columns), rows).map_err(broken)
        }
        (None, None, Some(columns)) => columnar(columns),
        (None, None, None) => {
            Err(failed(body).unwrap_or_else(|| Unusable::Broken(String::from("it holds neither `data` nor `columns`"))))
        }
    }
}

/// Tells by its first bytes what is no text in JSON.
///
/// # Errors
/// [`Unusable`].
pub(super) fn recognise(body: &[u8]) -> Result<(), Unusable> {
    if body.starts_with(&ARROW) {
        return Err(Unusable::Arrow);
    }
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(Unusable::Empty),
        Some(b'<') => Err(Unusable::Html),
        Some(_) => Ok(()),
    }
}

/// An error's text in a body that should have been an answer.
fn failed(body: &[u8]) -> Option<Unusable> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = value.get("error").or_else(|| value.get("detail"));
    text.is_some()
        .then(|| Unusable::Failed(super::refusal::body(body).message))
}

/// The JSON library's words without its advice; the end of the text is what a reader should know.
pub(super) fn words(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return format!("it ends too early, at line {} column {}", error.line(), error.column());
    }
    error.to_string()
}

impl OldColumn<'_> {
    fn field(self) -> Field {
        Field {
            name: self.name,
            data_type: self.datatype,
        }
    }
}

/// How the rows of a schema are read.
pub(super) struct Shape {
    names: BTreeMap<String, usize>,
    fields: Vec<(String, Option<Kind>)>,
}

impl Shape {
    pub(super) fn new(schema: Schema) -> Self {
        Self::of(schema.fields)
    }

    fn of(fields: Vec<Field>) -> Self {
        let fields: Vec<_> = fields
            .into_iter()
            .map(|field| {
                let kind = Kind::of(&field.name, &field.data_type);
                (field.name, kind)
            })
            .collect();
        Self {
            names: fields
                .iter()
                .enumerate()
                .map(|(at, (name, _))| (name.clone(), at))
                .collect(),
            fields,
        }
    }

    /// One row in the schema's order: a missing key is null, an unknown one is ignored.
    pub(super) fn row(&self, members: Members<'_>) -> Result<Vec<Value>, serde_json::Error> {
        let mut row = vec![Value::Null; self.fields.len()];
        for (name, raw) in members.0 {
            let Some(&at) = self.names.get(&name) else { continue };
            let value = exact(raw)?;
            row[at] = match &self.fields[at].1 {
                Some(kind) => kind.cell(value),
                None => value,
            };
        }
        Ok(row)
    }

    /// The columns, where the type of an unknown spelling is told by the values.
    pub(super) fn finish(self, mut rows: Vec<Vec<Value>>) -> Rows {
        let mut columns = Vec::with_capacity(self.fields.len());
        for (at, (name, kind)) in self.fields.into_iter().enumerate() {
            let kind = kind.unwrap_or_else(|| {
                let kind = Kind::guess(&name, rows.iter().map(|row| &row[at]));
                for row in &mut rows {
                    row[at] = kind.cell(row[at].take());
                }
                kind
            });
            columns.push(Column {
                name,
                data_type: kind.column_type(),
            });
        }
        Rows { columns, rows }
    }
}

fn table(fields: Option<Vec<Field>>, data: Vec<Members<'_>>) -> Result<Rows, serde_json::Error> {
    let shape = Shape::of(fields.unwrap_or_else(|| seen(&data)));
    let rows = data.into_iter().map(|members| shape.row(members));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(shape.finish(rows))
}

/// Without a schema, the columns are the keys in the order in which they first appear.
fn seen(data: &[Members<'_>]) -> Vec<Field> {
    let mut names: BTreeMap<&str, ()> = BTreeMap::new();
    let mut fields = Vec::new();
    for (name, _) in data.iter().flat_map(|members| &members.0) {
        if names.insert(name, ()).is_none() {
            fields.push(Field {
                name: name.clone(),
                data_type: Value::Null,
            });
        }
    }
    fields
}

fn columnar(columns: Vec<OldColumn<'_>>) -> Result<Rows, Unusable> {
    let broken = |why: String| Unusable::Broken(why);
    let count = columns
        .first()
        .and_then(|column| column.values.as_ref())
        .map_or(0, Vec::len);
    let mut rows = vec![Vec::with_capacity(columns.len()); count];
    let mut fields = Vec::with_capacity(columns.len());
    for mut column in columns {
        let values = column.values.take();
        let values = values.ok_or_else(|| broken(format!("its column `{}` has no values", column.name)))?;
        if values.len() != count {
            return Err(broken(format!("its column `{}` is of another length", column.name)));
        }
        let kind = Kind::of(&column.name, &column.datatype);
        for (row, raw) in rows.iter_mut().zip(values) {
            let value = exact(raw).map_err(|error| broken(words(&error)))?;
            row.push(kind.as_ref().map_or(value.clone(), |kind| kind.cell(value)));
        }
        fields.push(column.field());
    }
    Ok(Shape::of(fields).finish(rows))
}
