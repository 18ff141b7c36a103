//! What a hanging request waits on, and the first line, by hand-made facts.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::facts::{Bounds, Evidence, Facts, Fate, Hang, Role, Wait};
use crate::profile::{BUILT_IN, Settings};
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

fn facts(hangs: Vec<Hang>, records: u64) -> Facts {
    Facts {
        bounds: known(vec![Bounds {
            records,
            requests: records,
            requests_s: None,
            last_activity_at: None,
            records_unfiltered: records,
            environments: None,
            services: None,
        }]),
        hangs: known(hangs),
        ..Facts::empty(Window::new(ago(300), ago(0)).unwrap())
    }
}

/// A request that began so long ago, with an open checkout.
fn open(seconds: i64) -> Hang {
    Hang {
        trace_id: String::from("t"),
        span_id: format!("s{seconds}"),
        span_name: String::from("GET /albums"),
        role: Role::Request,
        started_at: ago(seconds),
        fate: Fate::InFlight,
        service: String::from("app"),
        instance: String::from("a"),
        process: String::from("1"),
        error: None,
        addresses: 0,
        wait: Some(Wait {
            role: Role::Connect,
            started_at: ago(seconds),
            duration_s: None,
            longest_s: None,
        }),
        pool_timed_out: false,
        pool_timeout_at: None,
        process_last_at: Some(ago(1)),
    }
}

/// One that took 100 s, of which what it waited for took so many.
fn ended(role: Role, wait_s: f64) -> Hang {
    Hang {
        fate: Fate::Ended {
            duration_s: 100.0,
            failed: false,
        },
        wait: Some(Wait {
            role,
            started_at: ago(200),
            duration_s: Some(wait_s),
            longest_s: Some(wait_s),
        }),
        ..open(200)
    }
}

fn first(hang: Hang) -> (WaitingOn, Option<bool>) {
    let (facts, profile) = (facts(vec![hang], 1), profile());
    let answer = stuck(&Episodes::of(&facts, &profile));
    (answer.spans[0].waiting_on, answer.spans[0].died_with_process)
}

fn waits_on(hang: Hang) -> WaitingOn {
    first(hang).0
}

#[test]
fn an_open_checkout_waits_for_the_pool_only_while_others_give_up_and_it_is_young() {
    let beside = |seconds: i64, timeout: Option<i64>| Hang {
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
fn a_hang_waits_on_what_its_records_tell() {
    assert_eq!(waits_on(ended(Role::Connect, 99.0)), WaitingOn::Connect);
    assert_eq!(waits_on(ended(Role::Statement, 60.0)), WaitingOn::Statement);
    assert_eq!(waits_on(ended(Role::External, 60.0)), WaitingOn::External);
    assert_eq!(waits_on(Hang { wait: None, ..open(50) }), WaitingOn::Unknown);
    assert_eq!(
        waits_on(Hang {
            pool_timed_out: true,
            ..ended(Role::Connect, 99.0)
        }),
        WaitingOn::Pool
    );
    assert_eq!(
        waits_on(Hang {
            role: Role::Connect,
            wait: None,
            ..open(50)
        }),
        WaitingOn::Connect
    );
}

#[test]
fn death_needs_proof_and_life_a_record() {
    let of = |hang: Hang| first(hang).1;
    assert_eq!(of(open(50)), Some(false));
    assert_eq!(
        of(Hang {
            process_last_at: Some(ago(120)),
            ..open(200)
        }),
        None
    );
    assert_eq!(
        of(Hang {
            fate: Fate::Died(ago(20)),
            ..open(200)
        }),
        Some(true)
    );
}

#[test]
fn the_first_line_is_the_answer() {
    let line = |spans: Vec<Hang>, records| {
        let facts = facts(spans, records);
        let profile = profile();
        let answer = stuck(&Episodes::of(&facts, &profile));
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
    let cut_off = Hang {
        fate: Fate::Died(ago(10)),
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
        says("inconclusive: no records at all in the window", Outcome::Inconclusive)
    );
}

#[test]
fn missing_evidence_is_not_calm() {
    let mut facts = facts(Vec::new(), 9);
    facts.hangs.not_known = Some(String::from("clipped"));
    let profile = profile();
    assert_eq!(stuck(&Episodes::of(&facts, &profile)).outcome, Outcome::Inconclusive);
}
