//! The demand of `--restarted-after`: whatever ran before has ended, and something younger is in its place.

use chrono::{DateTime, Utc};

use super::{Judge, Rule};
use crate::facts::seconds;
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Subject};
use crate::words::{clock, duration};

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "restarted",
    requires: "with --restarted-after: its process began after that, or another took its place",
    judge: Judge::Every(judge),
};

fn judge(subject: &Subject<'_>, instance: &Instance<'_>) -> Option<Seen> {
    let after = subject.demands.restarted_after?;
    let (outcome, detail, observed) = seen(subject, instance, after);
    Some(Seen::new(outcome, detail).beside(observed, format!("started after {}", clock(after))))
}

fn seen(subject: &Subject<'_>, instance: &Instance<'_>, after: DateTime<Utc>) -> (Verdict, String, String) {
    let name = instance.name;
    let (first, last) = (instance.first_at(), instance.last_at());
    if let Some((other, at)) = instance.successor {
        let detail = format!(
            "the last record of {name} is of {}, and {other} began at {}",
            clock(last),
            clock(at)
        );
        return (Verdict::Pass, detail, format!("replaced at {}", clock(at)));
    }
    match (instance.stopped_at, instance.started_at) {
        // A machine comes back under its name; a process that has ended does not, and `running` looks for others.
        (Some(at), _) if subject.episodes.facts.names.is_made_up(name) => (
            Verdict::Pass,
            format!("its process ended at {}", clock(at)),
            format!("ended at {}", clock(at)),
        ),
        (Some(_), _) => (
            Verdict::Fail,
            format!("{name} stopped and has not started again since {}", clock(after)),
            String::from("stopped"),
        ),
        (None, Some(at)) if at > after => (
            Verdict::Pass,
            format!("its process began at {}", clock(at)),
            format!("started at {}", clock(at)),
        ),
        _ if first <= after => (
            Verdict::Fail,
            format!(
                "{name} was not restarted after {}: its process {} ran already at {}",
                clock(after),
                instance.newest.process,
                clock(first)
            ),
            format!("running at {}", clock(first)),
        ),
        _ if after - subject.evidence_from() >= seconds(instance.patience_s()) => (
            Verdict::Pass,
            format!(
                "its first record is of {}, and it is never silent for {}",
                clock(first),
                duration(instance.patience_s())
            ),
            format!("first record at {}", clock(first)),
        ),
        _ => (
            Verdict::Inconclusive,
            format!(
                "{name}: the start of its process was not seen, its first record is of {}",
                clock(first)
            ),
            String::from("start not seen"),
        ),
    }
}
