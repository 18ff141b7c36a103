//! Starts, silences and queued work that are none of a failure mode's.

use serde_json::json;

use super::super::Case;
use super::super::builder::{A, B, C, FASTAPI, Life, Open, Took};

pub const TABLE: &[Case] = &[
    Case {
        name: "a deploy of two instances",
        build: |story| {
            for (n, machine) in [(0.0, "machine-a"), (1.0, "machine-b")] {
                story.traffic((machine, 1), n, 300.0, 4.0);
                story.stopped((machine, 1), 301.0);
                story.version = "2";
                story.started((machine, 9), 308.0 + n);
                story.traffic((machine, 9), 310.0 + n, 600.0, 4.0);
                story.version = "1";
            }
        },
        expected: &["deploy"],
        not: &["crash-loop", "instance-silent", "listener-hang"],
        ..Case::BASE
    },
    Case {
        name: "an operator who restarts a machine four times",
        build: |story| {
            for n in 0..4 {
                let (life, time): (Life, f64) = (("machine-a", 10 + n), f64::from(n) * 150.0);
                story.started(life, time);
                story.traffic(life, time + 2.0, time + 138.0, 4.0);
                story.stopped(life, time + 140.0);
            }
        },
        expected: &["restart"],
        not: &["crash-loop"],
        ..Case::BASE
    },
    Case {
        name: "three sudden starts",
        build: |story| {
            for n in 0..3 {
                let (life, time): (Life, f64) = (("machine-a", 10 + n), f64::from(n) * 300.0);
                story.started(life, time);
                story.traffic(life, time + 2.0, time + 295.0, 4.0);
            }
        },
        expected: &["restart"],
        not: &["crash-loop", "instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "an idle night, with a stream that stays open",
        build: |story| {
            story.started(A, 0.0);
            story.traffic(A, 2.0, 300.0, 2.0);
            let stream = story.row(A, "span", FASTAPI, "GET /events", 280.0, 1650.0);
            story.rows.push(stream);
            story.traffic(A, 1400.0, 1700.0, 2.0);
        },
        expected: &["traffic-lull"],
        not: &["instance-silent", "cold-start"],
        ..Case::BASE
    },
    Case {
        name: "a rolling deploy of pods: new names, a new version, no shutdown lines",
        build: |story| {
            for (n, (old, new)) in [("pod-1", "pod-4"), ("pod-2", "pod-5"), ("pod-3", "pod-6")]
                .into_iter()
                .enumerate()
            {
                let later = n as f64 * 40.0;
                story.started((old, 1), n as f64);
                story.traffic((old, 1), 2.0 + n as f64, 500.0 + later, 5.0);
                story.version = "2";
                story.started((new, 1), 480.0 + later);
                story.traffic((new, 1), 490.0 + later, 1200.0, 5.0);
                story.version = "1";
            }
        },
        expected: &["deploy", "healthy"],
        not: &["instance-silent", "crash-loop"],
        ..Case::BASE
    },
    Case {
        name: "a pod that is moved to another node: a new name, the same version, no shutdown line",
        build: |story| {
            for (n, name) in ["pod-1", "pod-2"].into_iter().enumerate() {
                story.started((name, 1), n as f64);
                story.traffic((name, 1), 2.0 + n as f64, if n == 0 { 500.0 } else { 1400.0 }, 5.0);
            }
            story.started(("pod-3", 1), 530.0);
            story.traffic(("pod-3", 1), 535.0, 1400.0, 5.0);
        },
        expected: &["healthy"],
        not: &["instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "a quiet night, and a deploy in the morning under a new name",
        build: |story| {
            story.started(("pod-1", 1), 0.0);
            story.traffic(("pod-1", 1), 2.0, 500.0, 4.0);
            story.version = "2";
            story.started(("pod-2", 1), 2000.0);
            story.traffic(("pod-2", 1), 2002.0, 2500.0, 4.0);
        },
        expected: &["deploy", "traffic-lull"],
        not: &["instance-silent", "cold-start"],
        ..Case::BASE
    },
    Case {
        name: "a service that scales to zero under new names",
        build: |story| {
            for (n, name) in ["run-1", "run-2", "run-3"].into_iter().enumerate() {
                let time = n as f64 * 1400.0;
                story.started((name, 1), time);
                story.traffic((name, 1), time + 2.0, time + 300.0, 4.0);
            }
        },
        expected: &["traffic-lull"],
        not: &["instance-silent", "crash-loop", "cold-start"],
        ..Case::BASE
    },
    Case {
        name: "a machine that the platform stops for want of traffic",
        build: |story| {
            story.started(A, 0.0);
            story.traffic(A, 2.0, 400.0, 5.0);
            story.stopped(A, 402.0);
            story.started(B, 1.0);
            story.traffic(B, 3.0, 1200.0, 5.0);
        },
        expected: &["healthy"],
        not: &["instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "a pod that is taken away, of a service that never says when it stops",
        build: |story| {
            story.traffic(A, 0.0, 400.0, 5.0);
            story.traffic(B, 1.0, 1200.0, 5.0);
            story.traffic(C, 2.0, 1200.0, 5.0);
        },
        expected: &["healthy"],
        not: &["instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "a job with a machine of its own that is done",
        build: |story| {
            story.started(A, 0.0);
            story.traffic(A, 2.0, 1200.0, 5.0);
            for n in 0..40 {
                story.task(("job", 5), "export part", 100.0 + f64::from(n) * 5.0, 4.0);
            }
        },
        expected: &["healthy"],
        not: &["instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "a machine that is back after 100 seconds",
        build: |story| {
            story.started(A, 0.0);
            story.traffic(A, 2.0, 400.0, 4.0);
            story.request(A, 399.0, "GET /albums", Open, 0.0);
            story.started(("machine-a", 9), 500.0);
            story.traffic(("machine-a", 9), 502.0, 900.0, 4.0);
            story.traffic(B, 3.0, 900.0, 4.0);
        },
        expected: &["restart"],
        not: &["instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "a quiet machine beside a busy one, and a slow report on it",
        build: |story| {
            story.traffic(A, 0.0, 2000.0, 5.0);
            story.traffic(B, 1.0, 2000.0, 130.0);
            story.request(B, 700.0, "GET /report", Took(0.004), 76.0);
        },
        expected: &["healthy"],
        not: &["instance-silent", "lock-contention", "slow-database"],
        ..Case::BASE
    },
    Case {
        name: "a worker that runs what is queued, some of it in vain, and then has nothing to do",
        build: |story| {
            story.traffic(A, 0.0, 2400.0, 8.0);
            for n in 0..6 {
                let time = f64::from(n) * 150.0 + 30.0;
                story.request(A, time, "POST /tracks/", Took(0.004), 0.005);
                let mut run = story.row(
                    ("worker", 7),
                    "span",
                    "worker",
                    "process upload",
                    time + 3.0,
                    time + 9.0,
                );
                run["otel_status_code"] = json!(if n > 1 { Some("ERROR") } else { None });
                story.rows.push(run);
            }
        },
        expected: &["healthy"],
        not: &["worker-silent", "instance-silent"],
        ..Case::BASE
    },
    Case {
        name: "two uploads that wait for their turn",
        build: |story| {
            story.traffic(A, 0.0, 1200.0, 8.0);
            story.task(("worker", 7), "process upload", 100.0, 6.0);
            story.request(A, 700.0, "POST /tracks/", Took(0.004), 0.005);
            story.request(A, 900.0, "POST /tracks/", Took(0.004), 0.005);
            // And some that were refused: nothing was queued.
            for n in 0..5 {
                story.plain(A, "POST /tracks/", 500.0 + f64::from(n), 0.01, 422);
            }
        },
        expected: &["healthy"],
        not: &["worker-silent"],
        ..Case::BASE
    },
];
