//! Is there an incident that goes on? `verify` and `diagnose` are views of one judgement: what one calls an incident the
//! other does not pass.

use super::{About, Judge, Rule};
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Subject};
use crate::words::clock;

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "incident",
    requires: "no incident goes on by the diagnosis of the same records",
    judge: Judge::Service(judge),
};

fn judge(subject: &Subject<'_>, _: &[Instance<'_>]) -> Vec<About> {
    let required = "none that goes on";
    let seen = match subject.diagnosis.going_on() {
        Some(incident) => {
            let since = incident
                .from
                .map(|at| format!(" since {}", clock(at)))
                .unwrap_or_default();
            let detail = format!("{}{since}: {}", incident.id(), incident.summary);
            Seen::new(Verdict::Fail, detail)
                .beside(format!("{}{since}", incident.id()), required)
                .with("failure_mode", incident.id())
        }
        // Why nothing can be said of an incident is what the other checks are about.
        None => Seen::new(Verdict::Pass, String::from("no incident goes on")).beside("none", required),
    };
    vec![(None, seen)]
}
