//! Every check of the registry can fail to pass, and says so under its own name.

use std::collections::BTreeSet;

use super::*;

/// A change of a healthy service, the check that must not pass then, and what it says.
type Case = (&'static str, Verdict, fn(&mut Seen));

fn life_of(seen: &mut Seen) -> &mut Life {
    &mut seen.health.lives.rows[0]
}

fn short_life(first_at: DateTime<Utc>) -> Process {
    Process {
        instance: String::from("a"),
        process: first_at.to_string(),
        service: String::from("app"),
        service_version: None,
        first_at,
        last_at: first_at + TimeDelta::seconds(40),
        lines: 100,
        served: 10,
    }
}

/// Each check has a case; whoever adds one adds it here.
const CASES: &[Case] = &[
    ("evidence", Verdict::Inconclusive, |seen| seen.health.lives.rows.clear()),
    ("evidence", Verdict::Inconclusive, |seen| {
        seen.facts.database = Some(String::from("nothing is recorded of it"));
    }),
    ("running", Verdict::Fail, |facts| {
        life_of(facts).stopping_at = Some(ago(600));
        life_of(facts).last_at = ago(600);
    }),
    ("running", Verdict::Inconclusive, |facts| {
        life_of(facts).stopping_at = Some(ago(5));
        facts.health.lives.rows.push(life("b", "2"));
    }),
    ("in_flight", Verdict::Fail, |facts| {
        facts.facts.hangs.rows.push(in_flight("a", "1", 60))
    }),
    ("restarts", Verdict::Fail, |facts| life_of(facts).starting_lines = 6),
    ("restarted", Verdict::Fail, |facts| {
        (life_of(facts).first_at, life_of(facts).started_line_at) = (ago(2000), None);
    }),
    ("freshness", Verdict::Inconclusive, |facts| {
        life_of(facts).last_at = ago(200)
    }),
    ("requests", Verdict::Inconclusive, |facts| {
        life_of(facts).with_database = 0
    }),
    ("errors", Verdict::Fail, |facts| life_of(facts).error_spans = 1),
    ("statements", Verdict::Inconclusive, |facts| {
        life_of(facts).statement_times = None
    }),
    ("listener", Verdict::Fail, |facts| life_of(facts).connected_at = None),
    ("incident", Verdict::Fail, |facts| {
        // Killed and started again every 50 s.
        facts.facts.processes.rows = (1..=5).map(|n| short_life(ago(50 * n))).collect();
    }),
];

#[test]
fn each_check_is_told_by_its_own_facts() {
    let demands = Demands {
        restarted_after: Some(ago(1500)),
        ..Demands::default()
    };
    let healthy = facts(vec![life("a", "1")], Vec::new());
    assert_eq!(asked(&healthy, &demands, |answer| answer.outcome), Verdict::Pass);
    for (name, verdict, change) in CASES {
        let mut facts = healthy.clone();
        change(&mut facts);
        let checks = asked(&facts, &demands, |answer| answer.checks.clone());
        let own = checks
            .iter()
            .find(|check| check.name == *name && check.seen.outcome == *verdict);
        assert!(own.is_some(), "{name} does not {}: {checks:#?}", verdict.name());
    }
}

#[test]
fn names_are_unique_words_and_each_has_a_case_and_a_requirement() {
    let mut names = BTreeSet::new();
    for rule in CHECKS {
        assert!(names.insert(rule.name), "{} is there twice", rule.name);
        assert!(
            rule.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
            "{}",
            rule.name
        );
        assert!(rule.requires.len() > 20, "{}: {}", rule.name, rule.requires);
        assert!(
            CASES.iter().any(|(name, ..)| *name == rule.name),
            "{} has no case",
            rule.name
        );
    }
}

#[test]
fn checks_come_in_the_order_of_the_registry() {
    let facts = facts(vec![life("a", "1"), life("b", "2")], Vec::new());
    let checks = asked(&facts, &Demands::default(), |answer| answer.checks.clone());
    let places: Vec<(Option<&str>, usize)> = checks
        .iter()
        .map(|check| (check.instance.as_deref(), check.rank))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(checks.iter().all(|check| CHECKS[check.rank].name == check.name));
}
