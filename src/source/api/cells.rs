//! Arrow's type names to column types, and JSON values to cells: the same as a capture gives for the same data.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::source::{ColumnType, JSON_COLUMNS};
use crate::window::rfc3339;

/// Values that are nested deeper are read by the JSON library alone, which has its own limit.
const EXACT_DEPTH: usize = 32;

/// What a column's cells are made into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// One value.
    One(ColumnType),
    /// A list of one kind.
    List(Box<Kind>),
}

impl Kind {
    /// As results name it.
    pub(super) fn column_type(&self) -> ColumnType {
        match self {
            Self::One(data_type) => *data_type,
            Self::List(_) => ColumnType::Json,
        }
    }

    /// The kind behind a `data_type` of the schema, in any spelling that is known; `None` for one that is not.
    pub(super) fn of(name: &str, data_type: &Value) -> Option<Self> {
        match data_type {
            Value::String(spelling) => simple(name, spelling).map(Self::One),
            Value::Object(parts) => {
                let (spelling, inner) = parts.iter().next()?;
                parametric(name, spelling, inner)
            }
            _ => None,
        }
    }

    /// What the values of a column look like, for a column that no schema describes.
    pub(super) fn guess<'a>(name: &str, values: impl Iterator<Item = &'a Value>) -> Self {
        let mut found: Option<ColumnType> = None;
        for value in values {
            let data_type = match value {
                Value::Null => continue,
                Value::Bool(_) => ColumnType::Bool,
                Value::Number(number) if number.is_f64() => ColumnType::Float,
                Value::Number(_) => ColumnType::Int,
                Value::String(text) if instant(text).is_some() => ColumnType::Timestamp,
                Value::String(_) => ColumnType::Text,
                Value::Array(_) | Value::Object(_) => ColumnType::Json,
            };
            found = Some(match (found, data_type) {
                (None, one) => one,
                (Some(one), other) if one == other => one,
                (Some(ColumnType::Int | ColumnType::Float), ColumnType::Int | ColumnType::Float) => ColumnType::Float,
                (Some(ColumnType::Json), _) | (_, ColumnType::Json) => ColumnType::Json,
                _ => ColumnType::Text,
            });
        }
        Self::One(match found {
            None | Some(ColumnType::Text) if JSON_COLUMNS.contains(&name) => ColumnType::Json,
            found => found.unwrap_or(ColumnType::Text),
        })
    }

    /// The cell that a value of the answer stands for. What does not fit its type stays as it came.
    pub(super) fn cell(&self, value: Value) -> Value {
        match (self, value) {
            (_, Value::Null) => Value::Null,
            (Self::List(items), Value::Array(values)) => values.into_iter().map(|value| items.cell(value)).collect(),
            (Self::List(_) | Self::One(ColumnType::Json), Value::String(text)) => nested(text),
            (Self::One(ColumnType::Timestamp), Value::String(text)) => match instant(&text) {
                Some(at) => rfc3339(at).into(),
                None => text.into(),
            },
            (Self::One(ColumnType::Int), Value::String(text)) => int(&text).unwrap_or_else(|| text.into()),
            (Self::One(ColumnType::Int), Value::Number(number)) if number.is_f64() => whole(&number),
            (Self::One(ColumnType::Float), Value::Number(number)) => float(number.as_f64()),
            (Self::One(ColumnType::Float), Value::String(text)) => match text.trim().parse::<f64>() {
                Ok(number) => float(Some(number)),
                Err(_) => text.into(),
            },
            (Self::One(ColumnType::Bool), Value::String(text)) => match text.as_str() {
                "true" => true.into(),
                "false" => false.into(),
                _ => text.into(),
            },
            (_, value) => value,
        }
    }
}

fn simple(name: &str, spelling: &str) -> Option<ColumnType> {
    // The display form of a parametric type, as in `Timestamp(Microsecond, Some("UTC"))`.
    let (head, inner) = spelling.split_once('(').unwrap_or((spelling, ""));
    Some(match head {
        "Utf8" | "LargeUtf8" | "Utf8View" if JSON_COLUMNS.contains(&name) => ColumnType::Json,
        "Utf8" | "LargeUtf8" | "Utf8View" | "Null" | "Binary" | "LargeBinary" | "BinaryView" | "Date32" | "Date64"
        | "Time32" | "Time64" | "Interval" | "Duration" | "FixedSizeBinary" => ColumnType::Text,
        "Boolean" => ColumnType::Bool,
        "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64" => ColumnType::Int,
        "Float16" | "Float32" | "Float64" | "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" => {
            ColumnType::Float
        }
        "Timestamp" => ColumnType::Timestamp,
        "Dictionary" => simple(name, inner.trim_end_matches(')').rsplit(", ").next()?)?,
        "List" | "LargeList" | "FixedSizeList" | "ListView" | "LargeListView" | "Struct" | "Map" | "Union" => {
            ColumnType::Json
        }
        _ => return None,
    })
}

