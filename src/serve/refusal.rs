//! What a request that is not answered gets instead: the statuses and bodies of the real API.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Tokenizer};

use super::queue::Full;
use crate::source::SourceError;

/// A refusal with a JSON body. Official clients decode it by its `Content-Type`, which successes lack.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, Body::from(body.to_string())).into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn text(status: StatusCode, body: &'static str) -> Response {
    (status, body).into_response()
}

pub(super) fn wrong_token() -> Response {
    text(StatusCode::UNAUTHORIZED, "Invalid read token")
}

pub(super) fn wrong_host() -> Response {
    text(
        StatusCode::FORBIDDEN,
        "This server answers requests of its own machine only: ask it by its address",
    )
}

pub(super) async fn not_found() -> Response {
    json(StatusCode::NOT_FOUND, &json!({"detail": "Not Found"}))
}

pub(super) async fn method_not_allowed() -> Response {
    json(StatusCode::METHOD_NOT_ALLOWED, &json!({"detail": "Method Not Allowed"}))
}

pub(super) fn no_json() -> Response {
    text(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Expected request with `Content-Type: application/json`",
    )
}

pub(super) fn body_too_large() -> Response {
    text(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large")
}

pub(super) fn body_unfinished() -> Response {
    text(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive")
}

pub(super) fn too_many(full: &Full) -> Response {
    let seconds = full.retry_after;
    let message = format!("Rate limit exceeded (queries that run or wait): try again in {seconds} s");
    let mut response = (StatusCode::TOO_MANY_REQUESTS, message).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// One thing that is wrong with a field of the body.
pub(super) fn field(name: &str, kind: &str, message: &str) -> Value {
    json!({"type": kind, "loc": ["body", name], "msg": message})
}

pub(super) fn unprocessable(fields: &[Value]) -> Response {
    json(StatusCode::UNPROCESSABLE_ENTITY, &json!({"detail": fields}))
}

/// What the engine says of a statement, as the API of August 2026 words it, or in the nested shape before.
pub(super) fn invalid_query(sql: &str, error: &SourceError, nested: bool) -> Response {
    let (message, at) = match error {
        SourceError::Rejected { message, at } => (message, at),
        // As with one that takes too long, no retry would help.
        SourceError::Memory { .. } => {
            let body = user_error("resources_exhausted", &error.to_string(), None, nested);
            return json(StatusCode::BAD_REQUEST, &body);
        }
        _ => return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    };
    let syntax = message.contains(" at Line: ");
    let message = match syntax {
        true => format!("sql parser error: {message}"),
        false => message.clone(),
    };
    let code = if syntax { "sql_syntax" } else { "sql_invalid" };
    let span = at.map(|start| span(sql, start));
    json(StatusCode::BAD_REQUEST, &user_error(code, &message, span, nested))
}

/// The statement was not done in time. No retry would help: so no 5xx.
pub(super) fn too_slow(message: &str, nested: bool) -> Response {
    json(
        StatusCode::BAD_REQUEST,
        &user_error("query_timeout", message, None, nested),
    )
}

fn user_error(code: &str, message: &str, span: Option<Value>, nested: bool) -> Value {
    let mut details = json!({"error_type": "UserError"});
    let mut cause = match nested {
        true => json!({"kind": "Error", "message": message}),
        false => json!({"kind": "Error", "code": code, "message": message}),
    };
    if let Some(span) = span {
        cause["span"] = span;
    }
    match (nested, &mut details, cause) {
        (false, Value::Object(details), Value::Object(cause)) => details.extend(cause),
        (_, details, cause) => details["details"] = cause,
    }
    json!({"error": "invalid query", "details": details})
}

/// From the place that the engine names to the end of the token there.
fn span(sql: &str, (line, column): (u64, u64)) -> Value {
    let start = Location { line, column };
    let end = Tokenizer::new(&PostgreSqlDialect {}, sql)
        .tokenize_with_location()
        .ok()
        .and_then(|tokens| tokens.into_iter().find(|token| token.span.start == start))
        .map_or(start, |token| token.span.end);
    json!({
        "start": {"line": start.line, "column": start.column},
        "end": {"line": end.line, "column": end.column},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_recorded_shapes() {
        let message = "sql parser error: Expected: an SQL statement, found: SELEKT at Line: 1, Column: 1";
        let place = span("SELEKT 1", (1, 1));
        assert_eq!(
            user_error("sql_syntax", message, Some(place.clone()), false).to_string(),
            r#"{"error":"invalid query","details":{"error_type":"UserError","kind":"Error","code":"sql_syntax","message":"sql parser error: Expected: an SQL statement, found: SELEKT at Line: 1, Column: 1","span":{"start":{"line":1,"column":1},"end":{"line":1,"column":7}}}}"#
        );
        assert_eq!(
            user_error("sql_syntax", message, Some(place), true).to_string(),
            r#"{"error":"invalid query","details":{"error_type":"UserError","details":{"kind":"Error","message":"sql parser error: Expected: an SQL statement, found: SELEKT at Line: 1, Column: 1","span":{"start":{"line":1,"column":1},"end":{"line":1,"column":7}}}}}"#
        );
    }
}
