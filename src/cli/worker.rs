//! What is typed for `worker`.

use std::net::SocketAddr;

use clap::Args;

/// `worker`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relay-diag worker
  relay-diag worker --listen 10.0.0.2:7070 --memory 8GB
The one line on standard output is its address, once it can be asked: what stands in the setting `workers` of those who
ask. It reads archives by the same address or path as they do, with the credentials of its own environment.")]
pub struct WorkerArgs {
    /// Where to listen; an address that others reach takes certificates (worker_tls)
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7070")]
    pub listen: SocketAddr,
    /// Clients that it works for at a time; more are refused
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    pub most_clients: u32,
}
