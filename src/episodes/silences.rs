//! Instances that gave no sign of life for longer than is usual with them, although one was expected: others went on, a
//! standby took over, clients came back in a burst, or the instance had to be started again.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Hanging, ListenerTrouble, UNUSUAL_SPACING};
use crate::facts::{ANNOUNCED_WITHIN, Facts, Fate, Gap, GapOf, Line, LineKind, Process, to_seconds};
use crate::profile::Settings;

/// An instance that goes on by itself has left out so many records: a quiet one has pauses all day.
const LEFT_OUT: f64 = 60.0;
/// What was open all the while ends within this of the first sign of life, if the instance was what it waited for.
const ENDS_WITHIN: TimeDelta = TimeDelta::seconds(60);
/// A rolling deploy starts the new instance this long before the old one ends, at most; a standby is there as soon.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// Requests in a bucket afterwards, against the usual bucket, that are clients catching up.
const BURST_FACTOR: u64 = 3;

/// A silence, and what shows that it is one.
pub struct Silence<'a> {
    /// The machine.
    pub instance: &'a str,
    /// What it serves.
    pub service: &'a str,
    /// The last record before it.
    pub last_at: DateTime<Utc>,
    /// The first sign: the last record, or the trouble of its listener right before.
    pub from: DateTime<Utc>,
    /// The instance is back, or its service is where no other instance served; `None` = neither.
    pub until: Option<DateTime<Utc>>,
    /// Instances of the service that served meanwhile.
    pub others: usize,
    /// An instance that had not been there before and took over.
    pub standby: Option<&'a Process>,
    /// When it was started again.
    pub started_at: Option<DateTime<Utc>>,
    /// Requests that stood open when it fell silent.
    pub open: usize,
    /// Its listener had just lost its connection.
    pub lost: bool,
    /// No shutdown line, although its service normally logs one, or logs its starts.
    pub unannounced: bool,
    /// Requests in the bucket after it, and in the usual one, if that is a burst.
    pub burst: Option<(u64, u64)>,
}

/// All silences of the evidence, longest first.
pub(super) fn silences<'a>(
    facts: &'a Facts,
    profile: &Settings,
    hangs: &[Hanging<'a>],
    listener: &[ListenerTrouble<'a>],
) -> Vec<Silence<'a>> {
    let view = View {
        facts,
        profile,
        hangs,
        listener,
    };
    let ended = facts.processes.rows.iter().filter_map(|process| view.ended(process));
    let paused = facts.gaps.rows.iter().filter_map(|gap| view.paused(gap));
    let mut found: Vec<Silence<'a>> = ended.chain(paused).collect();
    let length = |silence: &Silence<'_>| silence.until.unwrap_or(facts.window.to) - silence.from;
    found.sort_by(|a, b| length(b).cmp(&length(a)).then_with(|| a.instance.cmp(b.instance)));
    found
}

struct View<'a, 'b> {
    facts: &'a Facts,
    profile: &'b Settings,
    hangs: &'b [Hanging<'a>],
    listener: &'b [ListenerTrouble<'a>],
}

