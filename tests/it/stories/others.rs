//! Other stacks and what lives long: drivers without checkouts, streams and chats, errors that their requests survive.

use serde_json::json;

use super::Case;
use super::builder::{A, B, FASTAPI, Failed, HTTPX, Life, REFUSED, Story, TIMED_OUT, Took};

const DJANGO: &str = "opentelemetry.instrumentation.django";
const PSYCOPG: &str = "opentelemetry.instrumentation.psycopg";
const ASYNCPG: &str = "opentelemetry.instrumentation.asyncpg";
const OPENAI: &str = "logfire.openai";
const POOL_OF_3: &str = "QueuePool limit of size 2 overflow 1 reached, connection timed out, timeout 30.00";
const ROUTES: [&str; 3] = [
    "GET invoices/",
    "GET invoices/<int:pk>/",
    "GET accounts/<int:pk>/usage/",
];

/// How a request of Django ends.
#[derive(Clone, Copy)]
enum Ends {
    /// Its connection took so long, then all was well.
    After(f64),
    /// It has no end.
    Never,
    /// After so long, with this error.
    With(f64, &'static str),
}

impl Story {
    /// A request of Django over psycopg: statements are recorded, connects are not.
    fn django(&mut self, life: Life, start: f64, route: &str, ends: Ends, statement: f64) {
        let (kind, took) = match ends {
            Ends::After(waited) => ("span", waited + 2.0 * statement + 0.006),
            Ends::With(took, _) => ("span", took),
            Ends::Never => ("pending_span", 0.0),
        };
        let mut request = self.row(life, kind, DJANGO, route, start, start + took);
        if let Ends::With(_, error) = ends {
            request["otel_status_code"] = json!("ERROR");
            request["exception_message"] = json!(error);
            request["exception_type"] = json!("django.db.utils.OperationalError");
            request["http_response_status_code"] = json!(500);
        } else if kind == "span" {
            request["http_response_status_code"] = json!(200);
        }
        let (trace, parent) = (request["trace_id"].clone(), request["span_id"].clone());
        self.rows.push(request);
        if let Ends::After(waited) = ends {
            for n in 0..2 {
                let at = start + waited + 0.002 + f64::from(n) * (statement + 0.001);
                let mut row = self.row(life, "span", PSYCOPG, "SELECT", at, at + statement);
                row["trace_id"] = trace.clone();
                row["parent_span_id"] = parent.clone();
                row["message"] = json!("SELECT invoices.id FROM invoices WHERE ...");
                self.rows.push(row);
            }
        }
    }

    fn django_traffic(&mut self, life: Life, from: f64, to: f64, every: f64) {
        let (mut time, mut nth) = (from, 0);
        while time < to {
            self.django(life, time, ROUTES[nth % 3], Ends::After(0.0), 0.002);
            time += every;
            nth += 1;
        }
    }

    /// A chat: it looks something up, then a model answers for so long.
    fn chat(&mut self, life: Life, start: f64, answers: f64) {
        self.request(life, start, "POST /chat", Took(0.003), 0.004);
        let end = self
            .at(start + answers)
            .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let request = self
            .rows
            .iter_mut()
            .rev()
            .find(|row| row["otel_scope_name"] == FASTAPI)
            .unwrap();
        request["duration"] = json!(answers);
        request["end_timestamp"] = json!(end);
        request["created_at"] = json!(end);
        self.child(
            life,
            OPENAI,
            "Chat Completion with 'gpt-4o'",
            start + 0.02,
            Some(answers - 0.1),
        );
    }

