//! Rows of stretches of slow statements.

use super::{Entry, EntryKind};
use crate::episodes::{Episodes, SlowStretch};
use crate::report::Severity;
use crate::words;

pub(super) fn entries(episodes: &Episodes<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for slow in &episodes.slow {
        let stretches = slow.stretches.iter();
        entries.extend(stretches.filter_map(|stretch| slow_stretch(stretch, slow.usual_of(stretch))));
        if let Some(last) = entries.last_mut().filter(|_| slow.goes_on) {
            last.in_progress = true;
            last.end = None;
        }
    }
    entries
}

fn slow_stretch(stretch: &SlowStretch<'_>, usual: Option<f64>) -> Option<Entry> {
    let (first_at, _) = stretch.buckets.first()?.slow_between?;
    let (_, last_at) = stretch.buckets.last()?.slow_between?;
    let spreads = || stretch.buckets.iter().filter_map(|bucket| bucket.statements_spread);
    let (low, high) = stretch.took_s()?;
    let said = words::range(low, high);
    let (event, measure) = if stretch.in_part {
        ("a part of the statements slow", "p95")
    } else {
        ("statements slow", "medians")
    };
    let mut entry = Entry::new(first_at, EntryKind::StatementsSlow, event, Severity::Warning);
    entry.end = Some(last_at);
    entry.duration = match usual {
        Some(usual) => format!("{measure} {said} (else {})", words::duration(usual)),
        None => format!("{measure} {said}"),
    };
    let shortest = spreads().map(|spread| spread.min_s).reduce(f64::min);
    entry.duration_s = shortest.zip(spreads().map(|spread| spread.max_s).reduce(f64::max));
    entry.count = stretch.slow();
    entry.trace_ids = stretch.trace_ids();
    Some(entry)
}
