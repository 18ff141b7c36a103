//! Shapes of failure modes that no recording has.

use super::Case;
use super::builder::{A, B, Failed, Life, NO_NAME, Open, POOL_OF_5, REFUSED, Story, TIMED_OUT, Took};
use super::incidents::without_pending;

pub const TABLE: &[Case] = &[
    Case {
        name: "six starts in ten minutes",
        build: |story| {
            story.traffic(A, 0.0, 1800.0, 10.0);
            for n in 0..6 {
                story.started(("worker", 100 + n), 600.0 + f64::from(n) * 118.0);
                story.log(("worker", 100 + n), 690.0 + f64::from(n) * 118.0, "working");
            }
        },
        expected: &["crash-loop"],
        window: Some((600.0, 1190.0)),
        instances: &["worker"],
        ..Case::BASE
    },
    Case {
        name: "two workers of which each starts three times in ten minutes",
        build: |story| {
            story.traffic(A, 0.0, 1200.0, 10.0);
            for n in 0..3 {
                for (name, later) in [("worker-1", 0.0), ("worker-2", 40.0)] {
                    story.started((name, 100 + n), 600.0 + later + f64::from(n) * 200.0);
                    story.log((name, 100 + n), 650.0 + later + f64::from(n) * 200.0, "working");
                }
            }
        },
        expected: &["crash-loop"],
        instances: &["worker-1", "worker-2"],
        ..Case::BASE
    },
    Case {
        name: "a process that starts again under the same pid",
        build: |story| {
            story.traffic(A, 0.0, 1800.0, 10.0);
            for n in 0..5 {
                story.log(("worker", 7), 600.0 + f64::from(n) * 150.0, "worker process ready");
                story.log(("worker", 7), 690.0 + f64::from(n) * 150.0, "working");
            }
        },
        expected: &["crash-loop"],
        window: Some((600.0, 1200.0)),
        ..Case::BASE
    },
    Case {
        name: "work is queued and nobody runs it any more",
        build: |story| {
            story.traffic(A, 0.0, 3000.0, 10.0);
            for n in 0..12 {
                let time = f64::from(n) * 240.0 + 30.0;
                story.request(A, time, "POST /tracks/", Took(0.004), 0.005);
                if n < 4 {
                    story.task(("worker", 7), "process upload", time + 3.0, 7.0);
                }
            }
        },
        expected: &["worker-silent"],
        window: Some((990.0, f64::INFINITY)),
        ..Case::BASE
    },
    Case {
        name: "one of two instances is killed in mid-request",
        build: |story| {
            story.traffic(A, 0.0, 400.0, 4.0);
            story.request(A, 399.0, "GET /albums", Open, 0.0);
            story.request(A, 399.5, "GET /stats", Open, 0.0);
            story.traffic(B, 1.0, 1200.0, 4.0);
        },
        expected: &["instance-silent"],
        window: Some((400.0, f64::INFINITY)),
        instances: &["machine-a"],
        not: &["partial-connect-hang"],
        ..Case::BASE
    },
    Case {
        name: "one of two instances is killed, between two requests, and started ten minutes later",
        build: |story| {
            story.started(A, 0.0);
            story.started(B, 1.0);
            story.traffic(A, 3.0, 400.0, 4.0);
            story.traffic(B, 4.0, 1300.0, 4.0);
            story.started(("machine-a", 9), 1000.0);
            story.traffic(("machine-a", 9), 1003.0, 1300.0, 4.0);
        },
        expected: &["instance-silent"],
        window: Some((400.0, 1000.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
    Case {
        name: "one of two instances is frozen for five minutes and goes on",
        build: |story| {
            story.traffic(A, 0.0, 300.0, 3.0);
            for n in 0..3 {
                story.request(A, 299.0 + f64::from(n) * 0.3, "GET /albums", Took(301.5), 0.004);
            }
            story.traffic(B, 1.0, 1000.0, 3.0);
            story.traffic(A, 601.0, 1000.0, 3.0);
        },
        expected: &["instance-silent"],
        window: Some((300.0, 600.0)),
        instances: &["machine-a"],
        not: &["partial-connect-hang"],
        ..Case::BASE
    },
    Case {
        name: "one of two instances is frozen between two requests, and goes on",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 3.0);
            story.traffic(B, 1.0, 1500.0, 3.0);
            story.traffic(A, 900.0, 1500.0, 3.0);
        },
        expected: &["instance-silent"],
        window: Some((600.0, 900.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
    Case {
        name: "the only instance is frozen, and clients come back in a burst",
        build: |story| {
            story.traffic(A, 0.0, 500.0, 3.0);
            story.request(A, 499.0, "GET /albums", Took(181.0), 0.004);
            for n in 0..90 {
                story.request(A, 680.0 + f64::from(n) * 0.2, "GET /tracks/", Took(0.004), 0.004);
            }
            story.traffic(A, 700.0, 1200.0, 3.0);
        },
        expected: &["instance-silent"],
        window: Some((499.0, 680.0)),
        instances: &["machine-a"],
        ..Case::BASE
    },
    Case {
        name: "no connect of two instances gets any answer",
        build: |story| {
            for (n, life) in [(0.0, A), (1.0, B)] {
                story.traffic(life, n, 200.0, 4.0);
                for m in 0..25 {
                    let start = 202.0 + n + f64::from(m) * 6.0;
                    story.request(life, start, "GET /albums", Failed(10.0, TIMED_OUT), 0.0);
                }
                story.traffic(life, 365.0 + n, 500.0, 4.0);
            }
        },
        expected: &["database-unreachable"],
        window: Some((202.0, 358.0)),
        instances: &["machine-a", "machine-b"],
        ..Case::BASE
    },
    Case {
        name: "the connects of one of two instances time out",
        build: |story| {
            story.traffic(A, 0.0, 200.0, 4.0);
            for m in 0..25 {
                story.request(
                    A,
                    202.0 + f64::from(m) * 6.0,
                    "GET /albums",
                    Failed(10.0, TIMED_OUT),
                    0.0,
                );
            }
            story.traffic(A, 365.0, 500.0, 4.0);
            story.traffic(B, 1.0, 500.0, 4.0);
        },
        expected: &["partial-connect-hang"],
        window: Some((202.0, 358.0)),
        instances: &["machine-a"],
        not: &["database-unreachable"],
        ..Case::BASE
    },
    Case {
        name: "a hang that ends well after 24 minutes",
        build: |story| {
            story.traffic(A, 0.0, 2400.0, 12.0);
            story.request(A, 300.0, "GET /albums", Took(1440.0), 0.004);
            story.request(A, 302.0, "GET /auth/me", Took(1080.0), 0.004);
        },
        expected: &["partial-connect-hang"],
        window: Some((300.0, 1740.0)),
        ..Case::BASE
    },
    Case {
        name: "the name does not resolve, and pooled connections work on",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 3.0);
            for n in 0..12 {
                story.request(
                    A,
                    300.0 + f64::from(n) * 20.0,
                    "GET /albums",
                    Failed(0.02, NO_NAME),
                    0.0,
                );
            }
        },
        expected: &["dns-failure"],
        window: Some((300.0, 520.0)),
        ..Case::BASE
    },
    Case {
        name: "connects are refused, and one pooled connection works on",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 3.0);
            for n in 0..60 {
                story.request(A, 300.0 + f64::from(n) * 4.0, "GET /albums", Failed(0.02, REFUSED), 0.0);
            }
        },
        expected: &["database-down"],
        window: Some((300.0, 536.0)),
        ..Case::BASE
    },
    Case {
        name: "a pool that is too small",
        build: too_small,
        expected: &["pool-exhausted"],
        window: Some((200.0, 348.0)),
        not: &["connection-leak"],
        ..Case::BASE
    },
    Case {
        name: "slow for the whole window, and not before it",
        build: |story| {
            story.traffic(A, 0.0, 1000.0, 3.0);
            slow(story, A, 1000.0, 2000.0, 0.4);
        },
        expected: &["slow-database"],
        window: Some((1300.0, f64::INFINITY)),
        asked: Some((1300.0, 2000.0)),
        ..Case::BASE
    },
    Case {
        name: "so slow that some requests last for a minute",
        build: |story| {
            story.traffic(A, 0.0, 600.0, 3.0);
            slow(story, A, 600.0, 1200.0, 6.0);
            for n in 0..4 {
                story.request(
                    A,
                    700.0 + f64::from(n) * 5.0,
                    "GET /stats",
                    Took(0.004),
                    60.0 + f64::from(n) * 20.0,
                );
            }
            story.traffic(A, 1210.0, 1800.0, 3.0);
        },
        expected: &["slow-database"],
        window: Some((600.0, 1200.0)),
        not: &["lock-contention"],
        ..Case::BASE
    },
    Case {
        name: "statements that wait on a lock and go on together",
        build: |story| {
            story.traffic(A, 0.0, 1200.0, 5.0);
            for n in 0..4 {
                let start = 300.0 + f64::from(n) * 40.0;
                story.request(A, start, "POST /like", Took(0.003), 640.0 - start + f64::from(n));
            }
        },
        expected: &["lock-contention"],
        window: Some((300.0, 643.0)),
        ..Case::BASE
    },
    Case {
        name: "statements that wait on a lock to the end of the window",
        build: |story| {
            story.traffic(A, 0.0, 900.0, 5.0);
            for (n, route) in ["POST /like", "DELETE /like", "POST /play", "POST /like"]
                .into_iter()
                .enumerate()
            {
                story.locked(A, 600.0 + n as f64 * 12.0, route);
            }
        },
        expected: &["lock-contention"],
        window: Some((600.0, f64::INFINITY)),
        ..Case::BASE
    },
    Case {
        name: "a cold start whose first requests fail on an empty pool, without pending rows",
        build: |story| {
            story.traffic(A, 0.0, 300.0, 3.0);
            for n in 0..5 {
                story.request(A, 900.0 + f64::from(n), "GET /albums", Took(80.0 - f64::from(n)), 0.004);
            }
            for n in 0..12 {
                story.request(
                    A,
                    906.0 + f64::from(n) * 3.5,
                    "GET /stats",
                    Failed(30.0, POOL_OF_5),
                    0.0,
                );
            }
            story.traffic(A, 981.0, 1300.0, 3.0);
            without_pending(story);
        },
        expected: &["cold-start"],
        window: Some((900.0, 981.0)),
        ..Case::BASE
    },
    Case {
        name: "a cold start that is over before a request counts as hanging",
        build: |story| {
            story.traffic(A, 0.0, 300.0, 4.0);
            for n in 0..4 {
                story.request(
                    A,
                    900.0 + f64::from(n) * 3.0,
                    "GET /albums",
                    Took(24.0 - f64::from(n) * 3.0),
                    0.004,
                );
            }
            story.traffic(A, 930.0, 1300.0, 4.0);
        },
        expected: &["cold-start"],
        window: Some((900.0, 924.0)),
        ..Case::BASE
    },
    Case {
        name: "all instances fall silent and are started four minutes later",
        build: |story| {
            for (life, next) in [(A, ("machine-a", 8)), (B, ("machine-b", 9))] {
                story.started(life, 0.0);
                story.traffic(life, 3.0, 500.0, 4.0);
                story.request(life, 499.5, "GET /albums", Open, 0.0);
                story.started(next, 740.0);
                story.traffic(next, 743.0, 1000.0, 4.0);
            }
        },
        expected: &["instance-silent"],
        instances: &["machine-a", "machine-b"],
        window: Some((500.0, 740.0)),
        ..Case::BASE
    },
    Case {
        name: "what hung died with its process, and no pending row tells of it",
        build: |story| {
            story.started(A, 0.0);
            story.traffic(A, 5.0, 600.0, 4.0);
            for n in 0..5 {
                story.request(A, 601.0 + f64::from(n) * 6.0, "GET /albums", Open, 0.0);
            }
            for n in 0..40 {
                story.request(
                    A,
                    640.0 + f64::from(n) * 8.0,
                    "GET /stats",
                    Failed(30.0, POOL_OF_5),
                    0.0,
                );
            }
            story.started(("machine-a", 9), 1000.0);
            story.traffic(("machine-a", 9), 1003.0, 1300.0, 4.0);
            without_pending(story);
        },
        expected: &["pool-exhausted"],
        window: Some((640.0, 1000.0)),
        ..Case::BASE
    },
];

pub fn too_small(story: &mut Story) {
    story.traffic(A, 0.0, 200.0, 4.0);
    for n in 0..60 {
        story.request(A, 200.0 + f64::from(n) * 2.0, "GET /albums", Took(0.01), 0.04);
        story.request(
            A,
            200.5 + f64::from(n) * 2.0,
            "GET /stats",
            Failed(30.0, POOL_OF_5),
            0.0,
        );
    }
    story.traffic(A, 360.0, 500.0, 4.0);
}

pub fn slow(story: &mut Story, life: Life, from: f64, to: f64, statement: f64) {
    let mut time = from;
    let mut nth = 0;
    while time < to - statement {
        let route = ["GET /tracks/", "GET /auth/me", "GET /albums"][nth % 3];
        story.request(
            life,
            time,
            route,
            Took(0.003),
            statement * (1.0 + f64::from(nth as u32 % 5) / 10.0),
        );
        time += 2.0;
        nth += 1;
    }
}
