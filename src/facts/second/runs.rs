//! The exact runs of success, between the cut points that the first request told.

use std::collections::BTreeMap;

use crate::facts::derive::instance_of;
use crate::facts::read::evidence;
use crate::facts::row::Row;
use crate::facts::{Evidence, Facts, Process, Run, Successes};
use crate::query::Section;

/// Checkouts or requests of a run.
struct Part {
    service: String,
    run: i64,
    connects: bool,
    successes: Successes,
    p50_s: f64,
    route: Option<String>,
    process: Option<String>,
    trace_id: String,
}

/// Reads them.
pub fn exact_runs(facts: &Facts, sections: &BTreeMap<String, Section>) -> Evidence<Run> {
    read(&facts.processes.rows, sections)
}

/// The same where the first request asked for the whole window as one run.
pub(in crate::facts) fn whole_runs(processes: &[Process], sections: &BTreeMap<String, Section>) -> Vec<Run> {
    let read = read(processes, sections);
    if read.not_known.is_some() {
        Vec::new()
    } else {
        read.rows
    }
}

fn read(processes: &[Process], sections: &BTreeMap<String, Section>) -> Evidence<Run> {
    let parts = evidence(sections, "runs", part);
    let mut found: BTreeMap<(String, i64), Vec<Part>> = BTreeMap::new();
    for part in parts.rows {
        found.entry((part.service.clone(), part.run)).or_default().push(part);
    }
    Evidence {
        rows: found
            .into_iter()
            .map(|((service, _), parts)| run(processes, service, &parts))
            .collect(),
        not_known: parts.not_known,
    }
}

fn run(processes: &[Process], service: String, parts: &[Part]) -> Run {
    let connects = parts.iter().find(|part| part.connects);
    let requests = parts.iter().find(|part| !part.connects);
    // A `service_instance_id`.
    let process = parts.first().and_then(|part| part.process.as_ref());
    let process = process.filter(|name| parts.iter().all(|part| part.process.as_ref() == Some(name)));
    let named = || {
        processes
            .iter()
            .map(|other| (other.process.as_str(), other.instance.as_str()))
    };
    Run {
        service,
        connects: connects.map(|part| part.successes.clone()),
        connects_p50_s: connects.map(|part| part.p50_s),
        requests: requests.map(|part| part.successes.clone()),
        requests_p50_s: requests.map(|part| part.p50_s),
        route: requests.and_then(|part| part.route.clone()),
        instance: process.and_then(|id| instance_of(id, named())).map(str::to_owned),
        trace_id: parts.iter().map(|part| part.trace_id.clone()).min(),
    }
}

fn part(row: &Row<'_>) -> Result<Part, String> {
    let only = |first: &str, last: &str| -> Result<Option<String>, String> {
        let (first, last) = (row.maybe_text(first)?, row.maybe_text(last)?);
        Ok(first.filter(|first| last.as_ref() == Some(first)))
    };
    Ok(Part {
        service: row.text("service")?,
        run: row.whole("run")?,
        connects: row.text("role")? == "connect",
        successes: Successes {
            count: row.count("operations")?,
            first_at: row.time("first_at")?,
            last_at: row.time("last_at")?,
            spread: row.spread("")?.ok_or("a run has no durations")?,
        },
        p50_s: row.maybe_float("p50_s")?.unwrap_or_default(),
        route: only("route", "last_route")?,
        process: only("some_process", "other_process")?,
        trace_id: row.text("trace_id")?,
    })
}
