//! Is it silent? That may be a quiet night, a process that froze or one that is gone: never a failure by itself.

use super::{Judge, Rule};
use crate::facts::to_seconds;
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Subject};
use crate::words::duration;

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "freshness",
    requires: "its last record is no older than its traffic explains",
    judge: Judge::Running(judge),
};

fn judge(subject: &Subject<'_>, instance: &Instance<'_>) -> Option<Seen> {
    let last_at = instance.last_at();
    let silence_s = to_seconds(subject.now - last_at).max(0.0);
    let (spacing_s, allowed_s) = (instance.spacing_s(), instance.patience_s());
    let (age, usual, allowed) = (duration(silence_s), duration(spacing_s), duration(allowed_s));
    // A job that is done says nothing any more, and nobody waits for it under a name.
    let is_job = subject.episodes.facts.names.is_made_up(instance.name) && !subject.serves(instance);
    if silence_s > allowed_s && is_job {
        return None;
    }
    let (outcome, detail) = if silence_s <= allowed_s {
        (Verdict::Pass, format!("its last record is {age} old"))
    } else {
        let detail = format!("its last record is {age} old, and one came every {usual} before: quiet, frozen or gone");
        (Verdict::Inconclusive, detail)
    };
    Some(
        Seen::new(outcome, detail)
            .beside(format!("{age} ago"), format!("within {allowed}"))
            .rated(silence_s / allowed_s.max(f64::MIN_POSITIVE))
            .with("silence_s", silence_s)
            .with("allowed_s", allowed_s),
    )
}
