//! Is the database fast?

use super::{Judge, Rule};
use crate::facts::health::StatementTimes;
use crate::facts::to_seconds;
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Subject};
use crate::words::{counted, duration};

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "statements",
    requires: "the p95 of statements is under `verify.statement_p95`",
    judge: Judge::Running(judge),
};

fn judge(subject: &Subject<'_>, instance: &Instance<'_>) -> Option<Seen> {
    let limit_s = to_seconds(subject.profile.verify.statement_p95);
    let count = instance.sum(|life| life.statements);
    let required = format!("p95 under {}", duration(limit_s));
    let Some(times) = slowest(instance) else {
        if subject.has_no_database(instance) || !subject.serves(instance) {
            return None;
        }
        let detail = String::from("no statement ended, so nothing tells how fast the database is");
        return Some(
            Seen::new(Verdict::Inconclusive, detail)
                .beside("0", required)
                .with("statements", 0),
        );
    };
    let outcome = if times.p95_s < limit_s {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    let p95 = duration(times.p95_s);
    let slow = if outcome == Verdict::Fail {
        "statements are slow: "
    } else {
        ""
    };
    let detail = format!(
        "{slow}{}, p50 {}, p95 {p95}, worst {}",
        counted(count, "statement"),
        duration(times.p50_s),
        duration(times.max_s)
    );
    let ms = |seconds: f64| (seconds * 1e6).round() / 1e3;
    Some(
        Seen::new(outcome, detail)
            .beside(format!("p95 {p95}"), required)
            .rated(times.p95_s)
            .with("statements", count)
            .with("p50_ms", ms(times.p50_s))
            .with("p95_ms", ms(times.p95_s))
            .with("worst_ms", ms(times.max_s)),
    )
}

/// The slowest process speaks for its instance: percentiles of several can't be joined.
pub(in crate::verify) fn slowest(instance: &Instance<'_>) -> Option<StatementTimes> {
    let times = instance.current.iter().filter_map(|life| life.statement_times);
    times.max_by(|a, b| a.p95_s.total_cmp(&b.p95_s))
}
