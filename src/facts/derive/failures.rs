//! Bursts of failures: groups of a bucket each, joined while no pause parts them.

use std::collections::{BTreeMap, BTreeSet};

use super::{View, percentile};
use crate::facts::rows::Trouble;
use crate::facts::{ErrorBurst, Spread, to_seconds};

/// Bursts that are told apart, of requests and of all else; what is beyond is one.
const MOST: usize = 50;

pub(super) fn bursts(view: &View<'_>) -> Vec<ErrorBurst> {
    let mut templates: BTreeMap<(&str, &str, bool, bool), Vec<&Trouble>> = BTreeMap::new();
    for row in &view.rows.trouble.rows {
        if let Some(template) = &row.template {
            templates
                .entry((&row.service, template, row.requests, row.survived))
                .or_default()
                .push(row);
        }
    }
    let pause = view.pause();
    let mut found = Vec::new();
    for (_, mut rows) in templates {
        rows.sort_by_key(|row| (row.first_at, row.last_at));
        let mut last_at = None;
        let mut burst: Vec<&Trouble> = Vec::new();
        for row in rows {
            if last_at.is_some_and(|at| row.first_at - at >= pause) {
                found.extend(one(view, &burst));
                burst.clear();
                last_at = None;
            }
            last_at = last_at.max(Some(row.last_at));
            burst.push(row);
        }
        found.extend(one(view, &burst));
    }
    let (requests, others): (Vec<ErrorBurst>, Vec<ErrorBurst>) = found.into_iter().partition(|burst| burst.requests);
    let mut all: Vec<ErrorBurst> = most(requests).into_iter().chain(most(others)).collect();
    all.sort_by(|a, b| (a.first_at, &a.template).cmp(&(b.first_at, &b.template)));
    all
}

fn one(view: &View<'_>, rows: &[&Trouble]) -> Option<ErrorBurst> {
    let first = rows.first()?;
    let hang_after_s = to_seconds(view.profile.hang_after);
    let mut took: Vec<f64> = rows.iter().flat_map(|row| row.took_s.iter().copied()).collect();
    took.sort_by(f64::total_cmp);
    let hung = took.iter().filter(|took| **took > hang_after_s).count() as u64;
    let instances: BTreeSet<String> = rows.iter().flat_map(|row| row.instances.iter().cloned()).collect();
    let spread = took.first().zip(took.last()).map(|(min_s, max_s)| Spread {
        min_s: *min_s,
        middle_s: percentile(&took, 0.05).zip(percentile(&took, 0.95)),
        max_s: *max_s,
    });
    let route = first.route.clone();
    Some(ErrorBurst {
        template: first.template.clone()?,
        sample: rows.iter().map(|row| row.sample.as_str()).min()?.to_owned(),
        requests: first.requests,
        in_connect: rows.iter().all(|row| row.in_connect),
        survived: first.survived,
        first_at: rows.iter().map(|row| row.first_at).min()?,
        last_at: rows.iter().map(|row| row.last_at).max()?,
        last_ended_at: rows.iter().map(|row| row.last_ended_at).max()?,
        bursts: 1,
        traces: rows.iter().map(|row| row.traces).sum(),
        hung,
        spread,
        route: route.filter(|name| rows.iter().all(|row| row.route.as_ref() == Some(name))),
        service: Some(first.service.clone()),
        instance: instances.first().filter(|_| instances.len() == 1).cloned(),
        instances,
        trace_id: rows.iter().map(|row| row.trace_id.clone()).min(),
    })
}

/// The largest, and all that are smaller as one.
fn most(mut bursts: Vec<ErrorBurst>) -> Vec<ErrorBurst> {
    bursts.sort_by(|a, b| {
        let largest = b.traces.cmp(&a.traces);
        largest.then_with(|| (a.first_at, &a.template, &a.service).cmp(&(b.first_at, &b.template, &b.service)))
    });
    let rest = bursts.split_off(bursts.len().min(MOST));
    let folded = rest.into_iter().reduce(|a, b| ErrorBurst {
        template: String::from("(other)"),
        sample: a.sample.min(b.sample),
        requests: a.requests,
        in_connect: a.in_connect && b.in_connect,
        survived: a.survived && b.survived,
        first_at: a.first_at.min(b.first_at),
        last_at: a.last_at.max(b.last_at),
        last_ended_at: a.last_ended_at.max(b.last_ended_at),
        bursts: a.bursts + b.bursts,
        traces: a.traces + b.traces,
        hung: a.hung + b.hung,
        spread: a.spread.into_iter().chain(b.spread).reduce(Spread::and),
        route: a.route.filter(|route| b.route.as_ref() == Some(route)),
        service: a.service.filter(|service| b.service.as_ref() == Some(service)),
        instance: a.instance.filter(|instance| b.instance.as_ref() == Some(instance)),
        instances: a.instances.into_iter().chain(b.instances).collect(),
        trace_id: a.trace_id.min(b.trace_id),
    });
    bursts.extend(folded);
    bursts
}
