//! What a hanging request waits on, and the first line, by hand-made facts.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, Utc};

use super::*;
use crate::facts::stuck::Leaf;
use crate::facts::{Bounds, Evidence};
use crate::profile::BUILT_IN;
use crate::window::Window;

fn profile() -> Settings {
    toml::from_str(BUILT_IN).unwrap()
}

fn ago(seconds: i64) -> DateTime<Utc> {
    let now = DateTime::parse_from_rfc3339("2025-12-08T07:00:00Z").unwrap();
    now.with_timezone(&Utc) - TimeDelta::seconds(seconds)
}

fn known<T>(rows: Vec<T>) -> Evidence<T> {
    Evidence { rows, not_known: None }
}

fn facts(spans: Vec<Hung>, records: u64) -> StuckFacts {
    StuckFacts {
        window: Window::new(ago(300), ago(0)).unwrap(),
        bounds: known(vec![Bounds {
            records,
            requests: records,
            requests_s: None,
            last_activity_at: None,
            records_unfiltered: records,
            environments: None,
            services: None,
        }]),
        spans: known(spans),
        deaths_not_known: None,
    }
}

/// A request that began so long ago, with an open checkout.
fn open(seconds: i64) -> Hung {
    Hung {
        trace_id: String::from("t"),
        span_id: format!("s{seconds}"),
        span_name: String::from("GET /albums"),
        role: Role::Request,
        started_at: ago(seconds),
        duration_s: None,
        failed: false,
        instance: String::from("a"),
        process: String::from("1"),
        error: None,
        leaf: Some(Leaf {
            role: Role::Connect,
            started_at: ago(seconds),
            duration_s: None,
        }),
        pool_timed_out: false,
        pool_timeout_at: None,
        died_at: None,
        process_last_at: Some(ago(1)),
    }
}

/// One that took 100 s, of which the leaf took so many.
fn ended(role: Role, leaf_s: f64) -> Hung {
    Hung {
        duration_s: Some(100.0),
        leaf: Some(Leaf {
            role,
            started_at: ago(200),
            duration_s: Some(leaf_s),
        }),
        ..open(200)
    }
}

fn waits_on(span: Hung) -> WaitingOn {
    let facts = facts(vec![span], 1);
    stuck(&facts, &profile()).spans[0].waiting_on
}

#[test]
fn an_open_checkout_waits_for_the_pool_only_while_others_give_up_and_it_is_young() {
    let beside = |seconds: i64, timeout: Option<i64>| Hung {
        pool_timeout_at: timeout.map(ago),
        ..open(seconds)
    };
    assert_eq!(waits_on(beside(25, Some(20))), WaitingOn::Pool);
    assert_eq!(waits_on(beside(25, None)), WaitingOn::Connect);
    assert_eq!(
        waits_on(beside(25, Some(80))),
        WaitingOn::Connect,
        "the pool recovered before"
    );
    assert_eq!(
        waits_on(beside(40, Some(5))),
        WaitingOn::Connect,
        "a pool would have given up"
    );
}

#[test]
fn an_ended_request_waited_on_what_explains_its_length() {
    assert_eq!(waits_on(ended(Role::Connect, 99.0)), WaitingOn::Connect);
    assert_eq!(waits_on(ended(Role::Statement, 60.0)), WaitingOn::Statement);
    assert_eq!(waits_on(ended(Role::External, 60.0)), WaitingOn::External);
    assert_eq!(waits_on(ended(Role::Statement, 0.02)), WaitingOn::Unknown);
    assert_eq!(waits_on(Hung { leaf: None, ..open(50) }), WaitingOn::Unknown);
    assert_eq!(
        waits_on(Hung {
            pool_timed_out: true,
            ..ended(Role::Connect, 99.0)
        }),
        WaitingOn::Pool
    );
    assert_eq!(
        waits_on(Hung {
            role: Role::Connect,
            leaf: None,
            ..open(50)
        }),
        WaitingOn::Connect
    );
}

#[test]
fn death_needs_proof_and_life_a_record() {
    let of = |span: Hung| {
        let facts = facts(vec![span], 1);
        stuck(&facts, &profile()).spans[0].died_with_process
    };
    assert_eq!(of(open(50)), Some(false));
    assert_eq!(
        of(Hung {
            process_last_at: Some(ago(120)),
            ..open(200)
        }),
        None
    );
    assert_eq!(
        of(Hung {
            died_at: Some(ago(20)),
            ..open(200)
        }),
        Some(true)
    );
}

#[test]
fn the_first_line_is_the_answer() {
    let line = |spans: Vec<Hung>, records| {
        let facts = facts(spans, records);
        let profile = profile();
        let answer = stuck(&facts, &profile);
        (answer.headline.clone(), answer.outcome)
    };
    let says = |text: &str, outcome| (text.to_owned(), outcome);
    assert_eq!(
        line(vec![open(100), open(570), ended(Role::Statement, 99.0)], 9),
        says(
            "2 requests are hanging now, the longest for 9.5 min, all waiting on connect; 1 hung and ended",
            Outcome::Incident
        )
    );
    assert_eq!(
        line(vec![ended(Role::Statement, 99.0)], 9),
        says(
            "nothing hangs now; 1 request hung, for 1.5 min, waiting on statement",
            Outcome::Incident
        )
    );
    let cut_off = Hung {
        died_at: Some(ago(10)),
        ..open(15)
    };
    assert_eq!(
        line(vec![cut_off], 9),
        says("nothing hangs; 1 request died with its process after 5s", Outcome::Fine)
    );
    let (calm, outcome) = line(Vec::new(), 9);
    assert!(
        calm.starts_with("nothing hangs: none of 9 records lasted longer than 45s"),
        "{calm}"
    );
    assert_eq!(outcome, Outcome::Fine);
    assert_eq!(
        line(Vec::new(), 0),
        says(
            "inconclusive: there are no records in the window",
            Outcome::Inconclusive
        )
    );
}

#[test]
fn missing_evidence_is_not_calm() {
    let mut facts = facts(Vec::new(), 9);
    facts.spans.not_known = Some(String::from("clipped"));
    assert_eq!(stuck(&facts, &profile()).outcome, Outcome::Inconclusive);
}
