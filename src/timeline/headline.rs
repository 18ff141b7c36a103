//! The answer in one line: what hung, what failed, what was slow, and whether it is over.

use chrono::{DateTime, TimeDelta, Utc};

use super::listener::Episode;
use super::{Entry, EntryKind, Scene, failures, hangs, runs};
use crate::facts::{Fate, Hang};
use crate::report::{Outcome, Severity};
use crate::words::{self, counted};

/// A restart this close to the end of the last trouble goes with it.
const RESTART_ENDS_WITHIN: TimeDelta = TimeDelta::seconds(30);

pub(super) fn headline(scene: &Scene<'_>, entries: &[Entry], episodes: &[Episode<'_>]) -> (String, Severity, Outcome) {
    let facts = scene.facts;
    let records = facts.bounds.rows.first().map_or(0, |bounds| bounds.records);
    if records == 0 && facts.bounds.not_known.is_none() && facts.hangs.rows.is_empty() {
        return (no_records(scene), Severity::Warning, Outcome::Inconclusive);
    }
    let mut parts: Vec<String> = [hung(scene), failed(scene), slow(entries)]
        .into_iter()
        .flatten()
        .collect();
    let severity = entries.iter().map(|entry| entry.severity).max().unwrap_or(Severity::Ok);
    if !parts.is_empty() {
        parts.extend(ending(scene, entries));
        return (sentence(&parts), severity, Outcome::Incident);
    }
    let not_known = facts.not_known();
    if let Some((section, why)) = not_known.first() {
        return (
            format!("inconclusive: {section} could not be read: {why}"),
            Severity::Warning,
            Outcome::Inconclusive,
        );
    }
    let bounds = facts.bounds.rows.first();
    let Some((bounds, (p50_s, p95_s, max_s))) = bounds.and_then(|bounds| Some((bounds, bounds.requests_s?))) else {
        let text = format!(
            "inconclusive: {} but not one request in the window",
            counted(records, "record")
        );
        return (text, Severity::Warning, Outcome::Inconclusive);
    };
    if let Some(gap) = entries
        .iter()
        .find(|entry| entry.kind == EntryKind::Gap && entry.in_progress)
    {
        let text = format!("inconclusive: nothing has been recorded since {}", clock(gap.start));
        return (text, Severity::Warning, Outcome::Inconclusive);
    }
    parts.push(format!(
        "nothing wrong seen: {} succeeded (median {}, p95 {}, slowest {}), none failed, none hung",
        counted(bounds.requests, "request"),
        words::duration(p50_s),
        words::duration(p95_s),
        words::duration(max_s)
    ));
    parts.extend(listener_trouble(scene, episodes));
    let open_trouble = episodes.iter().any(|episode| episode.over_at.is_none());
    if open_trouble {
        return (sentence(&parts), Severity::Warning, Outcome::Incident);
    }
    (sentence(&parts), Severity::Ok, Outcome::Fine)
}

fn sentence(parts: &[String]) -> String {
    parts.join("; ")
}

fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

fn no_records(scene: &Scene<'_>) -> String {
    let bounds = scene.facts.bounds.rows.first();
    match bounds {
        Some(bounds) if bounds.records_unfiltered > 0 => format!(
            "inconclusive: no record passes the filters; the window holds {} of environments [{}], services [{}]",
            counted(bounds.records_unfiltered, "record"),
            bounds.environments.as_deref().unwrap_or_default(),
            bounds.services.as_deref().unwrap_or_default()
        ),
        _ => String::from("inconclusive: no records at all in the window"),
    }
}

