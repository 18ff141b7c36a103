//! The names of failure modes and findings (contract.md). Nothing about how they are told apart.

use serde::Serialize;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureMode {
    /// New connections hang while others succeed.
    PartialConnectHang,
    /// A sleeping database wakes up.
    ColdStart,
    /// The listener's attempt to connect has no end.
    ListenerHang,
    /// Statements wait on each other.
    LockContention,
    /// Connections are never given back.
    ConnectionLeak,
    /// Every statement is slow.
    SlowDatabase,
    /// Connects are refused.
    DatabaseDown,
    /// Connects get no answer at all.
    DatabaseUnreachable,
    /// The name does not resolve.
    DnsFailure,
    /// The pool is empty, and no more is known.
    PoolExhausted,
    /// A process starts again and again.
    CrashLoop,
    /// An instance no longer emits.
    InstanceSilent,
    /// Work is queued and not run.
    WorkerSilent,
}

impl FailureMode {
    /// As the contract spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::PartialConnectHang => "partial-connect-hang",
            Self::ColdStart => "cold-start",
            Self::ListenerHang => "listener-hang",
            Self::LockContention => "lock-contention",
            Self::ConnectionLeak => "connection-leak",
            Self::SlowDatabase => "slow-database",
            Self::DatabaseDown => "database-down",
            Self::DatabaseUnreachable => "database-unreachable",
            Self::DnsFailure => "dns-failure",
            Self::PoolExhausted => "pool-exhausted",
            Self::CrashLoop => "crash-loop",
            Self::InstanceSilent => "instance-silent",
            Self::WorkerSilent => "worker-silent",
        }
    }
}

/// What is no incident, and worth a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Another version runs.
    Deploy,
    /// A process was replaced.
    Restart,
    /// Nobody asked for anything.
    TrafficLull,
    /// Nothing of note.
    Healthy,
}

impl Finding {
    /// As the contract spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Restart => "restart",
            Self::TrafficLull => "traffic-lull",
            Self::Healthy => "healthy",
        }
    }
}
