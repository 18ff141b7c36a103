//! The registry of checks: one check a file. Names, ranks and the order of evaluation come from the one list below.

pub(super) use statements::slowest;

use super::check::{Check, Seen};
use super::{Instance, Subject};

/// A requirement of health.
pub struct Rule {
    /// As in the document and the table.
    pub name: &'static str,
    /// What it takes to pass, for the help.
    pub requires: &'static str,
    judge: Judge,
}

/// An instance, `None` = all of them, and what was seen of it.
type About = (Option<String>, Seen);

/// Whom a rule is asked of.
enum Judge {
    /// The service as a whole; what it says may be about one instance.
    Service(fn(&Subject<'_>, &[Instance<'_>]) -> Vec<About>),
    /// Each instance that runs and was not replaced. `None` = it does not apply.
    Running(fn(&Subject<'_>, &Instance<'_>) -> Option<Seen>),
    /// Each instance that was seen, also one that stopped.
    Every(fn(&Subject<'_>, &Instance<'_>) -> Option<Seen>),
}

/// Declares the files and the registry in one list, so that nothing can be forgotten.
macro_rules! checks {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// Every check, the most telling first: the first line of the answer is that of the first check that fails. What is
        /// only missing, such as traffic, comes after what is wrong.
        pub const CHECKS: &[Rule] = &[$($name::CHECK),+];
    };
}

checks![
    evidence, running, in_flight, restarts, restarted, freshness, requests, errors, statements, listener, incident,
];

/// All checks of the service, then those of each instance, both in the order of the registry.
pub(super) fn judged(subject: &Subject<'_>, instances: &[Instance<'_>]) -> Vec<Check> {
    let mut checks = Vec::new();
    for (rank, rule) in CHECKS.iter().enumerate() {
        if let Judge::Service(judge) = rule.judge {
            let of_all = judge(subject, instances).into_iter();
            checks.extend(of_all.map(|(instance, seen)| Check {
                name: rule.name,
                instance,
                rank,
                seen,
            }));
        }
    }
    for instance in instances {
        for (rank, rule) in CHECKS.iter().enumerate() {
            let seen = match rule.judge {
                Judge::Service(_) => None,
                // One that stopped is expected back, was replaced or taken out of service: `running` says which.
                Judge::Running(judge) if instance.runs() => judge(subject, instance),
                Judge::Running(_) => None,
                Judge::Every(judge) => judge(subject, instance),
            };
            let instance = Some(instance.name.to_owned());
            checks.extend(seen.map(|seen| Check {
                name: rule.name,
                instance,
                rank,
                seen,
            }));
        }
    }
    checks
}
