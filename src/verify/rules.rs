//! What is checked of whom: all checks of an instance, what concerns all of them, and what is not counted.

mod process;
mod traffic;

pub(super) use process::restarted;

use chrono::{DateTime, TimeDelta, Utc};

use super::check::{Check, Verdict};
use super::{Instance, RESTART_TAKES, Scene};
use crate::diagnosis::no_records;
use crate::episodes::Hanging;
use crate::facts::health::Life;
use crate::facts::to_seconds;
use crate::words::{counted, duration};

fn check(name: &'static str, instance: Option<&str>, outcome: Verdict, detail: String) -> Check {
    Check {
        name,
        instance: instance.map(str::to_owned),
        outcome,
        detail,
        observed: String::new(),
        required: String::new(),
        measured: serde_json::Map::new(),
    }
}

impl Check {
    fn seen(mut self, observed: impl Into<String>, required: impl Into<String>) -> Self {
        self.observed = observed.into();
        self.required = required.into();
        self
    }
}

fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

impl Scene<'_> {
    fn ago(&self, at: DateTime<Utc>) -> String {
        duration(to_seconds(self.now - at).max(0.0))
    }

    /// Spans of the instance's current processes, or of older ones, that have no end at the window's end.
    fn open(&self, instance: &Instance<'_>, current: bool) -> Vec<&Hanging<'_>> {
        let lives = if current { &instance.current } else { &instance.older };
        let of = |span: &Hanging<'_>, life: &Life| {
            span.process == life.process
                && if life.newest {
                    span.started_at >= life.first_at
                } else {
                    span.started_at <= life.last_at
                }
        };
        let own = self.episodes.hangs.iter().filter(|span| span.instance == instance.name);
        own.filter(|span| span.ended_at().is_none_or(|at| at > self.now))
            .filter(|span| self.now - span.started_at > self.profile.in_flight_after)
            .filter(|span| lives.iter().any(|life| of(span, life)))
            .collect()
    }
}

/// What concerns all instances: whether there is anything to judge.
pub(super) fn of_evidence(scene: &Scene<'_>, instances: &[Instance<'_>]) -> Vec<Check> {
    let mut checks = Vec::new();
    let inconclusive = |detail: String| check("evidence", None, Verdict::Inconclusive, detail);
    // What is in flight has a check of its own that says so.
    let mut missing = scene.episodes.facts.not_known_of(&super::FACTS);
    missing.extend(scene.health.not_known());
    for part in missing.into_iter().filter(|part| part.section != "hangs") {
        let detail = format!("{} is not known: {}", part.section, part.why);
        checks.push(inconclusive(detail).seen("incomplete", "all sections"));
    }
    if instances.is_empty() {
        let detail = no_records(scene.episodes.facts);
        checks.push(inconclusive(detail).seen("0 records", "records"));
    } else if instances.iter().all(|instance| instance.stopped_at.is_some()) {
        let last = instances.iter().filter_map(|instance| instance.stopped_at).max();
        let at = last.map(clock).unwrap_or_default();
        checks.push(
            check(
                "running",
                None,
                Verdict::Fail,
                format!("no instance runs: the last one stopped at {at}"),
            )
            .seen("0 instances", "1 instance"),
        );
    }
    checks
}

/// The checks of one instance. One that stopped and stayed away was taken out of service: it has none.
pub(super) fn of_instance(scene: &Scene<'_>, instance: &Instance<'_>) -> Vec<Check> {
    if let Some(at) = instance.stopped_at {
        if scene.now - at > RESTART_TAKES {
            return Vec::new();
        }
        let detail = format!("it stopped {} ago and has not started again", scene.ago(at));
        return vec![
            check("running", Some(instance.name), Verdict::Inconclusive, detail)
                .seen(format!("stopped at {}", clock(at)), "running"),
        ];
    }
    let checks = [
        Some(process::in_flight(scene, instance)),
        Some(process::restarts(scene, instance)),
        Some(traffic::requests(scene, instance)),
        Some(traffic::errors(instance)),
        Some(traffic::statements(scene, instance)),
        process::listener(scene, instance),
        Some(process::freshness(scene, instance)),
    ];
    checks.into_iter().flatten().collect()
}

/// What was seen and not counted.
pub(super) fn notes(scene: &Scene<'_>, instances: &[Instance<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    for instance in instances {
        let errors: u64 = instance
            .older
            .iter()
            .map(|life| life.error_spans + life.error_logs + life.listener_errors)
            .sum();
        let dead = scene.open(instance, false).len() as u64;
        if errors + dead > 0 {
            let since = instance.started_at.map(clock).unwrap_or_default();
            notes.push(format!(
                "not counted: older processes of {} left {} in the window and {} without an end; its process began at {since}",
                instance.name,
                counted(errors, "error record"),
                counted(dead, "span"),
            ));
        }
        if let Some(at) = instance.stopped_at.filter(|at| scene.now - *at > RESTART_TAKES) {
            notes.push(format!("not checked: {} stopped at {}", instance.name, clock(at)));
        }
    }
    let ended = scene.episodes.hangs.iter().filter(|span| {
        let current = instances.iter().flat_map(|instance| &instance.current);
        let mut own =
            current.filter(|life| life.newest && life.instance == span.instance && life.process == span.process);
        span.ended_at().is_some_and(|at| at <= scene.now) && own.any(|life| span.started_at >= life.first_at)
    });
    let ended = ended.count() as u64;
    if ended > 0 {
        let longer = duration(to_seconds(scene.profile.hang_after));
        notes.push(format!(
            "{} lasted longer than {longer} and ended in the window: relay-diag stuck",
            counted(ended, "request")
        ));
    }
    notes
}

/// The answer of a pass.
pub(super) fn summary(scene: &Scene<'_>, instances: &[Instance<'_>]) -> String {
    let running: Vec<&Instance<'_>> = instances
        .iter()
        .filter(|instance| instance.stopped_at.is_none())
        .collect();
    let sum = |figure: fn(&Life) -> u64| running.iter().map(|instance| instance.sum(figure)).sum::<u64>();
    let slowest = running.iter().filter_map(|instance| traffic::slowest(instance));
    let p95 = slowest.map(|times| times.p95_s).fold(0.0, f64::max);
    let length = scene.now - scene.episodes.facts.window.from;
    format!(
        "{} healthy in the last {}: {} served, none failed, {} with p95 {}, nothing in flight",
        counted(running.len() as u64, "instance"),
        duration(to_seconds(length.max(TimeDelta::zero()))),
        counted(sum(|life| life.requests), "request"),
        counted(sum(|life| life.statements), "statement"),
        duration(p95)
    )
}
