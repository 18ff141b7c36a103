//! The queue listener's attempt to connect has no end, and requests' own connects hang beside it.

use chrono::TimeDelta;

use crate::diagnosis::scene::failed;
use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Questions, Remedy, Scene,
    claim::{claim, lengths, of_failures, of_hangs},
};
use crate::error_text::ErrorClass;
use crate::facts::{Line, LineKind, to_seconds};
use crate::words::{clock, counted, duration};

/// An attempt with a timeout has ended by then: relay-api's is 15 s, its longest pause between two attempts 60 s.
const NO_OUTCOME_AFTER: TimeDelta = TimeDelta::seconds(90);

pub(super) static MODE: FailureMode = FailureMode {
    id: "listener-hang",
    title: "the queue listener's connect has no end",
    documentation: Documentation {
        looks_like: "The listener says that it reconnects (or starts), and nothing follows: no success, no failure, no next \
            try, until the process dies. Beside it requests hang in their connects, or fail on an empty pool.",
        why: "The listener connects without a timeout to a database that does not answer. It waits for ever, and so do the \
            connects of requests; the pool runs empty behind them.",
        confused_with: "partial-connect-hang: there the listener's attempts end (with a timeout) and are repeated. \
            cold-start: all of it ends by itself. A listener that is idle says nothing either, but it has said `connected`.",
        what_to_do: "Restart the instances concerned. Then give the listener's connect a timeout (15 s), and requests' connects \
            as well.",
    },
    error_classes: &[ErrorClass::PoolExhausted],
    cause: Cause::Mechanism,
    remedy: Remedy::Restart,
    hits: Hits::Suffering,
    looks_at: LooksAt::EachService,
    questions: Questions::General,
    needs: &["lifecycle", "hangs"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let now = scene.facts.window.to;
    let mut tried = false;
    for trouble in &scene.listener {
        tried = true;
        let own = scene
            .facts
            .lifecycle
            .rows
            .iter()
            .filter(|line| line.instance == trouble.instance && line.kind == LineKind::Lost);
        let asked_at = own
            .filter(|line| line.first_at >= trouble.first_at)
            .map(|line| line.last_at)
            .filter(|at| trouble.over_at.is_none_or(|over_at| *at < over_at))
            .max();
        let Some(asked_at) = asked_at else { continue };
        let until = trouble.over_at.unwrap_or(now);
        if trouble.answered || trouble.reconnected || until - asked_at < NO_OUTCOME_AFTER {
            continue;
        }
        // A process that says nothing at all does not say how an attempt ended either.
        if scene.was_silent(trouble.instance, asked_at + NO_OUTCOME_AFTER) {
            continue;
        }
        let silent = to_seconds(until - asked_at);
        let silence = claim(
            Basis::LogLines,
            format!(
                "the {} on {} tried to reconnect at {}; in the {} until {} there is no outcome of it",
                scene.profile.listener.name,
                trouble.instance,
                clock(asked_at),
                duration(silent),
                if trouble.over_at.is_some() {
                    "its process was replaced"
                } else {
                    "the end of the window"
                }
            ),
            "lifecycle",
            trouble.attempts,
            trouble.first.trace_id.iter().cloned().collect(),
        );
        return beside(scene, trouble.instance, silence);
    }
    if let Some(verdict) = from_the_start(scene) {
        return verdict;
    }
    Judgement::NotMatched(if tried {
        String::from("the listener's attempts to connect have outcomes")
    } else {
        String::from("the listener never lost its connection")
    })
}

/// A process that says that it starts, and whose listener never says how its first connect ended.
fn from_the_start(scene: &Scene<'_>) -> Option<Judgement> {
    // An application without a listener, by its profile.
    if scene.profile.listener.connected.is_empty() {
        return None;
    }
    let lines = &scene.facts.lifecycle.rows;
    // Without one `connected` anywhere the application may have no listener at all.
    if !lines.iter().any(|line| line.kind == LineKind::Connected)
        && scene.failing_with(&[ErrorClass::PoolExhausted]).is_empty()
    {
        return None;
    }
    let start = lines
        .iter()
        .filter(|line| line.kind == LineKind::Starting && scene.runs_on(&line.instance) && has_listener(scene, line))
        .find(|line| {
            let later = || {
                lines
                    .iter()
                    .filter(|other| other.instance == line.instance && other.first_at > line.first_at)
            };
            // Any word of the listener but a next start is an outcome: only what has connected has a heartbeat.
            let ended = |other: &&Line| matches!(other.kind, LineKind::Starting | LineKind::Stopping);
            let until = later().filter(ended).map(|other| other.first_at).min();
            let until = until.unwrap_or(scene.facts.window.to);
            let answered = later().any(|other| !ended(&other) && other.first_at < until);
            !answered
                && until - line.last_at >= NO_OUTCOME_AFTER
                && !scene.was_silent(&line.instance, line.last_at + NO_OUTCOME_AFTER)
        })?;
    let silence = claim(
        Basis::LogLines,
        format!(
            "the {} on {} began at {} and says neither that it is connected nor that it failed",
            scene.profile.listener.name,
            start.instance,
            clock(start.last_at)
        ),
        "lifecycle",
        1,
        start.trace_id.iter().cloned().collect(),
    );
    match beside(scene, &start.instance, silence) {
        Judgement::Matched(matched) => Some(Judgement::Matched(matched)),
        _ => None,
    }
}

/// A worker says that it starts, too: what has a listener serves requests.
fn has_listener(scene: &Scene<'_>, line: &Line) -> bool {
    let processes = &scene.facts.processes.rows;
    processes
        .iter()
        .any(|process| process.instance == line.instance && process.process == line.process && process.served > 0)
}

fn beside(scene: &Scene<'_>, instance: &str, silence: Claim) -> Judgement {
    let mut hung = scene.hung_connecting();
    hung.retain(|hang| hang.instance == instance);
    let mut empty = scene.failing_with(&[ErrorClass::PoolExhausted, ErrorClass::ConnectTimeout]);
    empty.retain(|burst| burst.instance.as_deref().is_none_or(|own| own == instance));
    if hung.is_empty() && empty.is_empty() {
        return Judgement::NotMatched(String::from(
            "the listener's attempt has no outcome, and no request suffers from it",
        ));
    }
    let mut found = vec![silence];
    if !hung.is_empty() {
        found.push(of_hangs(
            format!(
                "{} hung {} in their own connects beside it",
                counted(hung.len() as u64, "request"),
                lengths(&hung, scene.facts.window.to)
            ),
            &hung,
        ));
    }
    if !empty.is_empty() {
        found.push(of_failures(
            format!(
                "{} failed behind it for want of a connection",
                counted(failed(&empty), "request")
            ),
            &empty,
        ));
    }
    let summary = format!(
        "the {} hangs in an attempt to connect that has no timeout{}{}",
        scene.profile.listener.name,
        match hung.len() as u64 {
            0 => String::new(),
            many => format!(", and {} hung beside it", counted(many, "request")),
        },
        scene.and_failed()
    );
    scene.matched(&hung, &empty, summary, found)
}
