//! Does it start again and again?

use super::{Judge, Rule};
use crate::facts::{to_seconds, weight};
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Subject};
use crate::words::{counted, duration, grouped};

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "restarts",
    requires: "it started at most `verify.max_starts` times in `verify.starts_within`",
    judge: Judge::Running(judge),
};

fn judge(subject: &Subject<'_>, instance: &Instance<'_>) -> Option<Seen> {
    let limit = &subject.profile.verify;
    let within = duration(to_seconds(limit.starts_within));
    let outcome = if instance.starts > limit.max_starts {
        Verdict::Fail
    } else {
        Verdict::Pass
    };
    let detail = match (outcome, instance.starts) {
        (Verdict::Fail, n) => format!("it started {} within {within}: a crash loop", counted(n, "time")),
        (_, 0) => format!("it did not start within {within}"),
        (_, n) => format!("it started {} within {within}", counted(n, "time")),
    };
    Some(
        Seen::new(outcome, detail)
            .beside(
                grouped(instance.starts),
                format!("at most {} in {within}", limit.max_starts),
            )
            .rated(weight(instance.starts))
            .with("starts", instance.starts),
    )
}
