//! What a person reads when the API did not answer: what was tried, what came back, and the sentence that solves it.

use std::time::Duration;

use chrono::TimeDelta;

use super::error::ApiErrorKind as Kind;
use super::http::{Body, MOST_BYTES, Reply, Trouble};
use super::token::Region;
use super::{Api, ApiError, BaseUrl, Refusal, Unusable, refusal};
use crate::source::SourceError;
use crate::words;

const STATUS_PAGE: &str = "look at the status page of the server; `-v` shows every attempt";
const SMALLER: &str = "narrow the window (--since), or raise the setting `deadline`";

impl Api {
    fn error(&self, kind: Kind, message: &str, hint: &str) -> ApiError {
        ApiError::new(kind, message, hint).map(|text| self.access().token.hide(text))
    }

    fn host(&self) -> String {
        self.access().base.host()
    }

    /// A statement that the server refuses.
    pub(super) fn rejected(&self, message: String, at: Option<(u64, u64)>) -> SourceError {
        let message = match at {
            Some((line, column)) if !message.contains("Line: ") => {
                format!("{message} (line {line}, column {column} of the SQL)")
            }
            _ => message,
        };
        SourceError::Rejected {
            message: self.access().token.hide(&message),
            at,
        }
    }

    /// An answer with a status other than 200.
    pub(super) fn refused(&self, path: &str, reply: &Reply) -> SourceError {
        let refusal = match &reply.body {
            Body::Bytes(bytes) => refusal::body(bytes),
            Body::Rows(_) => Refusal::default(),
        };
        let (host, status) = (self.host(), reply.status);
        let said = match (&refusal, refusal.message.as_str()) {
            (Refusal { html: true, .. }, "") => format!("{status}, a web page"),
            (Refusal { html: true, .. }, title) => format!("{status}, a web page with the title \"{title}\""),
            (_, "") => format!("{status}, without a word"),
            (_, message) => format!("{status}: {message}"),
        };
        let (kind, message, hint) = match status {
            400 if !refusal.html => return self.rejected(refusal.message, refusal.at),
            401 => return self.unauthorized(&said).into(),
            402 => (
                Kind::QuotaSpent,
                format!("{host} has blocked the token ({said})"),
                String::from(
                    "the organisation's usage limit is reached: its owner can raise it, or it ends with the \
                     billing cycle; `relay-diag config check` shows when",
                ),
            ),
            403 => (
                Kind::Credentials,
                format!("{host} does not allow this token to query ({said})"),
                String::from("it needs a read token, or an API key with the scope project:read"),
            ),
            404 => return self.no_endpoint(path, &said).into(),
            429 => return self.limited(&said, refusal.message.as_str(), reply).into(),
            300..=399 => {
                let to = reply.location.as_deref().unwrap_or("nowhere");
                (
                    Kind::Address,
                    format!("{host} redirects to {to} ({status}); the token is not sent there"),
                    String::from("set the address of the API itself: LOGFIRE_BASE_URL or the setting `base_url`"),
                )
            }
            400 | 405..=499 => (
                Kind::Refused,
                format!("{host} refuses the request ({said})"),
                String::from("server and relay-diag disagree about the API: is the server's version known to work?"),
            ),
            500..=599 => (
                // A plain 500 is how a server ends that ran out of something.
                match status {
                    500 if !refusal.html && !refusal.message.is_empty() => Kind::TooMuch,
                    _ => Kind::Server,
                },
                format!("{host} failed ({said})"),
                match (status, refusal.html) {
                    (_, true) => format!("a proxy answered, not Logfire; {STATUS_PAGE}"),
                    (500, _) => format!("the query may be too much for it: {SMALLER}"),
                    _ => String::from(STATUS_PAGE),
                },
            ),
            _ => (
                Kind::Answer,
                format!("{host} answered with a status that means nothing here ({said})"),
                String::from("is this the address of a Logfire? See `relay-diag config show`"),
            ),
        };
        self.error(kind, &message, &hint).into()
    }

    fn unauthorized(&self, said: &str) -> ApiError {
        let access = self.access();
        let message = format!(
            "{} does not accept the token from {} ({said})",
            self.host(),
            access.token_origin
        );
        let own = BaseUrl::of_region(&access.token).ok();
        let hint = match (access.token.region(), own) {
            (Region::Named(region), Some(own)) if own != access.base => format!(
                "the token names the region `{region}`, which is {own}; asked was {} (from {})",
                access.base, access.base_origin
            ),
            (Region::Named(region), _) => format!(
                "a query needs a read token of this project in the region `{region}`: a write token (LOGFIRE_TOKEN) \
                 cannot query, and a revoked or expired one cannot either; create one in the project's settings"
            ),
            _ => String::from(
                "a query needs a read token: a write token (LOGFIRE_TOKEN) cannot query; create one in the project's \
                 settings. A token without a region is asked about at us: if yours is of another, set LOGFIRE_BASE_URL",
            ),
        };
        self.error(Kind::Credentials, &message, &hint)
    }