fn parametric(name: &str, spelling: &str, inner: &Value) -> Option<Kind> {
    match spelling {
        "Dictionary" => Kind::of(name, inner.get(1)?),
        "List" | "LargeList" | "FixedSizeList" | "ListView" | "LargeListView" => {
            // A fixed-size list is the pair of field and size.
            let field = inner.get(0).unwrap_or(inner);
            let items = field.get("data_type").and_then(|data_type| Kind::of("", data_type));
            Some(match items {
                Some(items) => Kind::List(Box::new(items)),
                None => Kind::One(ColumnType::Json),
            })
        }
        other => simple(name, other).map(Kind::One),
    }
}

/// RFC 3339 as well as its near relatives: a space for the `T`, any number of digits, no offset (then it is UTC).
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    // Cheap, and keeps times of day and plain dates out.
    if bytes.len() < "2026-05-27T13:16:36".len() || bytes[4] != b'-' || !matches!(bytes[10], b'T' | b' ') {
        return None;
    }
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .ok()
        .or_else(|| {
            let naive = text.replacen(' ', "T", 1);
            let naive = NaiveDateTime::parse_from_str(&naive, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
            Some(naive.and_utc())
        })
}

fn int(text: &str) -> Option<Value> {
    let text = text.trim();
    text.parse::<i64>()
        .map(Value::from)
        .or_else(|_| text.parse::<u64>().map(Value::from))
        .ok()
}

/// `3.0` in a column of integers is 3; anything else stays as it is.
fn whole(number: &Number) -> Value {
    let text = number.to_string();
    text.strip_suffix(".0")
        .and_then(int)
        .unwrap_or_else(|| Value::Number(number.clone()))
}

fn float(number: Option<f64>) -> Value {
    number.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

/// Objects and arrays as values; any other text is itself (`log_body` may be plain).
fn nested(text: String) -> Value {
    if text.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    } else {
        Value::String(text)
    }
}

/// A value with its numbers exactly as they stand there. The JSON library alone may miss the last bit of a float,
/// and the same record would differ from the one of a capture.
///
/// # Errors
/// What the JSON library says.
pub(super) fn exact(raw: &RawValue) -> Result<Value, serde_json::Error> {
    value(raw, 0)
}

fn value(raw: &RawValue, depth: usize) -> Result<Value, serde_json::Error> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') if text.contains(['.', 'e', 'E']) => match text.parse::<f64>() {
            Ok(number) => Ok(float(Some(number))),
            Err(_) => serde_json::from_str(text),
        },
        Some(b'[') if depth < EXACT_DEPTH && text.contains('.') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            items.into_iter().map(|item| value(item, depth + 1)).collect()
        }
        Some(b'{') if depth < EXACT_DEPTH && text.contains('.') => {
            let Members(members) = serde_json::from_str(text)?;
            let members = members
                .into_iter()
                .map(|(name, member)| Ok((name, value(member, depth + 1)?)));
            members
                .collect::<Result<Map<String, Value>, serde_json::Error>>()
                .map(Value::Object)
        }
        _ => serde_json::from_str(text),
    }
}

