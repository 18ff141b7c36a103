//! How many connections of a process were held over an incident, and how many requests waited for one: an estimate.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Occupancy, STEPS};
use crate::facts::row::Row;
use crate::facts::rows::at_us;
use crate::facts::{Facts, Fate, Role, to_seconds};
use crate::profile::Settings;
use crate::window::Window;

/// Whether it waits in vain, and from when to when.
type Stay = (bool, DateTime<Utc>, DateTime<Utc>);

/// What a process held or waited for.
pub(super) struct Stays {
    process: String,
    list: Vec<Stay>,
}

pub(super) fn stays(row: &Row<'_>) -> Result<Stays, String> {
    let text = row.maybe_text("stays_list")?.unwrap_or_default();
    let stay = |part: &str| {
        let mut fields = part.split(' ');
        let waits = fields.next()? == "w";
        let mut time = || Some(at_us(fields.next()?.parse().ok()?));
        Some((waits, time()?, time()?))
    };
    let list: Option<Vec<_>> = text.split(';').filter(|part| !part.is_empty()).map(stay).collect();
    Ok(Stays {
        process: row.text("process")?,
        list: list.ok_or("the list `stays_list` can't be read")?,
    })
}

/// The incident is cut into steps from 1 on; 0 is all before it. Steps without a change are left out. Of what has no
/// end and is younger than the pool's timeout it is not known whether it holds or waits; what is older is taken to last until its
/// process is last seen.
pub(super) fn occupancy(facts: &Facts, profile: &Settings, incident: Window, rows: &[Stays]) -> Vec<Occupancy> {
    let mut all: BTreeMap<&str, Vec<Stay>> = BTreeMap::new();
    for row in rows {
        all.entry(&row.process).or_default().extend(&row.list);
    }
    for hang in facts
        .hangs
        .rows
        .iter()
        .filter(|hang| !matches!(hang.fate, Fate::Ended { .. }))
    {
        let from = match (hang.role, hang.wait) {
            (Role::Request, Some(wait)) if wait.role == Role::Connect => wait.started_at,
            (Role::Request, None) => continue,
            _ => hang.started_at,
        };
        let seen_at = hang.process_last_at.unwrap_or(from).max(from);
        let held = match hang.wait {
            Some(wait) => wait.role != Role::Connect || seen_at - from >= profile.pool.timeout,
            None => seen_at - from >= profile.pool.timeout,
        };
        if held {
            all.entry(&hang.process).or_default().push((false, from, seen_at));
        }
    }
    let instance = |process: &str| {
        let mut own = facts.processes.rows.iter().filter(|other| other.process == process);
        own.next().map(|other| other.instance.clone()).unwrap_or_default()
    };
    all.iter()
        .flat_map(|(process, stays)| steps(&instance(process), process, stays, incident))
        .collect()
}

fn steps(instance: &str, process: &str, stays: &[Stay], incident: Window) -> Vec<Occupancy> {
    let mut changes: Vec<(DateTime<Utc>, bool, bool)> = Vec::new();
    for (waits, from, to) in stays {
        changes.push((*from, false, *waits));
        changes.push((*to, true, *waits));
    }
    // At one instant what comes is counted before what goes.
    changes.sort();
    let step_s = to_seconds(incident.length()) / f64::from(STEPS);
    let (mut held, mut waiting) = (0_u64, 0_u64);
    let mut found: BTreeMap<u64, Occupancy> = BTreeMap::new();
    for (at, goes, waits) in changes.into_iter().filter(|(at, ..)| *at < incident.to) {
        let count = if waits { &mut waiting } else { &mut held };
        *count = if goes { count.saturating_sub(1) } else { *count + 1 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // at most as many as there are steps
        let step = if at < incident.from {
            0
        } else {
            1 + (to_seconds(at - incident.from) / step_s) as u64
        };
        let own = found.entry(step).or_insert_with(|| Occupancy {
            instance: instance.to_owned(),
            process: process.to_owned(),
            step,
            held: (0, 0),
            waiting: (0, 0),
        });
        own.held = (own.held.0.max(held), held);
        own.waiting = (own.waiting.0.max(waiting), waiting);
    }
    found.into_values().collect()
}
