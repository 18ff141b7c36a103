//! Logfire's query API: one question over HTTP, asked again while that can help, within one deadline.
//! Owns how answers and refusals are read; where the token comes from is `credentials`.

mod address;
mod cells;
mod decode;
mod error;
mod http;
mod ndjson;
mod refusal;
mod refused;
mod retry;
mod token;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;

pub use address::BaseUrl;
pub use decode::{Unusable, json as decode_json};
pub use error::{ApiError, ApiErrorKind};
pub use ndjson::Lines;
pub use refusal::{Refusal, body as read_refusal};
pub use retry::MOST_ATTEMPTS;
pub use token::{Region, Token, mask};

use self::http::{Ask, Body, Reply, Trouble};
use self::retry::{Chance, Next};
use super::{Answer, Request, Rows, SourceError};
#[cfg(feature = "capture")]
use super::{RecordBatches, capture};
use crate::log::{Event, Log};
use crate::window::{ceil_micros, rfc3339};
use crate::words;

/// The most rows that the API gives for one query, whatever is asked.
pub const MOST_ROWS: usize = 10_000;
/// A clock that is further off makes "the last five minutes" another five minutes.
pub const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(30);

const QUERY: &str = "/v2/query";
const TOKEN_INFO: &str = "/v1/read-token-info";

/// What is needed to ask.
#[derive(Debug, Clone)]
pub struct Access {
    /// The secret.
    pub token: Token,
    /// Where the token was found, for messages.
    pub token_origin: String,
    /// Where it is sent.
    pub base: BaseUrl,
    /// Where the address was found, for messages.
    pub base_origin: String,
}

/// Logfire over HTTP.
#[derive(Debug)]
pub struct Api {
    access: Access,
    client: reqwest::Client,
    deadline: Duration,
    patience: Duration,
    sent: AtomicU32,
    log: Log,
    started: (Instant, DateTime<Utc>),
}

/// Whom a token stands for. Servers tell more and less of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TokenInfo {
    /// The organisation.
    pub organization_name: Option<String>,
    /// The project.
    pub project_name: Option<String>,
    /// The plan, which tells the limits.
    pub organization_subscription_plan: Option<String>,
    /// The end of the token.
    pub expires_at: Option<String>,
    /// When the spending cap was reached.
    pub spending_cap_reached_at: Option<String>,
    /// When a spent quota comes back.
    pub billing_cycle_end: Option<String>,
}

/// What `config check` learns.
#[derive(Debug, Clone)]
pub struct Check {
    /// Whom the token stands for.
    pub info: TokenInfo,
    /// The server's time less this machine's; `None` if the server told none.
    pub clock_offset: Option<TimeDelta>,
    /// Requests that were sent.
    pub attempts: u32,
}

impl Api {
    /// Prepares to ask; nothing is sent. `now` is the time of day at this moment, `deadline` the most that one
    /// question may take, with all its repetitions.
    ///
    /// # Errors
    /// [`ApiError`] when the system can't encrypt.
    pub fn new(access: Access, deadline: Duration, now: DateTime<Utc>, log: Log) -> Result<Self, ApiError> {
        Ok(Self {
            client: http::client(&access.base)?,
            access,
            deadline,
            patience: Duration::ZERO,
            sent: AtomicU32::new(0),
            log,
            started: (Instant::now(), now),
        })
    }

    /// The same, for work that takes many questions: where the server says how long to wait, it waits up to so long,
    /// beyond the deadline of a question too.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What it asks with.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// How many requests were sent, those that came to nothing included.
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Runs one statement; its rows come as one document.
    ///
    /// # Errors
    /// [`SourceError::Rejected`] for the statement, [`SourceError::Api`] for all else.
    pub async fn query(&self, request: &Request) -> Result<Answer, SourceError> {
        self.answer(request, Ask::Query(body(request))).await
    }

    /// Runs one statement; its rows come as lines and are decoded as they arrive.
    ///
    /// # Errors
    /// As [`Api::query`].
    pub async fn query_streamed(&self, request: &Request) -> Result<Answer, SourceError> {
        self.answer(request, Ask::Stream(body(request))).await
    }

