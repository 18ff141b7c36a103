//! Whether who reads documents of one schema can read those of another: what breaks a reader, and what does not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What breaks a reader of `old`, each in a sentence with its place. Empty = nothing.
///
/// A field that is gone or may be absent now; a type, a null or a text that could not come before; a value of an enumeration that
/// is gone, since a reader waits for it; a new value of one that was not said to grow.
pub fn breaks(old: &Value, new: &Value) -> Vec<String> {
    between(&shapes(old, old), &shapes(new, new), "the document")
}

/// One of the things that a value can be.
#[derive(Clone, Debug)]
enum Shape {
    Any,
    Plain(&'static str),
    Text(Text),
    List(Vec<Shape>),
    Object(Object),
}

/// A text; `values` are those of an enumeration.
#[derive(Clone, Debug, Default)]
struct Text {
    values: Option<BTreeSet<String>>,
    grows: bool,
    format: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Object {
    fields: BTreeMap<String, Vec<Shape>>,
    required: BTreeSet<String>,
    /// Of fields that have no name in the schema; empty = nothing is said of them.
    others: Vec<Shape>,
}

impl Shape {
    fn name(&self) -> String {
        match self {
            Self::Any => String::from("anything"),
            Self::Plain(kind) => (*kind).to_owned(),
            Self::Text(_) => String::from("a text"),
            Self::List(_) => String::from("a list"),
            Self::Object(_) => String::from("an object"),
        }
    }

    /// Whether a reader of `self` expects something of that kind.
    fn expects(&self, new: &Self) -> bool {
        match (self, new) {
            (Self::Any, _) => true,
            (Self::Plain(old), Self::Plain(new)) => old == new || (*old == "number" && *new == "integer"),
            (Self::Text(_), Self::Text(_)) | (Self::List(_), Self::List(_)) | (Self::Object(_), Self::Object(_)) => {
                true
            }
            _ => false,
        }
    }
}

fn shapes(root: &Value, schema: &Value) -> Vec<Shape> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#'));
        return shapes(root, target.unwrap_or_else(|| panic!("{reference} leads nowhere")));
    }
    let own = object(root, schema);
    if let Some(all) = schema["anyOf"].as_array() {
        let all: Vec<Shape> = all.iter().flat_map(|one| shapes(root, one)).collect();
        return grown(all).into_iter().map(|one| beside(&own, one)).collect();
    }
    let text = || {
        let of = |values: &[Value]| values.iter().map(|value| value.as_str().unwrap().to_owned()).collect();
        let constant = schema.get("const").map(std::slice::from_ref);
        Shape::Text(Text {
            values: constant.or(schema["enum"].as_array().map(Vec::as_slice)).map(of),
            grows: false,
            format: schema["format"].as_str().map(str::to_owned),
        })
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
        _ if schema.get("const").is_some() || schema.get("enum").is_some() => vec!["string"],
        _ => return vec![Shape::Any],
    };
    let shape = |kind: &str| match kind {
        "null" => Shape::Plain("null"),
        "boolean" => Shape::Plain("boolean"),
        "integer" => Shape::Plain("integer"),
        "number" => Shape::Plain("number"),
        "string" => text(),
        "array" => Shape::List(shapes(root, &schema["items"])),
        "object" => Shape::Object(own.clone()),
        other => panic!("there is no type {other}"),
    };
    kinds.into_iter().map(shape).collect()
}

fn object(root: &Value, schema: &Value) -> Object {
    let fields = schema["properties"].as_object().into_iter().flatten();
    let required = schema["required"].as_array().into_iter().flatten();
    Object {
        fields: fields.map(|(name, own)| (name.clone(), shapes(root, own))).collect(),
        required: required.map(|name| name.as_str().unwrap().to_owned()).collect(),
        others: schema
            .get("additionalProperties")
            .map(|own| shapes(root, own))
            .unwrap_or_default(),
    }
}

