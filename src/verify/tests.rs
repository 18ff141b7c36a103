//! The rules of `verify` by hand-made facts, just inside and just outside of each limit.
#![allow(clippy::unwrap_used, clippy::panic)]

mod processes;
mod registry;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::diagnosis::diagnose;
use crate::facts::health::{Life, StatementTimes};
use crate::facts::{Evidence, Facts, Fate, Hang, Process, Role};
use crate::profile::{BUILT_IN, Settings};
use crate::window::Window;

fn profile() -> Settings {
    toml::from_str(BUILT_IN).unwrap()
}

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2025-12-08T07:28:00Z")
        .unwrap()
        .with_timezone(&Utc)
}

fn ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

fn known<T>(rows: Vec<T>) -> Evidence<T> {
    Evidence { rows, not_known: None }
}

/// What `verify` looks at.
#[derive(Clone)]
struct Seen {
    facts: Facts,
    health: HealthFacts,
}

fn facts(lives: Vec<Life>, hangs: Vec<Hang>) -> Seen {
    Seen {
        facts: Facts {
            hangs: known(hangs),
            ..Facts::empty(Window::new(ago(300), now()).unwrap())
        },
        health: HealthFacts {
            lookback_from: ago(3900),
            lives: known(lives),
            rows: known(Vec::new()),
        },
    }
}

