//! What the rules may look at: typed facts, free of rows and columns. Pure; `read` makes them.

mod application;
mod checkouts;
mod derive;
mod hang;
pub mod health;
mod life;
mod read;
mod row;
mod rows;
mod second;
mod spread;
mod success;
mod who;

pub use application::{Application, Logged, Recorded, Spans};
pub use checkouts::{RouteOfProcess, Work};
pub use derive::{Cuts, weight};
pub use hang::{Fate, Hang, Long, Nature, Role, Wait};
pub use read::NotKnown;
pub(crate) use read::missing;
pub use rows::{BUCKETS, Grid, Rows, lasting_s};
pub use second::{
    About, Affected, ConnectError, Occupancy, STEPS, Sample, Second, Share, Statement, exact_runs, shares,
};
pub use spread::Spread;
pub use success::{Bucket, Run, Successes};
pub use who::Names;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::profile::Settings;
use crate::query::Section;
use crate::window::Window;

/// Shorter pauses are no gaps.
pub const SHORTEST_GAP: TimeDelta = TimeDelta::seconds(60);
/// A pause or a silence is out of the ordinary from this multiple of the usual distance of records on.
pub const UNUSUAL_SPACING: f64 = 10.0;
/// A shutdown line this close to the last record makes the end an orderly one.
pub const ANNOUNCED_WITHIN: TimeDelta = TimeDelta::seconds(60);
/// Hangs that begin this close to each other are one wave: longer than a pool's 30 s and a listener's 60 s back-off.
pub const WAVE_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// Hangs of a wave that have rows of their own; the rest says the same.
pub const SHOWN_OF_A_WAVE: usize = 5;
/// A process says that it is ready within this time of its first record (starts of the recordings took 3 s).
pub const STARTUP: TimeDelta = TimeDelta::seconds(30);
/// A checkout up to this is prompt: it includes a pre-ping and, at most, one ordinary connect.
pub const PROMPT: TimeDelta = TimeDelta::milliseconds(250);

/// A section of evidence: what is known of it, and what is not.
#[derive(Debug, Clone)]
pub struct Evidence<T> {
    /// What came back, in time order.
    pub rows: Vec<T>,
    /// Why this is not all there is to know; `None` = it is.
    pub not_known: Option<String>,
}

impl Evidence<Bounds> {
    /// Whether it is known that no record passed the filters.
    pub fn no_records(&self) -> bool {
        self.not_known.is_none() && self.rows.first().is_none_or(|bounds| bounds.records == 0)
    }
}

/// Everything the rules may look at.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The window that was asked.
    pub window: Window,
    /// How many records there are, and where.
    pub bounds: Evidence<Bounds>,
    /// Lives of instances, lookback included.
    pub processes: Evidence<Process>,
    /// What processes and the queue listener logged of themselves, lookback included.
    pub lifecycle: Evidence<Line>,
    /// Stretches of success.
    pub runs: Evidence<Run>,
    /// Checkouts that succeeded in the lookback, by bucket.
    pub earlier: Evidence<Run>,
    /// Statements that succeeded, by bucket, of services that record no checkouts: each had a connection.
    pub answered: Vec<Run>,
    /// Traffic by time bucket.
    pub traffic: Evidence<Bucket>,
    /// Long pauses between the starts of anything.
    pub gaps: Evidence<Gap>,
    /// Requests that hung or are in flight for a reason, and database operations without a request.
    pub hangs: Evidence<Hang>,
    /// Requests that last, or lasted, as long, and wait on nothing that would make them hangs.
    pub long: Vec<Long>,
    /// Failures by template and burst.
    pub errors: Evidence<ErrorBurst>,
    /// Routes of processes, if any process ran out of connections.
    pub checkouts: Evidence<RouteOfProcess>,
    /// Work queued and work run; one row.
    pub work: Evidence<Work>,
    /// Why nothing is known of the database, or of that of some services; `None` = its operations are recognised.
    pub database: Option<String>,
    /// How instances without a machine are called.
    pub names: Names,
    /// Where success is cut into runs.
    pub cuts: Cuts,
    /// All successes of the window, one run a service, with exact percentiles; empty where it was not asked for.
    pub whole_runs: Vec<Run>,
    /// What makes all of it doubtful, whatever the rows say: the way they were got.
    pub doubts: Vec<NotKnown>,
}

