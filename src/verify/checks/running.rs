//! Does an instance run? One that has just stopped is expected back; one that stayed away was taken out of service.

use super::{About, Judge, Rule};
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, RESTART_TAKES, Subject};
use crate::words::clock;

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "running",
    requires: "one instance runs at least, and none has stopped just now",
    judge: Judge::Service(judge),
};

fn judge(subject: &Subject<'_>, instances: &[Instance<'_>]) -> Vec<About> {
    let stopped = instances
        .iter()
        .filter_map(|instance| Some((instance, instance.stopped_at?)));
    let mut seen = Vec::new();
    if !instances.is_empty() && instances.iter().all(|instance| !instance.runs()) {
        let at = stopped.clone().map(|(_, at)| at).max().map(clock).unwrap_or_default();
        let detail = format!("no instance runs: the last one stopped at {at}");
        let none = Seen::new(Verdict::Fail, detail).beside("0 instances", "1 instance");
        seen.push((None, none));
    }
    let awaited = stopped.filter(|(instance, at)| instance.successor.is_none() && subject.now - *at <= RESTART_TAKES);
    for (instance, at) in awaited {
        let detail = format!("it stopped {} ago and has not started again", subject.ago(at));
        let awaited = Seen::new(Verdict::Inconclusive, detail).beside(format!("stopped at {}", clock(at)), "running");
        seen.push((Some(instance.name.to_owned()), awaited));
    }
    seen
}
