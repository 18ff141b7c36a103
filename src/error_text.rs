//! What a database client's error message means: its class by the structure of the text, and the attempts it lists.
//! Pure: it knows no records and no settings.

mod attempts;
mod codes;
mod matching;
mod parts;
mod rules;
mod translated;

pub use attempts::{Attempt, attempts};

use schemars::JsonSchema;
use serde::Serialize;

/// What an error says about the way to the database (docs/contract.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = crate::schema::grows)]
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

/// What a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Its class.
    pub class: ErrorClass,
    /// Whether it names a database, its driver or its pool. If not, any service may have said it: whoever pastes it means
    /// the database, and a record has to show otherwise that it was the database.
    pub speaks_of_database: bool,
}

/// Of several exceptions or log lines in one text the one that is a cause decides, not what follows from it: a pool is
/// empty because connects are refused, and a session is unusable because its connection is dead.
const CAUSES_FIRST: [ErrorClass; 10] = [
    ErrorClass::ServerSlotsFull,
    ErrorClass::PoolerTimeout,
    ErrorClass::PoolerBackendDown,
    ErrorClass::Dns,
    ErrorClass::ConnectRefused,
    ErrorClass::ConnectTimeout,
    ErrorClass::Leak,
    ErrorClass::PoolExhausted,
    ErrorClass::StaleConnection,
    ErrorClass::Misuse,
];

/// The class of a text; `None` = it says nothing about the way to the database.
pub fn classify(text: &str) -> Option<ErrorClass> {
    read(text).map(|reading| reading.class)
}

/// What a text means, however it was wrapped, escaped or logged; `None` = nothing about the way to the database.
pub fn read(text: &str) -> Option<Reading> {
    let plain = parts::plain(text);
    let parts = parts::parts(&plain);
    let other_said = parts.said.iter().any(|message| matching::of_other_service(message));
    let named = |message: &String| matching::names_database(message) && !matching::of_other_service(message);
    let database = matching::names_database(&parts.frames) || parts.said.iter().any(named);
    let other = other_said || (matching::through_other_service(&parts.frames) && !database);
    // Words that any service says are about that other service, where one is named.
    let counts = |found: &matching::Found| found.1 || !other;
    let cause_first = |found: &matching::Found| CAUSES_FIRST.iter().position(|class| *class == found.0);
    let said = || parts.said.iter().map(String::as_str);
    let is_silent = said().any(matching::is_without_text);
    let by_frames = is_silent.then(|| matching::class_by_frames(&parts.frames)).flatten();
    let silent = |class: Option<ErrorClass>| class.map(|class| (class, false));
    let found = said()
        .filter_map(matching::class_of)
        .chain(by_frames.and_then(silent))
        .filter(counts)
        .min_by_key(cause_first)
        .or_else(|| said().filter_map(matching::class_of_wrapper).find(counts))
        // Without frames it is what a connect's own timeout looks like.
        .or_else(|| silent((is_silent && by_frames.is_none()).then_some(ErrorClass::ConnectTimeout)).filter(counts));
    let class = match found.map(|found| found.0) {
        Some(class @ (ErrorClass::ConnectRefused | ErrorClass::ConnectTimeout)) => {
            of_attempts(&plain).unwrap_or(Some(class))
        }
        // A pool can say in one sentence that it is empty, and why.
        Some(ErrorClass::PoolExhausted) => of_attempts(&plain).flatten().or(Some(ErrorClass::PoolExhausted)),
        None if !other => of_attempts(&plain).flatten(),
        class => class,
    };
    Some(Reading {
        class: class?,
        speaks_of_database: database || found.is_some_and(|found| found.1),
    })
}

/// What a list of attempts comes to: `None` = there is none, `Some(None)` = the server was reached and said something else.
fn of_attempts(text: &str) -> Option<Option<ErrorClass>> {
    let tried = attempts(text);
    let causes: Vec<&str> = tried.iter().filter_map(|attempt| attempt.cause.as_deref()).collect();
    let class_of = |cause: &str| matching::class_of(cause).map(|found| found.0);
    // One address of which the server answered says more than all those that did not.
    if let Some(answer) = causes.iter().find(|cause| cause.contains("FATAL:")) {
        return Some(class_of(answer));
    }
    // A list can end on one cause and consist of another: most decide.
    let listed: Vec<ErrorClass> = causes.iter().filter_map(|cause| class_of(cause)).collect();
    let most = |class: ErrorClass| listed.iter().filter(|other| **other == class).count();
    let likeliest = listed
        .iter()
        .copied()
        .max_by_key(|class| (most(*class), *class == ErrorClass::ConnectTimeout));
    likeliest.map(Some)
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
    /// `size 10, overflow 5, timeout 30s`.
    pub fn in_words(&self) -> String {
        let timeout = self
            .timeout_s
            .map(|seconds| format!(", timeout {}", crate::words::duration(seconds)))
            .unwrap_or_default();
        format!("size {}, overflow {}{timeout}", self.size, self.overflow)
    }

    /// All connections that there can be.
    pub fn capacity(&self) -> u64 {
        self.size + self.overflow
    }
}

/// The limits that a pool's error names.
pub fn pool_limits(text: &str) -> Option<PoolLimits> {
    matching::pool_limits(text)
}