/// The fields that all alternatives have stand beside those of each.
fn beside(own: &Object, one: Shape) -> Shape {
    match one {
        Shape::Object(mut object) => {
            object.fields.extend(own.fields.clone());
            object.required.extend(own.required.clone());
            Shape::Object(object)
        }
        other => other,
    }
}

/// The values of an enumeration beside any text are an enumeration that grows.
fn grown(all: Vec<Shape>) -> Vec<Shape> {
    let known = all.iter().find_map(|one| match one {
        Shape::Text(Text {
            values: Some(values), ..
        }) => Some(values.clone()),
        _ => None,
    });
    let is_any_text = |one: &Shape| {
        matches!(
            one,
            Shape::Text(Text {
                values: None,
                format: None,
                ..
            })
        )
    };
    match known.filter(|_| all.iter().any(is_any_text)) {
        None => all,
        Some(values) => {
            let text = Shape::Text(Text {
                values: Some(values),
                grows: true,
                format: None,
            });
            let others = all.into_iter().filter(|one| !matches!(one, Shape::Text(_)));
            others.chain([text]).collect()
        }
    }
}

fn between(old: &[Shape], new: &[Shape], at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for one in new {
        let expected = old.iter().filter(|other| other.expects(one));
        let each: Vec<Vec<String>> = expected.map(|other| between_two(other, one, at)).collect();
        match each.into_iter().min_by_key(Vec::len) {
            Some(least) => found.extend(least),
            None => found.push(format!("{at} may now be {}, which it never was", one.name())),
        }
    }
    found
}

fn between_two(old: &Shape, new: &Shape, at: &str) -> Vec<String> {
    match (old, new) {
        (Shape::Text(old), Shape::Text(new)) => between_texts(old, new, at),
        (Shape::List(old), Shape::List(new)) => between(old, new, &format!("an item of {at}")),
        (Shape::Object(old), Shape::Object(new)) => between_objects(old, new, at),
        _ => Vec::new(),
    }
}

fn between_texts(old: &Text, new: &Text, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(format) = old.format.as_ref().filter(|format| new.format.as_ref() != Some(format)) {
        found.push(format!("{at} need no longer be a {format}"));
    }
    let (Some(known), Some(now)) = (&old.values, &new.values) else {
        if old.values.is_some() {
            found.push(format!("{at} may now be any text, and was one of a few"));
        }
        return found;
    };
    let gone = known.difference(now);
    found.extend(gone.map(|value| format!("{at} is never `{value}` any more, for which readers wait")));
    if !old.grows {
        let more = now.difference(known);
        found.extend(more.map(|value| format!("{at} may now be `{value}`, and was not said to get new values")));
        if new.grows {
            found.push(format!("{at} may now get new values"));
        }
    }
    found
}

