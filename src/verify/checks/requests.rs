//! Are requests served with the database? Health checks do not ask it.

use super::{Judge, Rule};
use crate::facts::weight;
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Subject};
use crate::words::{counted, grouped};

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "requests",
    requires: "one request was served, with the database if it has one",
    judge: Judge::Running(judge),
};

fn judge(subject: &Subject<'_>, instance: &Instance<'_>) -> Option<Seen> {
    if !subject.serves(instance) {
        return None;
    }
    let ended = instance.sum(|life| life.requests);
    let served = ended - instance.sum(|life| life.failed).min(ended);
    let with_database = instance.sum(|life| life.with_database);
    let health = instance.sum(|life| life.health_requests);
    let hanging = !subject.open(instance, true).is_empty();
    let (outcome, detail) = match (ended, served, with_database) {
        (0, _, _) if hanging => (Verdict::Fail, String::from("no request was served, and some hang")),
        (0, _, _) if health > 0 => (
            Verdict::Inconclusive,
            format!(
                "only {} came in: they do not ask the database",
                counted(health, "health check")
            ),
        ),
        (0, _, _) => (Verdict::Inconclusive, String::from("no request came in")),
        (_, 0, _) => (Verdict::Fail, format!("all {} failed", counted(ended, "request"))),
        (_, _, 0) if subject.has_no_database(instance) => (
            Verdict::Pass,
            format!("{} served; it has no database", counted(served, "request")),
        ),
        (_, _, 0) => (
            Verdict::Inconclusive,
            format!(
                "{} served, and none of them asked the database",
                counted(served, "request")
            ),
        ),
        _ => (
            Verdict::Pass,
            format!(
                "{} served, {} of them with the database",
                counted(served, "request"),
                grouped(with_database)
            ),
        ),
    };
    Some(
        Seen::new(outcome, detail)
            .beside(
                format!(
                    "{} served, {} with the database",
                    grouped(served),
                    grouped(with_database)
                ),
                "1 served, with the database",
            )
            .rated(-weight(served))
            .with("requests", ended)
            .with("served", served)
            .with("with_database", with_database)
            .with("health_checks", health),
    )
}