    /// Runs one statement whose rows are records; they come in Arrow's format.
    ///
    /// # Errors
    /// As [`Api::query`].
    #[cfg(feature = "capture")]
    pub async fn query_records(&self, request: &Request) -> Result<RecordBatches, SourceError> {
        let ask = Ask::Arrow {
            body: body(request),
            packed: !self.access.base.is_loopback(),
        };
        let (reply, _) = self.ask(QUERY, &ask).await?;
        let Body::Bytes(bytes) = reply.body else {
            return Err(self.unusable(QUERY, &Unusable::Empty).into());
        };
        if !bytes.starts_with(&decode::ARROW) {
            let why = match decode::json(&bytes) {
                Err(why @ (Unusable::Empty | Unusable::Html | Unusable::Failed(_))) => why,
                _ => Unusable::Broken(String::from("it is not in Arrow's format")),
            };
            return Err(self.unusable(QUERY, &why).into());
        }
        let length = bytes.len();
        let batches = capture::from_arrow_stream(bytes).map_err(|error| {
            let why = match error {
                SourceError::Unreadable { why, .. } => why,
                error => error.to_string(),
            };
            self.unusable(QUERY, &Unusable::Broken(why))
        })?;
        Ok(RecordBatches {
            batches,
            bytes: length,
            project: reply.context,
        })
    }

    /// Asks whom the token stands for: one request, no query.
    ///
    /// # Errors
    /// [`SourceError::Api`].
    pub async fn check(&self) -> Result<Check, SourceError> {
        let (reply, attempts) = self.ask(TOKEN_INFO, &Ask::Get).await?;
        let Body::Bytes(bytes) = &reply.body else {
            return Err(self.unusable(TOKEN_INFO, &Unusable::Empty).into());
        };
        decode::recognise(bytes).map_err(|why| self.unusable(TOKEN_INFO, &why))?;
        let info = serde_json::from_slice(bytes)
            .map_err(|error| self.unusable(TOKEN_INFO, &Unusable::Broken(decode::words(&error))))?;
        Ok(Check {
            info,
            clock_offset: self.clock_offset(&reply),
            attempts,
        })
    }

    async fn answer(&self, request: &Request, ask: Ask) -> Result<Answer, SourceError> {
        let (reply, attempts) = self.ask(QUERY, &ask).await?;
        let clock_offset = self
            .clock_offset(&reply)
            .filter(|offset| offset.abs() > CLOCK_TOLERANCE);
        let rows = match reply.body {
            Body::Bytes(bytes) => decode::json(&bytes),
            Body::Rows(rows) => rows,
        };
        let rows = rows.map_err(|why| match why {
            Unusable::Failed(message) => self.rejected(message, None),
            why => self.unusable(QUERY, &why).into(),
        })?;
        Ok(Answer {
            clipped: is_clipped(&rows, request.limit),
            rows,
            project: reply.context,
            attempts,
            clock_offset,
            ran: None,
            warning: reply.warning.map(|text| self.access.token.hide(&text)),
        })
    }

