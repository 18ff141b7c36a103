//! Facts about who used up the pool, and about work that is queued and run.

use chrono::{DateTime, Utc};

/// What a route had been served in a process that ran out of connections, or beside one.
#[derive(Debug, Clone)]
pub struct RouteOfProcess {
    /// The machine.
    pub instance: String,
    /// The life of it.
    pub process: String,
    /// Method and route; `None` = nothing was served.
    pub route: Option<String>,
    /// From the first checkout that waited in vain to the end of the last; `None` = it never ran dry.
    pub dry: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Checkouts of the process that waited in vain.
    pub in_vain: u64,
    /// Requests of the route that had a connection and did not fail.
    pub served: u64,
    /// Those before it ran dry.
    pub served_before: u64,
    /// Statements of the whole process while it was dry.
    pub statements_meanwhile: u64,
}

/// Work queued and run in the window.
#[derive(Debug, Clone)]
pub struct Work {
    /// Queued in the window.
    pub queued: u64,
    /// Queued after the last run.
    pub queued_since_run: u64,
    /// The first of those.
    pub queued_first_at: Option<DateTime<Utc>>,
    /// The last that was queued.
    pub queued_last_at: Option<DateTime<Utc>>,
    /// Runs in the lookback before the window.
    pub run_before: u64,
    /// Runs in the window.
    pub run: u64,
    /// The last run, lookback included.
    pub run_last_at: Option<DateTime<Utc>>,
    /// The trace of one that was queued and not run.
    pub trace_id: Option<String>,
}
