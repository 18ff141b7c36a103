//! Hand-built reports with pictures, as commands would make them of quiet, bad and strange hours.

use chrono::{DateTime, TimeDelta, Utc};
use relay_diag::report::{
    Align, Block, Cell, Chart, Data, Drawing, Header, Lane, Mark, MarkKind, Note, Operation, Outcome, Rate, Report,
    Series, Severity, Share, Table,
};
use serde_json::json;

/// 2025-12-08 06:30 UTC, where the recorded incident begins.
fn begin() -> DateTime<Utc> {
    DateTime::from_timestamp(1_765_175_400, 0).unwrap()
}

fn after(seconds: f64) -> DateTime<Utc> {
    begin() + TimeDelta::microseconds((seconds * 1e6) as i64)
}

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    /// 0 to 1.
    fn roll(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 24) as f64
    }

    fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.roll()
    }
}

fn chart(title: &str, minutes: i64, drawing: Drawing) -> Block {
    Block::Chart(Chart {
        title: title.to_owned(),
        from: begin(),
        to: begin() + TimeDelta::minutes(minutes),
        drawing,
    })
}

fn mark(kind: MarkKind, from_s: f64, to_s: f64, count: u64, label: &str) -> Mark {
    Mark {
        from: after(from_s),
        to: after(to_s),
        kind,
        count,
        label: label.to_owned(),
    }
}

fn lane(name: &str, marks: Vec<Mark>, note: &str) -> Lane {
    Lane {
        name: name.to_owned(),
        marks,
        note: note.to_owned(),
    }
}

fn operation(at_s: f64, seconds: f64, kind: MarkKind, count: u64, label: &str) -> Operation {
    Operation {
        at: after(at_s),
        seconds,
        kind,
        count,
        label: label.to_owned(),
    }
}

fn series(name: &str, unit: &str, values: Vec<Option<f64>>, limit: Option<f64>, severity: Severity) -> Series {
    Series {
        name: name.to_owned(),
        unit: unit.to_owned(),
        values,
        limit,
        severity,
    }
}

fn share(of: &str, count: u64, all: u64, interval: (f64, f64)) -> Share {
    Share {
        of: of.to_owned(),
        count,
        all,
        interval,
    }
}

fn note(text: &str, link: Option<&str>) -> Note {
    Note {
        text: text.to_owned(),
        link: link.map(str::to_owned),
    }
}

fn told(headline: &str, severity: Severity, blocks: Vec<Block>) -> Report {
    Report {
        headline: headline.to_owned(),
        severity,
        outcome: Outcome::Fine,
        blocks,
        screen: None,
        document: json!({}),
        data: Data::default(),
    }
}

fn table(titles: &[&str], rows: &[(&[&str], Severity, bool)]) -> Block {
    let header = |title: &&str| Header {
        title: (*title).to_owned(),
        align: if title.starts_with('n') {
            Align::Right
        } else {
            Align::Left
        },
    };
    let row = |(texts, severity, emphasis): &(&[&str], Severity, bool)| {
        let last = texts.len() - 1;
        let cell = |(at, text): (usize, &&str)| Cell {
            severity: if at == last { *severity } else { Severity::Info },
            emphasis: *emphasis && at == last,
            text: (*text).to_owned(),
        };
        texts.iter().enumerate().map(cell).collect()
    };
    Block::Table(Table {
        columns: titles.iter().map(header).collect(),
        rows: rows.iter().map(row).collect(),
    })
}

fn heading(text: &str) -> Block {
    Block::Heading(text.to_owned())
}

/// Successes each some seconds, but where `is_quiet`.
fn successes(every_s: f64, to_s: f64, is_quiet: impl Fn(f64) -> bool) -> Vec<Mark> {
    let times = (0..).map(|nth| f64::from(nth) * every_s).take_while(|at| *at < to_s);
    times
        .filter(|at| !is_quiet(*at))
        .map(|at| mark(MarkKind::Success, at, at + 0.01, 1, "succeeds in 3-15ms"))
        .collect()
}

