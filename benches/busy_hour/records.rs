//! A synthetic busy hour of one service: as many records as asked, 50 routes, two instances, and everything that makes
//! rows: hangs, bursts of failures in many wordings, a flapping listener, restarts.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};

const ROUTES: u64 = 50;
/// Each request is four records: itself, its checkout, two statements.
const RECORDS_A_REQUEST: u64 = 4;

/// When the hour begins.
pub fn begin() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// Numbers that look random and are the same every time (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

struct Row<'a> {
    trace: u64,
    span: u64,
    parent: Option<u64>,
    kind: &'a str,
    name: &'a str,
    scope: &'a str,
    start: DateTime<Utc>,
    seconds: f64,
    level: u8,
    error: Option<&'a str>,
    instance: u64,
    process: u64,
}

fn line(out: &mut String, row: &Row<'_>) {
    let stamp = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let length = TimeDelta::microseconds((row.seconds * 1e6) as i64);
    let end = if row.kind == "span" {
        row.start + length
    } else {
        row.start
    };
    let json = |text: Option<String>| text.map_or(String::from("null"), |text| format!("\"{text}\""));
    let duration = if row.kind == "span" {
        row.seconds.to_string()
    } else {
        String::from("null")
    };
    let _ = writeln!(
        out,
        "{{\"trace_id\":\"{:032x}\",\"span_id\":\"{:016x}\",\"parent_span_id\":{},\"kind\":\"{}\",\"span_name\":\"{}\",\
         \"message\":\"{}\",\"otel_scope_name\":\"{}\",\"start_timestamp\":\"{}\",\"end_timestamp\":\"{}\",\"duration\":{},\
         \"level\":{},\"otel_status_code\":{},\"exception_message\":{},\"is_exception\":{},\"service_name\":\"busy\",\
         \"service_instance_id\":\"{}\",\"process_pid\":{},\"deployment_environment\":\"production\",\"created_at\":\"{}\",\
         \"otel_resource_attributes\":{{\"fly.machine_id\":\"machine{}\",\"host.name\":\"h{}\"}},\
         \"attributes\":{{\"http.route\":\"{}\"}}}}",
        row.trace,
        row.span,
        json(row.parent.map(|parent| format!("{parent:016x}"))),
        row.kind,
        row.name,
        row.name,
        row.scope,
        stamp(row.start),
        stamp(end),
        duration,
        row.level,
        json(row.error.map(|_| String::from("ERROR"))),
        json(row.error.map(str::to_owned)),
        row.error.is_some(),
        row.instance,
        row.process,
        stamp(end + TimeDelta::milliseconds(100)),
        row.instance,
        row.instance,
        row.name,
    );
}

const FASTAPI: &str = "opentelemetry.instrumentation.fastapi";
const SQLALCHEMY: &str = "opentelemetry.instrumentation.sqlalchemy";
const LOGGING: &str = "logfire.stdlib.logging";

/// Writes the hour as NDJSON, request by request.
pub fn write(records: u64, mut sink: impl FnMut(&str)) {
    let mut numbers = Numbers(7);
    let requests = records / RECORDS_A_REQUEST;
    let micros_apart = 3_600_000_000 / requests.max(1);
    let mut out = String::new();
    let mut span = 0_u64;
    for trace in 1..=requests {
        out.clear();
        let start = begin() + TimeDelta::microseconds((trace * micros_apart) as i64);
        let minute = (start - begin()).num_minutes() as u64;
        // Every 12 minutes both instances start anew.
        let (instance, process) = (trace % 2, minute / 12);
        let route = format!("GET /route{}/{{id}}", numbers.next(ROUTES));
        // A hundred hangs in the hour, and in every fifth minute one request of four fails, in 97 wordings.
        let hangs = trace % (requests / 100).max(1) == 1;
        let fails = minute % 5 == 3 && numbers.next(4) == 0;
        let wording = format!(
            "relation of shape {} is missing",
            char::from(b'a' + (numbers.next(26) as u8))
        );
        let error = fails.then_some(wording.as_str());
        let seconds = if hangs {
            60.0 + numbers.next(600) as f64
        } else {
            0.004 + numbers.next(30) as f64 / 1000.0
        };
        span += RECORDS_A_REQUEST;
        let row = |span, parent, name, scope, offset, seconds, level, error| Row {
            trace,
            span,
            parent,
            kind: "span",
            name,
            scope,
            start: start + TimeDelta::microseconds(offset),
            seconds,
            level,
            error,
            instance,
            process,
        };
        line(
            &mut out,
            &row(
                span,
                None,
                &route,
                FASTAPI,
                0,
                seconds,
                if fails { 17 } else { 9 },
                error,
            ),
        );
        line(
            &mut out,
            &row(span + 1, Some(span), "connect", SQLALCHEMY, 200, seconds * 0.5, 5, None),
        );
        line(
            &mut out,
            &row(span + 2, Some(span), "SELECT db", SQLALCHEMY, 900, 0.001, 9, None),
        );
        line(
            &mut out,
            &row(span + 3, Some(span), "SELECT db", SQLALCHEMY, 1500, 0.002, 9, None),
        );
        let first_of_minute =
            start - begin() - TimeDelta::minutes(minute as i64) < TimeDelta::microseconds(micros_apart as i64);
        if first_of_minute {
            let said: &[&str] = match minute % 12 {
                0 => &[
                    "starting queue service",
                    "queue service connected to database and listening",
                ],
                6 => &[
                    "heartbeat timeout, marking connection as dead",
                    "queue listener connection lost, attempting reconnect",
                ],
                8 => &["queue service connected to database and listening"],
                _ => &["queue listener reconnection failed, retrying in 5.0s"],
            };
            for name in said {
                span += 1;
                let log = Row {
                    kind: "log",
                    ..row(span + RECORDS_A_REQUEST, None, name, LOGGING, 50, 0.0, 9, None)
                };
                line(&mut out, &log);
            }
        }
        sink(&out);
    }
}
