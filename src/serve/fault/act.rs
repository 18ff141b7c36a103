//! Does what a plan says: keeps the request, and answers it wrongly or has it answered and spoils the answer.

use std::sync::{Arc, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{DATE, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Fault, Received, Reply, Shape, Wire};
use crate::serve::body::Out;
use crate::serve::line::Line;
use crate::serve::{MAX_BODY_BYTES, Served, door, refusal};
use crate::source::JSON_COLUMNS;

/// What a request's handler must know of its fault.
#[derive(Clone)]
pub(in crate::serve) struct Misbehaviour {
    pub shape: Shape,
    pub wire: Wire,
    pub line: Line,
}

/// Keeps the request, and answers it as the fault says.
pub(in crate::serve) async fn misbehave(
    served: &Served,
    line: &Line,
    fault: Fault,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return refusal::body_too_large();
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let seen = Received {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    served.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    tokio::time::sleep(fault.wire.delay).await;
    if fault.wire.no_answer {
        line.end(fault.wire.reset);
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let clock_off = fault.wire.clock_off;
    let misbehaviour = Misbehaviour {
        shape: fault.shape,
        wire: fault.wire,
        line: line.clone(),
    };
    let mut response = match fault.reply {
        Some(reply) => canned(reply, misbehaviour),
        None => {
            let mut request = Request::from_parts(head, Body::from(body));
            request.extensions_mut().insert(Arc::new(misbehaviour));
            door::admit(served, request, next).await
        }
    };
    if let Some(date) = date(clock_off).filter(|_| clock_off != 0) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// The time as HTTP writes it.
fn date(off: i64) -> Option<HeaderValue> {
    let at = Utc::now() + TimeDelta::try_seconds(off)?;
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string().parse().ok()
}

fn canned(reply: Reply, misbehaviour: Misbehaviour) -> Response {
    let tampered = misbehaviour.wire.cut_after.is_some() || misbehaviour.wire.drip.is_some();
    let body = if tampered {
        let (mut out, body) = Out::new(false, Some(&misbehaviour));
        tokio::spawn(async move {
            if out.write(&reply.body).await {
                out.finish().await;
            }
        });
        body
    } else {
        Body::from(reply.body)
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

impl Shape {
    /// A cell as it goes out, `None` when its key is left out.
    pub(in crate::serve) fn distort(&self, column: &str, timestamp: bool, value: Value) -> Option<Value> {
        if self.without_column.as_deref() == Some(column) {
            return None;
        }
        match value {
            Value::Null if self.null_keys_omitted => None,
            Value::String(text) if self.offset_timestamps && timestamp => {
                let text = text
                    .strip_suffix('Z')
                    .map(|text| format!("{text}+00:00"))
                    .unwrap_or(text);
                Some(text.into())
            }
            nested @ (Value::Object(_) | Value::Array(_))
                if self.attributes_as_text && JSON_COLUMNS.contains(&column) =>
            {
                Some(nested.to_string().into())
            }
            value => Some(value),
        }
    }

    pub(in crate::serve) fn distort_schema(&self, document: &mut Value) {
        let Some(fields) = document["fields"].as_array_mut() else {
            return;
        };
        fields.retain(|field| self.without_column.as_deref().is_none_or(|gone| field["name"] != gone));
        for field in fields {
            if let Some((_, wrong)) = self.data_types.iter().find(|(name, _)| field["name"] == name.as_str()) {
                field["data_type"] = json!(wrong);
            }
        }
    }
}
