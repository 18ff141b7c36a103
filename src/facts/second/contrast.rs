//! What requests that hung, and fast ones beside them, have for attributes; and how often each value stands on either.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Share;
use super::about::{BESIDE, FAST, hung_in};
use crate::facts::row::Row;
use crate::facts::{Facts, LineKind, Names, to_seconds};
use crate::profile::Settings;
use crate::window::Window;

/// Values that are compared.
const MOST: usize = 240;
/// A longer text is no value to compare.
const LONGEST_VALUE: usize = 80;
/// What tells how a request ended, what is its own (times, ports), and what says the same as the route.
const LEFT_OUT: [&str; 20] = [
    "logfire",
    "otel",
    "exception",
    "error",
    "http.status",
    "http.response",
    "http.url",
    "http.target",
    "http.route",
    "url.",
    "fastapi.",
    "code.",
    "thread",
    "process.",
    "service.instance",
    "telemetry",
    "net.peer.port",
    "server.port",
    "client.port",
    "net.host.port",
];

/// One request with what its records say of it.
pub(super) struct Compared {
    trace_id: String,
    span_id: String,
    span_name: String,
    started_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    /// It succeeded, and a statement of its trace did.
    served: bool,
    service: String,
    instance: String,
    process: String,
    request: Option<String>,
    connect: Option<String>,
    resource: Option<String>,
}

impl Compared {
    /// Names its instance as the first request does.
    pub(super) fn call(&mut self, names: &Names) {
        self.instance = names.of(std::mem::take(&mut self.instance));
    }
}

pub(super) fn compared(row: &Row<'_>) -> Result<Compared, String> {
    Ok(Compared {
        trace_id: row.text("trace_id")?,
        span_id: row.text("span_id")?,
        span_name: row.text("span_name")?,
        started_at: row.time("started_at")?,
        ended_at: row.time("ended_at")?,
        served: row.flag("worked")? && !row.flag("failed")? && !row.flag("unfinished")?,
        service: row.text("service")?,
        instance: row.text("instance")?,
        process: row.text("process")?,
        request: row.maybe_text("request_attributes")?,
        connect: row.maybe_text("connect_attributes")?,
        resource: row.maybe_text("resource_attributes")?,
    })
}

/// A request that hung, or a fast one beside it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Else it was served fast.
    pub hung: bool,
    /// Each attribute once.
    pub attributes: BTreeSet<(String, String)>,
}

/// A success counts only with a statement of its own that succeeded, and only of the same service and beside a hang's
/// start. What is under way is counted from requests that did not hang: hung ones would explain themselves. The age of
/// a process is known if it said that it starts.
pub(super) fn samples(
    facts: &Facts,
    profile: &Settings,
    (incident, service): (Window, Option<&str>),
    rows: &[Compared],
) -> Vec<Sample> {
    let least_s = to_seconds(profile.hang_after);
    let hangs = facts.hangs.rows.iter();
    let hangs = hangs.filter(|hang| hung_in(hang, incident, service) && hang.length_s(incident.to) > least_s);
    let ids: BTreeSet<(&str, &str)> = hangs
        .map(|hang| (hang.trace_id.as_str(), hang.process.as_str()))
        .collect();
    let (hung, others): (Vec<&Compared>, Vec<&Compared>) = rows
        .iter()
        .partition(|row| ids.contains(&(&row.trace_id, &row.process)));
    let is_fast =
        |row: &&&Compared| row.served && row.ended_at - row.started_at < FAST && incident.holds(row.started_at);
    let fast: Vec<&Compared> = others.iter().filter(is_fast).copied().collect();
    let is_beside = |row: &&&Compared| {
        let mut near = hung.iter().filter(|hang| hang.service == row.service);
        near.any(|hang| (hang.started_at - row.started_at).abs() <= BESIDE)
    };
    let beside: Vec<&Compared> = fast.iter().filter(is_beside).copied().collect();
    let sample = |row: &&Compared, hung| Sample {
        hung,
        attributes: attributes(facts, row, &fast),
    };
    let hung = hung.iter().map(|row| sample(row, true));
    hung.chain(beside.iter().map(|row| sample(row, false))).collect()
}

