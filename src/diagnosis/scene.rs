//! What several rules look at: hangs by what they wait on, failures by class, and the extent of the trouble.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::episodes::{Episodes, Hanging, ListenerTrouble, RESTART_GOES_WITH, Silence, Start, WaitingOn};
use crate::error_text::{ErrorClass, read};
use crate::facts::{ErrorBurst, Facts, Gap, PROMPT, RouteOfProcess, Run, seconds, to_seconds};
use crate::profile::Settings;
use crate::words::counted;

use super::{Claim, Judgement, Matched};

/// A listener that lost its connection this long before the first hang has the same trouble, if it is still open then.
const FIRST_SIGN_WITHIN: TimeDelta = TimeDelta::minutes(20);
/// Failures up to this before the end of the window, and no success since, still go on.
const STILL_FAILING: TimeDelta = TimeDelta::seconds(60);

/// A burst of failures with the class of its text.
pub struct Failing<'a> {
    /// The burst.
    pub burst: &'a ErrorBurst,
    /// What its text says of the way to the database.
    pub class: Option<ErrorClass>,
}

/// What the rules look at. Of several services it is one: how another fares says nothing of it.
pub struct Scene<'a> {
    /// What they are made of.
    pub facts: &'a Facts,
    /// Names and thresholds.
    pub profile: &'a Settings,
    /// Everything, whosever it is.
    pub episodes: &'a Episodes<'a>,
    /// Longer than the profile's `hang_after`, ended or not, and not because their instance fell silent.
    pub hangs: Vec<Hanging<'a>>,
    /// Requests that failed, with the class of their error.
    pub failing: Vec<Failing<'a>>,
    /// Stretches of success.
    pub runs: Vec<&'a Run>,
    /// Times in which the listener had no connection.
    pub listener: Vec<&'a ListenerTrouble<'a>>,
    /// Processes that began.
    pub starts: Vec<&'a Start<'a>>,
    /// Instances that gave no sign of life.
    pub silences: Vec<&'a Silence<'a>>,
    /// The service, if there are several and it is about one of them.
    pub service: Option<&'a str>,
}

/// What an error says of the way to the database. Any service can refuse or time out: it was the database if its
/// checkout failed, or if the text says so.
fn of_database(burst: &ErrorBurst) -> Option<ErrorClass> {
    let text = read(&burst.sample).filter(|text| text.speaks_of_database || burst.in_connect)?;
    Some(text.class)
}

impl<'a> Scene<'a> {
    /// Each service by itself, the one with most trouble first; all there is, if there is only one.
    pub fn by_service(episodes: &'a Episodes<'a>) -> Vec<Self> {
        let facts = episodes.facts;
        let processes = facts.processes.rows.iter().map(|process| process.service.as_str());
        let traffic = facts.traffic.rows.iter().map(|bucket| bucket.service.as_str());
        let services: BTreeSet<&str> = processes.chain(traffic).collect();
        if services.len() < 2 {
            return vec![Self::of(episodes, None)];
        }
        let mut scenes: Vec<Self> = services
            .into_iter()
            .map(|name| Self::of(episodes, Some(name)))
            .collect();
        scenes.sort_by_key(|scene| Reverse(scene.trouble()));
        scenes
    }

