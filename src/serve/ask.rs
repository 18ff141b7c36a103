//! The body of `POST /v2/query` as a question to the capture; what is wrong with it, field by field.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use datafusion::arrow::array::timezone::Tz;
use serde_json::{Map, Value, json};
use sqlparser::ast::Expr;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::refusal;
use crate::query;
use crate::source::Request as Statement;
use crate::source::capture::Question;

/// Documented; so few that a client that forgets `limit` notices.
const DEFAULT_LIMIT: u64 = 100;
/// Documented as "the maximum allowed value": what is beyond is refused, not clipped.
const MAX_LIMIT: u64 = 10_000;
/// A body of the largest size over a slow line; longer is a peer that holds on to its connection.
const BODY_TIME: Duration = Duration::from_secs(10);

/// What a client asks.
pub(super) struct Asked {
    pub question: Question,
    /// Whether a JSON answer names its columns: documented as always, and `false` is taken at its word.
    pub include_schema: bool,
}

/// Reads and checks the body.
///
/// # Errors
/// The refusal to send back.
pub(super) async fn read(request: Request) -> Result<Asked, Response> {
    if !is_json(request.headers()) {
        return Err(refusal::no_json());
    }
    let body = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, &())).await;
    let body = match body {
        Ok(Ok(body)) => body,
        Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => return Err(refusal::body_too_large()),
        Ok(Err(error)) => return Err(error.into_response()),
        Err(_) => return Err(refusal::body_unfinished()),
    };
    let wrong = |kind, message| {
        Err(refusal::unprocessable(&[
            json!({"type": kind, "loc": ["body"], "msg": message}),
        ]))
    };
    match serde_json::from_slice(&body) {
        Ok(Value::Object(fields)) => check(&fields),
        Ok(_) => wrong("model_attributes_type", "Input should be an object"),
        Err(_) => wrong("json_invalid", "JSON decode error"),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    })
}

fn check(fields: &Map<String, Value>) -> Result<Asked, Response> {
    let mut form = Form {
        fields,
        wrong: Vec::new(),
    };
    let sql = form.required("sql", Form::text);
    let min = form.required("min_timestamp", Form::instant);
    let max = form.optional("max_timestamp", Form::instant);
    let limit = form.optional("limit", Form::limit);
    let timezone = form.optional("timezone", Form::timezone);
    let environments = form.optional("deployment_environment", Form::texts);
    let explain = form.optional("explain", Form::boolean);
    let include_schema = form.optional("include_schema", Form::boolean);
    let params = form.optional("params", Form::literals).unwrap_or_default();
    let sql = sql.and_then(|sql| match query::splice(&sql, &params) {
        Ok(sql) => Some(sql),
        // Then it is no SQL either, and the engine has better words for it.
        Err(_) => Some(sql),
    });
    let (Some(sql), Some(min), true) = (sql, min, form.wrong.is_empty()) else {
        return Err(refusal::unprocessable(&form.wrong));
    };
    Ok(Asked {
        question: Question {
            request: Statement {
                sql,
                from: after(min),
                to: max.unwrap_or(DateTime::<Utc>::MAX_UTC),
                limit: usize::try_from(limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX),
            },
            environments,
            timezone,
            explain: explain.unwrap_or(false),
        },
        include_schema: include_schema.unwrap_or(true),
    })
}

/// The first whole microsecond behind an instant: `min_timestamp` is exclusive, and records have microseconds.
fn after(min: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(min.timestamp_micros())
        .and_then(|floor| floor.checked_add_signed(TimeDelta::microseconds(1)))
        .unwrap_or(min)
}

/// The fields of a body, and what was found wrong with them.
struct Form<'a> {
    fields: &'a Map<String, Value>,
    wrong: Vec<Value>,
}

/// A field's value, or the kind of fault and its message.
type Read<T> = Result<T, (&'static str, String)>;

impl Form<'_> {
    fn required<T>(&mut self, name: &str, read: fn(&Value) -> Read<T>) -> Option<T> {
        if self.fields.get(name).is_none_or(Value::is_null) {
            self.wrong.push(refusal::field(name, "missing", "Field required"));
            return None;
        }
        self.optional(name, read)
    }

    fn optional<T>(&mut self, name: &str, read: fn(&Value) -> Read<T>) -> Option<T> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        match read(value) {
            Ok(value) => Some(value),
            Err((kind, message)) => {
                self.wrong.push(refusal::field(name, kind, &message));
                None
            }
        }
    }

    fn text(value: &Value) -> Read<String> {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| ("string_type", String::from("Input should be a valid string")))
    }

    fn boolean(value: &Value) -> Read<bool> {
        let wrong = || ("bool_type", String::from("Input should be a valid boolean"));
        value.as_bool().ok_or_else(wrong)
    }

    fn instant(value: &Value) -> Read<DateTime<Utc>> {
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

    fn limit(value: &Value) -> Read<u64> {
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

    fn timezone(value: &Value) -> Read<String> {
        let name = Self::text(value)?;
        match name.parse::<Tz>() {
            Ok(_) => Ok(name),
            Err(_) => Err(("timezone", String::from("Input should be the name of a time zone"))),
        }
    }

    fn texts(value: &Value) -> Read<Vec<String>> {
        let wrong = || ("list_type", String::from("Input should be a valid list"));
        value.as_array().ok_or_else(wrong)?.iter().map(Self::text).collect()
    }

    /// Values are SQL literals as text: `"'a'"`, `"3"`.
    fn literals(value: &Value) -> Read<BTreeMap<String, String>> {
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

    #[test]
    fn the_bound_is_the_next_microsecond() {
        for (given, first) in [
            ("2025-12-08T06:30:00Z", "2025-12-08T06:30:00.000001Z"),
            ("2025-12-08T06:30:00.123456789Z", "2025-12-08T06:30:00.123457Z"),
            ("2025-12-08T06:29:59.999999Z", "2025-12-08T06:30:00Z"),
        ] {
            let given: DateTime<Utc> = given.parse().unwrap_or_default();
            assert_eq!(Some(after(given)), first.parse().ok());
        }
        assert_eq!(after(DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC);
    }
}