    fn no_endpoint(&self, path: &str, said: &str) -> ApiError {
        self.error(
            Kind::Address,
            &format!("{} has no {path} ({said})", self.access().base),
            "an older self-hosted Logfire has none: bring it up to date (June 2026 or later). Otherwise the base URL \
             is wrong: `relay-diag config show` tells where it came from",
        )
    }

    fn limited(&self, said: &str, message: &str, reply: &Reply) -> ApiError {
        let host = self.host();
        if reply.retry_after.is_some() {
            return self.error(
                Kind::RateLimited,
                &format!("{host} takes no more queries for now ({said})"),
                "the limit is shared by the whole organisation (5 queries a minute on the personal plan)",
            );
        }
        // Without a time to wait it is no limit that a pause gets around.
        let lower = message.to_lowercase();
        let when = if lower.contains("minute") {
            "come back in a minute"
        } else if lower.contains("hour") {
            "come back in an hour"
        } else {
            "come back when it is renewed: daily budgets grow back by the hour, the plan's quota with the billing \
             cycle; `relay-diag config check` shows its end"
        };
        self.error(
            Kind::QuotaSpent,
            &format!("the organisation's query quota at {host} is spent ({said})"),
            when,
        )
    }

    /// The server asks for a pause that ends after the deadline.
    pub(super) fn come_back(&self, error: SourceError, pause: Duration) -> SourceError {
        let when = TimeDelta::from_std(pause)
            .ok()
            .and_then(|pause| self.now().checked_add_signed(pause));
        let (long, when) = match when.filter(|when| *when - self.now() < TimeDelta::days(365)) {
            Some(when) => (
                words::duration(pause.as_secs_f64()),
                format!("come back at {} UTC", when.format("%Y-%m-%d %H:%M:%S")),
            ),
            None => (
                String::from("more than a year"),
                String::from("the server's own answer makes no sense"),
            ),
        };
        match error {
            SourceError::Api(error) => {
                let message = format!("{error}; it asks to wait {long}, longer than the deadline");
                let kind = match error.which() {
                    Kind::RateLimited => Kind::LimitedForLong,
                    kind => kind,
                };
                self.error(kind, &message, &format!("{when}; {}", error.hint())).into()
            }
            error => error,
        }
    }

    /// The deadline came first.
    pub(super) fn timed_out(&self, attempts: u32) -> ApiError {
        let within = words::duration(self.deadline.as_secs_f64());
        let message = format!(
            "{} gave no complete answer within {within} (attempt {attempts})",
            self.host()
        );
        self.error(Kind::Timeout, &message, SMALLER)
    }

    /// An attempt without a reply.
    pub(super) fn no_reply(&self, trouble: &Trouble) -> ApiError {
        let host = self.host();
        let (kind, message, hint) = match trouble {
            Trouble::Connect(why) => (
                Kind::Unreachable,
                format!("cannot connect to {host}: {why}"),
                "is this machine online, and is the address right? `relay-diag config show` tells where it came from",
            ),
            Trouble::Tls(why) => (
                Kind::Unreachable,
                format!("no trustworthy connection to {host}: {why}"),
                "a proxy that opens encrypted traffic, a wrong port, missing CA certificates (SSL_CERT_FILE) or a \
                 wrong clock can be the reason; the token was not sent",
            ),
            Trouble::Broken(why) => (
                Kind::Unreachable,
                format!("the connection to {host} broke before the answer was complete: {why}"),
                "nothing of a broken answer is used; ask again",
            ),
            Trouble::Garbled(why) => (
                Kind::Answer,
                format!("the answer of {host} cannot be unpacked: {why}"),
                "something between here and the server damages compressed answers: a proxy?",
            ),
            Trouble::TooLarge => (
                Kind::TooLarge,
                format!("the answer of {host} is larger than {} MiB", MOST_BYTES >> 20),
                "ask for less: fewer columns, a narrower window, a lower --limit",
            ),
        };
        self.error(kind, &message, hint)
    }

    /// A 200 that holds no rows.
    pub(super) fn unusable(&self, path: &str, why: &Unusable) -> ApiError {
        let host = self.host();
        let (message, hint) = match why {
            Unusable::Html => return self.no_endpoint(path, "a web page instead of an answer"),
            Unusable::Arrow => (
                format!("{host} sent Arrow's binary format although JSON was asked for"),
                "something on the way drops the header `Accept`: a proxy?",
            ),
            Unusable::Empty => (
                format!("{host} answered with nothing at all"),
                "an answer without rows still has a body: a proxy may have cut it off",
            ),
            Unusable::Failed(message) => (format!("{host} failed: {message}"), STATUS_PAGE),
            Unusable::Broken(why) => (
                format!("the answer of {host} is incomplete or broken: {why}"),
                "nothing of a broken answer is used; ask again",
            ),
        };
        self.error(Kind::Answer, &message, hint)
    }
}
