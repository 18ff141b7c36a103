//! Rows of stretches of slow statements.

use super::{Entry, EntryKind};
use crate::episodes::Episodes;
use crate::facts::Bucket;
use crate::report::Severity;
use crate::words;

pub(super) fn entries(scene: &Episodes<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for slow in &scene.slow {
        let stretches = slow.stretches.iter();
        entries.extend(stretches.filter_map(|stretch| slow_stretch(stretch, slow.usual_s)));
        if let Some(last) = entries.last_mut().filter(|_| slow.goes_on) {
            last.in_progress = true;
            last.end = None;
        }
    }
    entries
}

fn slow_stretch(stretch: &[&Bucket], usual: Option<f64>) -> Option<Entry> {
    let (first_at, _) = stretch.first()?.slow_between?;
    let (_, last_at) = stretch.last()?.slow_between?;
    let medians = || stretch.iter().filter_map(|bucket| bucket.statements_p50_s);
    let spreads = || stretch.iter().filter_map(|bucket| bucket.statements_spread);
    let said = words::range(medians().reduce(f64::min)?, medians().reduce(f64::max)?);
    let mut entry = Entry::new(
        first_at,
        EntryKind::StatementsSlow,
        "statements slow",
        Severity::Warning,
    );
    entry.end = Some(last_at);
    entry.duration = match usual {
        Some(usual) => format!("medians {said} (else {})", words::duration(usual)),
        None => format!("medians {said}"),
    };
    let shortest = spreads().map(|spread| spread.min_s).reduce(f64::min);
    entry.duration_s = shortest.zip(spreads().map(|spread| spread.max_s).reduce(f64::max));
    entry.count = stretch.iter().map(|bucket| bucket.statements_slow).sum();
    entry.trace_ids = stretch
        .iter()
        .filter_map(|bucket| bucket.trace_id.clone())
        .take(3)
        .collect();
    Some(entry)
}
