//! The incidents of relay-api as its retrospectives tell them, in their own numbers.

use serde_json::json;

use super::Case;
use super::builder::{A, B, Failed, HTTPX, Life, Open, POOL_OF_5, Story, Took};

const WORKER: &str = "worker";

pub const TABLE: &[Case] = &[
    Case {
        name: "2025-11-17: the listener never says that it is connected",
        build: |story| listener_hang(story, true, true),
        expected: &["listener-hang"],
        window: Some((255.0, 530.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
    Case {
        name: "2025-11-17 without pending rows",
        build: |story| {
            listener_hang(story, true, true);
            without_pending(story);
        },
        expected: &["listener-hang"],
        window: Some((255.0, 530.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
    Case {
        name: "2025-11-17: the listener tries to connect again, and nothing follows",
        build: |story| listener_hang(story, false, true),
        expected: &["listener-hang"],
        window: Some((240.0, 530.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
    Case {
        // Then only an empty pool and a restart are left: no word of why, and not healthy.
        name: "2025-11-17 without pending rows and without a line of the listener",
        build: |story| {
            listener_hang(story, false, false);
            without_pending(story);
        },
        expected: &["pool-exhausted"],
        window: Some((255.0, 530.0)),
        ..Case::BASE
    },
    Case {
        name: "2025-12-02: a database that scales to zero wakes up",
        build: cold_start,
        expected: &["cold-start"],
        window: Some((591.0, 909.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
    Case {
        name: "2025-12-02 without pending rows, and health checks all the time",
        build: |story| {
            cold_start(story);
            for n in 0..80 {
                story.plain(A, "GET /health", f64::from(n) * 15.0 + 7.0, 0.002, 200);
            }
            without_pending(story);
        },
        expected: &["cold-start"],
        window: Some((591.0, 909.0)),
        ..Case::BASE
    },
    Case {
        name: "2026-04-02: frozen after a deploy, the other one stopped",
        build: |story| frozen(story, true, true),
        expected: &["instance-silent"],
        window: Some((451.0, 913.0)),
        instances: &["machine-b"],
        not: &["crash-loop", "listener-hang"],
        ..Case::BASE
    },
    Case {
        name: "2026-04-02, the frozen one is the one that is started again",
        build: |story| frozen(story, false, true),
        expected: &["instance-silent"],
        window: Some((451.0, 913.0)),
        instances: &["machine-b"],
        not: &["crash-loop", "listener-hang"],
        ..Case::BASE
    },
    Case {
        name: "2026-04-02 without a word of the listener",
        build: |story| frozen(story, true, false),
        expected: &["instance-silent"],
        window: Some((506.0, 913.0)),
        instances: &["machine-b"],
        ..Case::BASE
    },
    Case {
        name: "2026-05-08: four days of it",
        build: |story| {
            let mut time = 0.0;
            while time < 345_600.0 {
                story.request(A, time, "GET /tracks/", Took(0.004), 0.004);
                time += 700.0;
            }
            for n in 0..9 {
                story.request(
                    A,
                    9_000.0 + f64::from(n) * 36_000.0,
                    "POST /tracks/",
                    Took(0.004),
                    0.005,
                );
            }
        },
        expected: &["worker-silent"],
        window: Some((9_000.0, f64::INFINITY)),
        ..Case::BASE
    },
    Case {
        name: "2026-05-06: the worker is killed ten times",
        build: |story| {
            killed_worker(story);
            story.traffic(A, 0.0, 3000.0, 15.0);
        },
        expected: &["crash-loop"],
        window: Some((402.0, 2515.0)),
        instances: &[WORKER],
        not: &["instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "2026-05-06 and the silence after it",
        build: |story| {
            killed_worker(story);
            story.traffic(A, 0.0, 8000.0, 25.0);
            uploads(story, 2700.0, 8000.0);
        },
        expected: &["crash-loop"],
        window: Some((402.0, 2515.0)),
        also: &["worker-silent"],
        ..Case::BASE
    },
    Case {
        name: "2026-05-08: uploads are taken and no run was ever seen",
        build: |story| {
            story.traffic(A, 0.0, 7000.0, 20.0);
            uploads(story, 100.0, 7000.0);
        },
        expected: &["worker-silent"],
        window: Some((100.0, f64::INFINITY)),
        ..Case::BASE
    },
    Case {
        name: "2026-08-14: a machine is wedged by memory, a standby takes over",
        build: wedge,
        expected: &["instance-silent"],
        window: Some((724.0, 780.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
    Case {
        name: "2026-08-14 without pending rows",
        build: |story| {
            wedge(story);
            without_pending(story);
        },
        expected: &["instance-silent"],
        window: Some((724.0, 780.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
    Case {
        name: "2026-08-14, the machine is restarted at 02:20, and a deploy follows",
        build: |story| {
            wedge(story);
            story.traffic(B, 1500.0, 3200.0, 6.0);
            story.started(("machine-a", 9), 1800.0);
            story.traffic(("machine-a", 9), 1803.0, 3200.0, 6.0);
            story.stopped(B, 3201.0);
            story.stopped(("machine-a", 9), 3202.0);
            story.version = "2";
            story.started(("machine-b", 8), 3205.0);
            story.started(("machine-a", 10), 3207.0);
            story.traffic(("machine-b", 8), 3210.0, 3500.0, 6.0);
            story.traffic(("machine-a", 10), 3211.0, 3500.0, 6.0);
        },
        expected: &["instance-silent"],
        window: Some((724.0, 780.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
];

pub fn without_pending(story: &mut Story) {
    story.rows.retain(|row| row["kind"] != "pending_span");
}

/// From 05:00:00. The process starts at 05:03:20 (or has been there, `from_start` = false); restart at 05:08:35.
pub fn listener_hang(story: &mut Story, from_start: bool, lines: bool) {
    let hung: Life = if from_start { ("machine-a", 11) } else { A };
    story.traffic(A, 0.0, 190.0, 3.0);
    if from_start {
        story.stopped(A, 191.0);
        story.version = "2";
        story.log(hung, 200.0, "starting queue service");
    } else if lines {
        story.log(hung, 236.0, "heartbeat timeout, marking connection as dead");
        story.log(
            hung,
            241.0,
            "queue listener connection lost, attempting reconnect (delay: 5.0s)...",
        );
    }
    story.traffic(hung, 203.0, 244.0, 3.0);
    for n in 0..5 {
        story.request(hung, 245.0 + f64::from(n) * 2.0, "GET /tracks/", Open, 0.0);
    }
    for n in 0..76 {
        story.request(
            hung,
            255.0 + f64::from(n) * 3.0,
            "GET /albums",
            Failed(30.0, POOL_OF_5),
            0.0,
        );
    }
    let next: Life = ("machine-a", 12);
    story.started(next, 528.0);
    story.traffic(next, 531.0, 800.0, 3.0);
}

/// From 01:45:00.
pub fn cold_start(story: &mut Story) {
    story.started(A, 0.0);
    story.traffic(A, 3.0, 298.0, 6.0);
    story.log(A, 591.0, "heartbeat timeout, marking connection as dead");
    for n in 0..9 {
        let time = 619.0 + f64::from(n) * 30.0;
        story.log(
            A,
            time,
            "queue listener connection lost, attempting reconnect (delay: 5.0s)...",
        );
        story.log(
            A,
            time + 15.0,
            "database connection timed out after 15.0s for queue listening",
        );
        story.log(A, time + 15.1, "queue listener reconnection failed, retrying in 5.0s");
    }
    for (start, took) in [
        (656.0, 333.866),
        (701.0, 198.5),
        (760.0, 213.5),
        (760.2, 213.4),
        (760.4, 134.2),
    ] {
        story.request(A, start, "GET /tracks/{track_id}", Took(took), 0.004);
    }
    for n in 0..40 {
        story.request(
            A,
            763.0 + f64::from(n) * 2.1,
            "GET /stats",
            Failed(30.0, POOL_OF_5),
            0.0,
        );
    }
    story.log(A, 904.0, "queue service connected to database and listening");
    story.traffic(A, 909.0, 1200.0, 6.0);
}

/// From 02:25:00, a deploy at 02:27. `other`: the machine that had been stopped is started first.
fn frozen(story: &mut Story, other: bool, lines: bool) {
    story.traffic(A, 0.0, 122.0, 4.0);
    story.traffic(B, 2.0, 120.0, 4.0);
    story.stopped(B, 121.0);
    story.stopped(A, 125.0);
    story.version = "2";
    let (a, b): (Life, Life) = (("machine-a", 11), ("machine-b", 12));
    story.started(b, 133.0);
    story.started(a, 149.0);
    story.traffic(a, 153.0, 440.0, 4.0);
    story.traffic(b, 155.0, 440.0, 4.0);
    if lines {
        story.log(b, 451.0, "heartbeat timeout, marking connection as dead");
        story.log(
            b,
            456.0,
            "queue listener connection lost, attempting reconnect (delay: 5.0s)...",
        );
        story.log(b, 477.0, "queue listener reconnection failed, retrying in 5.0s");
    }
    let scan = story.row(b, "span", HTTPX, "POST moderation", 504.0, 506.0);
    story.rows.push(scan);
    story.stopped(a, 573.0);
    let machine = if other { "machine-a" } else { "machine-b" };
    story.started((machine, 21), 912.0);
    story.request((machine, 21), 915.0, "GET /tracks/", Took(0.004), 0.003);
    story.started((machine, 22), 921.0);
    story.traffic((machine, 22), 925.0, 1200.0, 4.0);
    if other {
        story.started(("machine-b", 23), 961.0);
        story.traffic(("machine-b", 23), 963.0, 1200.0, 8.0);
    }
}

/// From 18:50:00; the worker's last run is at 18:56:21, its last start at 19:31:55.
fn killed_worker(story: &mut Story) {
    for n in 0..4 {
        let time = 30.0 + f64::from(n) * 115.0;
        story.request(A, time - 2.0, "POST /tracks/", Took(0.003), 0.004);
        story.task((WORKER, 100), "process upload", time, 6.0);
    }
    for n in 0..10 {
        let time = 402.0 + f64::from(n) * 234.8;
        let life = (WORKER, 101 + n);
        story.log(life, time, "initializing docket worker");
        story.log(life, time + 4.0, "worker process ready");
    }
}

fn uploads(story: &mut Story, from: f64, to: f64) {
    let mut time = from;
    while time < to {
        story.request(A, time, "POST /tracks/", Took(0.003), 0.004);
        time += 900.0;
    }
}

/// From 01:50:00. Eight uploads from 02:00:21 on, the last record of A at 02:02:04, B starts at 02:02:39.
pub fn wedge(story: &mut Story) {
    story.started(A, 0.0);
    story.traffic(A, 3.0, 720.0, 3.0);
    story.plain(A, "POST /tracks/", 621.0, 23.0, 200);
    for n in 0..7 {
        let start = 623.0 + f64::from(n) * 9.0;
        let upload = story.row(
            A,
            "pending_span",
            "opentelemetry.instrumentation.fastapi",
            "POST /tracks/",
            start,
            start,
        );
        story.rows.push(upload);
        story.child(
            A,
            "opentelemetry.instrumentation.sqlalchemy",
            "connect",
            start + 0.01,
            Some(0.003),
        );
    }
    let mut last = story.row(A, "log", "logfire.stdlib.logging", "saving upload", 724.0, 724.0);
    let upload = story
        .rows
        .iter()
        .rev()
        .find(|row| row["kind"] == "pending_span")
        .unwrap();
    last["trace_id"] = upload["trace_id"].clone();
    last["parent_span_id"] = upload["span_id"].clone();
    last["message"] = json!("saving upload");
    story.rows.push(last);
    story.started(B, 759.0);
    for n in 0..93 {
        story.request(B, 780.0 + f64::from(n) * 0.6, "GET /tracks/", Took(0.004), 0.004);
    }
    story.traffic(B, 840.0, 1500.0, 3.0);
}
