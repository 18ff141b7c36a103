//! What the records tell of an application: how it would be known again, and what is not recorded at all. Pure; `text` makes
//! a profile of it, `report` tells it.

mod lines;
mod report;
mod text;

pub use report::{InitDocument, told};
pub use text::profile;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{Application, Logged, Recorded, Spans, to_seconds};
use crate::profile::Settings;
use lines::{services_with, starting, stopping};

/// Fewer finished requests of a route don't show how long it takes as a rule.
const LEAST_TIMED: u64 = 5;
/// Parts of the names of routes that ask nothing but whether the process lives.
const LIVENESS: [&str; 6] = ["/health", "/healthz", "/livez", "/live", "/ping", "/up"];

/// A service, and how much of it there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Empty: records without one.
    pub name: String,
    /// Its requests.
    pub requests: u64,
    /// Its processes.
    pub processes: usize,
    /// Operations of a database are recorded.
    pub has_database: bool,
}

/// Where it runs, as far as commands to paste differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Platform {
    /// Machines of an application on Fly.io.
    Fly(Option<String>),
    /// Pods, of this namespace.
    Kubernetes(Option<String>),
    /// No commands are known.
    Other,
}

/// A text that may be a line of start or end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// To be found in messages.
    pub text: String,
    /// Several processes logged it there.
    pub sure: bool,
}

/// What was recognised.
#[derive(Debug, Clone)]
pub struct Recognised {
    /// The environment that most requests are of.
    pub environment: String,
    /// All of them, with their records.
    pub environments: Vec<(String, u64)>,
    /// Of the environment, the busiest first.
    pub services: Vec<Service>,
    /// Resource attributes that name machines, in the profile's order.
    pub machines: Vec<String>,
    /// Where it runs.
    pub platform: Platform,
    /// Scopes of requests, of the database, of calls to others.
    pub scopes: [Vec<String>; 3],
    /// Scopes that the profile does not know, and that name a database.
    pub other_databases: Vec<String>,
    /// Checkouts are recorded.
    pub has_connects: bool,
    /// Routes that only ask whether a process lives.
    pub health: Vec<String>,
    /// Routes that usually last, with a quarter and 95 % of their durations, seconds.
    pub long_lived: Vec<(String, f64, f64)>,
    /// Lines of the start.
    pub starting: Vec<Candidate>,
    /// Lines of the end.
    pub stopping: Vec<Candidate>,
    /// Lines of the start or of the listener that the profile knows already are logged.
    pub has_known_lines: bool,
    /// The share of traces that is recorded; `None` = all, as far as is known.
    pub sample_rate: Option<f64>,
}

/// What is not recorded, and how to record it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "NotRecorded")]
pub struct Missing {
    /// In a few words.
    pub what: &'static str,
    /// What can't be told without it.
    pub without: &'static str,
    /// What to do.
    pub how: &'static str,
}

/// Recognises it, with the names of a profile.
pub fn recognised(application: &Application, profile: &Settings) -> Recognised {
    let (environment, environments) = environments(application);
    let spans: Vec<&Spans> = application
        .spans
        .iter()
        .filter(|spans| spans.environment == environment)
        .collect();
    let processes: Vec<&Recorded> = application
        .processes
        .iter()
        .filter(|process| process.environment == environment)
        .collect();
    let lines: Vec<&Logged> = application
        .lines
        .iter()
        .filter(|line| line.environment == environment)
        .collect();
    let known = &profile.spans;
    let of = |scopes: &[String]| {
        let seen = spans
            .iter()
            .filter(|spans| !spans.logs && scopes.contains(&spans.scope));
        seen.map(|spans| spans.scope.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    };
    let databases = [&known.database_scopes[..], &known.driver_scopes].concat();
    let is_other = |spans: &&&Spans| {
        let calls = !known.external_scopes.contains(&spans.scope) && !known.request_scopes.contains(&spans.scope);
        spans.database_calls > 0 && calls && !databases.contains(&spans.scope)
    };
    let others: BTreeSet<String> = spans.iter().filter(is_other).map(|spans| spans.scope.clone()).collect();
    Recognised {
        services: services(&spans, &processes, profile, &databases, &others),
        machines: machines(&processes, profile),
        platform: platform(&processes),
        scopes: [of(&known.request_scopes), of(&databases), of(&known.external_scopes)],
        has_connects: spans
            .iter()
            .any(|spans| known.database_scopes.contains(&spans.scope) && spans.name == known.connect_span),
        other_databases: others.into_iter().collect(),
        health: health(&spans, profile),
        long_lived: long_lived(&spans, profile),
        starting: starting(&spans, &processes, &lines, &profile.process.starting),
        stopping: stopping(&spans, &processes, &lines, &profile.process.stopping),
        has_known_lines: !services_with(&lines, &known_lines(profile)).is_empty(),
        sample_rate: spans
            .iter()
            .filter_map(|spans| spans.sample_rate)
            .filter(|rate| *rate < 1.0)
            .reduce(f64::min),
        environment,
        environments,
    }
}

fn environments(application: &Application) -> (String, Vec<(String, u64)>) {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for spans in &application.spans {
        let count = counts.entry(&spans.environment).or_default();
        count.0 += spans.answers;
        count.1 += spans.count;
    }
    let busiest = counts
        .iter()
        .max_by_key(|(_, count)| **count)
        .map(|(name, _)| (*name).to_owned());
    let all = counts.into_iter().map(|(name, (_, count))| (name.to_owned(), count));
    (busiest.unwrap_or_default(), all.collect())
}

fn services(
    spans: &[&Spans],
    processes: &[&Recorded],
    profile: &Settings,
    databases: &[String],
    others: &BTreeSet<String>,
) -> Vec<Service> {
    let names: BTreeSet<&str> = spans.iter().map(|spans| spans.service.as_str()).collect();
    let of = |name: &str| {
        let own = || spans.iter().filter(|spans| spans.service == name && !spans.logs);
        let requests = own().filter(|spans| profile.spans.request_scopes.contains(&spans.scope));
        Service {
            name: name.to_owned(),
            requests: requests
                .filter(|spans| spans.answers > 0)
                .map(|spans| spans.timed)
                .sum(),
            processes: processes.iter().filter(|process| process.service == name).count(),
            has_database: own().any(|spans| databases.contains(&spans.scope) || others.contains(&spans.scope)),
        }
    };
    let mut found: Vec<Service> = names.into_iter().map(of).collect();
    found.sort_by(|a, b| (b.requests, &a.name).cmp(&(a.requests, &b.name)));
    found
}

/// Lines of processes and of the listener that the profile knows.
fn known_lines(profile: &Settings) -> Vec<String> {
    let listener = &profile.listener;
    [&profile.process.starting[..], &listener.connected, &listener.trouble()].concat()
}

fn machines(processes: &[&Recorded], profile: &Settings) -> Vec<String> {
    let named = |attribute: &&String| {
        processes
            .iter()
            .any(|process| process.resource.contains_key(*attribute))
    };
    profile.app.instance_attribute.iter().filter(named).cloned().collect()
}

fn platform(processes: &[&Recorded]) -> Platform {
    let value = |attribute: &str| {
        processes
            .iter()
            .find_map(|process| process.resource.get(attribute).cloned())
    };
    if value("fly.machine_id").or_else(|| value("fly.app_name")).is_some() {
        return Platform::Fly(value("fly.app_name"));
    }
    match value("k8s.pod.name") {
        Some(_) => Platform::Kubernetes(value("k8s.namespace.name")),
        None => Platform::Other,
    }
}

fn requests<'a>(spans: &[&'a Spans], profile: &Settings) -> impl Iterator<Item = &'a Spans> {
    let own = spans.iter().copied().filter(|spans| !spans.logs);
    let found: Vec<&Spans> = own
        .filter(|spans| profile.spans.request_scopes.contains(&spans.scope))
        .collect();
    found.into_iter()
}