/// How often each value stands on hung and on fast ones, of all or of those that have one value.
pub fn shares(samples: &[Sample], within: Option<&(String, String)>) -> Vec<Share> {
    let own = || {
        samples
            .iter()
            .filter(|sample| within.is_none_or(|pair| sample.attributes.contains(pair)))
    };
    let mut counts: BTreeMap<&(String, String), (u64, u64)> = BTreeMap::new();
    for sample in own() {
        for pair in &sample.attributes {
            let count = counts.entry(pair).or_default();
            *(if sample.hung { &mut count.0 } else { &mut count.1 }) += 1;
        }
    }
    let all = |hung: bool| own().filter(|sample| sample.hung == hung).count() as u64;
    let (hung_all, fast_all) = (all(true), all(false));
    let mut found: Vec<Share> = counts
        .into_iter()
        .filter(|((attribute, _), (hung, _))| *hung > 1 || attribute == "instance")
        .map(|((attribute, value), (hung, fast))| Share {
            attribute: attribute.clone(),
            value: value.clone(),
            hung,
            fast,
            hung_all,
            fast_all,
        })
        .collect();
    found.sort_by(|a, b| {
        let most = (b.hung, b.fast).cmp(&(a.hung, a.fast));
        most.then_with(|| (&a.attribute, &a.value).cmp(&(&b.attribute, &b.value)))
    });
    found.truncate(MOST);
    found
}

/// Each attribute of a request once.
fn attributes(facts: &Facts, row: &Compared, fast: &[&Compared]) -> BTreeSet<(String, String)> {
    let own = [
        ("instance", Some(row.instance.clone())),
        ("process", Some(row.process.clone())),
        ("route", Some(row.span_name.clone())),
        (
            "other requests under way when it began",
            Some(busy(row, fast).to_owned()),
        ),
        ("time since the process started", age(facts, row).map(str::to_owned)),
    ];
    let own = own
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let documents = [
        ("", &row.request),
        ("database ", &row.connect),
        ("resource ", &row.resource),
    ];
    let told = documents.into_iter().flat_map(|(prefix, text)| {
        let fields = scalars(text.as_deref().unwrap_or_default()).into_iter();
        fields.map(move |(name, value)| (format!("{prefix}{name}"), value))
    });
    own.chain(told).collect()
}

fn busy(row: &Compared, fast: &[&Compared]) -> &'static str {
    let beside = fast.iter().filter(|other| {
        other.span_id != row.span_id
            && (&other.instance, &other.process) == (&row.instance, &row.process)
            && other.started_at <= row.started_at
            && row.started_at < other.ended_at
    });
    match beside.count() {
        0 => "none",
        1 | 2 => "one or two",
        _ => "three or more",
    }
}

fn age(facts: &Facts, row: &Compared) -> Option<&'static str> {
    let starts = facts
        .lifecycle
        .rows
        .iter()
        .filter(|line| line.kind == LineKind::Starting);
    let own = starts.filter(|line| line.instance == row.instance && line.process == row.process);
    let born_at = own.map(|line| line.first_at).min()?;
    Some(match (row.started_at - born_at).num_seconds() {
        ..60 => "under a minute",
        60..600 => "one to ten minutes",
        600.. => "over ten minutes",
    })
}

/// The top-level values of a JSON object that can be compared.
fn scalars(text: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return Vec::new();
    };
    let named = fields
        .into_iter()
        .filter(|(name, _)| !LEFT_OUT.iter().any(|prefix| name.starts_with(prefix)) && !name.ends_with(".port"));
    named
        .filter_map(|(name, value)| {
            let value = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                _ => return None,
            };
            (!value.is_empty() && value.chars().count() <= LONGEST_VALUE).then_some((name, value))
        })
        .collect()
}
