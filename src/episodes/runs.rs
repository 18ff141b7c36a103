//! Runs of success: whether they were prompt, and several as one.

use crate::facts::Successes;

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
    parts.cloned().reduce(|a, b| a.and(&b))
}
