//! Calls to others inside requests that are fine. The SDK marks a client span with a status of 400 and more as ERROR,
//! level 17, without an exception or a text.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::super::draws::Draws;
use super::super::recording::Recording;
use super::super::rows::{Fault, Process, Span, is_request, is_well, length, processes, start};
use super::insert;

/// Of the requests that are well and long enough for a call.
const SHARE: f64 = 0.12;
const SHORTEST_REQUEST: TimeDelta = TimeDelta::milliseconds(3);
/// A span has a pending row too if an export falls into it.
const PENDING_TOO: f64 = 0.05;

/// What is asked, and what comes back: a resource that is not there, one that is there already, one that is found.
const CALLS: [(&str, &str, i64); 5] = [
    ("GET", "https://directory.example.test/profiles/42/avatar", 404),
    ("GET", "https://directory.example.test/handles/nobody", 404),
    ("POST", "https://mail.example.test/v3/subscriptions", 409),
    ("GET", "https://directory.example.test/profiles/7", 200),
    ("POST", "https://mail.example.test/v3/messages", 201),
];

pub(super) fn add(recording: &mut Recording, seed: u64) {
    let mut draws = Draws::new(seed, "outgoing");
    let mut added = Vec::new();
    for process in processes(&recording.rows) {
        let requests = process.rows.iter().filter(|row| is_request(row) && is_well(row));
        for request in requests.filter(|request| length(request) >= SHORTEST_REQUEST) {
            if draws.chance(SHARE) {
                call(&process, request, &mut draws, &mut added);
            }
        }
    }
    insert(recording, added);
}

fn call(process: &Process<'_>, request: &Value, draws: &mut Draws, added: &mut Vec<Value>) {
    let (method, url, status) = *draws.pick(&CALLS);
    let within = length(request);
    let begins = within.num_microseconds().unwrap_or_default() as f64 * draws.between(0.1, 0.4);
    let lasts = within.num_microseconds().unwrap_or_default() as f64 * draws.between(0.2, 0.5);
    let (host, path) = url.trim_start_matches("https://").split_once('/').unwrap_or_default();
    let span = Span {
        trace_id: request["trace_id"].as_str().unwrap_or_default().to_owned(),
        span_id: draws.span_id(),
        parent: request["span_id"].as_str().map(str::to_owned),
        start: start(request) + TimeDelta::microseconds(begins as i64),
        level: if status >= 400 { 17 } else { 9 },
        name: method.to_owned(),
        message: format!("{method} {host}/{path}"),
        scope: "httpx",
        attributes: Map::from_iter([
            (String::from("http.method"), json!(method)),
            (String::from("http.url"), json!(url)),
            (String::from("http.target"), json!(format!("/{path}"))),
        ]),
        at_end: Map::from_iter([(String::from("http.status_code"), json!(status))]),
        fault: (status >= 400).then(|| Fault {
            exception: None,
            status_message: String::new(),
        }),
    };
    if draws.chance(PENDING_TOO) {
        let mut pending = span.pending(process);
        pending["level"] = json!(9);
        added.push(pending);
    }
    added.push(span.finished(process, TimeDelta::microseconds(lasts as i64)));
}
