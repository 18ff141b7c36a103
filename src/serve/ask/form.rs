//! Fields of a JSON body by name and kind, and the list of what is wrong with them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::timezone::Tz;
use serde_json::{Map, Value};
use sqlparser::ast::Expr;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use crate::serve::refusal;

/// Documented as "the maximum allowed value": what is beyond is refused, not clipped.
const MAX_LIMIT: u64 = 10_000;

/// The fields of a body, and what was found wrong with them.
pub(super) struct Form<'a> {
    pub(super) fields: &'a Map<String, Value>,
    pub(super) wrong: Vec<Value>,
}

/// A field's value, or the kind of fault and its message.
pub(super) type Read<T> = Result<T, (&'static str, String)>;

impl Form<'_> {
    pub(super) fn required<T>(&mut self, name: &str, read: fn(&Value) -> Read<T>) -> Option<T> {
        if self.fields.get(name).is_none_or(Value::is_null) {
            self.wrong.push(refusal::field(name, "missing", "Field required"));
            return None;
        }
        self.optional(name, read)
    }

    pub(super) fn optional<T>(&mut self, name: &str, read: fn(&Value) -> Read<T>) -> Option<T> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        match read(value) {
            Ok(value) => Some(value),
            Err((kind, message)) => {
                self.wrong.push(refusal::field(name, kind, &message));
                None
            }
        }
    }

    pub(super) fn text(value: &Value) -> Read<String> {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| ("string_type", String::from("Input should be a valid string")))
    }

    pub(super) fn boolean(value: &Value) -> Read<bool> {
        let wrong = || ("bool_type", String::from("Input should be a valid boolean"));
        value.as_bool().ok_or_else(wrong)
    }

    pub(super) fn instant(value: &Value) -> Read<DateTime<Utc>> {
        let text = Self::text(value)?;
        if let Ok(instant) = DateTime::parse_from_rfc3339(&text) {
            return Ok(instant.to_utc());
        }
        // What only lacks an offset gets a sentence of its own: it is the usual mistake.
        Err(match DateTime::parse_from_rfc3339(&format!("{text}Z")) {
            Ok(_) => ("timezone_aware", String::from("Input should have timezone info")),
            Err(error) => ("datetime_parsing", format!("Input should be a valid datetime, {error}")),
        })
    }

    pub(super) fn limit(value: &Value) -> Read<u64> {
        match value.as_u64() {
            Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
            Some(0) => Err((
                "greater_than_equal",
                String::from("Input should be greater than or equal to 1"),
            )),
            Some(_) => Err((
                "less_than_equal",
                format!("Input should be less than or equal to {MAX_LIMIT}"),
            )),
            None => Err(("int_type", String::from("Input should be a valid integer"))),
        }
    }

    pub(super) fn timezone(value: &Value) -> Read<String> {
        let name = Self::text(value)?;
        match name.parse::<Tz>() {
            Ok(_) => Ok(name),
            Err(_) => Err(("timezone", String::from("Input should be the name of a time zone"))),
        }
    }

    pub(super) fn texts(value: &Value) -> Read<Vec<String>> {
        let wrong = || ("list_type", String::from("Input should be a valid list"));
        value.as_array().ok_or_else(wrong)?.iter().map(Self::text).collect()
    }

    /// Values are SQL literals as text: `"'a'"`, `"3"`.
    pub(super) fn literals(value: &Value) -> Read<BTreeMap<String, String>> {
        let wrong = || ("dict_type", String::from("Input should be an object of SQL literals"));
        let literals = value.as_object().ok_or_else(wrong)?.iter().map(|(name, value)| {
            let text = value.as_str().filter(|text| is_literal(text)).ok_or_else(wrong)?;
            Ok((name.clone(), text.to_owned()))
        });
        literals.collect()
    }
}

/// One literal and nothing behind it.
fn is_literal(text: &str) -> bool {
    let Ok(mut parser) = Parser::new(&PostgreSqlDialect {}).try_with_sql(text) else {
        return false;
    };
    let literal = |expr: &Expr| matches!(expr, Expr::Value(_) | Expr::TypedString(_));
    let one = match parser.parse_expr() {
        Ok(Expr::UnaryOp { expr, .. }) => literal(&expr),
        Ok(expr) => literal(&expr),
        Err(_) => false,
    };
    one && parser.peek_token().token == Token::EOF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_single() {
        for literal in [
            "'aha {n}'",
            "'it''s'",
            "3",
            "-3.5",
            "NULL",
            "true",
            "TIMESTAMP '2025-01-01'",
        ] {
            assert!(is_literal(literal), "{literal}");
        }
        for other in [
            "",
            "a",
            "1 + 1",
            "'a' OR 1=1",
            "1; SELECT 2",
            "(SELECT 1)",
            "now()",
            "1 -- x\n, 2",
        ] {
            assert!(!is_literal(other), "{other}");
        }
    }
}