    /// Asks until there is a 200, nothing more can help, or the deadline is over.
    async fn ask(&self, path: &str, ask: &Ask) -> Result<(Reply, u32), SourceError> {
        let mut until = Instant::now() + self.deadline;
        let url = self.access.base.join(path);
        let mut attempts = 0;
        loop {
            attempts += 1;
            self.wait_for(&format!("asking {}", self.access.base.host()), attempts);
            self.sent.fetch_add(1, Ordering::Relaxed);
            let sent = Instant::now();
            let attempt = http::attempt(&self.client, &self.access.token, &url, ask);
            let outcome = match tokio::time::timeout_at(until.into(), attempt).await {
                Ok(outcome) => outcome,
                Err(_) => return Err(self.timed_out(attempts).into()),
            };
            self.tell(attempts, sent.elapsed(), &outcome);
            let (chance, error) = match outcome {
                Ok(reply) if reply.status == 200 => return Ok((reply, attempts)),
                Ok(reply) => (self.chance(&reply), self.refused(path, &reply)),
                Err(trouble) => (Chance::of(&trouble), self.no_reply(&trouble).into()),
            };
            let left = until.saturating_duration_since(Instant::now());
            let told = matches!(chance, Chance::After(pause) if pause < self.patience);
            let left = if told { left.max(self.patience) } else { left };
            match retry::next(chance, attempts, left, random()) {
                Next::Again(pause) => {
                    let reason = format!("{error}; again in {}", words::duration(pause.as_secs_f64()));
                    self.log.step(self.access.token.hide(&reason));
                    self.wait_for(&format!("waiting {}", words::duration(pause.as_secs_f64())), attempts);
                    tokio::time::sleep(pause).await;
                    if told {
                        until = until.max(Instant::now() + self.deadline);
                    }
                }
                Next::Stop => return Err(after(error, attempts)),
                Next::ComeBack(pause) => return Err(self.come_back(error, pause)),
            }
        }
    }

    fn chance(&self, reply: &Reply) -> Chance {
        retry::chance(reply.status, reply.retry_after.as_deref(), self.now())
    }

    fn now(&self) -> DateTime<Utc> {
        let (instant, now) = self.started;
        TimeDelta::from_std(instant.elapsed()).map_or(now, |elapsed| now + elapsed)
    }

    /// The server's clock less this machine's.
    fn clock_offset(&self, reply: &Reply) -> Option<TimeDelta> {
        let date = DateTime::parse_from_rfc2822(reply.date.as_deref()?).ok()?;
        Some(date.with_timezone(&Utc) - self.now())
    }

    fn wait_for(&self, what: &str, attempts: u32) {
        let which = if attempts > 1 {
            format!(" (attempt {attempts})")
        } else {
            String::new()
        };
        self.log.say(Event::Waiting(&format!("{what}{which}")));
    }

    fn tell(&self, attempts: u32, took: Duration, outcome: &Result<Reply, Trouble>) {
        let took = words::duration(took.as_secs_f64());
        let came = match outcome {
            Ok(reply) => format!("status {}", reply.status),
            Err(trouble) => format!("{trouble:?}"),
        };
        let line = format!("attempt {attempts} at {}: {came} after {took}", self.access.base.host());
        self.log.step(self.access.token.hide(&line));
    }
}

impl Chance {
    /// A query only reads: what broke on the way may be asked again.
    fn of(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Connect(_) | Trouble::Broken(_) => Self::Soon,
            Trouble::Tls(_) | Trouble::Garbled(_) | Trouble::TooLarge => Self::None,
        }
    }
}

/// The request's document. The API's lower bound is exclusive; whether its upper one is, nobody wrote down, so the
/// statement's own predicates decide there.
fn body(request: &Request) -> String {
    let from = ceil_micros(request.from) - TimeDelta::microseconds(1);
    json!({
        "sql": request.sql,
        "min_timestamp": rfc3339(from),
        "max_timestamp": rfc3339(ceil_micros(request.to)),
        "limit": request.limit.min(MOST_ROWS),
        "timezone": "UTC",
        "include_schema": true,
    })
    .to_string()
}

/// Only a limit above the API's own hides whether there is more.
fn is_clipped(rows: &Rows, limit: usize) -> bool {
    limit > MOST_ROWS && rows.rows.len() >= MOST_ROWS
}

fn after(error: SourceError, attempts: u32) -> SourceError {
    match error {
        SourceError::Api(error) if attempts > 1 => {
            let message = format!("{error}; {attempts} attempts");
            ApiError::new(error.which(), message, error.hint()).into()
        }
        error => error,
    }
}

/// From 0 to 1, from the seed that the standard library draws for hash maps.
fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 32;
    #[allow(clippy::cast_precision_loss)] // 32 bits fit
    let share = bits as f64 / f64::from(u32::MAX);
    share
}