    /// A stream without a database operation.
    fn stream(&mut self, life: Life, name: &str, start: f64, ends: Option<f64>) {
        let kind = if ends.is_some() { "span" } else { "pending_span" };
        let mut row = self.row(life, kind, FASTAPI, name, start, start + ends.unwrap_or_default());
        if ends.is_some() && name.starts_with("GET") {
            row["http_response_status_code"] = json!(200);
        }
        self.rows.push(row);
    }
}

pub const TABLE: &[Case] = &[
    Case {
        name: "Django: some new connections hang, and no connect is ever recorded",
        build: |story| {
            story.django_traffic(A, 0.0, 1800.0, 2.0);
            for n in 0..12_u8 {
                let ends = if n < 8 {
                    Ends::After(130.0)
                } else {
                    Ends::With(130.0, TIMED_OUT)
                };
                story.django(A, 600.0 + f64::from(n) * 20.0, ROUTES[usize::from(n % 3)], ends, 0.002);
            }
        },
        expected: &["partial-connect-hang"],
        window: Some((600.0, 950.0)),
        not: &["slow-database", "lock-contention"],
        ..Case::BASE
    },
    Case {
        name: "Django: new connections hang right now",
        build: |story| {
            story.django_traffic(A, 0.0, 900.0, 2.0);
            for n in 0..8_u8 {
                story.django(
                    A,
                    700.0 + f64::from(n) * 10.0,
                    ROUTES[usize::from(n % 3)],
                    Ends::Never,
                    0.002,
                );
            }
        },
        expected: &["partial-connect-hang"],
        window: Some((700.0, f64::INFINITY)),
        ..Case::BASE
    },
    Case {
        name: "Django: nothing connects and every request waits for its timeout",
        build: |story| {
            story.django_traffic(A, 0.0, 600.0, 2.0);
            for n in 0..40_u8 {
                let start = 600.0 + f64::from(n) * 5.0;
                story.django(A, start, ROUTES[usize::from(n % 3)], Ends::With(10.0, TIMED_OUT), 0.002);
            }
            story.django_traffic(A, 812.0, 1500.0, 2.0);
        },
        expected: &["database-unreachable"],
        window: Some((600.0, 805.0)),
        ..Case::BASE
    },
    Case {
        name: "an index is gone: the statements of one page of three are slow, and take forty times as long",
        build: |story| {
            for n in 0..900_u32 {
                let time = f64::from(n) * 2.0;
                let slow = n % 3 == 2 && (600.0..1200.0).contains(&time);
                let took = if slow { 0.09 } else { 0.002 };
                story.django(A, time, ROUTES[(n % 3) as usize], Ends::After(0.0), took);
            }
        },
        expected: &["slow-database"],
        window: Some((600.0, 1200.0)),
        ..Case::BASE
    },
    Case {
        name: "chats keep their connection while a model answers, and the pool is empty",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 3.0);
            for n in 0..9_u8 {
                story.chat(A, 600.0 + f64::from(n % 3) + f64::from(n / 3) * 100.0, 98.0);
            }
            for n in 0..60_u8 {
                let start = 605.0 + f64::from(n) * 4.0;
                story.request(A, start, "GET /albums", Failed(30.0, POOL_OF_3), 0.0);
            }
            story.traffic(A, 905.0, 1500.0, 3.0);
        },
        expected: &["pool-exhausted"],
        window: Some((605.0, 875.0)),
        not: &["connection-leak", "partial-connect-hang", "lock-contention"],
        ..Case::BASE
    },
    Case {
        name: "a chat breaks after status 200 because connects are refused: it had been well for minutes",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 2.0);
            story.chat(A, 420.0, 182.0);
            let request = story
                .rows
                .iter_mut()
                .rev()
                .find(|row| row["span_name"] == "POST /chat")
                .unwrap();
            request["otel_status_code"] = json!("ERROR");
            request["exception_message"] = json!(REFUSED);
            story.child(A, super::builder::SQLALCHEMY, "connect", 601.9, Some(0.01));
            story.rows.last_mut().unwrap()["otel_status_code"] = json!("ERROR");
            for n in 0..60_u8 {
                story.request(
                    A,
                    602.0 + f64::from(n) * 2.0,
                    "GET /albums",
                    Failed(0.004, REFUSED),
                    0.0,
                );
            }
            story.traffic(A, 725.0, 1200.0, 2.0);
        },
        expected: &["database-down"],
        window: Some((602.0, 720.0)),
        ..Case::BASE
    },
    Case {
        name: "WebSockets, events and chats are open for minutes, and all is well",
        build: |story| {
            story.traffic(A, 0.0, 1800.0, 3.0);
            for n in 0..10_u8 {
                let start = 30.0 + f64::from(n) * 150.0;
                story.stream(A, "HTTP /rooms/{room_id}/live", start, (n < 8).then_some(400.0));
                story.stream(A, "GET /events", start + 1.0, (n < 8).then_some(300.0));
                story.chat(A, start + 2.0, 90.0);
            }
        },
        expected: &["healthy"],
        not: NONE,
        ..Case::BASE
    },
    Case {
        name: "dead connections are replaced, calls to others find nothing, and Django says 404: all is well",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 2.0);
            story.django_traffic(B, 0.0, 900.0, 3.0);
            for n in 0..120_u8 {
                story.request(A, 100.0 + f64::from(n) * 5.0, "GET /albums", Took(0.02), 0.004);
                story.child(A, ASYNCPG, "BEGIN;", 100.001 + f64::from(n) * 5.0, Some(0.001));
                story.rows.last_mut().unwrap()["otel_status_code"] = json!("ERROR");
                story.child(A, HTTPX, "GET", 100.002 + f64::from(n) * 5.0, Some(0.004));
                let call = story.rows.last_mut().unwrap();
                call["otel_status_code"] = json!("ERROR");
                call["http_response_status_code"] = json!(404);
                let mut row = story.row(
                    B,
                    "span",
                    DJANGO,
                    ROUTES[1],
                    100.0 + f64::from(n),
                    100.01 + f64::from(n),
                );
                row["otel_status_code"] = json!("ERROR");
                row["exception_message"] = json!("no such invoice");
                row["http_response_status_code"] = json!(404);
                story.rows.push(row);
            }
        },
        expected: &["healthy"],
        not: NONE,
        ..Case::BASE
    },
    Case {
        name: "Django: one export takes minutes, twice at a time, and nothing says why",
        build: |story| {
            story.django_traffic(A, 0.0, 900.0, 2.0);
            for n in 0..6_u8 {
                story.django(A, 100.0 + f64::from(n) * 100.0, "GET exports/", Ends::After(0.0), 0.002);
            }
            story.django(A, 300.0, "GET exports/", Ends::After(120.0), 0.002);
            story.django(A, 310.0, "GET exports/", Ends::After(150.0), 0.002);
        },
        expected: &["healthy"],
        not: NONE,
        ..Case::BASE
    },
    Case {
        name: "a report with many slow statements, for a minute",
        build: |story| {
            story.django_traffic(A, 0.0, 1800.0, 2.0);
            for n in 0..25_u8 {
                story.django(A, 900.0 + f64::from(n) * 2.4, "GET reports/", Ends::After(0.0), 0.9);
            }
        },
        expected: &["healthy"],
        not: &["slow-database"],
        ..Case::BASE
    },
];

const NONE: &[&str] = &[
    "partial-connect-hang",
    "database-unreachable",
    "lock-contention",
    "slow-database",
    "pool-exhausted",
    "connection-leak",
    "cold-start",
    "instance-silent",
    "database-down",
];
