//! A strict reader: a document against its schema, where a field that the schema does not name is a fault, and a keyword
//! that is not known here fails the test. JSON Schema itself lets both pass.

use std::collections::BTreeSet;

use chrono::DateTime;
use serde_json::{Map, Value};

/// What is wrong with a document, each with its place.
pub fn faults(schema: &Value, document: &Value) -> Vec<String> {
    Reader { root: schema }.whole(schema, document, "")
}

struct Reader<'a> {
    root: &'a Value,
}

/// The fields of an object that some part of its schema names.
#[derive(Clone, Default)]
struct Named<'a> {
    fields: BTreeSet<&'a str>,
    all: bool,
}

impl<'a> Reader<'a> {
    fn whole(&self, schema: &'a Value, value: &Value, at: &str) -> Vec<String> {
        let mut named = Named::default();
        let mut found = self.faults(schema, value, at, &mut named);
        let fields = value.as_object().into_iter().flat_map(Map::keys);
        let unknown = fields.filter(|field| !named.all && !named.fields.contains(field.as_str()));
        found.extend(unknown.map(|field| format!("{at}/{field}: no schema names it")));
        found
    }

    fn faults(&self, schema: &'a Value, value: &Value, at: &str, named: &mut Named<'a>) -> Vec<String> {
        let keywords = match schema {
            Value::Object(keywords) => keywords,
            Value::Bool(true) => {
                named.all = true;
                return Vec::new();
            }
            other => panic!("{at}: {other} is no schema"),
        };
        let mut found = Vec::new();
        for (keyword, argument) in keywords {
            match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => {}
                "$ref" => found.extend(self.faults(self.target(argument), value, at, named)),
                "anyOf" => found.extend(self.of_any(argument, value, at, named)),
                "properties" => {
                    for (field, own) in argument.as_object().unwrap() {
                        named.fields.insert(field);
                        if let Some(value) = value.get(field) {
                            found.extend(self.whole(own, value, &format!("{at}/{field}")));
                        }
                    }
                }
                "additionalProperties" => {
                    let fields = value.as_object().into_iter().flatten();
                    let others = fields.filter(|(field, _)| !named.fields.contains(field.as_str()));
                    found.extend(
                        others.flat_map(|(field, value)| self.whole(argument, value, &format!("{at}/{field}"))),
                    );
                    named.all = true;
                }
                "items" => {
                    let items = value.as_array().into_iter().flatten().enumerate();
                    found.extend(items.flat_map(|(nth, item)| self.whole(argument, item, &format!("{at}/{nth}"))));
                }
                "required" => {
                    let fields = argument.as_array().unwrap().iter();
                    let missing =
                        fields.filter(|field| value.is_object() && value.get(field.as_str().unwrap()).is_none());
                    found.extend(missing.map(|field| format!("{at}: {field} is missing")));
                }
                _ if is_fine(keyword, argument, value) => {}
                _ => found.push(format!("{at}: {value} is not of {keyword} {argument}")),
            }
        }
        found
    }

    /// Each alternative that fits names fields of its own.
    fn of_any(&self, all: &'a Value, value: &Value, at: &str, named: &mut Named<'a>) -> Vec<String> {
        let mut all: Vec<&Value> = all.as_array().unwrap().iter().collect();
        // An enumeration that may grow is complete for what this build writes.
        if let [known, rest] = all[..]
            && known.get("enum").is_some()
            && *rest == serde_json::json!({"type": "string"})
        {
            all = vec![known];
        }
        let mut best: Option<Vec<String>> = None;
        for one in all {
            let mut own = named.clone();
            let found = self.faults(one, value, at, &mut own);
            if found.is_empty() {
                named.fields.extend(own.fields);
                named.all |= own.all;
            }
            if best.as_ref().is_none_or(|best| found.len() < best.len()) {
                best = Some(found);
            }
        }
        best.unwrap_or_default()
    }

    fn target(&self, reference: &Value) -> &'a Value {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        self.root
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }
}

fn is_fine(keyword: &str, argument: &Value, value: &Value) -> bool {
    match keyword {
        "type" => match argument {
            Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
            kind => is_of(kind, value),
        },
        "const" => value == argument,
        "enum" => argument.as_array().unwrap().contains(value),
        "minimum" => value.as_f64().is_none_or(|number| number >= argument.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= argument.as_f64().unwrap()),
        "format" if argument == "date-time" => value
            .as_str()
            .is_none_or(|text| DateTime::parse_from_rfc3339(text).is_ok() && text.ends_with('Z')),
        _ => panic!("the keyword {keyword} {argument} is not known here"),
    }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type {other}"),
    }
}

#[test]
fn what_the_schema_does_not_say_is_a_fault() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": {
            "at": {"type": ["string", "null"], "format": "date-time"},
            "kind": {"anyOf": [{"type": "string", "enum": ["gap", "burst"]}, {"type": "string"}]},
            "of": {"anyOf": [{"$ref": "#/$defs/Of"}, {"type": "null"}]},
            "figures": {"type": "object", "additionalProperties": {"type": "number"}},
        },
        "required": ["at"],
        "$defs": {"Of": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}, "required": ["n"]}},
    });
    for (fault, text) in [
        (
            "",
            r#"{"at": null, "kind": "gap", "of": {"n": 1}, "figures": {"a": 0.5}}"#,
        ),
        ("", r#"{"at": "2025-12-08T06:30:00.000000Z", "of": null}"#),
        (": \"at\" is missing", "{}"),
        ("/at: ", r#"{"at": "06:30"}"#),
        ("/at: ", r#"{"at": 5}"#),
        ("/kind: ", r#"{"at": null, "kind": "lull"}"#),
        ("/of/n: ", r#"{"at": null, "of": {"n": -1}}"#),
        ("/of/m: no schema", r#"{"at": null, "of": {"n": 1, "m": 2}}"#),
        ("/more: no schema", r#"{"at": null, "more": 1}"#),
        ("/figures/a: ", r#"{"at": null, "figures": {"a": "much"}}"#),
    ] {
        let found = faults(&schema, &serde_json::from_str(text).unwrap());
        let first = found.first().map(String::as_str).unwrap_or_default();
        assert!(
            first.starts_with(fault) && first.is_empty() == fault.is_empty(),
            "{text}: {found:?}"
        );
    }
}
