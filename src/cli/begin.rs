//! What stands in a terminal when nothing was asked and nothing is set up: where to begin, in six lines of 80 columns.

/// With the built-in example.
#[cfg(feature = "capture")]
pub const BEGIN: &str = "\
relay-diag tells what happened in an incident. A built-in one, without a token:
  relay-diag timeline --source demo     what happened
  relay-diag diagnose --source demo     why
Your own project: create a read token in its settings, set LOGFIRE_READ_TOKEN.
  relay-diag verify                     is it healthy now?
  relay-diag --help                     every command; `init` learns your names
";

/// There is no example in a build that reads no captures.
#[cfg(not(feature = "capture"))]
pub const BEGIN: &str = "\
relay-diag tells what happened in an incident, from the records of Logfire.
Create a read token in your project's settings, set LOGFIRE_READ_TOKEN.
  relay-diag verify                     is it healthy now?
  relay-diag timeline --since 1h        what happened
  relay-diag diagnose --since 1h        why
  relay-diag --help                     every command; `init` learns your names
";
