//! For tests: what a server, a proxy or a network may do wrong, on demand and over a real socket.
//! A plan says it request by request; nothing of it is reachable from the command line.

mod act;

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;

pub(super) use act::{Misbehaviour, misbehave};

/// What to do to which request. The default is no plan: nothing is done, and no request is kept.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    active: bool,
    script: VecDeque<Fault>,
    rest: Fault,
}

impl FaultPlan {
    /// One fault a request, in order of arrival and whatever the path; then all is well.
    pub fn script(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self {
            active: true,
            script: faults.into_iter().collect(),
            rest: Fault::default(),
        }
    }

    /// The same fault for every request.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self::script([]).then(fault)
    }

    /// No fault, but requests are kept.
    #[must_use]
    pub fn watch() -> Self {
        Self::script([])
    }

    /// What every request behind the script meets.
    #[must_use]
    pub fn then(mut self, fault: Fault) -> Self {
        self.rest = fault;
        self
    }

    pub(super) fn next(&mut self) -> Option<Fault> {
        let fault = || self.script.pop_front().unwrap_or_else(|| self.rest.clone());
        self.active.then(fault)
    }
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Received {
    /// `POST`.
    pub method: String,
    /// With what follows a `?`.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Received {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What one request meets. The default is a healthy answer; set what is to be wrong, in any combination.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    /// This, instead of asking the capture (and before any check of token or host).
    pub reply: Option<Reply>,
    /// Changes of a true answer.
    pub shape: Shape,
    /// What happens to the bytes.
    pub wire: Wire,
}

/// A canned answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status; one that HTTP does not know becomes 500.
    pub status: u16,
    /// Those that are no headers are left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Changes of a true answer. Those of schema and rows apply to JSON and NDJSON.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// Null keys are absent, as with arrow-json's default.
    pub null_keys_omitted: bool,
    /// JSON columns as their text.
    pub attributes_as_text: bool,
    /// Timestamps with `+00:00` for `Z`.
    pub offset_timestamps: bool,
    /// The declared type of a column: `("level", "Int16")`, `("message", {"Dictionary":["Int32","Utf8"]})`.
    pub data_types: Vec<(String, Value)>,
    /// A column that is in neither schema nor rows.
    pub without_column: Option<String>,
    /// A top-level key that nobody knows (JSON).
    pub extra_key: bool,
    /// A line of an unknown `type` (NDJSON).
    pub unknown_line: bool,
    /// No `end` line (NDJSON).
    pub no_end: bool,
    /// Added to the true `row_count` (NDJSON).
    pub row_count_off: i64,
    /// An `error` line in place of `end` (NDJSON).
    pub error_after_data: Option<String>,
    /// 400 in the nested shape of before August 2026.
    pub nested_errors: bool,
    /// Arrow where `Accept` is `*/*` or absent.
    pub arrow_by_default: bool,
    /// Arrow whatever was asked for.
    pub arrow_always: bool,
}

/// What happens to the bytes of an answer, canned or true.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    /// Waits before anything is sent.
    pub delay: Duration,
    /// Closes the connection without a status line.
    pub no_answer: bool,
    /// Ends the connection behind so many bytes of the body.
    pub cut_after: Option<usize>,
    /// A cut connection is reset, not closed.
    pub reset: bool,
    /// So many bytes at a time with a pause between.
    pub drip: Option<(usize, Duration)>,
    /// Seconds by which the `Date` header is off.
    pub clock_off: i64,
}

impl Fault {
    /// All is well.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A canned answer.
    pub fn reply(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            reply: Some(Reply {
                status,
                headers: Vec::new(),
                body: body.into(),
            }),
            ..Self::default()
        }
    }

    /// A canned JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::reply(status, body.to_string()).header("content-type", "application/json")
    }

    /// A proxy's or a front end's page.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let page = format!("<!DOCTYPE html>\n<html><head><title>{status}</title></head><body>Oops</body></html>\n");
        Self::reply(status, page).header("content-type", "text/html; charset=utf-8")
    }

    /// 429 of the per-minute limit.
    #[must_use]
    pub fn rate_limited(retry_after_seconds: u64) -> Self {
        Self::reply(429, "Rate limit exceeded (minute)").header("retry-after", &retry_after_seconds.to_string())
    }

    /// 429 without `Retry-After`: waiting does not help.
    #[must_use]
    pub fn quota_spent() -> Self {
        Self::reply(429, "Query quota exceeded for this organization")
    }

    /// With a header on a canned answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Some(reply) = &mut self.reply {
            reply.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// With a change of the answer.
    #[must_use]
    pub fn shape(mut self, change: impl FnOnce(&mut Shape)) -> Self {
        change(&mut self.shape);
        self
    }

    /// With something done to the bytes.
    #[must_use]
    pub fn wire(mut self, change: impl FnOnce(&mut Wire)) -> Self {
        change(&mut self.wire);
        self
    }
}
