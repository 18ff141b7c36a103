//! Does anything wait in the processes of now? Older ones took what they held with them.

use super::{Judge, Rule};
use crate::facts::to_seconds;
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Subject};
use crate::words::{clock, counted, duration, grouped};

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "in_flight",
    requires: "nothing is in flight for longer than `in_flight_after`",
    judge: Judge::Running(judge),
};

fn judge(subject: &Subject<'_>, instance: &Instance<'_>) -> Option<Seen> {
    let limit = duration(to_seconds(subject.profile.in_flight_after));
    let required = format!("none for more than {limit}");
    let open = subject.open(instance, true);
    let longest = open.iter().min_by_key(|span| (span.started_at, &span.span_id));
    if let Some(longest) = longest {
        let requests = open.iter().all(|span| span.is_request());
        let some = counted(open.len() as u64, if requests { "request" } else { "operation" });
        let age = subject.ago(longest.started_at);
        let detail = match open.len() {
            1 => format!("{} is in flight for {age}", longest.span_name),
            _ => format!("{some} are in flight, the longest for {age} ({})", longest.span_name),
        };
        return Some(
            Seen::new(Verdict::Fail, detail)
                .beside(format!("{}, longest {age}", grouped(open.len() as u64)), required)
                .with("in_flight", open.len())
                .with("longest_s", to_seconds(subject.now - longest.started_at)),
        );
    }
    if let Some(why) = &subject.episodes.facts.hangs.not_known {
        let detail = format!("what is in flight is not known: {why}");
        return Some(Seen::new(Verdict::Inconclusive, detail).beside("not known", required));
    }
    let detail = format!(
        "nothing is in flight for more than {limit}, looked for since {}",
        clock(subject.health.lookback_from)
    );
    Some(
        Seen::new(Verdict::Pass, detail)
            .beside("0", required)
            .with("in_flight", 0),
    )
}
