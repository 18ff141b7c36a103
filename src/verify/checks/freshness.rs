//! Is it silent? That may be a quiet night, a process that froze or one that is gone: never a failure by itself.

use super::{Judge, Rule};
use crate::episodes::UNUSUAL_SPACING;
use crate::facts::to_seconds;
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Scene};
use crate::words::duration;

/// Silence is worth a word from here on, if it is out of the ordinary as well: below, traffic alone explains it.
const SHORTEST_SILENCE_S: f64 = 60.0;

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "freshness",
    requires: "its last record is no older than its traffic explains",
    judge: Judge::Running(judge),
};

fn judge(scene: &Scene<'_>, instance: &Instance<'_>) -> Option<Seen> {
    let last_at = instance.last_at();
    let silence_s = to_seconds(scene.now - last_at).max(0.0);
    let seconds = instance
        .current
        .iter()
        .map(|life| life.active_seconds)
        .max()
        .unwrap_or(0);
    let length_s = to_seconds(last_at - instance.first_at()).max(0.0);
    #[allow(clippy::cast_precision_loss)] // at most the seconds of the lookback
    let spacing_s = if seconds > 1 {
        length_s / (seconds - 1) as f64
    } else {
        0.0
    };
    let allowed_s = SHORTEST_SILENCE_S.max(UNUSUAL_SPACING * spacing_s);
    let (age, usual, allowed) = (duration(silence_s), duration(spacing_s), duration(allowed_s));
    let (outcome, detail) = if silence_s <= allowed_s {
        (Verdict::Pass, format!("its last record is {age} old"))
    } else {
        let detail = format!("its last record is {age} old, and one came every {usual} before: quiet, frozen or gone");
        (Verdict::Inconclusive, detail)
    };
    Some(
        Seen::new(outcome, detail)
            .beside(format!("{age} ago"), format!("within {allowed}"))
            .with("silence_s", silence_s)
            .with("allowed_s", allowed_s),
    )
}