fn incident_lanes() -> Vec<Lane> {
    use MarkKind::{Alive, Failure, Gap, Hang, Slow, Start, Stop, Success, Trouble};
    let quiet = |at: f64| (216.0..364.0).contains(&at);
    let hang = |from: f64, minutes: f64, label: &str| mark(Hang, from, from + minutes * 60.0, 1, label);
    let mut connects = successes(9.0, 1_800.0, quiet);
    connects.extend([364.0, 366.0, 391.0, 402.0, 430.0].map(|at| hang(at, 22.0, "connect hangs 22 min")));
    let mut tracks = successes(20.0, 360.0, quiet);
    tracks.extend((0..14).map(|nth| {
        hang(
            364.0 + f64::from(nth) * 25.0,
            18.0,
            "GET /tracks/{track_id} hangs 18 min",
        )
    }));
    let starts = vec![
        mark(Stop, 1_740.0, 1_740.0, 1, "the process goes"),
        mark(Start, 1_752.0, 1_752.0, 1, "a new process starts"),
        mark(Alive, 0.0, 1_740.0, 1, "alive"),
        mark(Alive, 1_752.0, 1_800.0, 1, "alive"),
        mark(Gap, 216.0, 364.0, 1, "no spans for 2.5 min"),
    ];
    let listener = vec![
        mark(Alive, 160.0, 216.0, 1, "connected"),
        mark(Trouble, 216.0, 1_740.0, 1, "heartbeat timed out, not connected"),
        mark(Start, 1_753.0, 1_753.0, 1, "queue service connected"),
        mark(Alive, 1_753.0, 1_800.0, 1, "connected"),
    ];
    let pool = (0..37).map(|nth| {
        let at = 700.0 + f64::from(nth) * 26.0;
        mark(
            Failure,
            at,
            at + 30.0,
            1,
            "QueuePool limit of size 10 overflow 5 reached, connection timed out",
        )
    });
    vec![
        lane("d8d5900b0d1e68", starts, "restarted 06:59:12"),
        lane("queue listener", listener, "lost for 25 min"),
        lane("database connects", connects, "5 hang, 22 min"),
        lane("pool checkouts", pool.collect(), "37 time out after 30s"),
        lane("GET /tracks/{track_id}", tracks, "14 hang, 18-24 min"),
        lane(
            "GET /albums",
            vec![hang(364.0, 24.0, "GET /albums hangs 24 min")],
            "hangs 24 min",
        ),
        lane(
            "GET /auth/me",
            vec![hang(366.0, 18.0, "GET /auth/me hangs 18 min")],
            "hangs 18 min",
        ),
        lane(
            "GET /moderation",
            vec![mark(Success, 366.0, 366.014, 1, "GET /moderation succeeds in 14ms")],
            "succeeds in 14ms",
        ),
        lane(
            "GET /artists/{artist_id}/albums/{album_id}/tracks/{track_id}",
            vec![
                mark(Slow, 500.0, 560.0, 1, "takes 60s"),
                mark(Slow, 900.0, 912.0, 2, "takes 12s"),
            ],
            "slow",
        ),
        lane("POST /webhooks", Vec::new(), ""),
    ]
}

fn incident_operations() -> Vec<Operation> {
    let mut dice = Dice(7);
    let mut all: Vec<Operation> = (0..120)
        .filter(|nth| !(14..24).contains(nth))
        .map(|nth| {
            let (took, count) = (dice.between(0.003, 0.015), 1 + (dice.roll() * 60.0) as u64);
            operation(
                f64::from(nth) * 15.0,
                took,
                MarkKind::Success,
                count,
                "requests succeed",
            )
        })
        .collect();
    for nth in 0..22 {
        let took = dice.between(1_080.0, 1_440.0);
        all.push(operation(
            364.0 + f64::from(nth) * 17.0,
            took,
            MarkKind::Hang,
            1,
            "GET /tracks/{track_id} hangs",
        ));
    }
    for nth in 0..37 {
        let at = 700.0 + f64::from(nth) * 26.0;
        all.push(operation(
            at,
            30.0 + dice.roll(),
            MarkKind::Failure,
            1,
            "QueuePool limit reached",
        ));
    }
    all.push(operation(500.0, 60.0, MarkKind::Slow, 1, "GET /artists takes 60s"));
    all
}

