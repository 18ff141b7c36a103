//! What stands beside the checks: what was seen and not counted, and the sentence of a pass.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::checks::slowest;
use super::subject::Subject;
use super::{Instance, RESTART_TAKES};
use crate::facts::health::Life;
use crate::facts::to_seconds;
use crate::words::{clock, counted, duration, error, percent};

/// Room for an error in a line.
const ERROR_WIDTH: usize = 120;

/// What was seen and not counted.
pub(super) fn notes(subject: &Subject<'_>, instances: &[Instance<'_>], recovered: &[(String, u64)]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(rate) = subject.sample_rate() {
        notes.push(format!(
            "sampled: {} of the traces are recorded; counts are of those, and what fails or hangs in others is not seen",
            percent(rate)
        ));
    }
    if let Some((most, _)) = recovered.first() {
        let all = recovered.iter().map(|(_, count)| count).sum();
        notes.push(format!(
            "recovered: {} that their requests survived, most of them: {most}",
            counted(all, "error")
        ));
    }
    let open = subject
        .episodes
        .facts
        .long
        .iter()
        .filter(|long| long.request.in_flight())
        .count();
    if open > 0 {
        notes.push(format!(
            "not counted: {} in flight that wait on no database, as streams, WebSockets and calls to models do",
            counted(open as u64, "long request")
        ));
    }
    for instance in instances {
        let errors: u64 = instance
            .older
            .iter()
            .map(|life| life.error_spans + life.error_logs + life.listener_errors)
            .sum();
        let dead = subject.open(instance, false).len() as u64;
        if errors + dead > 0 {
            let since = instance.started_at.map(clock).unwrap_or_default();
            notes.push(format!(
                "not counted: older processes of {} left {} in the window and {} without an end; its process began at {since}",
                instance.name,
                counted(errors, "error record"),
                counted(dead, "span"),
            ));
        }
        match (instance.successor, instance.stopped_at) {
            (Some((name, at)), _) => notes.push(format!(
                "not checked: the last record of {} is of {}; {name} began at {}",
                instance.name,
                clock(instance.last_at()),
                clock(at)
            )),
            (None, Some(at)) if subject.now - at > RESTART_TAKES => {
                notes.push(format!("not checked: {} stopped at {}", instance.name, clock(at)));
            }
            (None, _) => {}
        }
    }
    let ended = subject.episodes.hangs.iter().filter(|span| {
        let current = instances.iter().flat_map(|instance| &instance.current);
        let mut lives =
            current.filter(|life| life.newest && life.instance == span.instance && life.process == span.process);
        span.ended_at().is_some_and(|at| at <= subject.now) && lives.any(|life| span.started_at >= life.first_at)
    });
    let ended = ended.count() as u64;
    if ended > 0 {
        let longer = duration(to_seconds(subject.profile.hang_after));
        let which = subject
            .demands
            .question
            .command_in_window(&["stuck"], subject.episodes.facts.window);
        notes.push(format!(
            "{} lasted longer than {longer} and ended in the window{}",
            counted(ended, "request"),
            which.map(|command| format!(": {command}")).unwrap_or_default()
        ));
    }
    notes
}

/// Errors that what stands above them survived: the most frequent first, refused calls to others last.
pub(super) fn recovered(subject: &Subject<'_>) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for burst in subject.episodes.recovered() {
        *counts.entry(error(&burst.sample, ERROR_WIDTH)).or_default() += burst.traces;
    }
    let mut found: Vec<(String, u64)> = counts.into_iter().collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let refused = subject.health.lives.rows.iter().map(|life| life.refused_calls).sum();
    if refused > 0 {
        found.push((String::from("outgoing calls answered with 400 to 499"), refused));
    }
    found
}

/// The answer of a pass.
pub(super) fn passed(subject: &Subject<'_>, instances: &[Instance<'_>]) -> String {
    let running: Vec<&Instance<'_>> = instances.iter().filter(|instance| instance.runs()).collect();
    let sum = |figure: fn(&Life) -> u64| running.iter().map(|instance| instance.sum(figure)).sum::<u64>();
    let slowest = running.iter().filter_map(|instance| slowest(instance));
    let p95 = slowest.map(|times| times.p95_s).fold(0.0, f64::max);
    let length = subject.now - subject.episodes.facts.window.from;
    let sampled = subject.sample_rate();
    let sampled = sampled.map(|rate| format!(", of the {} of traces that are recorded", percent(rate)));
    format!(
        "{} healthy in the last {}: {} served, none failed, {} with p95 {}, nothing in flight{}",
        counted(running.len() as u64, "instance"),
        duration(to_seconds(length.max(TimeDelta::zero()))),
        counted(sum(|life| life.requests), "request"),
        counted(sum(|life| life.statements), "statement"),
        duration(p95),
        sampled.unwrap_or_default()
    )
}
