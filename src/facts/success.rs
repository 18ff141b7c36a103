//! What went well: runs of success, and traffic by time bucket.

use chrono::{DateTime, Utc};

use super::Spread;

/// Successful spans of one kind in a run.
#[derive(Debug, Clone)]
pub struct Successes {
    /// How many.
    pub count: u64,
    /// The start of the first.
    pub first_at: DateTime<Utc>,
    /// The start of the last.
    pub last_at: DateTime<Utc>,
    /// How long they took.
    pub spread: Spread,
}

impl Successes {
    /// Both as one, without percentiles.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            count: self.count + other.count,
            first_at: self.first_at.min(other.first_at),
            last_at: self.last_at.max(other.last_at),
            spread: self.spread.and(other.spread),
        }
    }
}

/// What succeeded between one notable start and the next.
#[derive(Debug, Clone)]
pub struct Run {
    /// What it belongs to.
    pub service: String,
    /// Checkouts.
    pub connects: Option<Successes>,
    /// The median checkout, seconds.
    pub connects_p50_s: Option<f64>,
    /// Requests.
    pub requests: Option<Successes>,
    /// The median request, seconds; `None` where it is not known exactly.
    pub requests_p50_s: Option<f64>,
    /// The route, if it was one only.
    pub route: Option<String>,
    /// The instance, if it was one only.
    pub instance: Option<String>,
    /// The trace of one of them.
    pub trace_id: Option<String>,
}

impl Run {
    /// The start of its first span.
    pub fn first_at(&self) -> Option<DateTime<Utc>> {
        let starts = [&self.connects, &self.requests];
        starts.into_iter().flatten().map(|some| some.first_at).min()
    }
}

/// Traffic in a bucket of time.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Where it begins.
    pub at: DateTime<Utc>,
    /// Whose it is: each service has buckets of its own.
    pub service: String,
    /// The median statement of the service in the lookback, seconds.
    pub usual_before_s: Option<f64>,
    /// Requests that began in it, health checks left out.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// The median of requests that succeeded, seconds.
    pub requests_p50_s: Option<f64>,
    /// Their 95th percentile, seconds.
    pub requests_p95_s: Option<f64>,
    /// Finished statements.
    pub statements: u64,
    /// Those that were slow and did not hang.
    pub statements_slow: u64,
    /// How long statements took.
    pub statements_spread: Option<Spread>,
    /// Their median, seconds.
    pub statements_p50_s: Option<f64>,
    /// The first and the last slow one.
    pub slow_between: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The trace of a slow one.
    pub trace_id: Option<String>,
}
