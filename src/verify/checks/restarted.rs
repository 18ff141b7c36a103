//! The demand of `--restarted-after`.

use super::{Judge, Rule};
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Scene};
use crate::words::clock;

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "restarted",
    requires: "with --restarted-after: its process began after that",
    judge: Judge::Every(judge),
};

fn judge(scene: &Scene<'_>, instance: &Instance<'_>) -> Option<Seen> {
    let after = scene.demands.restarted_after?;
    let name = instance.name;
    let first = instance.first_at();
    let required = format!("started after {}", clock(after));
    let (outcome, detail, observed) = match instance.started_at {
        _ if instance.stopped_at.is_some() => (
            Verdict::Fail,
            format!("{name} stopped and has not started again since {}", clock(after)),
            String::from("stopped"),
        ),
        Some(at) if at > after => (
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
        _ => (
            Verdict::Inconclusive,
            format!(
                "{name}: the start of its process was not seen, its first record is of {}",
                clock(first)
            ),
            String::from("start not seen"),
        ),
    };
    Some(Seen::new(outcome, detail).beside(observed, required))
}
