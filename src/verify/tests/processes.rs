//! The rules about processes: listener, starts, silence, demands, and the next command.

use super::*;

#[test]
fn the_listeners_newest_event_decides() {
    let trouble = Some((ago(90), ago(30)));
    let (outcome, headline, odd) = one(|life| life.trouble = trouble);
    assert_eq!((outcome, odd), (Verdict::Fail, vec![("listener", Verdict::Fail)]));
    assert!(headline.contains("in trouble since 07:26:30"), "{headline}");
    // One sign, and no word since: that is not how trouble goes, something is missing.
    let (outcome, ..) = one(|life| (life.trouble, life.trouble_lines) = (Some((ago(200), ago(200))), 1));
    assert_eq!(outcome, Verdict::Inconclusive);
    // Error logs of an episode that is over are forgiven, those of an open one are not; it speaks first.
    let (outcome, ..) = one(|life| life.listener_errors = 3);
    assert_eq!(outcome, Verdict::Pass);
    let (_, headline, odd) = one(|life| {
        (life.listener_errors, life.listener_errors_open) = (3, 1);
        life.trouble = trouble;
    });
    assert!(headline.starts_with("FAIL: queue service is in trouble"), "{headline}");
    assert_eq!(odd, [("errors", Verdict::Fail), ("listener", Verdict::Fail)]);
}

#[test]
fn a_listener_that_never_spoke_is_judged_by_its_processs_age() {
    let silent = |life: &mut Life| life.connected_at = None;
    let old = |life: &mut Life| {
        silent(life);
        (life.first_at, life.started_line_at) = (ago(3900), None);
    };
    let facts = facts(
        vec![{
            let mut l = life("a", "1");
            old(&mut l);
            l
        }],
        Vec::new(),
    );
    let profile = profile();
    let episodes = Episodes::of(&facts.facts, &profile);
    let answer = verify(&episodes, &diagnose(&episodes), &facts.health, &Demands::default());
    let listener = answer.checks.iter().find(|check| check.name == "listener").unwrap();
    assert_eq!(listener.seen.outcome, Verdict::Pass);
    assert!(
        listener.seen.detail.contains("no loss seen since 06:23:00"),
        "{}",
        listener.seen.detail
    );
    assert_eq!(one(silent).2, [("listener", Verdict::Fail)]);
    let (outcome, ..) = one(|life| {
        silent(life);
        (life.first_at, life.started_line_at) = (ago(20), Some(ago(19)));
    });
    assert_eq!(outcome, Verdict::Inconclusive, "it still starts");
}

#[test]
fn a_worker_beside_what_serves_is_asked_for_no_requests() {
    let worker = |life: &mut Life| {
        (life.served, life.requests, life.with_database, life.health_requests) = (0, 0, 0, 0);
        (life.statements, life.statement_times) = (0, None);
    };
    let mut beside = life("b", "2");
    worker(&mut beside);
    // Nor for a listener, when it starts.
    beside.connected_at = None;
    assert_eq!(
        judged(&facts(vec![life("a", "1"), beside.clone()], Vec::new())).0,
        Verdict::Pass
    );
    beside.connected_at = Some(ago(1198));
    // Alone it is all there is, and a young one may not have been asked yet.
    assert_eq!(
        judged(&facts(vec![beside.clone()], Vec::new())).0,
        Verdict::Inconclusive
    );
    (beside.first_at, beside.started_line_at) = (ago(120), Some(ago(119)));
    beside.connected_at = Some(ago(118));
    let (outcome, _, odd) = judged(&facts(vec![life("a", "1"), beside], Vec::new()));
    assert_eq!(outcome, Verdict::Inconclusive, "{odd:?}");
}

/// What `--restarted-after`, so many seconds ago, makes of these.
fn restarted(lives: Vec<Life>, after: i64) -> Vec<(String, Verdict)> {
    let demands = Demands {
        restarted_after: Some(ago(after)),
        ..Demands::default()
    };
    asked(&facts(lives, Vec::new()), &demands, |answer| {
        let own = answer.checks.iter().filter(|check| check.name == "restarted");
        own.map(|check| (check.instance.clone().unwrap_or_default(), check.seen.outcome))
            .collect()
    })
}

/// A pod of those that said nothing of their start, or of their end.
fn pod(name: &str, from: i64, to: i64) -> Life {
    Life {
        first_at: ago(from),
        last_at: ago(to),
        started_line_at: None,
        ..life(name, name)
    }
}

#[test]
fn pods_that_took_the_place_of_others_satisfy_a_restart() {
    let told = |name: &str, verdict| (name.to_owned(), verdict);
    // Two old ones went one after the other, two new ones came.
    let deployed = vec![
        pod("old-1", 3600, 500),
        pod("old-2", 3600, 450),
        pod("new-1", 510, 1),
        pod("new-2", 460, 1),
    ];
    let all: Vec<Verdict> = restarted(deployed.clone(), 520)
        .into_iter()
        .map(|(_, verdict)| verdict)
        .collect();
    assert_eq!(all, [Verdict::Pass; 4]);
    assert_eq!(
        judged(&facts(deployed, Vec::new())).0,
        Verdict::Pass,
        "what was replaced is not judged"
    );
    // One old one is still there.
    let beside = vec![pod("old-1", 3600, 1), pod("new-1", 510, 1)];
    let found = restarted(beside, 520);
    assert!(found.contains(&told("old-1", Verdict::Fail)), "{found:?}");
    // It went, and nothing came.
    let gone = vec![pod("old-1", 3600, 500), pod("old-2", 3600, 1)];
    let found = restarted(gone, 520);
    assert_eq!(found, [told("old-1", Verdict::Fail), told("old-2", Verdict::Fail)]);
    // The evidence begins with it: it may be older.
    assert_eq!(
        restarted(vec![pod("new-1", 510, 1)], 520),
        [told("new-1", Verdict::Inconclusive)]
    );
}

