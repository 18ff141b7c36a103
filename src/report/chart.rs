//! Pictures as data: what is drawn, over which time, in which unit. Each format draws them its own way, or leaves them out.

use chrono::{DateTime, Utc};

use super::Severity;

/// A picture over a stretch of time, half-open. Labels and names may come from strangers: renderers neutralise them.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What it shows, in a few words.
    pub title: String,
    /// Where its time begins.
    pub from: DateTime<Utc>,
    /// Where it ends.
    pub to: DateTime<Utc>,
    /// What is drawn.
    pub drawing: Drawing,
}

impl Chart {
    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        match &self.drawing {
            Drawing::Lanes(lanes) => lanes.is_empty(),
            Drawing::Series(series) => series.is_empty(),
            Drawing::Durations(operations) => operations.is_empty(),
            Drawing::Rates(rates) => rates.is_empty(),
        }
    }
}

/// The kinds of pictures.
#[derive(Debug, Clone)]
pub enum Drawing {
    /// What happened side by side: one lane a participant.
    Lanes(Vec<Lane>),
    /// Numbers over time, as many in each as there are equal steps.
    Series(Vec<Series>),
    /// How long operations took, by when they began; on a logarithmic scale.
    Durations(Vec<Operation>),
    /// How often something is so, among some and among others.
    Rates(Vec<Rate>),
}

/// A participant: an instance, the listener, checkouts, requests of a route.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Who it is.
    pub name: String,
    /// What happened to it, by start.
    pub marks: Vec<Mark>,
    /// What stands behind it, such as how long its hangs took; may be empty.
    pub note: String,
}

/// Something that happened in a lane.
#[derive(Debug, Clone)]
pub struct Mark {
    /// When it began; not before the chart.
    pub from: DateTime<Utc>,
    /// When it ended; the same for a point.
    pub to: DateTime<Utc>,
    /// What it was.
    pub kind: MarkKind,
    /// How many it stands for.
    pub count: u64,
    /// In a sentence, for who points at it.
    pub label: String,
}

/// What a mark says. They are told apart by shape, not by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// It lives, or is connected.
    Alive,
    /// Nothing was recorded where something is usual.
    Gap,
    /// It succeeded.
    Success,
    /// It was slow.
    Slow,
    /// It is in trouble.
    Trouble,
    /// It failed.
    Failure,
    /// It hung.
    Hang,
    /// It went.
    Stop,
    /// It began.
    Start,
}

impl MarkKind {
    /// All of them, in the order of a legend.
    pub const ALL: [Self; 9] = [
        Self::Start,
        Self::Stop,
        Self::Alive,
        Self::Success,
        Self::Slow,
        Self::Failure,
        Self::Hang,
        Self::Trouble,
        Self::Gap,
    ];

    /// For a legend.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Gap => "nothing recorded",
            Self::Success => "succeeds",
            Self::Slow => "slow",
            Self::Trouble => "not connected",
            Self::Failure => "fails",
            Self::Hang => "hangs",
            Self::Stop => "goes",
            Self::Start => "starts",
        }
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::Alive | Self::Stop | Self::Start => Severity::Info,
            Self::Success => Severity::Ok,
            Self::Gap | Self::Slow | Self::Trouble => Severity::Warning,
            Self::Failure | Self::Hang => Severity::Critical,
        }
    }
}

/// Numbers over time.
#[derive(Debug, Clone)]
pub struct Series {
    /// Of what.
    pub name: String,
    /// What one is: `requests per 30s`, `connections`.
    pub unit: String,
    /// One for each step; `None` = not known.
    pub values: Vec<Option<f64>>,
    /// The most there can be, such as the size of a pool.
    pub limit: Option<f64>,
    /// How bad a high value is.
    pub severity: Severity,
}

/// An operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took, or has taken, seconds.
    pub seconds: f64,
    /// Success, slow, failure or hang.
    pub kind: MarkKind,
    /// How many lie there: success is told in buckets, by their middle.
    pub count: u64,
    /// In a sentence.
    pub label: String,
}

/// How often something is so among some and among others, with the interval in which each share lies with 95 %.
#[derive(Debug, Clone)]
pub struct Rate {
    /// What is so.
    pub name: String,
    /// Among the first, such as requests that hung: how many of how many.
    pub first: Share,
    /// Among the second, such as fast ones beside them.
    pub second: Share,
}

/// A share of a whole.
#[derive(Debug, Clone)]
pub struct Share {
    /// Of whom: `hung`, `fast`.
    pub of: String,
    /// How many are so.
    pub count: u64,
    /// Of how many.
    pub all: u64,
    /// The least and the greatest share that fit, 0 to 1.
    pub interval: (f64, f64),
}
