//! Does anything fail? A listener's errors are forgiven once it is connected again.

use super::{Judge, Rule};
use crate::facts::weight;
use crate::verify::check::{Seen, Verdict};
use crate::verify::{Instance, Subject, bound, zero_of};
use crate::words::{counted, error, grouped};

/// Room for an error in a sentence.
const ERROR_WIDTH: usize = 120;

/// See [`super::CHECKS`].
pub(super) const CHECK: Rule = Rule {
    name: "errors",
    requires: "no request, no job and no log outside of them failed; errors that they survived are recovered",
    judge: Judge::Running(judge),
};

fn judge(subject: &Subject<'_>, instance: &Instance<'_>) -> Option<Seen> {
    let ended = instance.sum(|life| life.requests);
    let failed = instance.sum(|life| life.failed);
    let spans = instance.sum(|life| life.error_spans);
    let listener = instance.sum(|life| life.listener_errors);
    let open = instance.sum(|life| life.listener_errors_open);
    let logs = instance.sum(|life| life.error_logs) + open;
    let forgiven = listener - open.min(listener);
    let (outcome, mut detail) = if spans + logs > 0 {
        let mut parts = Vec::new();
        if failed > 0 {
            parts.push(format!("{} of {} failed", grouped(failed), counted(ended, "request")));
        }
        if spans > failed {
            parts.push(format!("{} with status ERROR", counted(spans, "span")));
        }
        if logs > open {
            parts.push(counted(logs - open, "error log"));
        }
        if open > 0 {
            parts.push(format!(
                "{} of the listener, not connected since",
                counted(open, "error log")
            ));
        }
        let first = instance.current.iter().find_map(|life| life.error.as_deref());
        let why = first
            .map(|text| format!(": {}", error(text, ERROR_WIDTH)))
            .unwrap_or_default();
        (Verdict::Fail, format!("{}{why}", parts.join(", ")))
    } else if ended == 0 && !subject.serves(instance) {
        (Verdict::Pass, String::from("no error; it serves no requests"))
    } else if ended == 0 {
        let detail = String::from("no error, and no request that could have had one");
        (Verdict::Inconclusive, detail)
    } else {
        (Verdict::Pass, format!("no request failed, {}", zero_of(ended)))
    };
    if forgiven > 0 {
        detail.push_str(&format!(
            "; {} of the listener forgiven: it connected afterwards",
            counted(forgiven, "error log")
        ));
    }
    let trace = instance.current.iter().find_map(|life| life.error_trace_id.clone());
    let seen = Seen::new(outcome, detail)
        .beside(format!("{}, {}", counted(spans, "span"), counted(logs, "log")), "0")
        .rated(-weight(ended))
        .with("error_spans", spans)
        .with("error_logs", logs)
        .with("forgiven_logs", forgiven)
        .with("failed_requests", failed)
        .with("requests", ended)
        .with(
            "upper_bound",
            if spans + logs == 0 {
                serde_json::json!(bound::upper_bound(ended))
            } else {
                serde_json::Value::Null
            },
        )
        .with("trace_id", trace);
    Some(Seen {
        // Logs without a failed span say less than the check of what wrote them.
        speaks_last: spans == 0,
        ..seen
    })
}
