//! What several rules look at: hangs by what they wait on, failures by class, and the extent of the trouble.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::error_text::{ErrorClass, read};
use crate::facts::{ErrorBurst, Facts, Fate, Gap, GapOf, Hang, Run, seconds, to_seconds};
use crate::profile::Settings;
use crate::timeline::listener::{self, Episode};
use crate::timeline::processes::{self, Start};

use super::Matched;
use super::silence::{Silence, silences};

/// A restart this long after the last trouble's end goes with it: a machine takes some seconds to come back.
const RESTART_WITHIN: TimeDelta = TimeDelta::seconds(60);
/// A listener that lost its connection this long before the first hang has the same trouble, if it is still open then.
const FIRST_SIGN_WITHIN: TimeDelta = TimeDelta::minutes(20);
/// Failures up to this before the end of the window, and no success since, still go on.
const STILL_FAILING: TimeDelta = TimeDelta::seconds(60);
/// A median checkout below this is prompt: it includes a pre-ping and, at most, one ordinary connect.
const PROMPT_S: f64 = 0.25;
/// Traces named beside a piece of evidence.
const MOST_TRACES: usize = 5;

/// A burst of failures with the class of its text.
pub(super) struct Failing<'a> {
    pub burst: &'a ErrorBurst,
    pub class: Option<ErrorClass>,
}

/// What the rules look at. Of several services it is the one that is in trouble: how another fares says nothing of it.
pub(super) struct Scene<'a> {
    pub facts: &'a Facts,
    pub profile: &'a Settings,
    /// Longer than the profile's `hang_after`, ended or not, and not because their instance fell silent.
    pub hangs: Vec<&'a Hang>,
    /// Requests that failed, with the class of their error.
    pub failing: Vec<Failing<'a>>,
    /// Stretches of success.
    pub runs: Vec<&'a Run>,
    pub episodes: Vec<Episode<'a>>,
    pub starts: Vec<Start<'a>>,
    pub silences: Vec<Silence<'a>>,
    /// The service that is in trouble, if there are several and one of them is.
    pub service: Option<&'a str>,
}

/// What an error says of the way to the database. Any service can refuse or time out: it was the database if its
/// checkout failed, or if the text says so.
fn of_database(burst: &ErrorBurst) -> Option<ErrorClass> {
    let text = read(&burst.sample).filter(|text| text.speaks_of_database || burst.in_connect)?;
    Some(text.class)
}

impl<'a> Scene<'a> {
    pub(super) fn new(facts: &'a Facts, profile: &'a Settings) -> Self {
        let timeline = crate::timeline::Scene::new(facts, profile);
        let episodes = listener::episodes(&timeline);
        let silences = silences(facts, profile, &episodes);
        let hang_after_s = to_seconds(profile.hang_after);
        let mut hangs: Vec<&Hang> = facts
            .hangs
            .rows
            .iter()
            .filter(|hang| hang.length_s(facts.window.to) - silent_s(hang, &silences, facts) >= hang_after_s)
            .collect();
        hangs.sort_by(|a, b| (a.started_at, &a.span_id).cmp(&(b.started_at, &b.span_id)));
        let failing = facts.errors.rows.iter().filter(|burst| burst.requests);
        let mut failing: Vec<Failing<'a>> = failing
            .map(|burst| Failing {
                burst,
                class: of_database(burst),
            })
            .collect();
        let service = in_trouble(&hangs, &failing);
        let ours = |name: &str| service.is_none_or(|service| service == name);
        hangs.retain(|hang| ours(&hang.service));
        failing.retain(|failing| failing.burst.service.as_deref().is_none_or(ours));
        Self {
            facts,
            profile,
            hangs,
            failing,
            runs: facts.runs.rows.iter().filter(|run| ours(&run.service)).collect(),
            episodes,
            starts: processes::starts(&timeline),
            silences,
            service,
        }
    }

    /// Whether this is the service in trouble, or there is none that is.
    pub(super) fn is_ours(&self, service: &str) -> bool {
        self.service.is_none_or(|own| own == service)
    }

    /// Whether an error of this class stands anywhere in the window, in requests or in logs.
    pub(super) fn names(&self, class: ErrorClass) -> bool {
        let mut own = self
            .facts
            .errors
            .rows
            .iter()
            .filter(|burst| burst.service.as_deref().is_none_or(|name| self.is_ours(name)));
        own.any(|burst| of_database(burst) == Some(class))
    }

