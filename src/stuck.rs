//! What hangs or hung, and what each waits on: a view of the episodes, longest first, with the answer in one line. Pure.

mod long;
mod report;

pub use report::{StuckDocument, told};

use crate::diagnosis::no_records;
use crate::episodes::{Episodes, Hanging, WaitingOn};
use crate::facts::Long;
use crate::report::{Outcome, Severity};
use crate::words;

/// Sections of the evidence that it rests on.
pub const SECTIONS: [&str; 4] = ["bounds", "processes", "lifecycle", "hangs"];

/// The answer.
#[derive(Debug, Clone)]
pub struct Stuck<'a> {
    /// The first line.
    pub headline: String,
    /// How bad it is.
    pub severity: Severity,
    /// For the exit code.
    pub outcome: Outcome,
    /// Longest first.
    pub spans: Vec<Hanging<'a>>,
    /// What lasts long by its nature, or for a reason that no record tells; longest first.
    pub long: Vec<&'a Long>,
}

/// Judges what hangs.
pub fn stuck<'a>(episodes: &Episodes<'a>) -> Stuck<'a> {
    let now = episodes.facts.window.to;
    let mut spans = episodes.hangs.clone();
    spans.sort_by(|a, b| {
        let place = |s: &Hanging<'_>| (s.started_at, s.span_id.clone());
        let longer = b.length_s(now).total_cmp(&a.length_s(now));
        longer.then_with(|| place(a).cmp(&place(b)))
    });
    let mut long: Vec<&Long> = episodes.facts.long.iter().collect();
    long.sort_by(|a, b| {
        let longer = b.request.length_s(now).total_cmp(&a.request.length_s(now));
        longer.then_with(|| a.request.span_id.cmp(&b.request.span_id))
    });
    let (headline, severity, outcome) = headline(&spans, episodes);
    Stuck {
        headline,
        severity,
        outcome,
        spans,
        long,
    }
}

fn headline(spans: &[Hanging<'_>], episodes: &Episodes<'_>) -> (String, Severity, Outcome) {
    let (facts, profile) = (episodes.facts, episodes.profile);
    let now = facts.window.to;
    let open: Vec<&Hanging<'_>> = spans.iter().filter(|s| s.in_flight()).collect();
    if let Some(longest) = open.first() {
        let text = hanging_now(spans, &open, longest.length_s(now), facts.hangs.not_known.is_some());
        return (text, Severity::Critical, Outcome::Incident);
    }
    let hang_after_s = crate::facts::to_seconds(profile.hang_after);
    let hung: Vec<&Hanging<'_>> = spans.iter().filter(|s| s.length_s(now) > hang_after_s).collect();
    let missing = facts.not_known_of(&SECTIONS);
    let why = match missing.first() {
        Some(part) => Some(format!("{} is not known: {}", part.section, part.why)),
        None if spans.is_empty() && facts.bounds.no_records() => Some(no_records(facts)),
        None => None,
    };
    if let (Some(why), true) = (why, hung.is_empty()) {
        return (format!("inconclusive: {why}"), Severity::Warning, Outcome::Inconclusive);
    }
    if spans.is_empty() {
        let records: u64 = facts.bounds.rows.iter().map(|bounds| bounds.records).sum();
        let waits = if facts.long.is_empty() { "" } else { " waiting" };
        let text = format!(
            "nothing hangs: none of {} lasted longer than {}{waits} or is in flight for more than {}",
            words::counted(records, "record"),
            words::duration(hang_after_s),
            words::duration(crate::facts::to_seconds(profile.in_flight_after))
        );
        return (text, Severity::Ok, Outcome::Fine);
    }
    let died: Vec<&Hanging<'_>> = spans.iter().filter(|s| s.died_at().is_some()).collect();
    match hung.first() {
        Some(longest) => {
            let mut text = format!(
                "nothing hangs now; {} hung, {} {}, {}",
                noun(&hung),
                if hung.len() == 1 { "for" } else { "the longest for" },
                words::duration(longest.length_s(now)),
                waits(&hung, "waiting")
            );
            if !died.is_empty() {
                text.push_str(&format!("; {} died with their process", noun(&died)));
            }
            (text, Severity::Warning, Outcome::Incident)
        }
        None => {
            let one = died.len() == 1;
            let text = format!(
                "nothing hangs; {} died with {} process after {}{}",
                noun(&died),
                if one { "its" } else { "their" },
                if one { "" } else { "at most " },
                words::duration(spans.first().map_or(0.0, |s| s.length_s(now)))
            );
            (text, Severity::Info, Outcome::Fine)
        }
    }
}

/// What is in flight, and beside it what is over.
fn hanging_now(spans: &[Hanging<'_>], open: &[&Hanging<'_>], longest_s: f64, at_least: bool) -> String {
    let one = open.len() == 1;
    let mut text = format!(
        "{}{} {} hanging now, {} {}, {}",
        if at_least { "at least " } else { "" },
        noun(open),
        if one { "is" } else { "are" },
        if one { "for" } else { "the longest for" },
        words::duration(longest_s),
        waits(open, "waiting")
    );
    let ended = spans.iter().filter(|s| s.duration_s().is_some()).count();
    let died = spans.iter().filter(|s| s.died_at().is_some()).count();
    for (count, what) in [(ended, "hung and ended"), (died, "died with their process")] {
        if count > 0 {
            text.push_str(&format!("; {} {what}", words::grouped(count as u64)));
        }
    }
    text
}

fn noun(spans: &[&Hanging<'_>]) -> String {
    let requests = spans.iter().all(|s| s.is_request());
    words::counted(spans.len() as u64, if requests { "request" } else { "operation" })
}

/// "all waiting on connect", or how many wait on what, the most first.
fn waits(spans: &[&Hanging<'_>], verb: &str) -> String {
    let mut counts: Vec<(usize, WaitingOn)> = Vec::new();
    for span in spans {
        match counts.iter_mut().find(|(_, on)| *on == span.waiting_on) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, span.waiting_on)),
        }
    }
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let said = |on: WaitingOn| match on {
        WaitingOn::Unknown => format!("{verb} on something that no record tells"),
        on => format!("{verb} on {}", on.name()),
    };
    match counts.as_slice() {
        [(1, on)] => said(*on),
        [(_, on)] => format!("all {}", said(*on)),
        several => {
            let parts: Vec<String> = several
                .iter()
                .map(|(count, on)| format!("{count} on {}", on.name()))
                .collect();
            format!("{verb} {}", parts.join(", "))
        }
    }
}

/// Seconds to the microsecond.
fn microseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests;
