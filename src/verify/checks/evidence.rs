//! Is there anything to judge? Records of the service, and an answer to each question.

use super::{About, Judge, Rule};
use crate::verify::check::{Seen, Verdict};
use crate::verify::{FACTS, Instance, Subject};
use crate::words::clock;

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "evidence",
    requires: "there are records, and no part of them is missing",
    judge: Judge::Service(judge),
};

fn judge(subject: &Subject<'_>, instances: &[Instance<'_>]) -> Vec<About> {
    let inconclusive = |detail: String| Seen::new(Verdict::Inconclusive, detail);
    let mut missing = subject.episodes.facts.not_known_of(&FACTS);
    missing.extend(subject.health.not_known());
    // What is in flight has a check of its own that says so.
    missing.retain(|part| part.section != "hangs");
    let mut seen: Vec<Seen> = missing
        .into_iter()
        .map(|part| format!("{} is not known: {}", part.section, part.why))
        .map(|detail| inconclusive(detail).beside("incomplete", "all sections"))
        .collect();
    if instances.is_empty() {
        // One query does not tell whether it is the filters or the service.
        let detail = format!(
            "no record passes the filters since {}",
            clock(subject.health.lookback_from)
        );
        seen.push(inconclusive(detail).beside("0 records", "records"));
    }
    seen.into_iter().map(|seen| (None, seen)).collect()
}