fn health(spans: &[&Spans], profile: &Settings) -> Vec<String> {
    let asks = |name: &str| {
        let path = name.rsplit(' ').next().unwrap_or(name).trim_end_matches('/');
        let path = format!("/{}", path.trim_start_matches('/'));
        LIVENESS.contains(&path.as_str())
    };
    let routes = requests(spans, profile).filter(|spans| asks(&spans.name));
    routes
        .map(|spans| spans.name.clone())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// Routes of which even the quick ones last: a route on which some requests hang is none.
fn long_lived(spans: &[&Spans], profile: &Settings) -> Vec<(String, f64, f64)> {
    let least_s = to_seconds(profile.in_flight_after);
    let lasts = |spans: &&Spans| spans.timed >= LEAST_TIMED && spans.took_s.is_some_and(|(p25_s, ..)| p25_s >= least_s);
    let mut found: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for spans in requests(spans, profile).filter(lasts) {
        if let Some((p25_s, _, p95_s)) = spans.took_s {
            found
                .entry(spans.name.clone())
                .and_modify(|took| *took = (took.0.min(p25_s), took.1.max(p95_s)))
                .or_insert((p25_s, p95_s));
        }
    }
    found
        .into_iter()
        .map(|(name, (p25_s, p95_s))| (name, p25_s, p95_s))
        .collect()
}

impl Recognised {
    /// What is not recorded at all.
    pub fn missing(&self) -> Vec<Missing> {
        let mut found = Vec::new();
        if self.scopes[0].is_empty() {
            found.push(Missing {
                what: "requests",
                without: "nothing can be said of the service",
                how: "logfire.instrument_fastapi(app), or that of your framework; its scope goes into spans.request_scopes",
            });
        }
        if self.machines.is_empty() {
            found.push(Missing {
                what: "machine names",
                without: "only processes are known, and no command names a machine",
                how: "logfire 4.37 and later record host.name; or OTEL_RESOURCE_ATTRIBUTES=host.name=$HOSTNAME",
            });
        }
        if self.scopes[1].is_empty() && self.other_databases.is_empty() {
            found.push(Missing {
                what: "the database",
                without: "nothing is said of it: verify is inconclusive",
                how: "logfire.instrument_sqlalchemy(), instrument_psycopg(), instrument_asyncpg(), ...",
            });
        } else if !self.has_connects {
            found.push(Missing {
                what: "connects",
                without: "whether a request waits for a connection is told by its errors and pauses alone",
                how: "logfire.instrument_sqlalchemy() records checkouts; drivers alone do not",
            });
        }
        if self.starting.is_empty() && self.stopping.is_empty() && !self.has_known_lines {
            found.push(Missing {
                what: "lines of start and stop",
                without: "starts are told by the first record of a process, ends by its silence",
                how: "logfire.info('starting') and logfire.info('stopping') in the application's lifespan; flush at its end",
            });
        }
        found
    }
}

#[cfg(test)]
mod tests;
