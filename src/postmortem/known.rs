//! Which earlier incidents it resembles: compared by the order of what happened, never by texts. Data, in `known.toml`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnosis::FailureMode;

/// The built-in incidents.
const KNOWN: &str = include_str!("known.toml");
/// From this likeness on (twice what both have in order, by the length of both) one is named.
const LEAST_LIKENESS: f64 = 0.5;
/// Incidents that are named.
const MOST_NAMED: usize = 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    app: String,
    incident: Vec<Known>,
}

/// An earlier incident.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// Its day.
    pub date: String,
    /// Its failure mode.
    #[schemars(with = "FailureMode")]
    pub failure_mode: String,
    /// What it was.
    pub what: String,
    /// What happened, in order.
    pub kinds: Vec<String>,
}

/// An earlier incident beside the one at hand.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Resembling {
    #[serde(flatten)]
    pub known: Known,
    /// 0 to 1.
    pub likeness: f64,
    /// What both have, in order.
    pub matches: Vec<String>,
    /// What only the earlier one has.
    pub only_then: Vec<String>,
    /// What only this one has.
    pub only_now: Vec<String>,
}

/// The most alike first. `app` is the application that the profile names; the incident of `day` itself is no other.
pub(super) fn resembling(app: &str, day: &str, failure_mode: &str, kinds: &[String]) -> Vec<Resembling> {
    let Some(file) = toml::from_str::<File>(KNOWN).ok().filter(|file| file.app == app) else {
        return Vec::new();
    };
    let others = file.incident.into_iter().filter(|known| known.date != day);
    let mut found: Vec<Resembling> = others.map(|known| beside(known, kinds)).collect();
    found.retain(|one| one.likeness >= LEAST_LIKENESS || one.known.failure_mode == failure_mode);
    found.sort_by(|a, b| {
        let same = |one: &Resembling| one.known.failure_mode == failure_mode;
        let likeness = b.likeness.total_cmp(&a.likeness);
        same(b)
            .cmp(&same(a))
            .then(likeness)
            .then_with(|| a.known.date.cmp(&b.known.date))
    });
    found.truncate(MOST_NAMED);
    found
}

fn beside(known: Known, kinds: &[String]) -> Resembling {
    let common = in_common(&known.kinds, kinds);
    let then: Vec<usize> = common.iter().map(|(then, _)| *then).collect();
    let now: Vec<usize> = common.iter().map(|(_, now)| *now).collect();
    let without = |all: &[String], places: &[usize]| {
        let others = all.iter().enumerate().filter(|(place, _)| !places.contains(place));
        others.map(|(_, kind)| kind.clone()).collect::<Vec<_>>()
    };
    #[allow(clippy::cast_precision_loss)] // a few kinds
    let likeness = 2.0 * common.len() as f64 / (known.kinds.len() + kinds.len()).max(1) as f64;
    Resembling {
        likeness,
        matches: now.iter().map(|place| kinds[*place].clone()).collect(),
        only_then: without(&known.kinds, &then),
        only_now: without(kinds, &now),
        known,
    }
}

/// The longest common subsequence, as places in both.
fn in_common(a: &[String], b: &[String]) -> Vec<(usize, usize)> {
    let mut lengths = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i][j] = if a[i] == b[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            found.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis;

    fn kinds(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_file_is_sound() {
        let file: Result<File, _> = toml::from_str(KNOWN);
        let incidents = file.map(|file| file.incident).unwrap_or_default();
        assert_eq!(incidents.len(), 6);
        for known in incidents {
            assert!(diagnosis::named(&known.failure_mode).is_some(), "{known:?}");
        }
    }

    #[test]
    fn the_order_counts() {
        let cold = kinds("gap heartbeat-timeout request-hangs pool-exhausted listener-connected");
        let found = resembling("relay-api", "2026-01-01", "cold-start", &cold);
        assert_eq!(found[0].known.date, "2025-12-02");
        assert!(found[0].likeness > 0.85, "{found:?}");
        assert_eq!(found[0].only_then, ["listener-reconnect-failed"]);
        let reversed: Vec<String> = cold.into_iter().rev().collect();
        let other = resembling("relay-api", "2026-01-01", "slow-database", &reversed);
        assert!(other.iter().all(|one| one.known.date != "2025-12-02"), "{other:?}");
        assert!(resembling("shop", "2026-01-01", "cold-start", &reversed).is_empty());
    }
}
