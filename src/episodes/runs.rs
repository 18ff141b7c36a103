//! Runs of success: whether they were prompt, and several as one.

use crate::facts::{Spread, Successes};

/// A request that takes longer has waited for something: its success is no contrast to a hang.
const PROMPT_S: f64 = 1.0;

/// Whether a run of successes shows that the database answered at once.
pub fn is_prompt(successes: &Successes) -> bool {
    successes
        .spread
        .middle_s
        .map_or(successes.spread.max_s, |(_, p95_s)| p95_s)
        <= PROMPT_S
}

/// Runs as one, without percentiles.
pub fn merged<'a>(parts: impl Iterator<Item = &'a Successes>) -> Option<Successes> {
    parts.cloned().reduce(|a, b| Successes {
        count: a.count + b.count,
        first_at: a.first_at.min(b.first_at),
        last_at: a.last_at.max(b.last_at),
        spread: Spread {
            min_s: a.spread.min_s.min(b.spread.min_s),
            middle_s: None,
            max_s: a.spread.max_s.max(b.spread.max_s),
        },
    })
}
