//! JSON Schemas of documents (draft 2020-12): made of the types that are serialised, so that the two can't drift apart.
//! It knows how a schema is put together, and no document.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::window::rfc3339;

/// Documents whose version is no longer 1. It is raised for what breaks a reader: `tests/it/schema.rs` says what that is.
const RAISED: &[(&str, u32)] = &[];

/// What a document calls itself: `relay-diag.verify.v1`.
pub fn id(name: &str) -> String {
    let version = RAISED.iter().find(|(raised, _)| *raised == name).map_or(1, |(_, v)| *v);
    format!("relay-diag.{name}.v{version}")
}

/// The fields of a document, in their order.
pub fn fields(document: &impl Serialize) -> Map<String, Value> {
    match value(document) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// What becomes of it in JSON: no type of a document can fail to be written.
pub fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// An instant in a document: RFC 3339 in UTC with microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub DateTime<Utc>);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Time")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// One of these names, and of those that a later version of the program adds.
pub fn among(names: impl IntoIterator<Item = &'static str>) -> Schema {
    let names: Vec<&str> = names.into_iter().collect();
    let mut schema = json_schema!({"type": "string", "enum": names});
    grows(&mut schema);
    schema
}

/// An enumeration that may get further values within a version: a reader must bear one that it does not know.
pub fn grows(schema: &mut Schema) {
    list_values(schema);
    let known: Map<String, Value> = ["type", "enum"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), schema.remove(key)?)))
        .collect();
    schema.insert(String::from("anyOf"), json!([known, {"type": "string"}]));
}

/// Part of a document: the schema of a type, whose fields stand beside those of the others.
pub type Part = fn(&mut SchemaGenerator) -> Schema;

/// The schema of the document of that name; `of` says what it tells.
pub fn document(name: &str, of: &str, parts: &[Part]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let (mut properties, mut required, mut alternatives) = (Map::new(), Vec::new(), Value::Null);
    for part in parts {
        let mut schema = part(&mut generator);
        if let Some(Value::Object(own)) = schema.remove("properties") {
            properties.extend(own);
        }
        if let Some(Value::Array(own)) = schema.remove("required") {
            required.extend(own);
        }
        alternatives = schema.remove("anyOf").unwrap_or(alternatives);
    }
    properties.insert(String::from("schema"), json!({"type": "string", "const": id(name)}));
    let mut whole = json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title(name),
        "description": of,
        "type": "object",
        "properties": properties,
        "required": required,
    });
    if !alternatives.is_null() {
        whole.insert(String::from("anyOf"), alternatives);
    }
    let definitions = generator.take_definitions(false);
    if !definitions.is_empty() {
        whole.insert(String::from("$defs"), Value::Object(definitions));
    }
    RecursiveTransform(tidy).transform(&mut whole);
    whole.to_value()
}

/// `queries-list` -> `QueriesList`: what generators call the type.
fn title(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_uppercase() + rest
    };
    name.split('-').map(capital).collect()
}

/// What readers need and no more: enumerations as lists, no widths of Rust's numbers.
fn tidy(schema: &mut Schema) {
    list_values(schema);
    let is_number = |kind: &Value| kind != "string" && kind != "array" && kind != "object";
    let of_number = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().all(is_number),
        Some(kind) => is_number(kind),
        None => false,
    };
    if of_number {
        schema.remove("format");
    }
    // A reader must bear fields that it does not know.
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        schema.remove("additionalProperties");
    }
}

/// A choice of constants, some with their own description, as one list of values.
fn list_values(schema: &mut Schema) {
    let values_of = |one: &Value| match (one.get("const"), one.get("enum")) {
        (Some(value), _) => Some(vec![value.clone()]),
        (None, Some(Value::Array(values))) => Some(values.clone()),
        _ => None,
    };
    let choices = schema.get("oneOf").and_then(Value::as_array);
    let values: Option<Vec<Vec<Value>>> = choices.and_then(|all| all.iter().map(values_of).collect());
    if let Some(values) = values.map(|values| values.concat()) {
        schema.remove("oneOf");
        schema.insert(String::from("type"), json!("string"));
        schema.insert(String::from("enum"), Value::Array(values));
    }
}
