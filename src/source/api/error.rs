//! Why the API gave no answer: a kind for scripts, a sentence, and what to do. No token gets into either.

use super::token::mask;

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiErrorKind {
    /// No token, or one that must not or cannot be used.
    Credentials,
    /// No base URL, or one that the token must not be sent to.
    Address,
    /// No connection, or one that broke.
    Unreachable,
    /// The deadline came first.
    Timeout,
    /// Too many queries; waiting helps.
    RateLimited,
    /// Too many queries, and the server asks for a longer pause than anybody would wait.
    LimitedForLong,
    /// The organisation's quota is spent.
    QuotaSpent,
    /// The server understood and refuses.
    Refused,
    /// The server failed.
    Server,
    /// It failed at this query, in its own words: it may answer less of the same.
    TooMuch,
    /// Something came back, and it is no answer.
    Answer,
    /// There was no end to the answer.
    TooLarge,
}

impl ApiErrorKind {
    fn word(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Address => "base_url",
            Self::Unreachable => "api_unreachable",
            Self::Timeout => "api_timeout",
            Self::RateLimited | Self::LimitedForLong => "rate_limited",
            Self::QuotaSpent => "quota_spent",
            Self::Refused => "api_refused",
            Self::Server | Self::TooMuch => "api_failed",
            Self::Answer | Self::TooLarge => "api_answer_unusable",
        }
    }
}

/// A failure to get an answer from the API.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    kind: ApiErrorKind,
    message: String,
    hint: String,
}

impl ApiError {
    /// The only way to make one: whatever looks like a token is masked.
    pub fn new(kind: ApiErrorKind, message: impl AsRef<str>, hint: impl AsRef<str>) -> Self {
        Self {
            kind,
            message: mask(message.as_ref()),
            hint: mask(hint.as_ref()),
        }
    }

    /// What kind of trouble it is.
    pub fn which(&self) -> ApiErrorKind {
        self.kind
    }

    /// A short stable word for scripts.
    pub fn kind(&self) -> &'static str {
        self.kind.word()
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// The same, with every text changed by `change`.
    pub(super) fn map(self, change: impl Fn(&str) -> String) -> Self {
        Self {
            kind: self.kind,
            message: change(&self.message),
            hint: change(&self.hint),
        }
    }
}
