//! Keeps a timeline small enough to be read: what is most numerous and least grave is folded first, and counted.

use super::{Entry, EntryKind};
use crate::words;

/// Folds until at most `most` entries are left. Of a kind the first ones stay and the rest becomes one row, so a kind
/// is never dropped. `entries` must be in time order, and comes back so.
pub(super) fn to_most(mut entries: Vec<Entry>, most: usize) -> Vec<Entry> {
    while entries.len() > most {
        let Some((kind, count)) = most_foldable(&entries) else {
            break;
        };
        // Fold only as many as must go, but leave at least one of the kind as it is.
        let surplus = entries.len() - most + 1;
        let keep = count.saturating_sub(surplus).max(1);
        entries = fold(entries, kind, keep);
    }
    entries
}

/// The kind with the most entries; of equals the least grave. Only kinds with three or more shrink by folding.
fn most_foldable(entries: &[Entry]) -> Option<(EntryKind, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for entry in entries {
        *counts.entry((entry.kind, entry.severity)).or_insert(0_usize) += 1;
    }
    let mut by_kind: std::collections::BTreeMap<EntryKind, (usize, crate::report::Severity)> =
        std::collections::BTreeMap::new();
    for ((kind, severity), count) in counts {
        let slot = by_kind.entry(kind).or_insert((0, severity));
        slot.0 += count;
        slot.1 = slot.1.max(severity);
    }
    let foldable = by_kind.into_iter().filter(|(_, (count, _))| *count >= 3);
    foldable
        .max_by_key(|(kind, (count, severity))| (*count, std::cmp::Reverse(*severity), *kind))
        .map(|(kind, (count, _))| (kind, count))
}

fn fold(entries: Vec<Entry>, kind: EntryKind, keep: usize) -> Vec<Entry> {
    let mut kept = Vec::new();
    let mut folded = Vec::new();
    for entry in entries {
        let of_kind = kept.iter().filter(|other: &&Entry| other.kind == kind).count();
        if entry.kind == kind && of_kind >= keep {
            folded.push(entry)
        } else {
            kept.push(entry)
        }
    }
    if let Some(entry) = joined(folded) {
        kept.push(entry);
        kept.sort_by(Entry::in_time);
    }
    kept
}

fn joined(folded: Vec<Entry>) -> Option<Entry> {
    let rows = folded.len();
    let last = folded.iter().map(Entry::last).max();
    let mut parts = folded.into_iter();
    let mut all = parts.next()?;
    let gravest = parts.len();
    for part in parts {
        all.count += part.count;
        all.severity = all.severity.max(part.severity);
        all.in_progress |= part.in_progress;
        all.emphasis &= part.emphasis;
        all.duration_s = match (all.duration_s, part.duration_s) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
        all.instances.extend(part.instances);
        all.trace_ids.extend(part.trace_ids);
    }
    if gravest == 0 {
        return Some(all);
    }
    all.end = if all.in_progress { None } else { last };
    all.instances.sort();
    all.instances.dedup();
    let (what, count) = match all.kind {
        EntryKind::InstanceStarted | EntryKind::Deploy => ("more starts of instances", rows as u64),
        EntryKind::InstanceStopped => ("more instances shut down", rows as u64),
        EntryKind::ListenerConnected => ("more connects of the listener", rows as u64),
        EntryKind::ListenerLost | EntryKind::ListenerReconnectFailed | EntryKind::HeartbeatTimeout => {
            ("more episodes of listener trouble", rows as u64)
        }
        EntryKind::Gap => ("more gaps with no spans", rows as u64),
        EntryKind::RequestHangs | EntryKind::ConnectHangs => ("more requests start and hang", all.count),
        EntryKind::ConnectsSucceed => ("more connects succeed", all.count),
        EntryKind::RequestsSucceed => ("more requests succeed", all.count),
        EntryKind::ConnectsFail => ("more connects fail", all.count),
        EntryKind::PoolExhausted => ("more requests fail on an empty pool", all.count),
        EntryKind::RequestsFail => ("more requests fail", all.count),
        EntryKind::StatementsSlow => ("more slow statements", all.count),
        EntryKind::Errors => ("more errors", all.count),
    };
    all.event = format!("{} {what}", words::grouped(count));
    all.duration = all
        .duration_s
        .map_or_else(|| String::from("-"), |(from, to)| words::range(from, to));
    Some(all)
}