    /// Pauses in which nothing was asked of the database of the service in trouble, or of all if there is one only.
    pub(super) fn idle(&self) -> Vec<&'a Gap> {
        let own = |gap: &&Gap| match &gap.of {
            GapOf::Service(name) => self.is_ours(name),
            GapOf::All | GapOf::Instance(_) => false,
        };
        self.facts.gaps.rows.iter().filter(own).collect()
    }

    /// Whether an instance was silent altogether at that time.
    pub(super) fn was_silent(&self, instance: &str, at: DateTime<Utc>) -> bool {
        let mut silences = self.silences.iter().filter(|silence| silence.instance == instance);
        silences.any(|silence| silence.from <= at && silence.until.is_none_or(|until| at < until))
    }

    /// Hangs that wait or waited on a `connect` or a `statement`.
    pub(super) fn hangs_on(&self, what: &str) -> Vec<&'a Hang> {
        let mut chosen = self.hangs.clone();
        chosen.retain(|hang| hang.waits_on.as_deref() == Some(what));
        chosen
    }

    /// Requests in flight that wait on a `connect` or a `statement`, however young.
    pub(super) fn waiting_on(&self, what: &str) -> Vec<&'a Hang> {
        let rows = self.facts.hangs.rows.iter();
        let open = rows.filter(|hang| hang.fate == Fate::InFlight && hang.waits_on.as_deref() == Some(what));
        open.filter(|hang| self.is_ours(&hang.service) && !self.was_silent(&hang.instance, self.facts.window.to))
            .collect()
    }

    /// Failures of one of these classes.
    pub(super) fn failing_with(&self, classes: &[ErrorClass]) -> Vec<&'a ErrorBurst> {
        let own = self
            .failing
            .iter()
            .filter(|failing| failing.class.is_some_and(|class| classes.contains(&class)));
        own.map(|failing| failing.burst).collect()
    }

    /// Stretches in which checkouts succeeded promptly, lookback included, of those that began at a time that `holds`.
    pub(super) fn prompt_connects(&self, holds: impl Fn(DateTime<Utc>) -> bool) -> Vec<&'a Run> {
        let ours = |run: &&Run| self.is_ours(&run.service);
        let runs = self
            .facts
            .earlier
            .rows
            .iter()
            .filter(ours)
            .chain(self.runs.iter().copied());
        runs.filter(|run| run.connects_p50_s.is_some_and(|p50_s| p50_s <= PROMPT_S))
            .filter(|run| run.connects.as_ref().is_some_and(|some| holds(some.first_at)))
            .collect()
    }

    /// Whether one of these hangs was open at that time.
    pub(super) fn open_at(hangs: &[&Hang], at: DateTime<Utc>) -> bool {
        hangs
            .iter()
            .any(|hang| hang.started_at <= at && hang.ended_at().is_none_or(|end| at < end))
    }

    /// Statements that were slow and ended, in buckets that lie beside these hangs.
    pub(super) fn slow_beside(&self, hangs: &[&Hang]) -> u64 {
        let buckets = self.facts.traffic.rows.iter();
        let ours = buckets.filter(|bucket| self.is_ours(&bucket.service));
        let beside = ours.filter(|bucket| Self::open_at(hangs, bucket.at));
        beside.map(|bucket| bucket.statements_slow).sum()
    }

    /// Whether that time lies in one of these bursts.
    pub(super) fn within(bursts: &[&ErrorBurst], at: DateTime<Utc>) -> bool {
        bursts.iter().any(|burst| burst.first_at <= at && at < burst.last_at)
    }

    /// The extent of trouble that consists of these hangs and failures: from the first sign (a listener that lost its
    /// connection and was still without one included) to the recovery (a restart that goes with it included).
    pub(super) fn extent(
        &self,
        hangs: &[&Hang],
        bursts: &[&ErrorBurst],
    ) -> Option<(DateTime<Utc>, Option<DateTime<Utc>>)> {
        let starts = hangs
            .iter()
            .map(|hang| hang.started_at)
            .chain(bursts.iter().map(|burst| burst.first_at));
        let begun_at = starts.min()?;
        let instances = self.instances(hangs, bursts);
        let lost = self
            .episodes
            .iter()
            .filter(|episode| instances.is_empty() || instances.iter().any(|name| name == episode.instance));
        let signs = lost
            .filter(|episode| episode.first_at <= begun_at && begun_at - episode.first_at <= FIRST_SIGN_WITHIN)
            .filter(|episode| episode.over_at.is_none_or(|over_at| over_at >= begun_at));
        let from = signs.map(|episode| episode.first_at).chain([begun_at]).min()?;
        Some((from, self.end(hangs, bursts, &instances)))
    }

    fn end(&self, hangs: &[&Hang], bursts: &[&ErrorBurst], instances: &[String]) -> Option<DateTime<Utc>> {
        if hangs.iter().any(|hang| hang.fate == Fate::InFlight) {
            return None;
        }
        let ends = hangs
            .iter()
            .filter_map(|hang| hang.ended_at())
            .chain(bursts.iter().map(|burst| burst.last_ended_at.max(burst.last_at)));
        let last_at = ends.max()?;
        if self.facts.window.to - last_at <= STILL_FAILING && !self.served_after(last_at) {
            return None;
        }
        let restart = self
            .starts
            .iter()
            .filter(|start| start.before.is_some() && instances.iter().any(|name| name == start.instance));
        let with_it =
            restart.filter(|start| start.at >= last_at - RESTART_WITHIN && start.at <= last_at + RESTART_WITHIN);
        let ready = with_it.map(|start| start.ready.map_or(start.at, |line| line.first_at));
        ready.chain([last_at]).max()
    }

    /// When the first request of a stretch that succeeded after `at` had ended. Where checkouts were prompt that is at
    /// once; else what succeeded had waited for the recovery, and began before it.
    pub(super) fn first_served_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let later = self.runs.iter().filter_map(|run| {
            let requests = run.requests.as_ref().filter(|requests| requests.last_at > at)?;
            let slow_s = requests
                .spread
                .middle_s
                .map_or(requests.spread.max_s, |(_, p95_s)| p95_s);
            let waited = run.connects_p50_s.is_some_and(|p50_s| p50_s > PROMPT_S);
            Some(requests.first_at.max(at) + seconds(if waited { slow_s } else { 0.0 }))
        });
        later.min()
    }

    /// Whether a request succeeded that began after `at`.
    pub(super) fn served_after(&self, at: DateTime<Utc>) -> bool {
        let mut successes = self.runs.iter().filter_map(|run| run.requests.as_ref());
        successes.any(|requests| requests.last_at > at)
    }

    /// The instances of these, each once.
    pub(super) fn instances(&self, hangs: &[&Hang], bursts: &[&ErrorBurst]) -> Vec<String> {
        let hung = hangs.iter().map(|hang| hang.instance.clone());
        let failed = bursts.iter().flat_map(|burst| burst.instances.iter().cloned());
        hung.chain(failed).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// A match whose extent is that of its hangs and failures.
    pub(super) fn matched(
        &self,
        hangs: &[&Hang],
        bursts: &[&ErrorBurst],
        summary: String,
        evidence: Vec<super::Evidence>,
    ) -> Option<Matched> {
        let (from, to) = self.extent(hangs, bursts)?;
        Some(Matched {
            summary,
            evidence,
            from,
            to,
            instances: self.instances(hangs, bursts),
        })
    }
}

