//! One check and its verdict. It knows no facts.

use serde::Serialize;
use serde_json::{Map, Value};

/// What a check says. In the order of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// What is required was seen.
    Pass,
    /// No record tells.
    Inconclusive,
    /// The opposite was seen.
    Fail,
}

impl Verdict {
    /// As in the document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }
}

/// One requirement and what was seen of it.
#[derive(Debug, Clone)]
pub struct Check {
    /// One of [`NAMES`].
    pub name: &'static str,
    /// The instance; `None` = it is about all of them.
    pub instance: Option<String>,
    /// What it says.
    pub outcome: Verdict,
    /// One sentence for people.
    pub detail: String,
    /// What was seen, short.
    pub observed: String,
    /// What must be seen, short.
    pub required: String,
    /// The figures of `observed`, with their units in their names.
    pub measured: Map<String, Value>,
}

/// All names, the most telling first: the first line of the answer is that of the first check that fails.
pub const NAMES: [&str; 10] = [
    "evidence",
    "running",
    "in_flight",
    "restarts",
    "restarted",
    "freshness",
    "requests",
    "errors",
    "statements",
    "listener",
];

impl Check {
    /// Its place in [`NAMES`]. Error logs without a failed span say less than the check of who wrote them.
    pub fn rank(&self) -> usize {
        let logs_only = self.name == "errors" && self.measured.get("error_spans").and_then(Value::as_u64) == Some(0);
        let place = NAMES.iter().position(|name| *name == self.name);
        place.filter(|_| !logs_only).unwrap_or(NAMES.len())
    }

    /// With figures for scripts.
    #[must_use]
    pub fn with(mut self, figure: &str, value: impl Into<Value>) -> Self {
        self.measured.insert(figure.to_owned(), value.into());
        self
    }
}
