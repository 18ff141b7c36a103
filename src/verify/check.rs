//! What a check says. It knows no facts and no rule.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// The three answers, in the order of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
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

/// One requirement, whom it was asked of, and what was seen.
#[derive(Debug, Clone)]
pub struct Check {
    /// A name of the registry ([`super::CHECKS`]).
    pub name: &'static str,
    /// The instance; `None` = it is about all of them.
    pub instance: Option<String>,
    /// Its place in the registry.
    pub(super) rank: usize,
    /// What the rule says.
    pub seen: Seen,
}

impl Check {
    /// For sorting: the gravest first, then the most telling.
    pub(super) fn order(&self) -> (std::cmp::Reverse<Verdict>, bool, usize) {
        (std::cmp::Reverse(self.seen.outcome), self.seen.speaks_last, self.rank)
    }
}

/// What a rule saw, and what it makes of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Pass, inconclusive or fail.
    pub outcome: Verdict,
    /// One sentence for people.
    pub detail: String,
    /// What was seen, short.
    pub observed: String,
    /// What must be seen, short.
    pub required: String,
    /// The figures of `observed`, with their units in their names.
    pub measured: Map<String, Value>,
    /// How bad it is beside the same check of other instances: the greater, the worse.
    pub badness: f64,
    /// The other checks with this verdict say more, whatever their rank.
    pub speaks_last: bool,
}

impl Seen {
    pub(super) fn new(outcome: Verdict, detail: String) -> Self {
        Self {
            outcome,
            detail,
            observed: String::new(),
            required: String::new(),
            measured: Map::new(),
            badness: 0.0,
            speaks_last: false,
        }
    }

    /// Both sides, short.
    pub(super) fn beside(mut self, observed: impl Into<String>, required: impl Into<String>) -> Self {
        self.observed = observed.into();
        self.required = required.into();
        self
    }

    /// The worst of a check is shown, and whose it is.
    pub(super) fn rated(mut self, badness: f64) -> Self {
        self.badness = badness;
        self
    }

    /// With a figure for scripts.
    pub(super) fn with(mut self, figure: &str, value: impl Into<Value>) -> Self {
        self.measured.insert(figure.to_owned(), value.into());
        self
    }
}