fn incident_series() -> Vec<Series> {
    let steps = |value: &dyn Fn(usize) -> Option<f64>| (0..60).map(value).collect::<Vec<_>>();
    vec![
        series(
            "connections in use",
            "connections",
            steps(&|at| (!(7..12).contains(&at)).then_some(if at < 12 { 2.0 } else { (at as f64 - 9.0).min(15.0) })),
            Some(15.0),
            Severity::Critical,
        ),
        series(
            "requests begun",
            "requests per 30s",
            steps(&|at| {
                Some(if (7..12).contains(&at) {
                    0.0
                } else {
                    20.0 + (at * 7 % 13) as f64
                })
            }),
            None,
            Severity::Info,
        ),
        series(
            "failed",
            "requests per 30s",
            steps(&|at| Some(if at == 40 { 1.0 } else { 0.0 })),
            Some(1_000.0),
            Severity::Warning,
        ),
    ]
}

/// New connections hang for 26 minutes while others take 3 ms.
pub fn incident() -> Report {
    use Severity::{Critical, Info, Ok, Warning};
    let rows: &[(&[&str], Severity, bool)] = &[
        (&["06:32:40", "queue service connected", "-"], Info, false),
        (
            &["06:32:50-06:33:29", "SQLAlchemy connects succeeding", "3-6ms"],
            Info,
            false,
        ),
        (&["06:33:36", "queue heartbeat times out", "5s timeout"], Warning, false),
        (
            &["06:33:36-06:36:04", "~2.5 min gap with no spans", "-"],
            Warning,
            false,
        ),
        (&["06:36:04", "GET /albums starts", "hangs 24 min"], Critical, false),
        (&["06:36:06", "GET /moderation starts", "succeeds in 14ms"], Ok, true),
        (&["06:36:31", "multiple requests", "succeed in 3-15ms"], Ok, true),
    ];
    let link = "https://logfire.example/relay/api?q=trace_id%3D%27019b%27&since=2025-12-08T06:36:04Z";
    told(
        "partial-connect-hang (high confidence): new database connections hang while others succeed in 3-15ms, since 06:33:36",
        Critical,
        vec![
            chart("What happened, side by side", 30, Drawing::Lanes(incident_lanes())),
            table(&["time (UTC)", "event", "duration"], rows),
            Block::Notes(vec![
                note("QueuePool limit of size 10 overflow 5 reached, connection timed out: 37 times", None),
                note("trace 019b: 06:36:04 GET /albums starts", Some(link)),
            ]),
            heading("How long requests took"),
            chart("Duration of requests, by when they began", 30, Drawing::Durations(incident_operations())),
            heading("Pool and traffic"),
            chart("In use over time", 30, Drawing::Series(incident_series())),
            heading("What the hung requests have in common"),
            chart(
                "Hung requests against fast ones",
                30,
                Drawing::Rates(vec![
                    Rate {
                        name: "opened a new database connection".to_owned(),
                        first: share("hung", 5, 5, (0.57, 1.0)),
                        second: share("fast", 3, 120, (0.009, 0.071)),
                    },
                    Rate {
                        name: "on the same instance".to_owned(),
                        first: share("hung", 5, 5, (0.57, 1.0)),
                        second: share("fast", 0, 0, (0.0, 1.0)),
                    },
                ]),
            ),
            heading("What to do"),
            Block::Preformatted(
                "fly machines restart d8d5900b0d1e68 \\\n    -a relay-api\nrelay-diag verify --source demo --restarted-after 2025-12-08T06:59:00Z --wait 5m --fail-on-incident"
                    .to_owned(),
            ),
        ],
    )
}

