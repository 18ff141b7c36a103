//! What is known of a team's application: names of spans, log messages, thresholds. Values only; merging is config's.

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer};

use crate::size;
use crate::window::parse_duration;

/// The built-in profile, as TOML with comments.
pub const BUILT_IN: &str = include_str!("profile/relay-api.toml");

/// All settings, resolved. See `src/profile/relay-api.toml` for what each is and the built-in value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `api`, `demo` or a path.
    pub source: String,
    /// The address of Logfire, or empty: the one of the token's region.
    pub base_url: String,
    /// The most that one question to the API may take, with all its repetitions.
    #[serde(deserialize_with = "duration")]
    pub deadline: TimeDelta,
    /// Queries that a command may spend when the server can't answer all at once.
    pub max_queries: u64,
    /// What the questions to a capture may take of memory together, bytes.
    #[serde(deserialize_with = "memory")]
    pub memory: u64,
    /// `host:port` of the machines that answer larger questions to an archive.
    #[serde(deserialize_with = "named")]
    pub workers: Vec<String>,
    /// What a question reads of the files from which on they are asked, bytes.
    #[serde(deserialize_with = "bytes")]
    pub workers_from: u64,
    /// The most that one question to them may take.
    #[serde(deserialize_with = "duration")]
    pub workers_deadline: TimeDelta,
    /// The share of traces that is recorded, if the SDK samples them.
    pub sample_rate: f64,
    /// Empty: records without an environment.
    pub environment: String,
    /// Whether the environment is ignored.
    pub all_environments: bool,
    /// Empty: all.
    pub service: String,
    /// Empty: all.
    pub instance: String,
    /// `auto` or a format's name.
    pub format: String,
    /// `auto`, `always` or `never`.
    pub color: String,
    /// Whether people's data is taken out of what is shown.
    pub redact: bool,
    /// A folder, or empty.
    pub queries: String,
    /// How far before the window evidence is read.
    #[serde(deserialize_with = "duration")]
    pub lookback: TimeDelta,
    /// What lasts longer hangs.
    #[serde(deserialize_with = "duration")]
    pub hang_after: TimeDelta,
    /// What is unfinished and younger is not looked at.
    #[serde(deserialize_with = "duration")]
    pub in_flight_after: TimeDelta,
    /// A finished statement that takes longer is slow.
    #[serde(deserialize_with = "duration")]
    pub slow_statement: TimeDelta,
    /// The application.
    pub app: App,
    /// How its spans are told apart.
    pub spans: Spans,
    /// What it logs when it starts and stops.
    pub process: Process,
    /// What its queue listener logs.
    pub listener: Listener,
    /// Its connection pool.
    pub pool: Pool,
    /// What `verify` requires.
    pub verify: Verify,
    /// Spans that queue work, and spans that run it.
    pub work: Work,
    /// What is a failure mode and what is chance.
    pub diagnose: Diagnose,
    /// Commands for the person on call.
    pub remedies: Remedies,
    /// Whom workers trust, and by what they are trusted.
    pub worker_tls: WorkerTls,
}

/// PEM files; all empty: none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerTls {
    /// The authority.
    pub ca: String,
    /// This machine's certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

/// Work that one part of the application queues and another runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Spans that queue it.
    pub queued: Vec<String>,
    /// Spans of its runs.
    pub run: Vec<String>,
}

/// Thresholds of the failure modes. What is not here is a matter of technique and stands beside its rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnose {
    /// Requests that hang in their connect.
    pub least_hangs: u64,
    /// Requests that hang in statements at a time.
    pub least_locked: u64,
    /// Requests that fail for one cause.
    pub least_failures: u64,
    /// The median statement against the usual one.
    pub slow_factor: f64,
    /// A pause after which a database may have fallen asleep.
    #[serde(deserialize_with = "duration")]
    pub idle_before_cold_start: TimeDelta,
    /// Starts of an instance in a row.
    pub crash_loop_starts: u64,
    /// A process that ends sooner did not work.
    #[serde(deserialize_with = "duration")]
    pub short_life: TimeDelta,
    /// An instance that says nothing for so long is not just being replaced.
    #[serde(deserialize_with = "duration")]
    pub least_silence: TimeDelta,
    /// Pieces of work without a run.
    pub least_queued: u64,
    /// How long work may wait.
    #[serde(deserialize_with = "duration")]
    pub queued_patience: TimeDelta,
}