/// The extent of the evidence.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Records in the window that pass the filters.
    pub records: u64,
    /// Requests that finished without a failure.
    pub requests: u64,
    /// Their median, 95th percentile and longest, seconds; `None` if there were none.
    pub requests_s: Option<(f64, f64, f64)>,
    /// When the last one of those that are not the listener's trouble began.
    pub last_activity_at: Option<DateTime<Utc>>,
    /// Records in the window whatever the filters.
    pub records_unfiltered: u64,
    /// The environments of those, comma-separated.
    pub environments: Option<String>,
    /// The services of those, comma-separated.
    pub services: Option<String>,
}

/// One life of an instance.
#[derive(Debug, Clone)]
pub struct Process {
    /// The machine.
    pub instance: String,
    /// The life.
    pub process: String,
    /// What it serves; empty if its records do not say.
    pub service: String,
    /// The version it ran.
    pub service_version: Option<String>,
    /// The start of its first record.
    pub first_at: DateTime<Utc>,
    /// The end of its last record.
    pub last_at: DateTime<Utc>,
    /// Its records.
    pub lines: u64,
    /// Requests among them; their pending rows count as well.
    pub served: u64,
}

impl Process {
    /// The mean distance of its records, seconds: a worker that has little to do says little.
    pub fn spacing_s(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // counts of records
        let records = self.lines.max(1) as f64;
        to_seconds(self.last_at - self.first_at) / records
    }
}

/// What a log line of the profile means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    /// A process begins.
    Starting,
    /// A process goes in an orderly way.
    Stopping,
    /// The listener listens.
    Connected,
    /// Its heartbeat had no answer.
    HeartbeatTimeout,
    /// Its heartbeat failed.
    HeartbeatFailed,
    /// It lost its connection and tries again.
    Lost,
    /// An attempt failed.
    ReconnectFailed,
    /// It was needed and not connected.
    NotifyFailed,
}

impl LineKind {
    /// Whether it says that the listener is in trouble.
    pub fn is_trouble(self) -> bool {
        !matches!(self, Self::Starting | Self::Stopping | Self::Connected)
    }
}

/// Lines of one kind in one episode of a listener (from one connect or start to the next).
#[derive(Debug, Clone)]
pub struct Line {
    /// The machine.
    pub instance: String,
    /// The life of it.
    pub process: String,
    /// What the line means.
    pub kind: LineKind,
    /// Counts up with every start and connect of the instance.
    pub episode: u64,
    /// How many lines.
    pub lines: u64,
    /// The first.
    pub first_at: DateTime<Utc>,
    /// The last.
    pub last_at: DateTime<Utc>,
    /// The trace of one of them.
    pub trace_id: Option<String>,
}

/// Whose pause it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GapOf {
    /// Nothing began, anywhere.
    All,
    /// Nothing was asked of this service's database.
    Service(String),
    /// No sign of life of this machine.
    Instance(String),
}

/// A pause in which nothing began.
#[derive(Debug, Clone)]
pub struct Gap {
    /// Whose.
    pub of: GapOf,
    /// The last start before it.
    pub before_at: DateTime<Utc>,
    /// The first start after it, or the end of the window.
    pub after_at: DateTime<Utc>,
}

/// Failures with one template, close together.
#[derive(Debug, Clone)]
pub struct ErrorBurst {
    /// The text with numbers and ids masked.
    pub template: String,
    /// One of the texts, its first line.
    pub sample: String,
    /// Requests; else logs and spans outside of requests.
    pub requests: bool,
    /// In each of these traces a checkout failed.
    pub in_connect: bool,
    /// No request failed by it, and no job at the root of its trace: a retry or another way led on.
    pub survived: bool,
    /// The start of the first.
    pub first_at: DateTime<Utc>,
    /// The start of the last.
    pub last_at: DateTime<Utc>,
    /// The end of the last.
    pub last_ended_at: DateTime<Utc>,
    /// How many bursts this stands for: one, or all that are too small to be told apart.
    pub bursts: u64,
    /// Distinct traces.
    pub traces: u64,
    /// Those of them that hung before they failed.
    pub hung: u64,
    /// How long they took to fail; `None` for logs.
    pub spread: Option<Spread>,
    /// The route, if it was one only.
    pub route: Option<String>,
    /// The service, if it was one only.
    pub service: Option<String>,
    /// The instance, if it was one only.
    pub instance: Option<String>,
    /// All instances.
    pub instances: BTreeSet<String>,
    /// The trace of one of them.
    pub trace_id: Option<String>,
}

