//! Lines that processes log when they start and when they end, found by where they stand in the lives of processes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::Candidate;
use crate::facts::{Logged, Recorded, STARTUP, Spans, to_seconds};

/// What one process alone logs at its begin may be anything; what two log there is a line of the start.
const LEAST_PROCESSES: usize = 2;
/// A line of the end comes this close to the last record.
const END: TimeDelta = TimeDelta::seconds(60);
/// A shorter text would be found in other messages as well.
const LEAST_LETTERS: usize = 6;
/// Candidates of lines that are told.
const MOST_CANDIDATES: usize = 8;
/// Words in lines that end a process.
const END_WORDS: [&str; 7] = ["shut", "stop", "clos", "terminat", "exit", "drain", "goodbye"];

fn says_end(text: &str) -> bool {
    let text = text.to_lowercase();
    END_WORDS.iter().any(|word| text.contains(word))
}

/// A text that some processes of a service logged, and how far from where it is looked for, seconds at most.
struct Logs<'a> {
    service: &'a str,
    text: &'a str,
    by: BTreeSet<&'a str>,
    within_s: f64,
}

/// Texts that processes logged within so long of a place in their lives, and nowhere else. `away` = how far from it.
fn logged<'a>(
    spans: &[&Spans],
    processes: &[&Recorded],
    lines: &[&'a Logged],
    most: TimeDelta,
    away: impl Fn(&Recorded, &Logged) -> TimeDelta,
) -> Vec<Logs<'a>> {
    let mut found: BTreeMap<(&str, &str), Logs<'a>> = BTreeMap::new();
    for line in lines.iter().copied() {
        let Some(text) = literal(&line.name) else { continue };
        let is_own = |process: &&&Recorded| process.process == line.process && process.service == line.service;
        let far = processes.iter().find(is_own).map(|process| away(process, line));
        let logs = found.entry((&line.service, text)).or_insert_with(|| Logs {
            service: &line.service,
            text,
            by: BTreeSet::new(),
            within_s: 0.0,
        });
        logs.by.insert(&line.process);
        logs.within_s = logs.within_s.max(far.map_or(f64::INFINITY, to_seconds));
    }
    // What a process logs all the time is not among its few lines.
    let is_rare = |logs: &Logs<'_>| {
        let same =
            |spans: &&&Spans| spans.logs && spans.service == logs.service && literal(&spans.name) == Some(logs.text);
        let count: u64 = spans.iter().filter(same).map(|spans| spans.count).sum();
        count <= 2 * logs.by.len() as u64
    };
    let there = |logs: &Logs<'_>| logs.within_s <= to_seconds(most) && is_rare(logs);
    found.into_values().filter(there).collect()
}

/// Services that log one of these texts.
pub(super) fn services_with<'a>(lines: &[&'a Logged], texts: &[String]) -> BTreeSet<&'a str> {
    let knows = |line: &&&'a Logged| texts.iter().any(|text| line.name.contains(text.as_str()));
    lines.iter().filter(knows).map(|line| line.service.as_str()).collect()
}

/// One line of the start for each service that has none yet: a second would count each start twice. The surest, then the earliest.
pub(super) fn starting(
    spans: &[&Spans],
    processes: &[&Recorded],
    lines: &[&Logged],
    known: &[String],
) -> Vec<Candidate> {
    let known = services_with(lines, known);
    let mut logged = logged(spans, processes, lines, STARTUP, |process, line| {
        line.first_at - process.first_at
    });
    logged.sort_by(|a, b| {
        let surest = b.by.len().cmp(&a.by.len());
        surest.then(a.within_s.total_cmp(&b.within_s)).then(a.text.cmp(b.text))
    });
    let mut services = BTreeSet::new();
    logged.retain(|logs| services.insert(logs.service) && !known.contains(logs.service));
    candidates(logged)
}

pub(super) fn stopping(
    spans: &[&Spans],
    processes: &[&Recorded],
    lines: &[&Logged],
    known: &[String],
) -> Vec<Candidate> {
    let mut logged = logged(spans, processes, lines, END, |process, line| {
        process.last_at - line.last_at
    });
    let known = services_with(lines, known);
    logged.retain(|logs| says_end(logs.text) && !known.contains(logs.service));
    candidates(logged)
}

fn candidates(logged: Vec<Logs<'_>>) -> Vec<Candidate> {
    let candidate = |logs: Logs<'_>| Candidate {
        text: logs.text.to_owned(),
        sure: logs.by.len() >= LEAST_PROCESSES,
    };
    logged.into_iter().take(MOST_CANDIDATES).map(candidate).collect()
}

/// The text of a template before its first value: that much stands in every message.
pub(super) fn literal(template: &str) -> Option<&str> {
    let end = template.find(['{', '%']).unwrap_or(template.len());
    let text = template[..end]
        .trim_end_matches([' ', '\'', '"', '(', '[', ':', ',', '='])
        .trim_start();
    (text.chars().filter(|c| c.is_alphabetic()).count() >= LEAST_LETTERS).then_some(text)
}