/// Commands to paste. `{app}` stands for the application's name, `{instances}` for the instances concerned.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedies {
    /// Shows the instances.
    pub list_instances: String,
    /// Restarts those concerned.
    pub restart_instances: String,
    /// Shows what the platform logged of them.
    pub instance_logs: String,
}

/// The application and where it runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// For commands to paste.
    pub name: String,
    /// Resource attributes that name a machine, the most telling first; one alone may be written as a text.
    pub instance_attribute: Vec<String>,
    /// Services that have no database: nothing is missing where none of theirs is recorded.
    pub without_database: Vec<String>,
    /// As in "SQLAlchemy connects succeeding".
    pub database_client: String,
    /// `https://host/org/project`, or empty.
    pub project_url: String,
}

/// Instrumentation scopes and span names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spans {
    /// Scopes of server spans.
    pub request_scopes: Vec<String>,
    /// Scopes of checkouts and statements, as a pool or an ORM records them.
    pub database_scopes: Vec<String>,
    /// Scopes of statements as their driver records them.
    pub driver_scopes: Vec<String>,
    /// The span of a checkout.
    pub connect_span: String,
    /// Spans of requests that need no database.
    pub health: Vec<String>,
    /// Scopes of calls to other services.
    pub external_scopes: Vec<String>,
    /// Spans of requests that live long by design; `*` stands for any text.
    pub long_lived: Vec<String>,
}

/// Parts of log messages about a process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// A new process begins.
    pub starting: Vec<String>,
    /// It goes in an orderly way.
    pub stopping: Vec<String>,
}

/// Parts of log messages of the queue listener, and its names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// As in "queue service connected".
    pub name: String,
    /// As in "queue heartbeat times out".
    pub short_name: String,
    /// How long a heartbeat may take; no record holds it.
    #[serde(deserialize_with = "duration")]
    pub heartbeat_timeout: TimeDelta,
    /// It listens.
    pub connected: Vec<String>,
    /// A heartbeat had no answer in time.
    pub heartbeat_timed_out: Vec<String>,
    /// A heartbeat failed in another way.
    pub heartbeat_failed: Vec<String>,
    /// It tries to connect again.
    pub lost: Vec<String>,
    /// An attempt failed.
    pub reconnect_failed: Vec<String>,
    /// It was needed and not connected.
    pub notify_failed: Vec<String>,
}

/// The connection pool.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// How long a checkout waits for a connection before it gives up.
    #[serde(deserialize_with = "duration")]
    pub timeout: TimeDelta,
    /// Parts of the error of a checkout that gave up.
    pub timed_out: Vec<String>,
}

/// What `verify` requires.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The 95th percentile of finished statements stays below this.
    #[serde(deserialize_with = "duration")]
    pub statement_p95: TimeDelta,
    /// The most starts of an instance in `starts_within`.
    pub max_starts: u64,
    /// See `max_starts`.
    #[serde(deserialize_with = "duration")]
    pub starts_within: TimeDelta,
}

/// Less than this doesn't even sort a screenful.
const LEAST_MEMORY: u64 = 16 << 20;

fn memory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    match size::parse(&text).map_err(serde::de::Error::custom)? {
        bytes if bytes >= LEAST_MEMORY => Ok(bytes),
        _ => Err(serde::de::Error::custom(format!(
            "`{text}` is too little: at least {}",
            size::in_words(LEAST_MEMORY)
        ))),
    }
}

/// An empty variable is an empty list, not one of an empty name.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?.into_iter();
    Ok(names.filter(|name| !name.trim().is_empty()).collect())
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    size::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

/// A regular expression that finds any of the texts, taken literally; one that finds nothing for no texts.
pub fn any_of(texts: &[String]) -> String {
    if texts.is_empty() {
        return String::from("[^\\s\\S]");
    }
    let escaped: Vec<String> = texts.iter().map(|text| regex::escape(text)).collect();
    escaped.join("|")
}

/// Like [`any_of`], for whole strings.
pub fn exactly_any_of(texts: &[String]) -> String {
    format!("^({})$", any_of(texts))
}

impl Listener {
    /// All messages that tell of trouble: they are no sign of activity.
    pub fn trouble(&self) -> Vec<String> {
        [
            &self.heartbeat_timed_out,
            &self.heartbeat_failed,
            &self.lost,
            &self.reconnect_failed,
            &self.notify_failed,
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect()
    }
}
