//! Questions to a large archive, answered by several machines. The client plans and coordinates, workers read shares of
//! the files and compute; what moves data between them is an existing engine. What one machine answers in seconds, it does
//! alone.

mod channel;
mod codec;
mod error;
mod plan;
mod split;
mod threads;
mod tls;
mod version;
mod visit;
mod worker;

use std::net::IpAddr;
use std::time::Duration;

pub use error::WorkerError;
pub(super) use plan::settled;
pub(super) use threads::Client;
pub use tls::Tls;
pub use worker::{Host, Listening, listen};

/// The engine forgets a part of a question to which nothing happens for ten minutes.
const LONGEST: Duration = Duration::from_secs(9 * 60);

/// The machines that answer, and when they are asked.
#[derive(Debug, Clone)]
pub struct Workers {
    addresses: Vec<Address>,
    /// What a question reads, bytes, from which on they are asked.
    from: u64,
    /// What one question may take.
    deadline: Duration,
    tls: Option<Tls>,
}

/// Where a worker listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    host: String,
    port: u16,
}

impl Workers {
    /// `addresses` are `host:port`; without any, this machine does all work. `from` (bytes) is what a question reads of
    /// the files, after pruning, from which on the workers are asked.
    ///
    /// # Errors
    /// [`WorkerError::Address`] for what is no `host:port`, [`WorkerError::Unprotected`] for another machine without
    /// certificates, [`WorkerError::Patience`].
    pub fn new(addresses: &[String], from: u64, deadline: Duration, tls: Option<Tls>) -> Result<Self, WorkerError> {
        if deadline > LONGEST {
            return Err(WorkerError::Patience { most: LONGEST });
        }
        let addresses = addresses.iter().map(|text| Address::parse(text.trim()));
        let addresses: Vec<Address> = addresses.collect::<Result<_, _>>()?;
        match addresses.iter().find(|address| tls.is_none() && !address.is_loopback()) {
            Some(address) => Err(WorkerError::Unprotected {
                address: address.to_string(),
            }),
            None => Ok(Self {
                addresses,
                from,
                deadline,
                tls,
            }),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }
}

impl Address {
    fn parse(text: &str) -> Result<Self, WorkerError> {
        let parsed = text.rsplit_once(':').and_then(|(host, port)| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let plain = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']);
            Some((plain.then_some(host)?, port.parse().ok()?))
        });
        match parsed {
            Some((host, port)) => Ok(Self {
                host: host.to_owned(),
                port,
            }),
            None => Err(WorkerError::Address { text: text.to_owned() }),
        }
    }

    fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn workers(address: &str) -> Result<Workers, WorkerError> {
        Workers::new(&[address.to_owned()], 0, Duration::from_secs(1), None)
    }

    #[test]
    fn addresses_are_host_and_port() {
        for text in ["localhost:7070", "127.0.0.1:7070", "[::1]:7070", " 127.0.0.2:1 "] {
            let workers = workers(text).unwrap();
            assert_eq!(workers.addresses[0].to_string(), text.trim());
        }
        for text in [
            "localhost",
            ":7070",
            "http://localhost:7070",
            "localhost:seventy",
            "localhost:70700",
        ] {
            assert!(matches!(workers(text), Err(WorkerError::Address { .. })), "{text}");
        }
        assert!(Workers::new(&[], 0, Duration::ZERO, None).unwrap().is_empty());
    }

    #[test]
    fn another_machine_demands_certificates() {
        for text in [
            "10.0.0.2:7070",
            "worker.internal:7070",
            "localhost.example:7070",
            "0.0.0.0:7070",
        ] {
            assert!(matches!(workers(text), Err(WorkerError::Unprotected { .. })), "{text}");
        }
    }
}
