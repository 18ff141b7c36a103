//! The pool during the incident: its limits, when it ran dry, who held it, who waited. Its use over time is an estimate.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnosis::Scene;
use crate::error_text::{ErrorClass, PoolLimits, pool_limits};
use crate::facts::{Affected, Occupancy, STEPS, Second, weight};
use crate::report::{Chart, Drawing, Series, Severity};
use crate::schema::Time;
use crate::words::{clock, duration};

/// Routes that are named.
const MOST_NAMED: usize = 4;
/// Processes whose use is shown, the busiest first.
const MOST_PROCESSES: usize = 3;
/// A process that holds no more is idle, and no part of it.
const FEW_HELD: u64 = 2;
/// Steps, of all, in which a stray request holds a connection of a pool that nobody seems to use.
const FEW_STEPS: usize = 3;

/// The use of one process's pool, step by step; an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Occupancy")]
struct Use {
    instance: String,
    process: String,
    /// Held at most in each step.
    held: Vec<u64>,
    /// Waiting at most in each step.
    waiting: Vec<u64>,
}

impl Use {
    fn is_busy(&self) -> bool {
        self.waiting.iter().any(|waiting| *waiting > 0) || self.held.iter().any(|held| *held > FEW_HELD)
    }
}

/// What is known of the pool.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    /// For people.
    pub lines: Vec<String>,
    /// For scripts; `None` if nothing is known.
    pub document: Option<PoolDocument>,
    /// Its use over the incident, if anybody used it.
    pub chart: Option<Chart>,
}

/// The pool during the incident. Null = not known.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Pool")]
pub struct PoolDocument {
    size: Option<u64>,
    overflow: Option<u64>,
    timeout_s: Option<f64>,
    /// When the first request began that waited in vain.
    dry_at: Option<Time>,
    occupancy_from: Option<Time>,
    occupancy_step_s: Option<f64>,
    /// Busiest first.
    occupancy: Vec<Use>,
}

/// Puts it together. `during` is the incident.
pub(super) fn pool(scene: &Scene<'_>, second: Option<&Second>, during: Option<(DateTime<Utc>, DateTime<Utc>)>) -> Pool {
    let empty = scene.failing_with(&[ErrorClass::PoolExhausted]);
    let limits = empty.iter().find_map(|burst| pool_limits(&burst.sample));
    let mut lines = Vec::new();
    if let Some(limits) = &limits {
        lines.push(format!("{} (from the error's own text)", limits.in_words()));
    }
    let dry_at = empty.iter().map(|burst| burst.first_at).min();
    if let Some(burst) = empty.iter().min_by_key(|burst| burst.first_at) {
        let on = burst
            .instance
            .as_ref()
            .map(|name| format!(" on {name}"))
            .unwrap_or_default();
        lines.push(format!(
            "ran dry{on} at {}: the first request that waited in vain began then",
            clock(burst.first_at)
        ));
    }
    let Some((second, (from, to))) = second.zip(during) else {
        return Pool {
            document: document(limits, dry_at, None, Vec::new()),
            lines,
            chart: None,
        };
    };
    let suffered: Vec<&Affected> = second
        .affected
        .rows
        .iter()
        .filter(|row| scene.is_ours(&row.service))
        .collect();
    let hung = suffered
        .iter()
        .map(|row| row.hung)
        .sum::<u64>()
        .max(scene.hangs.len() as u64);
    if limits.is_none() && hung == 0 {
        return Pool::default();
    }
    for (verb, count) in [
        ("held by hung requests", (|row| row.hung) as fn(&Affected) -> u64),
        ("failed meanwhile", |row| row.failed),
    ] {
        lines.extend(by_route(&suffered, count).map(|names| format!("{verb}: {names}")));
    }
    let uses = uses(&second.occupancy.rows);
    let step_s = (to - from).as_seconds_f64() / f64::from(STEPS);
    let busy = uses.iter().filter(|one| one.is_busy()).take(MOST_PROCESSES);
    lines.extend(busy.flat_map(|one| in_words(one, from, step_s)));
    Pool {
        chart: drawn(&uses, limits, (from, to)),
        document: document(limits, dry_at, Some((from, step_s)), uses),
        lines,
    }
}

