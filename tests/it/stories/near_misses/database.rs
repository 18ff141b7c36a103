//! What looks like trouble on the way to the database.

use serde_json::json;

use super::super::Case;
use super::super::builder::{A, FASTAPI, Failed, HTTPX, NO_NAME, POOL_OF_5, REFUSED, SQLALCHEMY, TIMED_OUT, Took};
use super::super::modes::too_small;

const OUTAGES: &[&str] = &[
    "database-down",
    "database-unreachable",
    "dns-failure",
    "pool-exhausted",
    "connection-leak",
    "slow-database",
    "partial-connect-hang",
];

/// What a client of another service says.
const OTHERS: [&str; 3] = [
    "[Errno 111] Connection refused",
    "[Errno -2] Name or service not known",
    "connection timed out",
];

pub const TABLE: &[Case] = &[
    Case {
        name: "an idle gap and fast requests behind it",
        build: |story| {
            story.traffic(A, 0.0, 300.0, 3.0);
            story.traffic(A, 900.0, 1200.0, 3.0);
        },
        expected: &["traffic-lull"],
        not: &["cold-start", "instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "a pause of 90 seconds, and then connects that get no answer",
        build: |story| {
            story.traffic(A, 0.0, 300.0, 3.0);
            for n in 0..8 {
                story.request(
                    A,
                    390.0 + f64::from(n) * 3.0,
                    "GET /albums",
                    Took(90.0 - f64::from(n) * 3.0),
                    0.004,
                );
            }
            story.traffic(A, 482.0, 800.0, 3.0);
        },
        expected: &["database-unreachable"],
        not: &["cold-start"],
        ..Case::BASE
    },
    Case {
        name: "an idle gap, and hangs beside fast requests behind it",
        build: |story| {
            story.traffic(A, 0.0, 300.0, 3.0);
            story.request(A, 900.0, "GET /albums", Took(700.0), 0.004);
            story.request(A, 901.0, "GET /albums", Took(800.0), 0.004);
            story.traffic(A, 905.0, 1800.0, 5.0);
        },
        expected: &["partial-connect-hang"],
        not: &["cold-start"],
        ..Case::BASE
    },
    Case {
        name: "a brief ERROR log and a brief reconnect of the listener",
        build: |story| {
            story.started(A, 0.0);
            story.traffic(A, 2.0, 900.0, 3.0);
            let mut error = story.row(A, "log", "logfire.stdlib.logging", "cannot delete a file", 200.0, 200.0);
            error["level"] = json!(17);
            story.rows.push(error);
            story.log(A, 400.0, "heartbeat timeout, marking connection as dead");
            story.log(
                A,
                405.0,
                "queue listener connection lost, attempting reconnect (delay: 5.0s)...",
            );
            story.log(A, 411.0, "queue service connected to database and listening");
        },
        expected: &["healthy"],
        not: &["listener-hang"],
        ..Case::BASE
    },
    Case {
        name: "a worker that says that it starts and has no listener, beside connects that hang",
        build: |story| {
            story.started(A, 0.0);
            story.traffic(A, 2.0, 1800.0, 6.0);
            story.log(("worker", 7), 5.0, "starting queue service");
            for n in 0..20 {
                story.task(("worker", 7), "process upload", 20.0 + f64::from(n) * 80.0, 5.0);
            }
            for (life, start) in [(A, 400.0), (A, 402.0), (A, 404.0)] {
                story.request(life, start, "GET /albums", Took(1000.0), 0.004);
            }
            let own = story.row(("worker", 7), "span", SQLALCHEMY, "connect", 410.0, 1300.0);
            story.rows.push(own);
        },
        expected: &["partial-connect-hang"],
        not: &["listener-hang"],
        ..Case::BASE
    },
    Case {
        name: "three requests hang, one of them in a statement, one in its connect",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 3.0);
            story.request(A, 300.0, "GET /albums", Took(200.0), 0.004);
            story.request(A, 301.0, "GET /stats", Took(0.003), 190.0);
            story.plain(A, "POST /share", 302.0, 180.0, 200);
            story.child(A, HTTPX, "POST", 302.1, Some(179.0));
        },
        expected: &["healthy"],
        not: &["partial-connect-hang", "lock-contention"],
        ..Case::BASE
    },
    Case {
        name: "three long reports at a time",
        build: |story| {
            story.traffic(A, 0.0, 1500.0, 5.0);
            for (start, took) in [(300.0, 400.0), (320.0, 700.0), (350.0, 250.0)] {
                story.request(A, start, "GET /report", Took(0.003), took);
            }
        },
        expected: &["healthy"],
        not: &["lock-contention", "slow-database"],
        ..Case::BASE
    },
    Case {
        name: "a job of thirty minutes, and one that holds a statement for as long",
        build: |story| {
            story.traffic(A, 0.0, 2400.0, 8.0);
            story.task(A, "nightly export", 100.0, 1800.0);
            let parent = story.rows.last().unwrap().clone();
            let mut statement = story.row(A, "span", SQLALCHEMY, "COPY app", 102.0, 1899.0);
            statement["trace_id"] = parent["trace_id"].clone();
            statement["parent_span_id"] = parent["span_id"].clone();
            story.rows.push(statement);
            let alone = story.row(("job", 5), "span", SQLALCHEMY, "REFRESH app", 150.0, 1890.0);
            story.rows.push(alone);
        },
        expected: &["healthy"],
        not: &[
            "lock-contention",
            "slow-database",
            "partial-connect-hang",
            "instance-silent",
        ],
        ..Case::BASE
    },
    Case {
        name: "long uploads, and streams that had a connection for a moment",
        build: |story| {
            story.traffic(A, 0.0, 2400.0, 8.0);
            for n in 0..4 {
                story.plain(A, "POST /upload", 100.0 + f64::from(n) * 30.0, 400.0, 200);
                let start = 150.0 + f64::from(n) * 20.0;
                story.plain(A, "GET /events", start, 1500.0 + f64::from(n) * 90.0, 200);
                story.child(A, SQLALCHEMY, "connect", start + 0.01, Some(0.003));
                story.child(A, SQLALCHEMY, "SELECT app", start + 0.02, Some(0.004));
                // One that still streams when the window ends.
                let open = story.row(A, "pending_span", FASTAPI, "GET /events", 900.0 + start, 900.0 + start);
                story.rows.push(open);
                story.child(A, SQLALCHEMY, "connect", 900.0 + start + 0.01, Some(0.003));
            }
        },
        expected: &["healthy"],
        not: &[
            "partial-connect-hang",
            "lock-contention",
            "database-unreachable",
            "instance-silent",
        ],
        ..Case::BASE
    },
    Case {
        name: "a pool that is too small is no leak",
        build: too_small,
        expected: &["pool-exhausted"],
        not: &["connection-leak"],
        ..Case::BASE
    },
    Case {
        name: "one slow report",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 2.0);
            story.request(A, 250.0, "GET /report", Took(0.003), 90.0);
        },
        expected: &["healthy"],
        not: &["slow-database", "lock-contention"],
        ..Case::BASE
    },
    Case {
        name: "an application whose statements always take 80 ms",
        build: |story| {
            let mut time = 0.0;
            while time < 600.0 {
                story.request(A, time, "GET /stats", Took(0.003), 0.08);
                time += 2.0;
            }
        },
        expected: &["healthy"],
        not: &["slow-database"],
        ..Case::BASE
    },
    Case {
        name: "a busy hour in which statements take three times as long",
        build: |story| {
            let mut time = 0.0;
            while time < 400.0 {
                story.request(A, time, "GET /stats", Took(0.003), 0.02);
                time += 1.5;
            }
            let mut time = 400.0;
            while time < 700.0 {
                story.request(A, time, "GET /stats", Took(0.003), 0.06);
                time += 1.5;
            }
            let mut time = 700.0;
            while time < 1000.0 {
                story.request(A, time, "GET /stats", Took(0.003), 0.025);
                time += 1.5;
            }
        },
        expected: &["healthy"],
        not: &["slow-database"],
        ..Case::BASE
    },
    Case {
        name: "two requests each of which a restart of the pooler refused, cut off, or kept waiting",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 3.0);
            for (n, error) in [REFUSED, NO_NAME, TIMED_OUT, POOL_OF_5].into_iter().enumerate() {
                let took = if error == POOL_OF_5 { 30.0 } else { 0.02 };
                story.request(A, 200.0 + n as f64 * 100.0, "GET /albums", Failed(took, error), 0.0);
                story.request(A, 201.0 + n as f64 * 100.0, "GET /stats", Failed(took, error), 0.0);
            }
        },
        expected: &["inconclusive"],
        not: OUTAGES,
        ..Case::BASE
    },
    Case {
        name: "another service is down, its name is gone, and it does not answer",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 3.0);
            for (n, error) in OTHERS.into_iter().enumerate() {
                for m in 0..8 {
                    let start = 200.0 + n as f64 * 100.0 + f64::from(m) * 5.0;
                    story.plain(A, "POST /share", start, 2.0, 502);
                    let at = story.rows.len() - 1;
                    story.rows[at]["exception_message"] = json!(error);
                    story.child(A, HTTPX, "POST", start + 0.01, Some(1.9));
                }
            }
        },
        expected: &["healthy"],
        not: OUTAGES,
        ..Case::BASE
    },
    Case {
        name: "a storm of 404s",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 2.0);
            for n in 0..300 {
                story.plain(A, "GET /tracks/{track_id}", 200.0 + f64::from(n) * 0.3, 0.004, 404);
            }
        },
        expected: &["healthy"],
        not: OUTAGES,
        ..Case::BASE
    },
    Case {
        name: "a client that gives up and tries again, hundreds of times",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 2.0);
            for n in 0..200 {
                story.plain(A, "GET /search", 200.0 + f64::from(n) * 0.2, 0.05, 499);
                story.plain(A, "GET /search", 200.1 + f64::from(n) * 0.2, 0.01, 500);
            }
        },
        expected: &["healthy"],
        not: OUTAGES,
        ..Case::BASE
    },
];