fn hung(scene: &Scene<'_>) -> Option<String> {
    let facts = scene.facts;
    let hung: Vec<&Hang> = facts
        .hangs
        .rows
        .iter()
        .filter(|hang| hangs::is_hang(hang, scene))
        .collect();
    let lengths: Vec<f64> = hung.iter().map(|hang| hang.length_s(facts.window.to)).collect();
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    let shortest = lengths.iter().copied().fold(f64::INFINITY, f64::min);
    let open = hung.iter().filter(|hang| hang.fate == Fate::InFlight).count() as u64;
    let count = hung.len() as u64;
    let mut text = match (open, hangs::longest_open_s(scene)) {
        _ if count == 0 => return None,
        (open, Some(oldest)) if open > 0 => {
            let others = if count > open {
                format!(" ({} more hung before)", count - open)
            } else {
                String::new()
            };
            let verb = if open == 1 { "hangs" } else { "hang" };
            format!(
                "{} {verb} now, the oldest for {}{others}",
                counted(open, "request"),
                words::duration(oldest)
            )
        }
        _ => format!(
            "{} hung for {}",
            counted(count, "request"),
            words::range(shortest, longest)
        ),
    };
    let beside = facts
        .runs
        .rows
        .iter()
        .filter(|run| run.first_at().is_some_and(|at| scene.hanging_at(at)));
    let prompt = beside
        .filter_map(|run| run.requests.as_ref())
        .filter(|successes| runs::is_prompt(successes));
    if let Some(success) = runs::merged(prompt) {
        text.push_str(&format!(
            ", while {} succeeded in {}",
            counted(success.count, "other"),
            words::spread(success.count, &success.spread)
        ));
    }
    Some(text)
}

fn failed(scene: &Scene<'_>) -> Option<String> {
    let bursts: Vec<_> = scene.facts.errors.rows.iter().filter(|burst| burst.requests).collect();
    let all: u64 = bursts.iter().map(|burst| burst.traces).sum();
    // What stands for several bursts has no wording of its own.
    let worded = || bursts.iter().filter(|burst| burst.bursts == 1);
    let main = worded().max_by_key(|burst| (burst.traces, &burst.template))?;
    let same: u64 = bursts
        .iter()
        .filter(|burst| burst.template == main.template)
        .map(|burst| burst.traces)
        .sum();
    let why = match failures::empty_pool(&main.sample) {
        Some((size, overflow)) => format!("on an empty connection pool (size {size}, overflow {overflow})"),
        None => format!("with \"{}\"", words::error(&main.sample, 70)),
    };
    let share = if same == all {
        String::new()
    } else {
        format!("{} of them ", words::grouped(same))
    };
    let separator = if share.is_empty() { " " } else { ", " };
    Some(format!("{} failed{separator}{share}{why}", counted(all, "request")))
}

fn slow(entries: &[Entry]) -> Option<String> {
    let slow = entries.iter().find(|entry| entry.kind == EntryKind::StatementsSlow)?;
    Some(format!("statements slow from {}: {}", clock(slow.start), slow.duration))
}

/// When the last grave trouble ended, and whether an instance started then. That it ended is only said if requests were
/// served behind it.
fn ending(scene: &Scene<'_>, entries: &[Entry]) -> Option<String> {
    let is_trouble = |entry: &&Entry| entry.severity == Severity::Critical || entry.kind == EntryKind::StatementsSlow;
    if entries.iter().filter(is_trouble).any(|entry| entry.in_progress) {
        return Some(String::from("still going on"));
    }
    let over_at = entries.iter().filter(is_trouble).map(Entry::last).max()?;
    let served_at = scene
        .facts
        .runs
        .rows
        .iter()
        .filter_map(|run| run.requests.as_ref())
        .map(|some| some.last_at)
        .max()?;
    if over_at >= scene.facts.window.to {
        return Some(String::from("still going on at the end of the window"));
    }
    if served_at <= over_at {
        return Some(format!("no success seen since {}", clock(over_at)));
    }
    let restarts = entries
        .iter()
        .filter(|entry| matches!(entry.kind, EntryKind::InstanceStarted | EntryKind::Deploy));
    let apart = |entry: &&Entry| (over_at - entry.start).abs();
    let restarted = restarts
        .filter(|entry| apart(entry) <= RESTART_ENDS_WITHIN)
        .min_by_key(apart);
    Some(match restarted {
        Some(entry) => format!("over with the restart at {}", clock(entry.start)),
        None => format!("over since {}", clock(over_at)),
    })
}

fn listener_trouble(scene: &Scene<'_>, episodes: &[Episode<'_>]) -> Option<String> {
    let name = &scene.profile.listener.name;
    let last = episodes.last()?;
    Some(match last.over_at {
        Some(at) => format!(
            "the {name} lost its connection at {} and was back at {}",
            clock(last.first_at),
            clock(at)
        ),
        None => format!("the {name} has not been connected since {}", clock(last.first_at)),
    })
}
