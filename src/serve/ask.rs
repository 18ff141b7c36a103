//! The body of `POST /v2/query` as a question to the capture; what is wrong with it, field by field.

mod form;

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use form::Form;

use super::refusal;
use crate::query;
use crate::source::Request as Statement;
use crate::source::capture::Question;

/// Documented; so few that a client that forgets `limit` notices.
const DEFAULT_LIMIT: u64 = 100;
/// A body of the largest size over a slow line; longer is a peer that holds on to its connection.
const BODY_TIME: Duration = Duration::from_secs(10);

/// What a client asks.
pub(super) struct Inquiry {
    pub question: Question,
    /// Whether a JSON answer names its columns: documented as always, and `false` is taken at its word.
    pub include_schema: bool,
}

/// Reads and checks the body.
///
/// # Errors
/// The refusal to send back.
pub(super) async fn read(request: Request) -> Result<Inquiry, Box<Response>> {
    if !is_json(request.headers()) {
        return Err(Box::new(refusal::no_json()));
    }
    let body = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, &())).await;
    let refused = match body {
        Ok(Ok(body)) => return parse(&body),
        Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => refusal::body_too_large(),
        Ok(Err(error)) => error.into_response(),
        Err(_) => refusal::body_unfinished(),
    };
    Err(Box::new(refused))
}

fn parse(body: &[u8]) -> Result<Inquiry, Box<Response>> {
    let (kind, message) = match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => return check(&fields),
        Ok(_) => ("model_attributes_type", "Input should be an object"),
        Err(_) => ("json_invalid", "JSON decode error"),
    };
    let wrong = json!({"type": kind, "loc": ["body"], "msg": message});
    Err(Box::new(refusal::unprocessable(&[wrong])))
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    })
}

fn check(fields: &Map<String, Value>) -> Result<Inquiry, Box<Response>> {
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
    // What can't be taken apart is no SQL either, and the engine has better words for it.
    let sql = sql.map(|sql| query::splice(&sql, &params).unwrap_or(sql));
    let (Some(sql), Some(min), true) = (sql, min, form.wrong.is_empty()) else {
        return Err(Box::new(refusal::unprocessable(&form.wrong)));
    };
    Ok(Inquiry {
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

#[cfg(test)]
mod tests {
    use super::*;

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