impl<'a> View<'a, '_> {
    /// A process that ended without a shutdown line.
    fn ended(&self, process: &'a Process) -> Option<Silence<'a>> {
        let rows = &self.facts.processes.rows;
        let last_at = process.last_at;
        let other_processes = || {
            rows.iter()
                .filter(|other| other.instance == process.instance && other.service == process.service)
                .filter(|other| other.process != process.process)
        };
        let runs_beside = other_processes().any(|other| other.first_at <= last_at && other.last_at > last_at);
        let announced = self
            .lines(process, LineKind::Stopping)
            .any(|line| (last_at - line.last_at).abs() <= ANNOUNCED_WITHIN);
        if runs_beside || announced {
            return None;
        }
        let next = other_processes()
            .map(|other| other.first_at)
            .filter(|at| *at >= last_at)
            .min();
        let back_at = next.unwrap_or(self.facts.window.to);
        let silent = back_at - last_at;
        let before_window = back_at <= self.facts.window.from;
        let short = silent < self.profile.diagnose.least_silence;
        let usual = to_seconds(silent) < UNUSUAL_SPACING * process.spacing_s();
        if before_window || short || usual {
            return None;
        }
        self.silence(process, last_at, next, next)
    }

    /// A process that gave no sign for a while and then went on, or that was started again under the same name.
    fn paused(&self, gap: &'a Gap) -> Option<Silence<'a>> {
        let GapOf::Instance(instance) = &gap.of else {
            return None;
        };
        if gap.after_at >= self.facts.window.to {
            return None;
        }
        let process = self.facts.processes.rows.iter().find(|process| {
            process.instance == *instance && process.first_at <= gap.before_at && process.last_at >= gap.after_at
        })?;
        let length = gap.after_at - gap.before_at;
        let started = self
            .lines(process, LineKind::Starting)
            .find(|line| (line.first_at - gap.after_at).abs() <= ENDS_WITHIN);
        let announced = self
            .lines(process, LineKind::Stopping)
            .any(|line| (line.last_at - gap.before_at).abs() <= ANNOUNCED_WITHIN);
        if announced {
            return None;
        }
        if let Some(started) = started {
            let unusual = to_seconds(length) >= UNUSUAL_SPACING * process.spacing_s();
            return (unusual && length >= self.profile.diagnose.least_silence)
                .then(|| self.silence(process, gap.before_at, Some(started.first_at), Some(started.first_at)))
                .flatten();
        }
        let hangs = self.hangs.iter().filter(|hang| hang.instance == *instance);
        let through: Vec<_> = hangs
            .filter(|hang| hang.started_at <= gap.before_at && hang.ended_at().is_none_or(|end| end >= gap.after_at))
            .collect();
        let released = |hang: &&&Hanging<'_>| hang.ended_at().is_some_and(|end| end - gap.after_at <= ENDS_WITHIN);
        // What waits on longer had another reason; a stream that stays open has none.
        let bridged = through.iter().any(|hang| released(&hang))
            && through
                .iter()
                .all(|hang| released(&hang) || !hang.waiting_on.is_database());
        let left_out = to_seconds(length) / process.spacing_s().max(f64::MIN_POSITIVE);
        let unlike_others = self.facts.gaps.rows.iter().all(|other| {
            other.of != gap.of || other.before_at == gap.before_at || (other.after_at - other.before_at) * 2 < length
        });
        if left_out < LEFT_OUT || !(bridged || unlike_others && left_out >= 2.0 * LEFT_OUT) {
            return None;
        }
        let mut silence = self.silence(process, gap.before_at, Some(gap.after_at), None)?;
        silence.open = through.len();
        // A silence of a minute that nobody bridged shows in the burst behind it; with others it can be the balancer's doing.
        let enough = match silence.burst {
            Some(_) => self.profile.diagnose.least_silence / 2,
            None => self.profile.diagnose.least_silence,
        };
        let expected = silence.others > 0 || bridged && silence.burst.is_some();
        (length >= enough && expected).then_some(silence)
    }

    /// What a time without a sign of life was, if it was more than an orderly end: `back_at` is the next sign, `started_at`
    /// a start behind it.
    fn silence(
        &self,
        process: &'a Process,
        last_at: DateTime<Utc>,
        back_at: Option<DateTime<Utc>>,
        started_at: Option<DateTime<Utc>>,
    ) -> Option<Silence<'a>> {
        let until = back_at.unwrap_or(self.facts.window.to);
        let enough = (last_at + self.profile.diagnose.least_silence).min(until);
        let others = self
            .fleet(process)
            .filter(|other| other.served > 0 && other.first_at < last_at && other.last_at >= enough)
            .count();
        let standby = self.standby(process, last_at, until);
        let open = self.open(process, last_at);
        let lost = self.lost(process, last_at, until);
        let went_on = started_at.is_none() && back_at.is_some();
        if !went_on && self.replaced(process, last_at, open == 0 && lost.is_none(), others > 0) {
            return None;
        }
        let until = if others == 0 {
            let served_at = self.served_after(process, last_at);
            [back_at, served_at].into_iter().flatten().min()
        } else {
            back_at
        };
        let burst = until.and_then(|until| self.burst(process, last_at, until));
        // A job that is done ends without a line; what serves requests does not.
        let says_stopping = self.says(process, LineKind::Stopping);
        let says_starting = !self.profile.process.stopping.is_empty()
            && (self.says(process, LineKind::Starting) || self.says(process, LineKind::Connected));
        let unannounced = process.served > 0 && (says_stopping || says_starting);
        let expected = others > 0 || standby.is_some() || burst.is_some();
        let missed = expected || started_at.is_some();
        // Alone, a start after a silence is what a platform does that stops idle machines: only an end that is known to be
        // unannounced counts.
        let cut = open > 0 || lost.is_some() || went_on || unannounced && (says_stopping || expected);
        (missed && cut).then(|| Silence {
            instance: &process.instance,
            service: &process.service,
            last_at,
            from: lost.map_or(last_at, |trouble| trouble.first_at),
            until,
            others,
            standby,
            started_at,
            open,
            lost: lost.is_some(),
            unannounced,
            burst,
        })
    }

    /// Processes of the other instances of its service.
    fn fleet(&self, process: &'a Process) -> impl Iterator<Item = &'a Process> {
        let others = self.facts.processes.rows.iter();
        others.filter(|other| other.instance != process.instance && other.service == process.service)
    }

    /// Whether a process is no older life of the fleet, as far as the evidence reaches.
    fn appeared(&self, process: &'a Process, other: &Process, last_at: DateTime<Utc>) -> bool {
        let mut fleet = self.fleet(process);
        let earlier = fleet.any(|same| same.instance == other.instance && same.first_at < other.first_at);
        // What was there as early was there before the evidence begins.
        let late = other.first_at > process.first_at + ANNOUNCED_WITHIN;
        !earlier && late && other.first_at >= last_at - OVERLAP
    }

    /// An instance that appeared afterwards and served.
    fn standby(&self, process: &'a Process, last_at: DateTime<Utc>, until: DateTime<Utc>) -> Option<&'a Process> {
        self.fleet(process)
            .filter(|other| other.served > 0 && other.first_at > last_at && other.first_at < until)
            .filter(|other| other.first_at <= last_at + OVERLAP && self.appeared(process, other, last_at))
            .min_by_key(|other| other.first_at)
    }

    /// Requests without an end that began before.
    fn open(&self, process: &Process, last_at: DateTime<Utc>) -> usize {
        let hangs = self.hangs.iter();
        let its_hangs = hangs.filter(|hang| hang.instance == process.instance && hang.started_at <= last_at);
        its_hangs
            .filter(|hang| matches!(hang.fate, Fate::Died(_) | Fate::InFlight))
            .count()
    }

    /// The trouble of its listener right before, if it lasted.
    fn lost(&self, process: &Process, last_at: DateTime<Utc>, until: DateTime<Utc>) -> Option<&ListenerTrouble<'a>> {
        self.listener.iter().find(|trouble| {
            trouble.instance == process.instance
                && trouble.first_at <= last_at
                && last_at - trouble.first_at <= self.profile.diagnose.least_silence
                && trouble.over_at.is_none_or(|over_at| over_at >= until)
        })
    }

    /// Whether another process took its place: by a deploy, or soon, maybe under another name, while the rest of the
    /// fleet served.
    fn replaced(&self, process: &'a Process, last_at: DateTime<Utc>, uneventful: bool, others_served: bool) -> bool {
        let rows = self.facts.processes.rows.iter();
        let mut successors = rows.filter(|other| {
            other.service == process.service
                && other.process != process.process
                && other.last_at > last_at
                && (other.instance == process.instance || self.appeared(process, other, last_at))
        });
        successors.any(|other| {
            let versions = other.service_version.as_ref().zip(process.service_version.as_ref());
            let newer = versions.is_some_and(|(successor, before)| successor != before);
            // After a quiet night a deploy comes long after the last record.
            let deployed = newer && (uneventful || other.first_at <= last_at + ANNOUNCED_WITHIN);
            let soon = other.first_at <= last_at + OVERLAP && self.appeared(process, other, last_at);
            deployed || soon && uneventful && others_served
        })
    }

    /// Whether processes of its service log such lines at all.
    fn says(&self, process: &Process, kind: LineKind) -> bool {
        let mut lines = self.facts.lifecycle.rows.iter().filter(|line| line.kind == kind);
        lines.any(|line| {
            let mut all = self.facts.processes.rows.iter();
            all.any(|other| other.instance == line.instance && other.service == process.service)
        })
    }

    fn lines(&self, process: &'a Process, kind: LineKind) -> impl Iterator<Item = &'a Line> {
        let lines = self.facts.lifecycle.rows.iter();
        lines.filter(move |line| {
            line.instance == process.instance && line.process == process.process && line.kind == kind
        })
    }

    /// The first request that succeeded afterwards, wherever.
    fn served_after(&self, process: &Process, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let runs = self.facts.runs.rows.iter().filter(|run| run.service == process.service);
        let requests = runs.filter_map(|run| run.requests.as_ref());
        requests
            .map(|requests| requests.first_at)
            .filter(|first_at| *first_at > at)
            .min()
    }

    /// The fullest of the buckets right after a silence, and the usual one before it.
    fn burst(&self, process: &Process, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<(u64, u64)> {
        let mut buckets: Vec<_> = self
            .facts
            .traffic
            .rows
            .iter()
            .filter(|bucket| bucket.service == process.service)
            .collect();
        buckets.sort_by_key(|bucket| bucket.at);
        let mut before: Vec<u64> = buckets
            .iter()
            .filter(|bucket| bucket.at < from)
            .map(|bucket| bucket.requests)
            .collect();
        before.sort_unstable();
        let usual = before.get(before.len() / 2).copied()?.max(1);
        let begun = buckets.iter().rposition(|bucket| bucket.at <= until)?;
        let after = buckets
            .get(begun..)?
            .iter()
            .take(2)
            .map(|bucket| bucket.requests)
            .max()?;
        (after >= BURST_FACTOR * usual).then_some((after, usual))
    }
}
