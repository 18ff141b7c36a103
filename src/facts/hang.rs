//! What hung or is in flight: one type for every command. Names no column; `read` fills it.

use chrono::{DateTime, Utc};

use super::{seconds, to_seconds};

/// What a span does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It serves a request.
    Request,
    /// It takes a connection from the pool.
    Connect,
    /// It runs SQL.
    Statement,
    /// It calls another service.
    External,
}

/// What a request waits for, or waited for the longest: a span below it, at any depth. Of the database all that it waited
/// for it, taken together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wait {
    /// What it does.
    pub role: Role,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Seconds; `None` = it has no end.
    pub duration_s: Option<f64>,
    /// The longest single wait, seconds; `None` = it has no end.
    pub longest_s: Option<f64>,
}

impl Wait {
    /// One that is a single span.
    pub fn single(role: Role, started_at: DateTime<Utc>, duration_s: Option<f64>) -> Self {
        Self {
            role,
            started_at,
            duration_s,
            longest_s: duration_s,
        }
    }
}

/// How a hang ended, as far as the records tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// It ended after so many seconds.
    Ended {
        /// Seconds.
        duration_s: f64,
        /// With an error.
        failed: bool,
    },
    /// A later sign of its instance proves that its process died, at that time at the latest.
    Died(DateTime<Utc>),
    /// No record tells of an end.
    InFlight,
}

impl Role {
    /// Whether it asks the database, or for a connection to it.
    pub fn is_database(self) -> bool {
        matches!(self, Self::Connect | Self::Statement)
    }
}

/// Why a request lasts long that does not hang.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nature {
    /// The profile says so.
    Named,
    /// It is a WebSocket.
    WebSocket,
    /// It waits on a call to another service or to a model.
    Call,
    /// So many of the requests of its route that succeeded lasted, of so many.
    Route {
        /// Those that lasted.
        lasted: u64,
        /// All.
        count: u64,
    },
    /// No record tells.
    Unknown,
}

/// A request that lasts long and has no reason to be called a hang.
#[derive(Debug, Clone)]
pub struct Long {
    /// The request.
    pub request: Hang,
    /// Why it lasts.
    pub nature: Nature,
    /// The call to another service or to a model that it waits on, or waited on most of its time.
    pub call: Option<String>,
}

/// A request (or a database operation without one) that lasted too long, is in flight, or has no end.
#[derive(Debug, Clone)]
pub struct Hang {
    /// Its trace.
    pub trace_id: String,
    /// Its span.
    pub span_id: String,
    /// Method and route, or the operation.
    pub span_name: String,
    /// What it does.
    pub role: Role,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How it ended.
    pub fate: Fate,
    /// What it asked.
    pub service: String,
    /// The machine.
    pub instance: String,
    /// The life of it.
    pub process: String,
    /// Its error, or that of what it waited for; the whole text.
    pub error: Option<String>,
    /// How many addresses the driver tried, by its error.
    pub addresses: u64,
    /// What it waits for; `None` = no record tells.
    pub wait: Option<Wait>,
    /// Its error is that of a pool that had no connection to give.
    pub pool_timed_out: bool,
    /// When a checkout of its process last gave up waiting for the pool.
    pub pool_timeout_at: Option<DateTime<Utc>>,
    /// The end of the last record of its process.
    pub process_last_at: Option<DateTime<Utc>>,
}

impl Hang {
    /// Whether it is a request; else a database operation that stands alone.
    pub fn is_request(&self) -> bool {
        self.role == Role::Request
    }

    /// Whether no record tells of an end and nothing proves that its process died.
    pub fn in_flight(&self) -> bool {
        self.fate == Fate::InFlight
    }

    /// How long it took by its own record, seconds; `None` = it has no end of its own.
    pub fn duration_s(&self) -> Option<f64> {
        match self.fate {
            Fate::Ended { duration_s, .. } => Some(duration_s),
            Fate::Died(_) | Fate::InFlight => None,
        }
    }

    /// Whether it ended with an error.
    pub fn failed(&self) -> bool {
        matches!(self.fate, Fate::Ended { failed: true, .. })
    }

    /// When its process is proven dead, if it died with it.
    pub fn died_at(&self) -> Option<DateTime<Utc>> {
        match self.fate {
            Fate::Died(at) => Some(at),
            Fate::Ended { .. } | Fate::InFlight => None,
        }
    }

    /// When it ended; `None` = no record tells.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        match self.fate {
            Fate::Ended { duration_s, .. } => Some(self.started_at + seconds(duration_s)),
            Fate::Died(at) => Some(at),
            Fate::InFlight => None,
        }
    }

    /// When it began to wait on its database, if it does; else when it began.
    pub fn waits_from(&self) -> DateTime<Utc> {
        let wait = self.wait.filter(|wait| wait.role.is_database());
        wait.map_or(self.started_at, |wait| wait.started_at)
    }

    /// How long it lasted, or has lasted at `now`; seconds.
    pub fn length_s(&self, now: DateTime<Utc>) -> f64 {
        self.duration_s()
            .unwrap_or_else(|| to_seconds(self.ended_at().unwrap_or(now) - self.started_at))
    }
}
