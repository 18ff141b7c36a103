//! The rules at work: what class a message's code and words have, and whom it is about.

use std::sync::LazyLock;

use regex::Regex;

use super::codes::{Code, code};
use super::rules::{
    DATABASE, ELSEWHERE, OTHER_FRAMES, OTHER_SERVICE, RULES, Rule, TIMEOUT_FRAMES, WITHOUT_TEXT, WRAPPERS, Words,
};
use super::translated::{TRANSLATED, TRANSLATED_ELSEWHERE};
use super::{ErrorClass, PoolLimits};

/// A class, and whether the text's own words are a database's.
pub(super) type Found = (ErrorClass, bool);

type Compiled = LazyLock<Vec<(ErrorClass, Words, Regex)>>;
type Pattern = LazyLock<Option<Regex>>;

static COMPILED: Compiled = LazyLock::new(|| {
    let mut rules = compile(RULES);
    let translated = TRANSLATED
        .iter()
        .map(|(class, rule)| Some((*class, Words::Database, pattern(&[rule])?)));
    rules.extend(translated.flatten());
    rules
});
static COMPILED_WRAPPERS: Compiled = LazyLock::new(|| compile(WRAPPERS));
static ELSEWHERE_IN: Pattern = LazyLock::new(|| pattern(&[ELSEWHERE, &[TRANSLATED_ELSEWHERE]].concat()));
static OTHER_SERVICE_IN: Pattern = LazyLock::new(|| pattern(OTHER_SERVICE));
static OTHER_FRAMES_IN: Pattern = LazyLock::new(|| pattern(OTHER_FRAMES));
static DATABASE_IN: Pattern = LazyLock::new(|| pattern(DATABASE));
static WITHOUT_TEXT_IN: Pattern = LazyLock::new(|| pattern(&[WITHOUT_TEXT]));
static COMPILED_FRAMES: LazyLock<Vec<(Option<ErrorClass>, Regex)>> = LazyLock::new(|| {
    let compiled = TIMEOUT_FRAMES
        .iter()
        .map(|(class, rule)| Some((*class, pattern(rule)?)));
    compiled.flatten().collect()
});
/// `QueuePool limit of size 10 overflow 5 reached, connection timed out, timeout 30.00`, by structure.
static LIMITS: Pattern =
    LazyLock::new(|| pattern(&[r"pool\b.*\bsize (\d+) overflow (\d+)(?:.*\btimeout (\d+(?:\.\d+)?))?"]));

/// Any of these, in any case, over line ends.
fn pattern(any_of: &[&str]) -> Option<Regex> {
    Regex::new(&format!("(?is){}", any_of.join("|"))).ok()
}

fn compile(rules: &[Rule]) -> Vec<(ErrorClass, Words, Regex)> {
    let compiled = rules
        .iter()
        .map(|(class, words, any_of)| Some((*class, *words, pattern(any_of)?)));
    compiled.flatten().collect()
}

fn is(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Whether a message is one of another service's client.
pub(super) fn of_other_service(message: &str) -> bool {
    is(&OTHER_SERVICE_IN, message)
}

/// Whether stack frames are of another service's client.
pub(super) fn through_other_service(frames: &str) -> bool {
    is(&OTHER_FRAMES_IN, frames)
}

/// Whether a text names a database, its driver or its pool.
pub(super) fn names_database(text: &str) -> bool {
    is(&DATABASE_IN, text)
}

/// The class of one message, by its code and its words.
pub(super) fn class_of(message: &str) -> Option<Found> {
    if of_other_service(message) {
        return None;
    }
    match code(message) {
        Some(Code::Means(class)) => return Some((class, true)),
        Some(Code::Elsewhere) => return None,
        _ if is(&ELSEWHERE_IN, message) => return None,
        _ => {}
    }
    // What names an address of the web and no database is about that address.
    first(&COMPILED, message).filter(|found| found.1 || !message.contains("://"))
}

/// The class of a message that only wraps another one, or whose code is all it has to tell.
pub(super) fn class_of_wrapper(message: &str) -> Option<Found> {
    if of_other_service(message) || is(&ELSEWHERE_IN, message) {
        return None;
    }
    first(&COMPILED_WRAPPERS, message).or(match code(message) {
        Some(Code::Hints(class)) => Some((class, true)),
        _ => None,
    })
}

/// Whether a message is a timeout that has no text.
pub(super) fn is_without_text(message: &str) -> bool {
    is(&WITHOUT_TEXT_IN, message)
}

/// What its stack frames make of a timeout that has no text; `None` = they tell nothing, `Some(None)` = a statement.
pub(super) fn class_by_frames(frames: &str) -> Option<Option<ErrorClass>> {
    let found = COMPILED_FRAMES.iter().find(|(_, rule)| rule.is_match(frames));
    found.map(|(class, _)| *class)
}

fn first(rules: &Compiled, message: &str) -> Option<Found> {
    let (class, words, _) = rules.iter().find(|(_, _, rule)| rule.is_match(message))?;
    Some((*class, *words == Words::Database || names_database(message)))
}

pub(super) fn pool_limits(text: &str) -> Option<PoolLimits> {
    let found = LIMITS.as_ref()?.captures(text)?;
    Some(PoolLimits {
        size: found.get(1)?.as_str().parse().ok()?,
        overflow: found.get(2)?.as_str().parse().ok()?,
        timeout_s: found.get(3).and_then(|number| number.as_str().parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles() {
        assert_eq!(COMPILED.len(), RULES.len() + TRANSLATED.len());
        assert_eq!(COMPILED_WRAPPERS.len(), WRAPPERS.len());
        assert_eq!(COMPILED_FRAMES.len(), TIMEOUT_FRAMES.len());
        for pattern in [
            &ELSEWHERE_IN,
            &OTHER_SERVICE_IN,
            &OTHER_FRAMES_IN,
            &DATABASE_IN,
            &WITHOUT_TEXT_IN,
            &LIMITS,
        ] {
            assert!(pattern.is_some());
        }
    }
}
