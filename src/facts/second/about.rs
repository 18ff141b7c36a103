//! What the second request asks about: the notable traces, short spans of time beside them, the processes in trouble.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::facts::{Facts, Hang, Role, to_seconds};
use crate::window::Window;

/// Hung traces that are looked at; more say the same.
const MOST_TRACES: usize = 150;
/// Spans of time beside them; those of a wave are one.
const MOST_SPANS: usize = 30;
/// Processes whose pool is looked at, the worst first.
const MOST_PROCESSES: usize = 12;
/// What was served within this of a hang's start stands beside it.
pub(super) const BESIDE: TimeDelta = TimeDelta::minutes(1);
/// Requests beside hangs that are fetched, at most; where there are more the spans are shorter.
const MOST_BESIDE: f64 = 1_500.0;
/// Spans are not made shorter than this.
const SHORTEST: TimeDelta = TimeDelta::seconds(2);
/// A request that takes longer is no contrast to a hang. What was under way at the begin of a span began that long before.
pub(super) const FAST: TimeDelta = TimeDelta::seconds(1);

/// What to ask about.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Traces in which a request hung.
    pub traces: Vec<String>,
    /// Half-open.
    pub beside: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// As `service_instance_id/pid`.
    pub processes: Vec<String>,
}

impl About {
    /// For an incident of a service; `None` = of all.
    pub fn of(facts: &Facts, incident: Window, service: Option<&str>) -> Self {
        let hangs = facts.hangs.rows.iter();
        let hung: Vec<&Hang> = hangs.filter(|hang| hung_in(hang, incident, service)).collect();
        let shown = &hung[..hung.len().min(MOST_TRACES)];
        let mut width = BESIDE;
        let mut beside = spans(shown, width, incident);
        while expected(facts, &beside) > MOST_BESIDE && width > SHORTEST {
            width = width / 2;
            beside = spans(shown, width, incident);
        }
        beside.truncate(MOST_SPANS);
        Self {
            traces: shown.iter().map(|hang| hang.trace_id.clone()).collect(),
            beside,
            processes: worst(facts),
        }
    }
}

/// Whether it is a request of the service that began to wait in the incident.
pub(super) fn hung_in(hang: &Hang, incident: Window, service: Option<&str>) -> bool {
    let ours = service.is_none_or(|name| name == hang.service);
    ours && hang.role == Role::Request && incident.holds(hang.waits_from())
}

fn spans(hung: &[&Hang], width: TimeDelta, incident: Window) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let mut found: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for hang in hung {
        let from = (hang.started_at - width).max(incident.from) - FAST;
        let to = (hang.started_at + width).min(incident.to);
        match found.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => found.push((from, to)),
        }
    }
    found
}

/// How many requests these spans hold, about.
fn expected(facts: &Facts, spans: &[(DateTime<Utc>, DateTime<Utc>)]) -> f64 {
    let width = crate::facts::Grid::new(facts.window, TimeDelta::zero()).bucket_s;
    let width = TimeDelta::seconds(width);
    let of_bucket = |at: DateTime<Utc>, requests: u64| {
        let shared = spans
            .iter()
            .map(|(from, to)| (*to.min(&(at + width)) - *from.max(&at)).max(TimeDelta::zero()));
        let share = shared.map(to_seconds).sum::<f64>() / to_seconds(width);
        #[allow(clippy::cast_precision_loss)] // requests of a bucket
        let requests = requests as f64;
        requests * share
    };
    facts
        .traffic
        .rows
        .iter()
        .map(|bucket| of_bucket(bucket.at, bucket.requests))
        .sum()
}

fn worst(facts: &Facts) -> Vec<String> {
    let mut weights: BTreeMap<&str, u64> = BTreeMap::new();
    for hang in &facts.hangs.rows {
        *weights.entry(&hang.process).or_default() += 1;
    }
    for row in facts.checkouts.rows.iter().filter(|row| row.dry.is_some()) {
        let weight = weights.entry(&row.process).or_default();
        *weight = (*weight).max(row.in_vain);
    }
    let mut all: Vec<(&str, u64)> = weights.into_iter().collect();
    all.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    all.into_iter()
        .take(MOST_PROCESSES)
        .map(|(process, _)| process.to_owned())
        .collect()
}
