//! The pool's check finds a pooled connection dead, drops it and makes another: one failed statement, and the request is fine.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::super::draws::{Draws, seconds};
use super::super::recording::Recording;
use super::super::rows::{Fault, Process, Span, is_request, is_well, length, processes, scope, start};
use super::insert;

/// A server or a proxy closes what is idle about so often, in seconds.
const EVERY: (f64, f64) = (50.0, 150.0);
/// All connections of a pool die together; as many of the next checkouts find one.
const AT_ONCE: (f64, f64) = (1.0, 6.0);
/// For the failed attempt.
const SHARE_OF_CONNECT: (f64, f64) = (0.05, 0.3);
const LEAST_ROOM: TimeDelta = TimeDelta::microseconds(300);

pub(super) fn add(recording: &mut Recording, seed: u64) {
    let mut draws = Draws::new(seed, "pre-ping");
    let mut added = Vec::new();
    for process in processes(&recording.rows) {
        let places = places(&process);
        let mut from = process.first + seconds(draws.between(5.0, 40.0));
        while from < process.last {
            let many = draws.between(AT_ONCE.0, AT_ONCE.1) as usize;
            let next = places.partition_point(|(parent, _)| start(parent) < from);
            for (parent, statement) in places.iter().skip(next).take(many) {
                added.extend(failed_check(&process, parent, *statement, &mut draws));
            }
            from += seconds(draws.between(EVERY.0, EVERY.1));
        }
    }
    insert(recording, added);
}

/// Checkouts that succeeded in requests that are well. Where no checkout is recorded (Django) the check is a statement of
/// its own, a child of the request; it stands with the statement that it comes before.
fn places<'a>(process: &Process<'a>) -> Vec<(&'a Value, Option<&'a Value>)> {
    let requests = process.rows.iter().filter(|row| is_request(row) && is_well(row));
    let requests: BTreeMap<&str, &Value> = requests
        .filter_map(|row| Some((row["span_id"].as_str()?, *row)))
        .collect();
    let request_of = |row: &Value| {
        requests
            .get(row["parent_span_id"].as_str().unwrap_or_default())
            .copied()
    };
    let mut places: Vec<(&Value, Option<&Value>)> = Vec::new();
    let mut first_statements: BTreeMap<&str, (&Value, &Value)> = BTreeMap::new();
    for row in &process.rows {
        let Some(request) = request_of(row).filter(|_| row["kind"] == "span" && row["otel_status_code"].is_null())
        else {
            continue;
        };
        match scope(row) {
            "sqlalchemy" if row["span_name"] == "connect" && length(row) >= LEAST_ROOM => places.push((row, None)),
            "psycopg" => {
                let id = request["span_id"].as_str().unwrap_or_default();
                first_statements.entry(id).or_insert((request, row));
            }
            _ => {}
        }
    }
    if places.is_empty() {
        let roomy = first_statements
            .into_values()
            .filter(|(request, first)| start(first) - start(request) >= LEAST_ROOM);
        places.extend(roomy.map(|(request, first)| (request, Some(first))));
    }
    places.sort_by_key(|(parent, _)| start(parent));
    places
}

fn failed_check(process: &Process<'_>, parent: &Value, before: Option<&Value>, draws: &mut Draws) -> Vec<Value> {
    let room = before.map_or_else(|| length(parent), |statement| start(statement) - start(parent));
    let room = room.num_microseconds().unwrap_or_default() as f64;
    let lasts = TimeDelta::microseconds((room * draws.between(SHARE_OF_CONNECT.0, SHARE_OF_CONNECT.1)) as i64);
    let example = before.unwrap_or(parent);
    let of = |key: &str| example["attributes"][key].clone();
    let asyncpg = process.rows.iter().any(|row| scope(row) == "asyncpg");
    // psycopg is asked with ";", SQLAlchemy's own listener sees an empty text; asyncpg's transaction is the first to fail.
    let (scope, name, statement, exception) = if before.is_some() {
        ("psycopg", "SELECT", "SELECT 1", TERMINATED)
    } else if asyncpg {
        ("asyncpg", "BEGIN;", "BEGIN;", CLOSED)
    } else if draws.chance(0.6) {
        ("psycopg", ";", ";", TERMINATED)
    } else {
        (
            "sqlalchemy",
            example["attributes"]["db.name"].as_str().unwrap_or("postgresql"),
            "",
            TERMINATED,
        )
    };
    let message = if statement.is_empty() { name } else { statement };
    let short = exception.0.rsplit('.').next().unwrap_or_default();
    let span = Span {
        trace_id: parent["trace_id"].as_str().unwrap_or_default().to_owned(),
        span_id: draws.span_id(),
        parent: parent["span_id"].as_str().map(str::to_owned),
        start: start(parent) + TimeDelta::microseconds((room * draws.between(0.02, 0.1)) as i64),
        level: 17,
        name: name.to_owned(),
        message: message.to_owned(),
        scope,
        attributes: Map::new(),
        at_end: Map::from_iter([
            (String::from("db.system"), json!("postgresql")),
            (String::from("db.name"), of("db.name")),
            (String::from("db.statement"), json!(statement)),
            (String::from("db.user"), of("db.user")),
            (String::from("net.peer.name"), of("net.peer.name")),
            (String::from("net.peer.port"), json!(5432)),
        ]),
        fault: Some(Fault {
            // SQLAlchemy's listener sets a status and records no exception.
            exception: (scope != "sqlalchemy").then_some(exception),
            status_message: format!("{short}: {}", exception.1),
        }),
    };
    vec![span.finished(process, lasts)]
}

const TERMINATED: (&str, &str) = (
    "psycopg.errors.AdminShutdown",
    "terminating connection due to administrator command",
);
const CLOSED: (&str, &str) = (
    "asyncpg.exceptions.ConnectionDoesNotExistError",
    "connection was closed in the middle of operation",
);