/// A process that starts and dies forty times.
pub fn crash_loop() -> Report {
    let cycle = |nth: i32| {
        let at = f64::from(nth) * 45.0;
        [
            mark(MarkKind::Start, at, at, 1, "starts"),
            mark(MarkKind::Alive, at, at + 8.0, 1, "alive 8s"),
            mark(MarkKind::Stop, at + 8.0, at + 8.0, 1, "goes"),
        ]
    };
    let lanes = vec![
        lane("worker-1", (0..40).flat_map(cycle).collect(), "40 starts"),
        lane("worker-2", vec![mark(MarkKind::Alive, 0.0, 1_800.0, 1, "alive")], ""),
    ];
    told(
        "crash-loop (high confidence): worker-1 started 40 times in 30 min",
        Severity::Critical,
        vec![chart("Processes", 30, Drawing::Lanes(lanes))],
    )
}

/// An hour without a fault.
pub fn healthy() -> Report {
    let mut dice = Dice(3);
    let operations = (0..240).map(|nth| {
        let took = dice.between(0.002, 0.09);
        operation(f64::from(nth) * 15.0, took, MarkKind::Success, 40, "requests succeed")
    });
    let routes = ["GET /albums", "GET /auth/me", "POST /plays"];
    let lanes = routes.map(|route| lane(route, successes(12.0, 3_600.0, |_| false), "1-90ms"));
    told(
        "healthy: 9,600 requests between 06:30 and 07:30, none hung, none failed",
        Severity::Ok,
        vec![
            chart("Requests by route", 60, Drawing::Lanes(lanes.into())),
            chart("Duration of requests", 60, Drawing::Durations(operations.collect())),
        ],
    )
}

/// Forty lanes and ten thousand operations.
pub fn busy() -> Report {
    use MarkKind::{Failure, Hang, Slow, Success};
    let mut dice = Dice(11);
    let lanes = (0..40).map(|nth| {
        let mut marks = successes(7.0 + f64::from(nth), 3_600.0, |_| false);
        for _ in 0..40 {
            let at = dice.between(600.0, 3_000.0);
            let kind = [Hang, Failure, Slow][(dice.roll() * 3.0) as usize % 3];
            marks.push(mark(
                kind,
                at,
                at + dice.between(1.0, 600.0),
                1,
                "GET /a-route/{with}/{parameters} takes its time",
            ));
        }
        lane(
            &format!("GET /service-{nth}/items/{{item_id}}"),
            marks,
            &format!("{nth} hang"),
        )
    });
    let lanes: Vec<Lane> = lanes.collect();
    let operations = (0..10_000).map(|_| {
        let at = dice.between(0.0, 3_600.0);
        let (kind, least, most): (_, f64, f64) = match dice.roll() {
            ..0.9 => (Success, 0.001, 0.4),
            ..0.95 => (Slow, 2.0, 9.0),
            ..0.98 => (Failure, 29.0, 31.0),
            _ => (Hang, 300.0, 4_000.0),
        };
        let took = dice.between(least.ln(), most.ln()).exp();
        operation(
            at,
            took,
            kind,
            1 + (dice.roll().powi(8) * 5_000.0) as u64,
            "GET /service/items/{item_id}",
        )
    });
    let operations: Vec<Operation> = operations.collect();
    let values = |most: f64| {
        (0..720)
            .map(|at| Some((f64::from(at) / 30.0).sin().abs() * most))
            .collect::<Vec<_>>()
    };
    let all = vec![
        series("in use", "connections", values(15.0), Some(15.0), Severity::Critical),
        series("waiting", "requests", values(1_234.0), None, Severity::Warning),
    ];
    told(
        "slow-database (medium confidence): statements take 2-9s on 40 routes since 06:40",
        Severity::Warning,
        vec![
            chart("Requests by route", 60, Drawing::Lanes(lanes)),
            chart("Duration of requests", 60, Drawing::Durations(operations)),
            chart("Pool", 60, Drawing::Series(all)),
            table(
                &[
                    "time",
                    "instance",
                    "route",
                    "status",
                    "name of the statement",
                    "waits for",
                    "number",
                    "rows",
                    "duration",
                ],
                &[(
                    &[
                        "06:40:11",
                        "d8d5900b0d1e68-with-a-long-name",
                        "GET /service-1/items/{item_id}",
                        "200 OK",
                        "SELECT tracks.id FROM tracks",
                        "AccessExclusiveLock",
                        "1,234",
                        "17",
                        "9.1s",
                    ],
                    Severity::Warning,
                    false,
                )],
            ),
        ],
    )
}

