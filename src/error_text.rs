//! What a database client's error message means: its class by the structure of the text, and the attempts it lists.
//! Pure: it knows no records and no settings.

mod attempts;
mod rules;

pub use attempts::{Attempt, attempts};

use serde::Serialize;

use crate::signature::FailureMode;

/// What an error says about the way to the database (contract.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The client's pool had no connection in time.
    PoolExhausted,
    /// The server, or a pooler before it, takes no more connections.
    ServerSlotsFull,
    /// A pooler let the client wait too long.
    PoolerTimeout,
    /// A pooler cannot reach the server behind it.
    PoolerBackendDown,
    /// A connection that was open is dead.
    StaleConnection,
    /// A new connection had no answer in time.
    ConnectTimeout,
    /// A new connection was turned away at once.
    ConnectRefused,
    /// The name of the database does not resolve.
    Dns,
    /// A connection was not given back.
    Leak,
    /// The client uses a connection in a way that cannot work.
    Misuse,
}

impl ErrorClass {
    /// Every class, in the contract's order.
    pub const ALL: [Self; 10] = [
        Self::PoolExhausted,
        Self::ServerSlotsFull,
        Self::PoolerTimeout,
        Self::PoolerBackendDown,
        Self::StaleConnection,
        Self::ConnectTimeout,
        Self::ConnectRefused,
        Self::Dns,
        Self::Leak,
        Self::Misuse,
    ];

    /// As scripts see it.
    pub fn id(self) -> &'static str {
        match self {
            Self::PoolExhausted => "pool_exhausted",
            Self::ServerSlotsFull => "server_slots_full",
            Self::PoolerTimeout => "pooler_timeout",
            Self::PoolerBackendDown => "pooler_backend_down",
            Self::StaleConnection => "stale_connection",
            Self::ConnectTimeout => "connect_timeout",
            Self::ConnectRefused => "connect_refused",
            Self::Dns => "dns",
            Self::Leak => "leak",
            Self::Misuse => "misuse",
        }
    }

    /// What it means, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::PoolExhausted => {
                "the client's own pool had no free connection within its timeout; a symptom, not a cause"
            }
            Self::ServerSlotsFull => "the server (or the pooler before it) takes no more connections",
            Self::PoolerTimeout => "the pooler between client and server let the client wait too long",
            Self::PoolerBackendDown => "the pooler answers, and the server behind it does not",
            Self::StaleConnection => {
                "a connection that was open had been cut by the other side or by something between"
            }
            Self::ConnectTimeout => "a new connection got no answer in time: neither accepted nor refused",
            Self::ConnectRefused => "a new connection was turned away at once: nothing accepts connections there",
            Self::Dns => "the name of the database does not resolve",
            Self::Leak => "a connection was never given back to its pool",
            Self::Misuse => "the application uses a connection in a way that cannot work",
        }
    }

    /// The failure modes that show this error, likeliest first.
    pub fn failure_modes(self) -> &'static [FailureMode] {
        use FailureMode as F;
        match self {
            Self::PoolExhausted => &[
                F::PartialConnectHang,
                F::LockContention,
                F::ConnectionLeak,
                F::ColdStart,
                F::ListenerHang,
                F::PoolExhausted,
            ],
            Self::ServerSlotsFull => &[F::ConnectionLeak, F::DatabaseDown, F::PoolExhausted],
            Self::PoolerTimeout => &[F::SlowDatabase, F::LockContention, F::ColdStart, F::DatabaseUnreachable],
            Self::PoolerBackendDown => &[F::DatabaseDown, F::ColdStart],
            Self::StaleConnection => &[F::DatabaseDown, F::PartialConnectHang, F::ColdStart],
            Self::ConnectTimeout => &[F::PartialConnectHang, F::DatabaseUnreachable, F::ColdStart],
            Self::ConnectRefused => &[F::DatabaseDown],
            Self::Dns => &[F::DnsFailure],
            Self::Leak => &[F::ConnectionLeak],
            Self::Misuse => &[],
        }
    }

    /// What to look at next, one thing a line.
    pub fn next(self) -> &'static [&'static str] {
        match self {
            Self::PoolExhausted => &[
                "who holds the pool: `relay-diag stuck` (hanging connects, hanging statements, or nobody: a leak)",
                "a larger pool or timeout only delays it until what holds the connections is known",
            ],
            Self::ServerSlotsFull => &[
                "pool size + overflow, times processes, against the server's max_connections",
                "sessions on the server: SELECT state, count(*) FROM pg_stat_activity GROUP BY 1",
            ],
            Self::PoolerTimeout => {
                &["the pooler's SHOW POOLS (cl_waiting, maxwait) and the server's longest transactions"]
            }
            Self::PoolerBackendDown => &["whether the server runs and lets the pooler in; the pooler's own log"],
            Self::StaleConnection => &[
                "whether it comes in one burst (restart, failover, scale to zero) or after idle times (a cut by a NAT or proxy)",
                "pre-ping on, and a recycle time below the shortest idle limit on the way",
            ],
            Self::ConnectTimeout => &[
                "how many addresses were tried, and which: `relay-diag explain --error` lists them; attempts x timeout is the hang",
                "whether other connects succeeded in the same minutes: `relay-diag diagnose`",
                "a connect_timeout that is set, since the driver's own is long (psycopg: 130 s an address)",
            ],
            Self::ConnectRefused => {
                &["whether the server runs and listens on that host and port; its start and failover log"]
            }
            Self::Dns => {
                &["the resolver of the instance concerned, and whether the name exists (endpoint deleted or renamed?)"]
            }
            Self::Leak => &[
                "the code path of the route that checks out and does not close: sessions outside of `with`, cancelled tasks",
            ],
            Self::Misuse => &["the first error of the same session or task: this one is what follows from it"],
        }
    }
}

/// The class of a message; `None` = it says nothing about the way to the database.
pub fn classify(text: &str) -> Option<ErrorClass> {
    let own = rules::class_of(text);
    // A list of attempts can end on one cause and consist of another: most decide.
    let listed: Vec<ErrorClass> = attempts(text)
        .iter()
        .filter_map(|attempt| rules::class_of(attempt.cause.as_deref()?))
        .collect();
    let most = |class: ErrorClass| listed.iter().filter(|other| **other == class).count();
    match own {
        Some(ErrorClass::ConnectRefused | ErrorClass::ConnectTimeout) => listed
            .iter()
            .copied()
            .max_by_key(|class| (most(*class), *class == ErrorClass::ConnectTimeout))
            .or(own),
        _ => own.or_else(|| listed.first().copied()),
    }
}

/// Size and overflow of the pool that an error says is empty, as far as its text has them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolLimits {
    /// Connections that are kept.
    pub size: u64,
    /// Those beyond that.
    pub overflow: u64,
    /// How long a checkout waits, seconds.
    pub timeout_s: Option<f64>,
}

impl PoolLimits {
    /// All connections that there can be.
    pub fn capacity(&self) -> u64 {
        self.size + self.overflow
    }
}

/// The limits that a pool's error names.
pub fn pool_limits(text: &str) -> Option<PoolLimits> {
    rules::pool_limits(text)
}
