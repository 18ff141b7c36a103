//! One row of a timeline, and the closed list of what a row can be about.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use crate::report::Severity;

/// What an entry is about (docs/contract.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(transform = crate::schema::grows)]
#[allow(missing_docs)] // the names are the contract's
pub enum EntryKind {
    InstanceStopped,
    InstanceStarted,
    Deploy,
    ListenerConnected,
    ListenerLost,
    ListenerReconnectFailed,
    HeartbeatTimeout,
    Gap,
    RequestHangs,
    ConnectHangs,
    ConnectsSucceed,
    RequestsSucceed,
    ConnectsFail,
    PoolExhausted,
    RequestsFail,
    StatementsSlow,
    Errors,
}

impl EntryKind {
    /// Whether it is about the queue listener, on which requests do not depend.
    pub fn is_listener(self) -> bool {
        matches!(
            self,
            Self::ListenerConnected | Self::ListenerLost | Self::ListenerReconnectFailed | Self::HeartbeatTimeout
        )
    }

    /// Whether it is the start of a process.
    pub fn is_start(self) -> bool {
        matches!(self, Self::InstanceStarted | Self::Deploy)
    }

    /// Whether the table shows from when to when; an episode is shown by its first sign.
    pub fn shows_range(self) -> bool {
        matches!(
            self,
            Self::Gap
                | Self::ConnectsSucceed
                | Self::RequestsSucceed
                | Self::ConnectsFail
                | Self::PoolExhausted
                | Self::RequestsFail
                | Self::StatementsSlow
                | Self::Errors
        )
    }
}

/// Where the text in the duration column is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DurationOrigin {
    /// Measured: the records hold it.
    Records,
    /// Configured: the profile says so, no record does.
    Profile,
}

/// One row of a timeline.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When it began.
    pub start: DateTime<Utc>,
    /// When it ended; `None` for a point and for what still goes on.
    pub end: Option<DateTime<Utc>>,
    /// What it is about.
    pub kind: EntryKind,
    /// The text of the event column; may hold telemetry text.
    pub event: String,
    /// The text of the duration column.
    pub duration: String,
    /// Where that text is from.
    pub duration_origin: DurationOrigin,
    /// Shortest and longest, seconds.
    pub duration_s: Option<(f64, f64)>,
    /// How many records, requests or attempts the row stands for.
    pub count: u64,
    /// How bad it is.
    pub severity: Severity,
    /// Success beside an open hang.
    pub emphasis: bool,
    /// It still goes on at the end of the window.
    pub in_progress: bool,
    /// The instances concerned, where known.
    pub instances: Vec<String>,
    /// Some of its traces.
    pub trace_ids: Vec<String>,
}

impl Entry {
    /// A point in time with no duration.
    pub fn new(start: DateTime<Utc>, kind: EntryKind, event: impl Into<String>, severity: Severity) -> Self {
        Self {
            start,
            end: None,
            kind,
            event: event.into(),
            duration: String::from("-"),
            duration_origin: DurationOrigin::Records,
            duration_s: None,
            count: 1,
            severity,
            emphasis: false,
            in_progress: false,
            instances: Vec::new(),
            trace_ids: Vec::new(),
        }
    }

    /// The last instant it covers.
    pub fn last(&self) -> DateTime<Utc> {
        self.end.unwrap_or(self.start)
    }

    /// Time order; at the same instant by kind, then by text, so that the order of input rows never shows.
    pub fn in_time(&self, other: &Self) -> Ordering {
        (self.start, self.kind, &self.event, &self.trace_ids).cmp(&(
            other.start,
            other.kind,
            &other.event,
            &other.trace_ids,
        ))
    }
}