/// How much of a hang is the silence of its instance, seconds.
fn silent_s(hang: &Hang, silences: &[Silence<'_>], facts: &Facts) -> f64 {
    let end = hang.ended_at().unwrap_or(facts.window.to);
    let own = silences.iter().filter(|silence| silence.instance == hang.instance);
    let shared = own.map(|silence| {
        let until = silence.until.unwrap_or(facts.window.to);
        to_seconds(until.min(end) - silence.from.max(hang.started_at)).max(0.0)
    });
    shared.sum()
}

/// The service with most of the trouble; `None` if there is none.
fn in_trouble<'a>(hangs: &[&'a Hang], failing: &[Failing<'a>]) -> Option<&'a str> {
    let hung = hangs
        .iter()
        .filter(|hang| hang.waits_on.is_some())
        .map(|hang| (hang.service.as_str(), 1));
    let failed = failing
        .iter()
        .filter(|failing| failing.class.is_some())
        .filter_map(|failing| Some((failing.burst.service.as_deref()?, failing.burst.traces)));
    let mut weights: BTreeMap<&str, u64> = BTreeMap::new();
    for (service, weight) in hung.chain(failed) {
        *weights.entry(service).or_default() += weight;
    }
    weights
        .into_iter()
        .max_by_key(|(_, weight)| *weight)
        .map(|(service, _)| service)
}

pub(super) fn traces_of(hangs: &[&Hang]) -> Vec<String> {
    hangs
        .iter()
        .map(|hang| hang.trace_id.clone())
        .take(MOST_TRACES)
        .collect()
}

pub(super) fn traces_in(bursts: &[&ErrorBurst]) -> Vec<String> {
    bursts
        .iter()
        .filter_map(|burst| burst.trace_id.clone())
        .take(MOST_TRACES)
        .collect()
}

/// How many checkouts these stretches hold.
pub(super) fn checkouts(runs: &[&Run]) -> u64 {
    runs.iter()
        .filter_map(|run| run.connects.as_ref())
        .map(|some| some.count)
        .sum()
}

/// As a count of evidence.
pub(super) fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Distinct traces of these bursts.
pub(super) fn failed(bursts: &[&ErrorBurst]) -> u64 {
    bursts.iter().map(|burst| burst.traces).sum()
}

pub(super) fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// From the shortest to the longest of these, as a person says it; "so far" if one of them still hangs.
pub(super) fn lengths(hangs: &[&Hang], now: DateTime<Utc>) -> String {
    let all: Vec<f64> = hangs.iter().map(|hang| hang.length_s(now)).collect();
    let shortest = all.iter().copied().fold(f64::INFINITY, f64::min);
    let range = crate::words::range(shortest, all.iter().copied().fold(0.0, f64::max));
    if hangs.iter().any(|hang| hang.fate == Fate::InFlight) {
        format!("{range} so far")
    } else {
        range
    }
}