/// The use of the busiest pools as lines over the incident.
fn drawn(uses: &[Use], limits: Option<PoolLimits>, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> Option<Chart> {
    let values = |counts: &[u64]| counts.iter().map(|count| Some(weight(*count))).collect::<Vec<_>>();
    let limit = limits.map(|limits| weight(limits.capacity()));
    let mut series = Vec::new();
    for one in uses.iter().filter(|one| one.is_busy()).take(MOST_PROCESSES) {
        series.push(Series {
            name: format!("pool held {}", one.instance),
            unit: String::from("connections"),
            values: values(&one.held),
            limit,
            severity: Severity::Info,
        });
        if one.waiting.iter().any(|waiting| *waiting > 0) {
            series.push(Series {
                name: format!("waiting {}", one.instance),
                unit: String::from("requests"),
                values: values(&one.waiting),
                limit: None,
                severity: Severity::Critical,
            });
        }
    }
    (!series.is_empty()).then(|| Chart {
        title: String::from("the pool, estimated from requests and their checkouts"),
        from,
        to,
        drawing: Drawing::Series(series),
    })
}

/// The use of a pool as a row of numbers.
fn in_words(one: &Use, from: DateTime<Utc>, step_s: f64) -> Vec<String> {
    let instance = &one.instance;
    let waiting = one.waiting.iter().any(|waiting| *waiting > 0);
    let held = if waiting && one.held.iter().filter(|held| **held > 0).count() <= FEW_STEPS {
        format!("hardly anybody on {instance} is seen to hold a connection while others wait")
    } else {
        format!(
            "held on {instance}, at most in each {} from {}: {} (estimated from requests and their checkouts)",
            duration(step_s),
            clock(from),
            numbers(&one.held)
        )
    };
    let vain = waiting.then(|| format!("waiting on {instance}, in vain: {}", numbers(&one.waiting)));
    [held].into_iter().chain(vain).collect()
}

fn by_route(rows: &[&Affected], count: fn(&Affected) -> u64) -> Option<String> {
    let mut own: Vec<&Affected> = rows.iter().copied().filter(|row| count(row) > 0).collect();
    own.sort_by(|a, b| (count(b), &a.route, &a.instance).cmp(&(count(a), &b.route, &b.instance)));
    let instances: std::collections::BTreeSet<&str> = own.iter().map(|row| row.instance.as_str()).collect();
    let names = own.iter().take(MOST_NAMED).map(|row| {
        let route = row.route.as_deref().unwrap_or("-");
        if instances.len() == 1 {
            format!("{} x {route}", count(row))
        } else {
            format!("{} x {route} on {}", count(row), row.instance)
        }
    });
    let mut text = names.collect::<Vec<_>>().join(", ");
    if own.len() > MOST_NAMED {
        text += &format!(" and {} more", own.len() - MOST_NAMED);
    }
    if let (1, Some(instance)) = (instances.len(), instances.first()) {
        text += &format!(", all on {instance}");
    }
    (!own.is_empty()).then_some(text)
}

/// Steps without a change go on as the one before ended. Busiest first.
fn uses(rows: &[Occupancy]) -> Vec<Use> {
    let mut processes: BTreeMap<(&str, &str), Vec<&Occupancy>> = BTreeMap::new();
    for row in rows {
        processes.entry((&row.instance, &row.process)).or_default().push(row);
    }
    let last = u64::from(STEPS.unsigned_abs());
    let mut all: Vec<Use> = processes
        .into_iter()
        .map(|((instance, process), own)| {
            let at = |step: u64| own.iter().find(|row| row.step == step);
            let (mut held, mut waiting) = at(0).map_or((0, 0), |row| (row.held.1, row.waiting.1));
            let mut found = Use {
                instance: instance.to_owned(),
                process: process.to_owned(),
                held: Vec::new(),
                waiting: Vec::new(),
            };
            for step in 1..=last {
                let most = at(step).map_or((held, waiting), |row| {
                    (row.held.0.max(held), row.waiting.0.max(waiting))
                });
                found.held.push(most.0);
                found.waiting.push(most.1);
                (held, waiting) = at(step).map_or((held, waiting), |row| (row.held.1, row.waiting.1));
            }
            found
        })
        .collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.held.iter().chain(&one.waiting).copied().max()));
    all
}

fn numbers(values: &[u64]) -> String {
    values.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

fn document(
    limits: Option<PoolLimits>,
    dry_at: Option<DateTime<Utc>>,
    steps: Option<(DateTime<Utc>, f64)>,
    uses: Vec<Use>,
) -> Option<PoolDocument> {
    if limits.is_none() && uses.is_empty() {
        return None;
    }
    Some(PoolDocument {
        size: limits.map(|limits| limits.size),
        overflow: limits.map(|limits| limits.overflow),
        timeout_s: limits.and_then(|limits| limits.timeout_s),
        dry_at: dry_at.map(Time),
        occupancy_from: steps.map(|(from, _)| Time(from)),
        occupancy_step_s: steps.map(|(_, step_s)| step_s),
        occupancy: uses,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: u64, held: (u64, u64)) -> Occupancy {
        Occupancy {
            instance: String::from("a"),
            process: String::from("a/1"),
            step,
            held,
            waiting: (0, 0),
        }
    }

    #[test]
    fn a_step_without_a_change_goes_on_as_the_one_before_ended() {
        let found = uses(&[row(5, (4, 1)), row(0, (9, 2)), row(3, (15, 15))]);
        assert_eq!(found[0].held[..8], [2, 2, 15, 15, 15, 1, 1, 1]);
        assert_eq!(found[0].held.len(), 24);
    }
}
