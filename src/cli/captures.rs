//! What is typed for commands that make or serve captures.

use std::path::PathBuf;

use clap::Args;

/// `capture`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relay-diag capture incident.parquet --since 2h
  relay-diag capture incident.parquet --since 2h --resume
  relay-diag capture share.parquet --source incident.parquet --redact
  relay-diag capture --append archive/
Kept are all environments and services unless --env or --service names one, and the lookback before the window.
What an interrupted run fetched is kept, beside the file, for --resume.")]
pub struct CaptureArgs {
    /// The file to make; its name ends in .parquet
    #[arg(required_unless_present = "append")]
    pub file: Option<PathBuf>,
    /// Add to an archive, a file a day, what has arrived since the last run; the first run begins with the window
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["file", "resume", "force"])]
    pub append: Option<PathBuf>,
    /// Go on where an earlier run stopped
    #[arg(long)]
    pub resume: bool,
    /// Replace the file, and what an earlier run fetched
    #[arg(long, conflicts_with = "resume")]
    pub force: bool,
    /// Queries that may be spent without asking; at the most that many are sent
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(3..))]
    pub max_queries: u32,
    /// Leave out stack traces: most of the bytes of a failure
    #[arg(long)]
    pub no_stacktraces: bool,
}

/// `serve`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relay-diag serve evidence.parquet --port 8000
  relay-diag serve demo
The one line on standard output is its URL, once it can be asked. Any token will do, unless one is set here.")]
pub struct ServeArgs {
    /// A capture, or demo (the built-in example of 2025-12-08)
    pub file: String,
    /// The port; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// The address to listen on; any other than a loopback one takes a token
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub listen: std::net::IpAddr,
    /// A file with the token that clients must bring; or set RELAY_DIAG_SERVE_TOKEN
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}