fn between_objects(old: &Object, new: &Object, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, shapes) in &old.fields {
        let place = format!("`{name}` of {at}");
        match new.fields.get(name) {
            None => found.push(format!("{place} is gone")),
            Some(_) if old.required.contains(name) && !new.required.contains(name) => {
                found.push(format!("{place} may now be absent"));
            }
            Some(now) => found.extend(between(shapes, now, &place)),
        }
    }
    if !old.others.is_empty() {
        let any = [Shape::Any];
        let now = if new.others.is_empty() { &any[..] } else { &new.others };
        found.extend(between(&old.others, now, &format!("a field of {at}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(field: Value) -> Value {
        json!({"type": "object", "properties": {"a": field}, "required": ["a"]})
    }

    fn open(values: &[&str]) -> Value {
        json!({"anyOf": [{"type": "string", "enum": values}, {"type": "string"}]})
    }

    #[test]
    fn what_breaks_a_reader_is_told() {
        let text = json!({"type": "string"});
        let closed = |values: &[&str]| json!({"type": "string", "enum": values});
        let list = |of: Value| json!({"type": "array", "items": of});
        let maybe = |of: Value| json!({"anyOf": [of, {"type": "null"}]});
        for (old, new, told) in [
            (
                text.clone(),
                json!({"type": ["string", "null"]}),
                "`a` of the document may now be null",
            ),
            (text.clone(), json!({"type": "number"}), "may now be number"),
            (
                json!({"type": "integer"}),
                json!({"type": "number"}),
                "may now be number",
            ),
            (text.clone(), json!({}), "may now be anything"),
            (text.clone(), json!(true), "may now be anything"),
            (
                list(text.clone()),
                list(json!({"type": ["string", "null"]})),
                "an item of `a` of the document may now be null",
            ),
            (
                list(object(text.clone())),
                list(object(json!({"type": "integer"}))),
                "`a` of an item of `a`",
            ),
            (object(text.clone()), maybe(object(text.clone())), "may now be null"),
            (
                maybe(object(text.clone())),
                maybe(object(json!({"type": "boolean"}))),
                "may now be boolean",
            ),
            (
                object(text.clone()),
                json!({"type": "object", "properties": {"b": text.clone()}}),
                "`a` of `a` of the document is gone",
            ),
            (
                object(text.clone()),
                json!({"type": "object", "properties": {"a": text.clone()}}),
                "may now be absent",
            ),
            (
                json!({"type": "string", "format": "date-time"}),
                text.clone(),
                "no longer be a date-time",
            ),
            (
                json!({"const": "v.v1"}),
                json!({"const": "v.v2"}),
                "never `v.v1` any more",
            ),
            (closed(&["x"]), closed(&["x", "y"]), "may now be `y`"),
            (closed(&["x", "y"]), closed(&["x"]), "never `y` any more"),
            (closed(&["x"]), text.clone(), "may now be any text"),
            (closed(&["x"]), open(&["x"]), "may now get new values"),
            (open(&["x", "y"]), open(&["x", "z"]), "never `y` any more"),
            (
                json!({"type": "object", "additionalProperties": {"type": "number"}}),
                json!({"type": "object", "additionalProperties": {"type": ["number", "string"]}}),
                "a field of `a` of the document may now be a text",
            ),
        ] {
            let found = breaks(&object(old.clone()), &object(new.clone()));
            assert!(found.iter().any(|one| one.contains(told)), "{old} -> {new}: {found:?}");
        }
    }

    #[test]
    fn what_a_reader_bears_passes() {
        let more = json!({
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": ["integer", "null"]}},
            "required": ["a", "b"],
        });
        assert_eq!(breaks(&object(json!({"type": "string"})), &more), [""; 0]);
        for (old, new) in [
            (json!({"type": ["string", "null"]}), json!({"type": "string"})),
            (json!({"type": "number"}), json!({"type": "integer"})),
            (json!({}), json!({"type": "string"})),
            (open(&["x"]), open(&["x", "y"])),
            (json!({"type": "string"}), json!({"type": "string", "enum": ["x"]})),
        ] {
            assert_eq!(
                breaks(&object(old.clone()), &object(new.clone())),
                [""; 0],
                "{old} -> {new}"
            );
        }
        let moved = json!({
            "type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"],
            "$defs": {"A": {"type": "string"}},
        });
        assert_eq!(breaks(&object(json!({"type": "string"})), &moved), [""; 0]);
    }

    /// Beside the fields of all, an alternative has its own.
    #[test]
    fn alternatives_are_compared_with_those_that_fit() {
        let of = |field: &str, kind: &str| json!({"type": "object", "properties": {field: {"type": kind}}, "required": [field]});
        let both = |one: Value, other: Value| json!({"type": "object", "properties": {"s": {"type": "string"}}, "required": ["s"], "anyOf": [one, other]});
        let old = both(of("x", "string"), of("y", "string"));
        assert_eq!(breaks(&old, &both(of("y", "string"), of("x", "string"))), [""; 0]);
        assert_eq!(breaks(&old, &both(of("x", "integer"), of("y", "string"))).len(), 1);
        assert_eq!(breaks(&old, &both(of("z", "string"), of("y", "string"))).len(), 1);
    }
}
