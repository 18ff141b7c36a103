//! How a capture is served, and why it can't be.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::door::Token;
use super::fault::FaultPlan;

/// Each query has all cores, and all share the capture's memory limit: two at once, so that a short one need not wait for
/// a long one. More would all be slower, and hold several times the memory.
const MAX_RUNNING: usize = 2;
/// A notebook or a dashboard asks so many at once; whoever sends more does not wait for the answers.
const MAX_WAITING: usize = 64;
/// Official clients give up after 30 s: whoever has its turn later than this has no time left for the query.
const MAX_WAIT: Duration = Duration::from_secs(25);
/// All official clients give up after 30 s: nobody waits for an answer that takes longer.
const QUERY_TIME: Duration = Duration::from_secs(30);

/// How to serve. The default is any free port of 127.0.0.1, any token, no faults.
#[derive(Debug)]
pub struct Options {
    /// Where to listen; port 0 is any free one.
    pub address: SocketAddr,
    /// The token that every request must bring; on loopback there may be none.
    pub token: Option<Token>,
    /// How many queries run at once; the next ones wait.
    pub max_running: usize,
    /// How many wait; the next one is refused.
    pub max_waiting: usize,
    /// After this long a query that waits is refused.
    pub max_wait: Duration,
    /// After this long a query is ended.
    pub query_time: Duration,
    /// For tests: what to do wrong, request by request.
    pub faults: FaultPlan,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            token: None,
            max_running: MAX_RUNNING,
            max_waiting: MAX_WAITING,
            max_wait: MAX_WAIT,
            query_time: QUERY_TIME,
            faults: FaultPlan::default(),
        }
    }
}

impl Options {
    /// Whether the address may be served at all: any but loopback takes a token.
    ///
    /// # Errors
    /// [`ServeError::TokenRequired`].
    pub fn check(&self) -> Result<(), ServeError> {
        match self.address.ip() {
            ip if ip.is_loopback() || self.token.is_some() => Ok(()),
            ip => Err(ServeError::TokenRequired(ip)),
        }
    }
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can't be had.
    #[error("cannot listen on {address}: {why}")]
    Address {
        /// Address and port.
        address: SocketAddr,
        /// The system's words.
        why: std::io::Error,
    },
    /// Records would be open to the network.
    #[error("listening on {0} lets other machines ask: that takes a token")]
    TokenRequired(IpAddr),
    /// The token can't be used.
    #[error("the token of {origin} cannot be used: {why}")]
    Token {
        /// A file or variable.
        origin: String,
        /// The cause in words.
        why: String,
    },
}

impl ServeError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Address { why, .. } if why.kind() == std::io::ErrorKind::AddrInUse => {
                "another program has this port: without --port any free one is taken"
            }
            Self::Address { .. } => "--listen takes an address of this machine; without it, it is 127.0.0.1",
            Self::TokenRequired(_) | Self::Token { .. } => {
                "put a long random token in a file (`openssl rand -hex 24 > token`) and give --token-file, or set \
                 RELAY_DIAG_SERVE_TOKEN"
            }
        }
    }

    /// A short stable word for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address { .. } => "address",
            Self::TokenRequired(_) | Self::Token { .. } => "serve_token",
        }
    }
}