/// The members of an object, in their order.
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cell(name: &str, data_type: Value, value: Value) -> (ColumnType, Value) {
        let kind = Kind::of(name, &data_type).unwrap();
        (kind.column_type(), kind.cell(value))
    }

    #[test]
    fn every_recorded_spelling_is_folded() {
        for (data_type, folded) in [
            (json!("Utf8"), ColumnType::Text),
            (json!("LargeUtf8"), ColumnType::Text),
            (json!({"Dictionary": ["Int32", "Utf8"]}), ColumnType::Text),
            (json!("Dictionary(Int32, Utf8)"), ColumnType::Text),
            (json!("Boolean"), ColumnType::Bool),
            (json!("UInt64"), ColumnType::Int),
            (json!("Float64"), ColumnType::Float),
            (json!({"Decimal128": [38, 10]}), ColumnType::Float),
            (json!({"Timestamp": ["Microsecond", "UTC"]}), ColumnType::Timestamp),
            (json!("Timestamp(Microsecond, Some(\"UTC\"))"), ColumnType::Timestamp),
            (
                json!({"List": {"name": "item", "data_type": "Utf8", "dict_id": 0}}),
                ColumnType::Json,
            ),
            (json!({"Struct": []}), ColumnType::Json),
            (json!({"Union": [[], "Sparse"]}), ColumnType::Json),
            (json!({"Interval": "MonthDayNano"}), ColumnType::Text),
            (json!("Date32"), ColumnType::Text),
            (json!("Null"), ColumnType::Text),
        ] {
            assert_eq!(
                Kind::of("x", &data_type).map(|kind| kind.column_type()),
                Some(folded),
                "{data_type}"
            );
        }
        assert_eq!(
            Kind::of("attributes", &json!("Utf8View")),
            Some(Kind::One(ColumnType::Json))
        );
        for unknown in [
            json!("Quaternion"),
            json!({"Quaternion": 4}),
            json!(7),
            json!({}),
            Value::Null,
        ] {
            assert_eq!(Kind::of("x", &unknown), None, "{unknown}");
        }
    }

    #[test]
    fn timestamps_are_utc_with_six_digits() {
        let of = |text: &str| cell("t", json!({"Timestamp": ["Nanosecond", null]}), json!(text)).1;
        for text in [
            "2026-05-27T13:16:36.517321Z",
            "2026-05-27T13:16:36.517321999Z",
            "2026-05-27 13:16:36.517321",
            "2026-05-27T15:16:36.517321+02:00",
            "2026-05-27 13:16:36.517321+00:00",
        ] {
            assert_eq!(of(text), "2026-05-27T13:16:36.517321Z", "{text}");
        }
        assert_eq!(of("2026-05-27T13:16:36Z"), "2026-05-27T13:16:36.000000Z");
        for kept in ["", "soon", "2026-05-27", "éééééééééééééééééééé", "2026-13-27T13:16:36Z"] {
            assert_eq!(of(kept), kept);
        }
    }

    #[test]
    fn numbers_keep_their_last_bit_and_their_kind() {
        let raw = |text: &str| exact(&RawValue::from_string(text.to_owned()).unwrap()).unwrap();
        let text = "0.10000000000000000555";
        assert_eq!(raw(text).as_f64(), Some(0.1));
        let inner = raw("{\"a\":[{\"b\":44.88499575}],\"c\":3,\"d\":\"1.5\"}");
        assert_eq!(inner, json!({"a": [{"b": 44.884_995_75}], "c": 3, "d": "1.5"}));
        assert_eq!(cell("n", json!("Int64"), json!("17")).1, json!(17));
        assert_eq!(cell("n", json!("UInt64"), json!(u64::MAX)).1, json!(u64::MAX));
        assert_eq!(cell("n", json!("Int64"), json!(3.0)).1, json!(3));
        assert_eq!(cell("n", json!("Float64"), json!(3)).1, json!(3.0));
        assert_eq!(cell("n", json!({"Decimal128": [10, 2]}), json!("1.25")).1, json!(1.25));
        assert_eq!(cell("n", json!("Float64"), json!("NaN")).1, Value::Null);
    }

    #[test]
    fn json_columns_are_nested_however_they_come() {
        for value in [json!({"a": 1}), json!("{\"a\": 1}")] {
            assert_eq!(
                cell("attributes", json!("Utf8"), value),
                (ColumnType::Json, json!({"a": 1}))
            );
        }
        assert_eq!(cell("log_body", json!("Utf8"), json!("plain")).1, json!("plain"));
        assert_eq!(cell("log_body", json!("Utf8"), json!("{broken")).1, json!("{broken"));
        let list = json!({"List": {"data_type": {"Timestamp": ["Microsecond", "UTC"]}}});
        assert_eq!(
            cell("l", list, json!(["2026-05-27T13:16:36Z"])).1,
            json!(["2026-05-27T13:16:36.000000Z"])
        );
    }

    #[test]
    fn without_a_schema_the_values_tell() {
        let guess = |name: &str, values: &[Value]| Kind::guess(name, values.iter()).column_type();
        assert_eq!(guess("x", &[Value::Null, json!(1), json!(1.5)]), ColumnType::Float);
        assert_eq!(guess("x", &[json!("a"), json!(1)]), ColumnType::Text);
        assert_eq!(guess("x", &[json!("2026-05-27T13:16:36Z")]), ColumnType::Timestamp);
        assert_eq!(guess("x", &[]), ColumnType::Text);
        assert_eq!(guess("attributes", &[json!("{}")]), ColumnType::Json);
    }
}
