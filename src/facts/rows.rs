//! The rows of the first request as they came, typed; `parse` names their columns. Judges nothing.

mod layers;
mod parse;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::read::evidence;
use super::who::Names;
use super::{Evidence, LineKind, Role, Spread};
use crate::profile::Settings;
use crate::query::Section;
use crate::window::Window;
use parse::{cell, open, process, trouble, whole};

/// Buckets of a window: enough to see half a minute in an hour, few enough to fetch.
pub const BUCKETS: i64 = 120;
/// Buckets of the lookback: a minute each, if it is an hour.
const EARLIER_BUCKETS: i64 = 60;
/// Slots of a bucket in which activity shows: as many as bits of a number, and seconds in a window of two hours.
const SLOTS: i64 = 60;

/// A request that takes longer than this share of a hang is no brief one.
const LASTING_SHARE: f64 = 0.1;

/// What takes longer lasts: a hang is ten times as long, and out of all proportion to what is brief.
pub fn lasting_s(profile: &Settings) -> f64 {
    super::to_seconds(profile.hang_after) * LASTING_SHARE
}

/// How time is cut: what the queries count by, and what their answers are read with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// A bucket of the window, seconds.
    pub bucket_s: i64,
    /// A bucket of the lookback, seconds.
    pub earlier_bucket_s: i64,
    /// A slot of a bucket of the window, seconds.
    pub slot_s: i64,
}

impl Grid {
    /// For a window and the time that is looked back from it.
    pub fn new(window: Window, lookback: TimeDelta) -> Self {
        let bucket_s = window.length().num_seconds() / BUCKETS + 1;
        Self {
            bucket_s,
            earlier_bucket_s: lookback.num_seconds() / EARLIER_BUCKETS + 1,
            slot_s: (bucket_s + SLOTS - 1) / SLOTS,
        }
    }

    /// The bucket of the window that an instant lies in.
    pub fn bucket_of(&self, at: DateTime<Utc>) -> i64 {
        at.timestamp().div_euclid(self.bucket_s)
    }

    /// Where a bucket of the window begins.
    pub fn begin(&self, bucket: i64) -> DateTime<Utc> {
        at_us(bucket * self.bucket_s * 1_000_000)
    }

    /// Where the active slots of a bucket of the window begin.
    pub fn active(&self, bucket: i64, slots: u64) -> impl Iterator<Item = DateTime<Utc>> {
        let (begin, slot_s) = (self.begin(bucket), self.slot_s);
        let set = (0..SLOTS).filter(move |slot| slots >> slot & 1 == 1);
        set.map(move |slot| begin + TimeDelta::seconds(slot * slot_s))
    }
}

/// Microseconds since 1970 as an instant.
pub(super) fn at_us(us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(us).unwrap_or_default()
}

/// What a cell of `traffic` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Requests, health checks left out.
    Request,
    /// Requests that queued work.
    Queue,
    /// Checkouts.
    Connect,
    /// Statements.
    Statement,
    /// Statements as their driver records them; `layers` says which of both count.
    Driver,
    /// Runs of queued work.
    Run,
    /// Logs of the listener's trouble.
    Listener,
    /// Anything else.
    Other,
}

impl What {
    /// Whether it serves a request.
    pub fn is_request(self) -> bool {
        matches!(self, Self::Request | Self::Queue)
    }

    /// Whether it asks something of the database, or leads to that.
    pub fn asks(self) -> bool {
        matches!(self, Self::Request | Self::Queue | Self::Connect | Self::Statement)
    }
}

/// How the operations of a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Rows that tell of a start only, and logs.
    Begun,
    /// With an error.
    Failed,
    /// Well, after longer than a hang.
    Hung,
    /// Well and at once.
    Prompt,
    /// Well.
    Ok,
}

/// Operations of one kind and outcome of a service in a bucket of time.
#[derive(Debug, Clone)]
pub struct Cell {
    pub service: String,
    pub in_window: bool,
    pub bucket: i64,
    pub what: What,
    pub outcome: Outcome,
    pub count: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    /// A bit for each slot in which one began.
    pub active: u64,
    pub spread: Option<Spread>,
    pub p50_s: Option<f64>,
    pub slow: u64,
    pub slow_between: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The route, if it was one only.
    pub route: Option<String>,
    /// The `service_instance_id`, if it was one only.
    pub process: Option<String>,
    pub trace_id: String,
}

/// Statements of a process in a bucket of time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// Those that began in it.
    pub begun: u64,
    /// Of what ended in the window.
    pub ended: u64,
    /// Those that did not fail.
    pub answered: u64,
}

