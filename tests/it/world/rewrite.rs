//! Rewrites a recording the ways in which other projects record, and its label with it. Pure, and the same for the
//! same seed. What is added is in the shape that the SDK (logfire 5.1, instrumentations 0.65b0) gave in a trial.

mod long_lived;
mod machines;
mod outgoing;
mod pre_ping;
mod thinned;

use serde_json::{Value, json};

use super::recording::Recording;

/// How a project's records differ from those of `fixtures/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// WebSockets, server-sent events and downloads beside the other traffic.
    LongLived,
    /// Instrumented calls to others, which answer 404 and 409.
    Outgoing,
    /// Pooled connections found dead by the pool's check, and replaced.
    PrePing,
    /// No machine has a name: processes have random ids.
    Machines,
    /// Half of the traces were not sampled.
    Sampled,
    /// The database is not instrumented.
    NoDatabase,
}

impl Way {
    /// In the order in which they are applied: what one adds, a later one renames or drops.
    pub const ALL: [Self; 6] = [
        Self::LongLived,
        Self::Outgoing,
        Self::PrePing,
        Self::Machines,
        Self::Sampled,
        Self::NoDatabase,
    ];
    /// Those under which a label holds in full.
    pub const HARMLESS: [Self; 4] = [Self::LongLived, Self::Outgoing, Self::PrePing, Self::Machines];

    pub const fn name(self) -> &'static str {
        match self {
            Self::LongLived => "long-lived",
            Self::Outgoing => "outgoing",
            Self::PrePing => "pre-ping",
            Self::Machines => "no-machines",
            Self::Sampled => "sampled",
            Self::NoDatabase => "no-database",
        }
    }

    /// Every pair of ways under which a label holds in full.
    pub fn pairs() -> Vec<Vec<Self>> {
        let all = Self::HARMLESS;
        let pair = |(place, first): (usize, &Self)| {
            all[place + 1..]
                .iter()
                .map(|second| vec![*first, *second])
                .collect::<Vec<_>>()
        };
        all.iter().enumerate().flat_map(pair).collect()
    }
}

/// `long-lived+no-machines`: several at once.
pub fn parse(text: &str) -> Result<Vec<Way>, String> {
    let way = |name: &str| {
        let found = Way::ALL.into_iter().find(|way| way.name() == name);
        let names: Vec<&str> = Way::ALL.iter().map(|way| way.name()).collect();
        found.ok_or_else(|| format!("no way is called {name}; there are {}", names.join(", ")))
    };
    text.split('+').map(way).collect()
}

pub fn name(ways: &[Way]) -> String {
    let names: Vec<&str> = ways.iter().map(|way| way.name()).collect();
    names.join("+")
}

/// The recording as it would have been; unchanged where a way does not apply to what was recorded.
pub fn rewrite(recording: &Recording, ways: &[Way], seed: u64) -> Recording {
    let mut now = recording.clone();
    for way in Way::ALL.into_iter().filter(|way| ways.contains(way)) {
        match way {
            Way::LongLived => long_lived::add(&mut now, seed),
            Way::Outgoing => outgoing::add(&mut now, seed),
            Way::PrePing => pre_ping::add(&mut now, seed),
            Way::Machines => machines::forget(&mut now, seed),
            Way::Sampled => thinned::sample(&mut now, seed),
            Way::NoDatabase => thinned::without_database(&mut now),
        }
    }
    now.label["rewritten"] = json!(ways.iter().map(|way| way.name()).collect::<Vec<_>>());
    now
}

/// Adds rows in the order of their starts; those that were there stay in theirs.
fn insert(recording: &mut Recording, rows: Vec<Value>) {
    recording.rows.extend(rows);
    let start = |row: &Value| row["start_timestamp"].as_str().unwrap_or_default().to_owned();
    recording.rows.sort_by_cached_key(start);
}