/// The query of the catalogue whose rows a section of the evidence is derived from.
pub fn asked_by(section: &'static str) -> &'static str {
    match section {
        "gaps" | "runs" | "earlier" | "work" => "traffic",
        "bounds" | "lifecycle" | "checkouts" => "processes",
        "hangs" | "errors" => "trouble",
        other => other,
    }
}

/// A time span of so many seconds, to the microsecond.
pub fn seconds(seconds: f64) -> TimeDelta {
    // Durations of telemetry are far below the 292,000 years at which this saturates.
    #[allow(clippy::cast_possible_truncation)]
    TimeDelta::microseconds((seconds * 1e6).round() as i64)
}

/// Seconds of a time span.
pub fn to_seconds(span: TimeDelta) -> f64 {
    span.as_seconds_f64()
}

impl Facts {
    /// Derives them from the sections of the first request. A section that can't be read is not known; the others stay.
    pub fn read(window: Window, profile: &Settings, sections: &BTreeMap<String, Section>) -> Self {
        derive::facts(window, profile, sections)
    }

    /// Reads what there is whatever the filters.
    pub fn read_filters(&mut self, sections: &BTreeMap<String, Section>) {
        let read = read::evidence(sections, "filters", |row| {
            Ok((
                row.count("records_unfiltered")?,
                row.maybe_text("environments")?,
                row.maybe_text("services")?,
            ))
        });
        for (bounds, (records, environments, services)) in self.bounds.rows.iter_mut().zip(read.rows) {
            bounds.records_unfiltered = records;
            bounds.environments = environments;
            bounds.services = services;
        }
    }

    /// All runs of a service as one, for where nothing cuts them.
    pub fn joined_runs(&self) -> Vec<Run> {
        if self.whole_runs.is_empty() {
            derive::joined_runs(&self.runs.rows)
        } else {
            self.whole_runs.clone()
        }
    }

    /// What could not be learned or is doubtful, by section.
    pub fn not_known(&self) -> Vec<NotKnown> {
        let sections = [
            ("bounds", &self.bounds.not_known),
            ("processes", &self.processes.not_known),
            ("lifecycle", &self.lifecycle.not_known),
            ("runs", &self.runs.not_known),
            ("earlier", &self.earlier.not_known),
            ("traffic", &self.traffic.not_known),
            ("gaps", &self.gaps.not_known),
            ("hangs", &self.hangs.not_known),
            ("errors", &self.errors.not_known),
            ("checkouts", &self.checkouts.not_known),
            ("work", &self.work.not_known),
            ("database", &self.database),
        ];
        missing(&sections).chain(self.doubts.iter().cloned()).collect()
    }

    /// The same for some of the sections: what a command did not ask for it does not miss.
    pub fn not_known_of(&self, sections: &[&str]) -> Vec<NotKnown> {
        let asked = |part: &NotKnown| sections.contains(&part.section.as_str()) || self.doubts.contains(part);
        self.not_known().into_iter().filter(asked).collect()
    }
}

#[cfg(test)]
impl Facts {
    /// Everything is known, and nothing was recorded.
    pub(crate) fn empty(window: Window) -> Self {
        fn known<T>() -> Evidence<T> {
            Evidence {
                rows: Vec::new(),
                not_known: None,
            }
        }
        Self {
            window,
            bounds: known(),
            processes: known(),
            lifecycle: known(),
            runs: known(),
            earlier: known(),
            answered: Vec::new(),
            traffic: known(),
            gaps: known(),
            hangs: known(),
            long: Vec::new(),
            errors: known(),
            checkouts: known(),
            work: known(),
            database: None,
            names: Names::default(),
            cuts: Cuts::default(),
            whole_runs: Vec::new(),
            doubts: Vec::new(),
        }
    }
}