/// One event and one operation, at the very edge of the time.
pub fn single() -> Report {
    told(
        "inconclusive: one request between 06:30 and 06:35",
        Severity::Info,
        vec![
            chart(
                "Requests",
                5,
                Drawing::Lanes(vec![lane(
                    "GET /",
                    vec![mark(MarkKind::Hang, 300.0, 300.0, 1, "")],
                    "in flight",
                )]),
            ),
            chart(
                "Durations",
                5,
                Drawing::Durations(vec![operation(0.0, 0.0004, MarkKind::Success, 1, "")]),
            ),
            chart(
                "Traffic",
                5,
                Drawing::Series(vec![
                    series("requests", "requests", vec![Some(0.0)], None, Severity::Info),
                    series("not known", "connections", vec![None, None], Some(15.0), Severity::Info),
                ]),
            ),
        ],
    )
}

/// `texts` in each place of a report that telemetry may fill.
pub fn strange(texts: &[&str]) -> Report {
    let marks = |text: &str| {
        let at = |nth: usize| 100.0 + nth as f64 * 150.0;
        let kinds = MarkKind::ALL.into_iter().enumerate();
        kinds
            .map(|(nth, kind)| mark(kind, at(nth), at(nth) + 90.0, 3, text))
            .collect()
    };
    let lanes = texts.iter().map(|text| lane(text, marks(text), text)).collect();
    let operations = MarkKind::ALL.into_iter().zip(texts.iter().cycle());
    let operations = operations.map(|(kind, text)| operation(700.0, 0.5, kind, 7, text));
    let no_numbers = [f64::NAN, f64::INFINITY, -1.0].map(|seconds| operation(900.0, seconds, MarkKind::Hang, 0, ""));
    let operations = operations.chain(no_numbers).collect();
    let rows: Vec<(&[&str], Severity, bool)> = texts.windows(2).map(|pair| (pair, Severity::Critical, true)).collect();
    let mut blocks = vec![
        chart(texts[0], 30, Drawing::Lanes(lanes)),
        chart(texts[1], 30, Drawing::Durations(operations)),
        table(&texts[..2], &rows),
        Block::Notes(
            texts
                .iter()
                .map(|text| note(text, Some(&format!("https://logfire.example/{text}"))))
                .collect(),
        ),
        Block::Notes(vec![note("no address", Some("javascript:alert(1)"))]),
        Block::Preformatted(texts.join("\n")),
    ];
    blocks.extend(texts.iter().flat_map(|text| {
        let values = vec![Some(1.0), None, Some(f64::NAN), Some(-1.0), Some(1e300)];
        let first = share(text, 1, 3, (0.1, 0.9));
        let rate = Rate {
            name: (*text).to_owned(),
            second: share(text, 0, 0, (0.0, 1.0)),
            first,
        };
        [
            heading(text),
            chart(
                text,
                30,
                Drawing::Series(vec![series(text, text, values, Some(3.0), Severity::Critical)]),
            ),
            chart(text, 30, Drawing::Rates(vec![rate])),
        ]
    }));
    told(&texts.join(" "), Severity::Critical, blocks)
}
