//! What processes said of themselves, by episode of their listener.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::View;
use crate::facts::rows::{ProcessRow, Said};
use crate::facts::{Line, LineKind};

/// One row a process, kind and episode. An episode begins with each start and each connect of the instance.
pub(super) fn lines(view: &View<'_>) -> Vec<Line> {
    let mut instances: BTreeMap<&str, Vec<(&ProcessRow, &Said)>> = BTreeMap::new();
    for row in &view.rows.processes.rows {
        let said = row.lines.iter().map(|said| (row, said));
        instances.entry(&row.instance).or_default().extend(said);
    }
    let mut found: Vec<Line> = instances.into_values().flat_map(|said| of_instance(&said)).collect();
    found.sort_by(|a, b| {
        (a.first_at, a.kind, &a.instance, &a.process).cmp(&(b.first_at, b.kind, &b.instance, &b.process))
    });
    found
}

fn begins(kind: LineKind) -> bool {
    matches!(kind, LineKind::Starting | LineKind::Connected)
}

fn of_instance(all: &[(&ProcessRow, &Said)]) -> Vec<Line> {
    let beginnings = all.iter().filter(|(_, said)| begins(said.kind));
    let mut begun: Vec<DateTime<Utc>> = beginnings
        .flat_map(|(_, said)| {
            if said.lines > 1 {
                vec![said.first_at, said.last_at]
            } else {
                vec![said.first_at]
            }
        })
        .collect();
    begun.sort();
    let episode = |at: DateTime<Utc>| begun.partition_point(|begin| *begin <= at) as u64;
    let mut found: BTreeMap<(&str, LineKind, u64), Line> = BTreeMap::new();
    for (row, said) in all {
        for (at, until, lines) in pieces(said, episode(said.first_at) == episode(said.last_at)) {
            let line = Line {
                instance: row.instance.clone(),
                process: row.process.clone(),
                kind: said.kind,
                episode: episode(at),
                lines,
                first_at: at,
                last_at: until,
                trace_id: said.trace_id.clone(),
            };
            found
                .entry((&row.process, said.kind, line.episode))
                .and_modify(|other| {
                    other.lines += lines;
                    other.first_at = other.first_at.min(at);
                    other.last_at = other.last_at.max(until);
                    other.trace_id = other.trace_id.clone().min(said.trace_id.clone());
                })
                .or_insert(line);
        }
    }
    found.into_values().collect()
}

/// Lines of one bucket that a beginning parts belong to both sides of it.
fn pieces(said: &Said, whole: bool) -> Vec<(DateTime<Utc>, DateTime<Utc>, u64)> {
    if whole || said.lines < 2 {
        return vec![(said.first_at, said.last_at, said.lines)];
    }
    let before = said.lines / 2;
    vec![
        (said.first_at, said.first_at, before),
        (said.last_at, said.last_at, said.lines - before),
    ]
}