    /// What concerns a service; `None` = all of them.
    pub fn of(episodes: &'a Episodes<'a>, service: Option<&'a str>) -> Self {
        let (facts, profile) = (episodes.facts, episodes.profile);
        let hang_after_s = to_seconds(profile.hang_after);
        let long = |hang: &&Hanging<'a>| {
            hang.length_s(facts.window.to) - silent_s(hang, &episodes.silences, facts) >= hang_after_s
        };
        let mut hangs: Vec<Hanging<'a>> = episodes.hangs.iter().filter(long).copied().collect();
        let mut failing: Vec<Failing<'a>> = episodes
            .failures()
            .map(|burst| Failing {
                burst,
                class: of_database(burst),
            })
            .collect();
        let ours = |name: &str| service.is_none_or(|service| service == name);
        let is_on = |instance: &str| {
            let mut processes = facts.processes.rows.iter();
            service.is_none() || processes.any(|process| process.instance == instance && ours(&process.service))
        };
        hangs.retain(|hang| ours(&hang.hang.service));
        failing.retain(|failing| failing.burst.service.as_deref().is_none_or(ours));
        Self {
            hangs,
            failing,
            runs: facts.runs.rows.iter().filter(|run| ours(&run.service)).collect(),
            listener: episodes
                .listener
                .iter()
                .filter(|trouble| is_on(trouble.instance))
                .collect(),
            starts: episodes.starts.iter().filter(|start| ours(start.service)).collect(),
            silences: episodes
                .silences
                .iter()
                .filter(|silence| ours(silence.service))
                .collect(),
            service,
            facts,
            profile,
            episodes,
        }
    }

    /// Whether it is about this service.
    pub fn is_ours(&self, service: &str) -> bool {
        self.service.is_none_or(|own| own == service)
    }

    /// Whether a process of the service ran on an instance.
    pub fn runs_on(&self, instance: &str) -> bool {
        let mut processes = self.facts.processes.rows.iter();
        self.service.is_none()
            || processes.any(|process| process.instance == instance && self.is_ours(&process.service))
    }

    /// How many requests hung on the database, or failed on the way to it.
    fn trouble(&self) -> u64 {
        let hung = self.hangs.iter().filter(|hang| hang.waiting_on.is_database()).count() as u64;
        let failing = self.failing.iter().filter(|failing| failing.class.is_some());
        hung + failing.map(|failing| failing.burst.traces).sum::<u64>()
    }

    /// Whether an error of this class stands anywhere in the window, in requests or in logs.
    pub fn names(&self, class: ErrorClass) -> bool {
        let mut own = self
            .facts
            .errors
            .rows
            .iter()
            .filter(|burst| burst.service.as_deref().is_none_or(|name| self.is_ours(name)));
        own.any(|burst| of_database(burst) == Some(class))
    }

    /// Pauses in which nothing was asked of the database of the service in trouble, or of all if there is one only.
    pub fn idle(&self) -> Vec<&'a Gap> {
        self.episodes.idle(|name| self.is_ours(name))
    }

    /// Whether an instance was silent altogether at that time.
    pub fn was_silent(&self, instance: &str, at: DateTime<Utc>) -> bool {
        let mut silences = self.silences.iter().filter(|silence| silence.instance == instance);
        silences.any(|silence| silence.from <= at && silence.until.is_none_or(|until| at < until))
    }

    /// Hangs that wait or waited in their checkout.
    pub fn hung_connecting(&self) -> Vec<Hanging<'a>> {
        self.hung_on(WaitingOn::is_checkout)
    }

    /// Routes of processes of the service that ran out of connections, and from when to when.
    pub fn dry(&self) -> impl Iterator<Item = (&'a RouteOfProcess, (DateTime<Utc>, DateTime<Utc>))> {
        let own = self
            .facts
            .checkouts
            .rows
            .iter()
            .filter(|row| self.runs_on(&row.instance));
        own.filter_map(|row| Some((row, row.dry?)))
    }

    /// Hangs that wait or waited for a connection to come free.
    pub fn hung_in_pool(&self) -> Vec<Hanging<'a>> {
        self.hung_on(|on| on == WaitingOn::Pool)
    }

    /// Hangs that wait or waited in a statement.
    pub fn hung_in_statements(&self) -> Vec<Hanging<'a>> {
        self.hung_on(|on| on == WaitingOn::Statement)
    }

    fn hung_on(&self, is: impl Fn(WaitingOn) -> bool) -> Vec<Hanging<'a>> {
        let own = self.hangs.iter().filter(|hang| is(hang.waiting_on));
        own.copied().collect()
    }

    /// Requests in flight that wait in their checkout, however young.
    pub fn in_flight_connecting(&self) -> Vec<Hanging<'a>> {
        self.in_flight_on(WaitingOn::is_checkout)
    }

    /// Requests in flight that wait for the database or for the way to it, however young.
    pub fn in_flight_on(&self, is: impl Fn(WaitingOn) -> bool) -> Vec<Hanging<'a>> {
        let open = self
            .episodes
            .hangs
            .iter()
            .filter(|hang| hang.in_flight() && is(hang.waiting_on));
        open.filter(|hang| self.is_ours(&hang.service) && !self.was_silent(&hang.instance, self.facts.window.to))
            .copied()
            .collect()
    }

    /// Failures of one of these classes.
    pub fn failing_with(&self, classes: &[ErrorClass]) -> Vec<&'a ErrorBurst> {
        let own = self
            .failing
            .iter()
            .filter(|failing| failing.class.is_some_and(|class| classes.contains(&class)));
        own.map(|failing| failing.burst).collect()
    }

    /// What shows that others got a connection: a checkout, or a statement where no checkouts are recorded.
    pub fn connected_by(&self) -> &'static str {
        let ours = |run: &&Run| self.is_ours(&run.service);
        let recorded = self.runs.iter().any(|run| run.connects.is_some());
        if !recorded && self.facts.answered.iter().any(|run| ours(&run)) {
            "statement"
        } else {
            "checkout"
        }
    }

    /// Stretches in which checkouts succeeded promptly, lookback included, of those that began at a time that `holds`.
    pub fn prompt_connects(&self, holds: impl Fn(DateTime<Utc>) -> bool) -> Vec<&'a Run> {
        let ours = |run: &&Run| self.is_ours(&run.service);
        let runs = self
            .facts
            .earlier
            .rows
            .iter()
            .filter(ours)
            .chain(self.runs.iter().copied())
            .chain(self.facts.answered.iter().filter(ours));
        runs.filter(|run| run.connects_p50_s.is_some_and(|p50_s| p50_s <= to_seconds(PROMPT)))
            .filter(|run| run.connects.as_ref().is_some_and(|some| holds(some.first_at)))
            .collect()
    }

    /// Whether one of these hangs was open at that time.
    pub fn open_at(hangs: &[Hanging<'_>], at: DateTime<Utc>) -> bool {
        hangs.iter().any(|hang| hang.is_open_at(at))
    }

    /// Statements that were slow and ended, in buckets that lie beside these hangs.
    pub fn slow_beside(&self, hangs: &[Hanging<'_>]) -> u64 {
        let buckets = self.facts.traffic.rows.iter();
        let ours = buckets.filter(|bucket| self.is_ours(&bucket.service));
        let beside = ours.filter(|bucket| Self::open_at(hangs, bucket.at));
        beside.map(|bucket| bucket.statements_slow).sum()
    }

    /// Whether that time lies in one of these bursts.
    pub fn within(bursts: &[&ErrorBurst], at: DateTime<Utc>) -> bool {
        bursts.iter().any(|burst| burst.first_at <= at && at < burst.last_at)
    }

    /// The extent of trouble that consists of these hangs and failures: from the first sign (a listener that lost its
    /// connection and was still without one included) to the recovery (a restart that goes with it included).
    pub fn extent(
        &self,
        hangs: &[Hanging<'_>],
        bursts: &[&ErrorBurst],
    ) -> Option<(DateTime<Utc>, Option<DateTime<Utc>>)> {
        // A chat may have been well for minutes before it asked its database.
        let starts = hangs
            .iter()
            .map(|hang| hang.waits_from())
            .chain(bursts.iter().map(|burst| burst.first_at));
        let begun_at = starts.min()?;
        let instances = self.instances(hangs, bursts);
        let lost = self
            .listener
            .iter()
            .filter(|trouble| instances.is_empty() || instances.iter().any(|name| name == trouble.instance));
        let signs = lost
            .filter(|trouble| trouble.first_at <= begun_at && begun_at - trouble.first_at <= FIRST_SIGN_WITHIN)
            .filter(|trouble| trouble.over_at.is_none_or(|over_at| over_at >= begun_at));
        let from = signs.map(|trouble| trouble.first_at).chain([begun_at]).min()?;
        Some((from, self.end(hangs, bursts, &instances)))
    }

    fn end(&self, hangs: &[Hanging<'_>], bursts: &[&ErrorBurst], instances: &[String]) -> Option<DateTime<Utc>> {
        if hangs.iter().any(|hang| hang.in_flight()) {
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
            restart.filter(|start| start.at >= last_at - RESTART_GOES_WITH && start.at <= last_at + RESTART_GOES_WITH);
        let ready = with_it.map(|start| start.ready_at());
        ready.chain([last_at]).max()
    }

    /// When the first request of a stretch that succeeded after `at` had ended. Where checkouts were prompt that is at
    /// once; else what succeeded had waited for the recovery, and began before it.
    pub fn first_served_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let later = self.runs.iter().filter_map(|run| {
            let requests = run.requests.as_ref().filter(|requests| requests.last_at > at)?;
            let slow_s = requests
                .spread
                .middle_s
                .map_or(requests.spread.max_s, |(_, p95_s)| p95_s);
            let waited = run.connects_p50_s.is_some_and(|p50_s| p50_s > to_seconds(PROMPT));
            Some(requests.first_at.max(at) + seconds(if waited { slow_s } else { 0.0 }))
        });
        later.min()
    }

    /// Whether a request succeeded that began after `at`.
    pub fn served_after(&self, at: DateTime<Utc>) -> bool {
        let mut successes = self.runs.iter().filter_map(|run| run.requests.as_ref());
        successes.any(|requests| requests.last_at > at)
    }

    /// "; 37 requests failed", if any did: what a summary of hangs ends with.
    pub(super) fn and_failed(&self) -> String {
        match self.failing.iter().map(|failing| failing.burst.traces).sum() {
            0 => String::new(),
            failed => format!("; {} failed", counted(failed, "request")),
        }
    }

    /// The instances of these, each once.
    pub fn instances(&self, hangs: &[Hanging<'_>], bursts: &[&ErrorBurst]) -> Vec<String> {
        let hung = hangs.iter().map(|hang| hang.instance.clone());
        let failed = bursts.iter().flat_map(|burst| burst.instances.iter().cloned());
        hung.chain(failed).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// A match whose extent is that of its hangs and failures.
    pub(super) fn matched(
        &self,
        hangs: &[Hanging<'_>],
        bursts: &[&ErrorBurst],
        summary: String,
        evidence: Vec<Claim>,
    ) -> Judgement {
        let Some((from, to)) = self.extent(hangs, bursts) else {
            return Judgement::NotMatched(String::from("it has no extent"));
        };
        Judgement::Matched(Matched {
            summary,
            evidence,
            from,
            to,
            instances: self.instances(hangs, bursts),
        })
    }
}

/// How much of a hang is the silence of its instance, seconds.
fn silent_s(hang: &Hanging<'_>, silences: &[Silence<'_>], facts: &Facts) -> f64 {
    let end = hang.ended_at().unwrap_or(facts.window.to);
    let own = silences.iter().filter(|silence| silence.instance == hang.instance);
    let shared = own.map(|silence| {
        let until = silence.until.unwrap_or(facts.window.to);
        to_seconds(until.min(end) - silence.from.max(hang.started_at)).max(0.0)
    });
    shared.sum()
}

/// How many checkouts these stretches hold.
pub fn checkouts(runs: &[&Run]) -> u64 {
    runs.iter()
        .filter_map(|run| run.connects.as_ref())
        .map(|some| some.count)
        .sum()
}

/// Distinct traces of these bursts that did not hang before they failed.
pub fn failed_soon(bursts: &[&ErrorBurst]) -> u64 {
    bursts
        .iter()
        .map(|burst| burst.traces - burst.hung.min(burst.traces))
        .sum()
}

/// Distinct traces of these bursts.
pub fn failed(bursts: &[&ErrorBurst]) -> u64 {
    bursts.iter().map(|burst| burst.traces).sum()
}