/// The answer, with what the profile and the demands say.
fn asked<T>(seen: &Seen, demands: &Demands, read: impl Fn(&Verification<'_>) -> T) -> T {
    let profile = profile();
    let episodes = Episodes::of(&seen.facts, &profile);
    read(&verify(&episodes, &diagnose(&episodes), &seen.health, demands))
}

/// A process that began 20 minutes ago and is well.
fn life(instance: &str, process: &str) -> Life {
    Life {
        instance: instance.to_owned(),
        process: process.to_owned(),
        service: String::from("app"),
        newest: true,
        first_at: ago(1200),
        last_at: ago(1),
        started_line_at: Some(ago(1199)),
        stopping_at: None,
        starting_lines: 0,
        active_seconds: 600,
        connected_at: Some(ago(1198)),
        trouble: None,
        trouble_lines: 0,
        served: 80,
        requests: 12,
        failed: 0,
        with_database: 12,
        health_requests: 3,
        statements: 24,
        statement_times: Some(StatementTimes {
            p50_s: 0.003,
            p95_s: 0.012,
            max_s: 0.03,
        }),
        error_spans: 0,
        error_logs: 0,
        refused_calls: 0,
        listener_errors: 0,
        listener_errors_open: 0,
        error_trace_id: None,
        error: None,
    }
}

/// A life that ended before the one of [`life`] began, with errors and without a goodbye.
fn older(instance: &str) -> Life {
    Life {
        first_at: ago(3000),
        last_at: ago(1210),
        started_line_at: None,
        error_spans: 5,
        failed: 5,
        error: Some(String::from("boom")),
        ..life(instance, "old")
    }
}

fn in_flight(instance: &str, process: &str, seconds: i64) -> Hang {
    Hang {
        trace_id: String::from("t"),
        span_id: String::from("s"),
        span_name: String::from("GET /albums"),
        role: Role::Request,
        started_at: ago(seconds),
        fate: Fate::InFlight,
        service: String::from("app"),
        instance: instance.to_owned(),
        process: process.to_owned(),
        error: None,
        addresses: 0,
        wait: None,
        pool_timed_out: false,
        pool_timeout_at: None,
        process_last_at: None,
    }
}

/// Outcome, first line, and the checks that are no pass.
fn judged(seen: &Seen) -> (Verdict, String, Vec<(&'static str, Verdict)>) {
    asked(seen, &Demands::default(), |answer| {
        let odd = answer.checks.iter().filter(|check| check.seen.outcome != Verdict::Pass);
        (
            answer.outcome,
            answer.headline.clone(),
            odd.map(|check| (check.name, check.seen.outcome)).collect(),
        )
    })
}

fn one(change: impl Fn(&mut Life)) -> (Verdict, String, Vec<(&'static str, Verdict)>) {
    let mut own = life("a", "1");
    change(&mut own);
    judged(&facts(vec![own], Vec::new()))
}

#[test]
fn health_passes_and_says_what_few_requests_bound() {
    let facts = facts(vec![life("a", "1")], Vec::new());
    let profile = profile();
    let episodes = Episodes::of(&facts.facts, &profile);
    let answer = verify(&episodes, &diagnose(&episodes), &facts.health, &Demands::default());
    assert_eq!(answer.outcome, Verdict::Pass);
    assert!(
        answer
            .headline
            .starts_with("PASS: 1 instance healthy in the last 5 min: 12 requests")
    );
    let errors = answer.checks.iter().find(|check| check.name == "errors").unwrap();
    assert!(
        errors.seen.detail.contains("0 of 12: under 22 % with 95 % confidence"),
        "{}",
        errors.seen.detail
    );
    assert!(answer.next.is_empty());
}

#[test]
fn no_data_is_inconclusive() {
    let (outcome, headline, odd) = judged(&facts(Vec::new(), Vec::new()));
    assert_eq!(
        (outcome, odd),
        (Verdict::Inconclusive, vec![("evidence", Verdict::Inconclusive)])
    );
    assert!(
        headline.starts_with("INCONCLUSIVE: no record passes the filters since"),
        "{headline}"
    );
}

#[test]
fn evidence_that_is_missing_never_passes() {
    let whole = facts(vec![life("a", "1")], Vec::new());
    let missing = || Some(String::from("clipped"));
    for (section, facts) in [
        ("health", {
            let mut f = whole.clone();
            f.health.lives.not_known = missing();
            f
        }),
        ("hangs", {
            let mut f = whole.clone();
            f.facts.hangs.not_known = missing();
            f
        }),
        ("bounds", {
            let mut f = whole.clone();
            f.facts.bounds.not_known = missing();
            f
        }),
        ("verification", {
            let mut f = whole.clone();
            f.health.rows.not_known = missing();
            f
        }),
    ] {
        assert_eq!(judged(&facts).0, Verdict::Inconclusive, "{section}");
    }
}

#[test]
fn health_checks_alone_are_inconclusive() {
    let (outcome, headline, _) = one(|life| {
        (life.requests, life.with_database, life.statements) = (0, 0, 0);
        life.statement_times = None;
    });
    assert_eq!(outcome, Verdict::Inconclusive);
    assert!(headline.contains("only 3 health checks"), "{headline}");
}

#[test]
fn requests_without_the_database_are_inconclusive_and_failed_ones_fail() {
    let (outcome, _, odd) = one(|life| life.with_database = 0);
    assert_eq!(
        (outcome, odd),
        (Verdict::Inconclusive, vec![("requests", Verdict::Inconclusive)])
    );
    let (_, _, odd) = one(|life| (life.failed, life.error_spans, life.with_database) = (12, 24, 0));
    assert_eq!(odd, [("requests", Verdict::Fail), ("errors", Verdict::Fail)]);
}

#[test]
fn errors_of_older_processes_are_shown_and_not_counted() {
    let facts = facts(vec![life("a", "1"), older("a")], vec![in_flight("a", "old", 1300)]);
    let profile = profile();
    let episodes = Episodes::of(&facts.facts, &profile);
    let answer = verify(&episodes, &diagnose(&episodes), &facts.health, &Demands::default());
    assert_eq!(answer.outcome, Verdict::Pass, "{}", answer.headline);
    assert!(
        answer.notes[0].contains("5 error records") && answer.notes[0].contains("1 span without an end"),
        "{:?}",
        answer.notes
    );
    let alone = Seen {
        health: HealthFacts {
            lives: known(vec![older("a")]),
            ..facts.health.clone()
        },
        ..facts.clone()
    };
    assert_eq!(
        judged(&alone).0,
        Verdict::Fail,
        "without a newer process it is the newest"
    );
}

#[test]
fn a_worker_beside_the_newest_is_not_older() {
    let mut beside = older("a");
    beside.last_at = ago(2);
    let (outcome, _, odd) = judged(&facts(vec![life("a", "1"), beside.clone()], Vec::new()));
    assert_eq!((outcome, odd), (Verdict::Fail, vec![("errors", Verdict::Fail)]));
    beside.stopping_at = Some(ago(3));
    assert_eq!(
        judged(&facts(vec![life("a", "1"), beside], Vec::new())).0,
        Verdict::Pass
    );
}

#[test]
fn the_same_process_name_after_a_restart_is_another_life() {
    let before = Life {
        newest: false,
        ..older("a")
    };
    let before = Life {
        process: String::from("1"),
        ..before
    };
    let span = in_flight("a", "1", 1300);
    assert_eq!(
        judged(&facts(vec![life("a", "1"), before], vec![span])).0,
        Verdict::Pass
    );
}

#[test]
fn in_flight_for_nine_seconds_passes_and_for_eleven_fails() {
    for (seconds, outcome) in [(9, Verdict::Pass), (11, Verdict::Fail), (3700, Verdict::Fail)] {
        let mut own = life("a", "1");
        own.first_at = ago(3800);
        let facts = facts(vec![own], vec![in_flight("a", "1", seconds)]);
        assert_eq!(judged(&facts).0, outcome, "{seconds}");
    }
}

#[test]
fn what_ended_behind_the_window_was_in_flight_in_it() {
    let mut span = in_flight("a", "1", 60);
    let ended = |duration_s| Fate::Ended {
        duration_s,
        failed: false,
    };
    span.fate = ended(61.0);
    assert_eq!(
        judged(&facts(vec![life("a", "1")], vec![span.clone()])).0,
        Verdict::Fail
    );
    span.fate = ended(59.0);
    assert_eq!(judged(&facts(vec![life("a", "1")], vec![span])).0, Verdict::Pass);
}

#[test]
fn statements_must_stay_under_the_limit() {
    for (p95_s, outcome) in [(0.0499, Verdict::Pass), (0.05, Verdict::Fail), (0.9, Verdict::Fail)] {
        let (seen, ..) = one(|life| {
            life.statement_times = Some(StatementTimes {
                p50_s: 0.004,
                p95_s,
                max_s: 2.0,
            });
        });
        assert_eq!(seen, outcome, "{p95_s}");
    }
}
