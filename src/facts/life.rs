//! What `verify` looks at of each process: what it said of itself in the lookback, what it did in the window.

use chrono::{DateTime, Utc};

/// One life of an instance: what it said of itself in the lookback, what it did in the window.
#[derive(Debug, Clone)]
pub struct Life {
    /// The machine.
    pub instance: String,
    /// The process.
    pub process: String,
    /// What it serves.
    pub service: String,
    /// False for what a process of the same name did before it was started again.
    pub newest: bool,
    /// The start of its first record.
    pub first_at: DateTime<Utc>,
    /// The end of its last record.
    pub last_at: DateTime<Utc>,
    /// The line that says that it starts.
    pub started_line_at: Option<DateTime<Utc>>,
    /// The line that says that it goes.
    pub stopping_at: Option<DateTime<Utc>>,
    /// Start lines within the profile's `starts_within`.
    pub starting_lines: u64,
    /// Seconds in which anything began.
    pub active_seconds: u64,
    /// When its listener last connected.
    pub connected_at: Option<DateTime<Utc>>,
    /// The first and the last sign of trouble since.
    pub trouble: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// How many signs those are.
    pub trouble_lines: u64,
    /// Requests of the lookback and the window, their pending rows included.
    pub served: u64,
    /// Requests that ended in the window, health checks left out.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that did not, as many as statements of the process succeeded beside them.
    pub with_database: u64,
    /// Health checks that ended in the window.
    pub health_requests: u64,
    /// Finished statements.
    pub statements: u64,
    /// How long they took; `None` = there were none.
    pub statement_times: Option<StatementTimes>,
    /// Failed requests, and other failures that nothing stands above.
    pub error_spans: u64,
    /// Error logs that nothing stands above and that are not the listener's.
    pub error_logs: u64,
    /// Outgoing calls that were answered with 400 to 499.
    pub refused_calls: u64,
    /// The listener's error logs.
    pub listener_errors: u64,
    /// Those of them since it last connected.
    pub listener_errors_open: u64,
    /// The trace of an error.
    pub error_trace_id: Option<String>,
    /// The first line of an error.
    pub error: Option<String>,
}

/// How long finished statements took, seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatementTimes {
    /// Median.
    pub p50_s: f64,
    /// 95th percentile.
    pub p95_s: f64,
    /// The longest.
    pub max_s: f64,
}
