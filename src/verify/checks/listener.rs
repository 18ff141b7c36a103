//! Is the queue listener connected? Its newest event decides.

use super::{Judge, Rule};
use crate::episodes::LISTENER_PATIENCE;
use crate::facts::health::Life;
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, STARTUP, Subject};
use crate::words::clock;

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "listener",
    requires: "the newest event of the listener is that it connected",
    judge: Judge::Running(judge),
};

fn judge(subject: &Subject<'_>, instance: &Instance<'_>) -> Option<Seen> {
    let names = &subject.profile.listener;
    // One that starts says so, if it has a listener at all: a worker has none.
    let says_nothing =
        !speaks(subject, instance) || !subject.serves(instance) && !instance.current.iter().any(|life| spoke(life));
    if names.connected.is_empty() || instance.started_at.is_some() && says_nothing {
        return None;
    }
    let verdicts = instance.current.iter().map(|life| listener_of(subject, instance, life));
    let (outcome, detail, observed) = verdicts.max_by_key(|(outcome, ..)| *outcome)?;
    Some(Seen::new(outcome, detail).beside(observed, "newest event: connected"))
}

/// Whether any process of its service ever says what the profile knows of it: else it is another application, or one
/// without a listener.
fn speaks(subject: &Subject<'_>, instance: &Instance<'_>) -> bool {
    let mut lives = subject
        .health
        .lives
        .rows
        .iter()
        .filter(|life| life.service == instance.newest.service);
    lives.any(|life| spoke(life) || life.started_line_at.is_some())
}

/// Whether a process has a listener, by its own words.
fn spoke(life: &Life) -> bool {
    life.connected_at.is_some() || life.trouble.is_some()
}

fn listener_of(subject: &Subject<'_>, instance: &Instance<'_>, life: &Life) -> (Verdict, String, String) {
    let name = &subject.profile.listener.name;
    match (life.connected_at, life.trouble, instance.started_at) {
        // Trouble comes with an attempt to end it: of a sign that stands alone the rest is not recorded.
        (_, Some((_, last)), _) if life.trouble_lines == 1 && subject.now - last >= LISTENER_PATIENCE => (
            Verdict::Inconclusive,
            format!(
                "{name} had trouble at {}, and what became of it is not recorded",
                clock(last)
            ),
            format!("one sign at {}", clock(last)),
        ),
        (before, Some((first, last)), _) => {
            let before = before
                .map(|at| format!(", connected before at {}", clock(at)))
                .unwrap_or_default();
            let detail = format!(
                "{name} is in trouble since {} (last sign at {}){before}",
                clock(first),
                clock(last)
            );
            (Verdict::Fail, detail, format!("trouble at {}", clock(last)))
        }
        (Some(at), None, _) => (
            Verdict::Pass,
            format!("{name} connected at {}, no loss since", clock(at)),
            format!("connected at {}", clock(at)),
        ),
        (None, None, None) => {
            let since = clock(life.first_at);
            let detail = format!("{name}: no loss seen since {since}; its process is older than the evidence");
            (Verdict::Pass, detail, format!("no loss since {since}"))
        }
        (None, None, Some(started)) if subject.now - started <= STARTUP => (
            Verdict::Inconclusive,
            format!(
                "{name} has not connected yet: its process began {} ago",
                subject.ago(started)
            ),
            String::from("starting"),
        ),
        (None, None, Some(started)) => (
            Verdict::Fail,
            format!("{name} never connected since its process began at {}", clock(started)),
            String::from("never connected"),
        ),
    }
}