/// What a process did in a bucket of time.
#[derive(Debug, Clone, Copy)]
pub struct Activity {
    pub in_window: bool,
    pub bucket: i64,
    pub active: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub end_at: DateTime<Utc>,
    pub records: u64,
    pub statements: Asked,
    /// The same as their driver records them.
    pub driver: Asked,
    /// Of what ended in the window.
    pub requests: u64,
    pub failed: u64,
    pub health: u64,
    /// Failures of what nothing stands above, and of requests.
    pub error_spans: u64,
    pub error_logs: u64,
    /// Failures of what stands below something else.
    pub error_parts: u64,
    /// Outgoing calls that were answered with 400 to 499.
    pub refused: u64,
}

/// Lines of one kind of a process in a bucket of time.
#[derive(Debug, Clone)]
pub struct Said {
    pub kind: LineKind,
    pub lines: u64,
    pub failures: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub trace_id: Option<String>,
}

/// Successes of a route in a process.
#[derive(Debug, Clone)]
pub struct Served {
    pub route: String,
    pub count: u64,
    /// Those that took longer than [`lasting_s`].
    pub lasted: u64,
    /// What the others took together, seconds.
    pub brief_s: f64,
    pub last_at: DateTime<Utc>,
}

/// One life of an instance, with what it did and said.
#[derive(Debug, Clone)]
pub struct ProcessRow {
    pub instance: String,
    pub process: String,
    pub service: String,
    /// The attribute that names its machine; `None` = no machine is recorded.
    pub machine_by: Option<String>,
    pub service_version: Option<String>,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub records: u64,
    pub served: u64,
    /// The first request or checkout that began in the window.
    pub asked_at: Option<DateTime<Utc>>,
    /// Whether checkouts are recorded of it.
    pub has_connects: bool,
    /// Whether statements are, by whatever layer.
    pub has_statements: bool,
    /// Median, 95th percentile and longest of the statements that ended in the window.
    pub statements_s: Option<(f64, f64, f64)>,
    /// The same as their driver records them.
    pub driver_s: Option<(f64, f64, f64)>,
    pub in_vain: u64,
    pub dry: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub pool_timeout_at: Option<DateTime<Utc>>,
    pub error_trace_id: Option<String>,
    pub error: Option<String>,
    pub activity: Vec<Activity>,
    pub lines: Vec<Said>,
    pub routes: Vec<Served>,
}

/// An operation without an end.
#[derive(Debug, Clone)]
pub struct Open {
    pub trace_id: String,
    pub span_id: String,
    pub span_name: String,
    pub role: Role,
    pub health: bool,
    /// It is a driver's record of a statement.
    pub driver: bool,
    pub started_at: DateTime<Utc>,
    pub service: String,
    pub instance: String,
    pub process: String,
}

/// A finished operation that took long.
#[derive(Debug, Clone)]
pub struct Long {
    pub span: Open,
    pub duration_s: f64,
    pub failed: bool,
    pub error: Option<String>,
}

/// Failures with one template in a bucket of time, or one trace in which something hung.
#[derive(Debug, Clone)]
pub struct Trouble {
    pub service: String,
    /// `None` = nothing failed.
    pub template: Option<String>,
    pub sample: String,
    pub requests: bool,
    pub in_connect: bool,
    /// What failed stands below something that did not fail as far as is known.
    pub survived: bool,
    pub traces: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub last_ended_at: DateTime<Utc>,
    /// Seconds, to 0.1 ms.
    pub took_s: Vec<f64>,
    pub route: Option<String>,
    pub instances: Vec<String>,
    pub trace_id: String,
    pub long: Vec<Long>,
}

/// All of the first request.
#[derive(Debug, Clone)]
pub struct Rows {
    /// By service, kind and bucket.
    pub traffic: Evidence<Cell>,
    /// One a process.
    pub processes: Evidence<ProcessRow>,
    /// Without an end.
    pub unfinished: Evidence<Open>,
    /// Failed, or long.
    pub trouble: Evidence<Trouble>,
    /// How instances without a machine are called.
    pub names: Names,
}

impl Rows {
    /// The sections of the request.
    pub const SECTIONS: [&'static str; 4] = ["traffic", "processes", "unfinished", "trouble"];
    /// Those of them that tell what hangs.
    pub const OF_HANGS: [&'static str; 3] = ["processes", "unfinished", "trouble"];

    /// Reads them. A section that can't be read is not known; the others stay.
    pub fn read(sections: &BTreeMap<String, Section>, profile: &Settings) -> Self {
        let mut processes = whole(evidence(sections, "processes", process));
        let mut unfinished = evidence(sections, "unfinished", open);
        let mut trouble = evidence(sections, "trouble", trouble);
        let names = Names::new(&processes.rows, &profile.app.instance_attribute);
        names.rename(&mut processes.rows, &mut unfinished.rows, &mut trouble.rows);
        Self {
            traffic: layers::of_services(evidence(sections, "traffic", cell)),
            processes: layers::of_processes(processes),
            unfinished,
            trouble,
            names,
        }
    }
}