#[test]
fn six_starts_in_ten_minutes_are_a_crash_loop() {
    let lives = |starts: i64| -> Vec<Life> {
        (0..starts)
            .map(|n| Life {
                first_at: ago(10 + 60 * n),
                last_at: ago(if n == 0 { 1 } else { 5 + 60 * n }),
                started_line_at: Some(ago(9 + 60 * n)),
                connected_at: Some(ago(8 + 60 * n)),
                ..life("a", &format!("p{n}"))
            })
            .collect()
    };
    assert_eq!(judged(&facts(lives(5), Vec::new())).0, Verdict::Pass);
    let (outcome, headline, _) = judged(&facts(lives(6), Vec::new()));
    assert_eq!(outcome, Verdict::Fail);
    assert!(headline.contains("started 6 times within 10 min"), "{headline}");
    // One process name for all of them, told apart by their start lines.
    let (outcome, ..) = one(|life| life.starting_lines = 6);
    assert_eq!(outcome, Verdict::Fail);
}

#[test]
fn workers_that_start_together_are_one_start() {
    let workers: Vec<Life> = (0..8)
        .map(|n| Life {
            first_at: ago(100 - n),
            started_line_at: Some(ago(99 - n)),
            ..life("a", &format!("p{n}"))
        })
        .collect();
    assert_eq!(judged(&facts(workers, Vec::new())).0, Verdict::Pass);
}

#[test]
fn silence_is_judged_by_the_traffic_before_it() {
    // One active second in two: a minute is enough. One in a hundred seconds: a thousand are.
    for (active, silence, outcome) in [
        (600, 59, Verdict::Pass),
        (600, 61, Verdict::Inconclusive),
        (10, 200, Verdict::Pass),
        (1, 61, Verdict::Inconclusive),
    ] {
        let (seen, ..) = one(|life| (life.active_seconds, life.last_at) = (active, ago(silence)));
        assert_eq!(seen, outcome, "{active} {silence}");
    }
}

#[test]
fn an_instance_that_left_is_not_checked_and_one_that_just_stopped_is_awaited() {
    let gone = |seconds: i64| Life {
        stopping_at: Some(ago(seconds)),
        last_at: ago(seconds),
        ..life("b", "2")
    };
    assert_eq!(
        judged(&facts(vec![life("a", "1"), gone(600)], Vec::new())).0,
        Verdict::Pass
    );
    let (outcome, headline, _) = judged(&facts(vec![life("a", "1"), gone(5)], Vec::new()));
    assert_eq!(outcome, Verdict::Inconclusive);
    assert!(headline.contains("b: it stopped 5s ago"), "{headline}");
    assert_eq!(judged(&facts(vec![gone(600)], Vec::new())).0, Verdict::Fail);
    let back = Life {
        started_line_at: Some(ago(1)),
        starting_lines: 1,
        ..gone(5)
    };
    assert_eq!(judged(&facts(vec![back], Vec::new())).0, Verdict::Pass);
}

#[test]
fn restarted_after_names_the_instance_that_was_not() {
    let facts = facts(vec![life("a", "1"), older("a"), older("b")], Vec::new());
    let profile = profile();
    let demands = Demands {
        restarted_after: Some(ago(1300)),
        ..Demands::default()
    };
    let episodes = Episodes::of(&facts.facts, &profile);
    let answer = verify(&episodes, &diagnose(&episodes), &facts.health, &demands);
    let said: Vec<_> = answer
        .checks
        .iter()
        .filter(|check| check.name == "restarted")
        .map(|check| (check.instance.as_deref(), check.seen.outcome))
        .collect();
    assert_eq!(said, [(Some("a"), Verdict::Pass), (Some("b"), Verdict::Fail)]);
    let unseen = Life {
        started_line_at: None,
        ..life("a", "1")
    };
    let facts = Seen {
        health: HealthFacts {
            lives: known(vec![unseen]),
            ..facts.health.clone()
        },
        ..facts.clone()
    };
    let episodes = Episodes::of(&facts.facts, &profile);
    let answer = verify(&episodes, &diagnose(&episodes), &facts.health, &demands);
    assert_eq!(
        answer.outcome,
        Verdict::Inconclusive,
        "its first record is younger, its start was not seen"
    );
}

#[test]
fn the_next_command_restarts_what_fails_and_nothing_else() {
    let bad = |name: &str| Life {
        error_spans: 1,
        ..life(name, "1")
    };
    let facts = facts(vec![bad("a1"), life("b2", "2"), bad("x'; rm -rf ~ #")], Vec::new());
    let profile = profile();
    let episodes = Episodes::of(&facts.facts, &profile);
    let answer = verify(&episodes, &diagnose(&episodes), &facts.health, &Demands::default());
    assert_eq!(
        answer.next,
        ["fly machines restart a1 -a relay-api", "relay-diag verify --wait 5m"]
    );
    assert!(answer.notes[0].ends_with("x'; rm -rf ~ #\""), "{:?}", answer.notes);
}
