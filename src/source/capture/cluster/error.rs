//! Why workers gave no answer.

use std::time::Duration;

use datafusion::error::DataFusionError;

use crate::words;

/// Begins what is said of a worker, also where another worker says it.
const OF_A_WORKER: &str = "the worker ";

/// Why workers gave no answer. Each names the worker; [`WorkerError::hint`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkerError {
    /// No `host:port`.
    #[error("`{text}` is no address of a worker")]
    Address {
        /// As it was written.
        text: String,
    },
    /// A deadline beyond what the engine bears.
    #[error("workers_deadline is more than {}", words::duration(.most.as_secs_f64()))]
    Patience {
        /// What it bears.
        most: Duration,
    },
    /// Another machine, and no certificates.
    #[error("{address} is reached over a network, and no certificates are set")]
    Unprotected {
        /// Whose.
        address: String,
    },
    /// Certificates that can't be used.
    #[error("cannot use the certificates: {why}")]
    Certificates {
        /// The file and the cause.
        why: String,
    },
    /// A worker can't listen.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// Where.
        address: String,
        /// The cause.
        why: String,
    },
    /// Nobody is there, or somebody else.
    #[error("{OF_A_WORKER}{address} does not answer: {why}")]
    Unreachable {
        /// Whose.
        address: String,
        /// The cause.
        why: String,
    },
    /// It is another program.
    #[error("{OF_A_WORKER}{address} is {theirs}, and this is {ours}")]
    Version {
        /// Whose.
        address: String,
        /// What it says it is.
        theirs: String,
        /// What this is.
        ours: String,
    },
    /// It was there, and then was not.
    #[error("{OF_A_WORKER}{address} was lost while it worked: {why}")]
    Lost {
        /// Whose.
        address: String,
        /// The cause.
        why: String,
    },
    /// It says why it can't.
    #[error("{OF_A_WORKER}{address} could not do its part: {why}")]
    Failed {
        /// Whose.
        address: String,
        /// Its words.
        why: String,
    },
    /// What one worker says of another.
    #[error("{0}")]
    Told(String),
    /// Time is over.
    #[error("the workers did not finish within {}", words::duration(.after.as_secs_f64()))]
    Late {
        /// What they had.
        after: Duration,
    },
}

impl From<WorkerError> for DataFusionError {
    /// As it passes through the engine.
    fn from(error: WorkerError) -> Self {
        Self::External(Box::new(error))
    }
}

impl WorkerError {
    /// What a worker says in its own words: of itself, or of another.
    pub(super) fn failed(address: &str, why: &str) -> Self {
        match why.find(OF_A_WORKER) {
            Some(at) => Self::Told(why[at..].to_owned()),
            None => Self::Failed {
                address: address.to_owned(),
                why: why.to_owned(),
            },
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Address { .. } => "a worker is host:port, as in workers = [\"10.0.0.2:7070\"]",
            Self::Patience { .. } => "ask about shorter windows, or set more workers",
            Self::Unprotected { .. } | Self::Certificates { .. } => {
                "workers have no other protection: set worker_tls.ca, worker_tls.certificate and worker_tls.key (PEM files) \
                 on every machine, or use 127.0.0.1; see docs/scale.md"
            }
            Self::Listen { .. } => "choose another --listen",
            Self::Unreachable { .. } => {
                "start it (`relay-diag worker`), take it out of `workers`, or let this machine do the work: \
                 RELAY_DIAG_WORKERS= relay-diag …"
            }
            Self::Version { .. } => "install the same release on all machines",
            Self::Lost { .. } | Self::Failed { .. } | Self::Told(_) => {
                "nothing of the answer is used; ask again, or let this machine do the work: RELAY_DIAG_WORKERS= relay-diag …"
            }
            Self::Late { .. } => {
                "ask for a shorter window (--since, or --from and --to), add workers, or give them longer: workers_deadline"
            }
        }
    }

    /// A short stable word for scripts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address { .. } | Self::Patience { .. } | Self::Unprotected { .. } | Self::Certificates { .. } => {
                "worker_configuration"
            }
            Self::Listen { .. } => "worker_address",
            Self::Unreachable { .. } => "worker_unreachable",
            Self::Version { .. } => "worker_version",
            Self::Lost { .. } | Self::Failed { .. } | Self::Told(_) => "worker_failed",
            Self::Late { .. } => "worker_deadline",
        }
    }

    /// Whether a setting or flag is to blame.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        self.kind() == "worker_configuration"
    }
}
