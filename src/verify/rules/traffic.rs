//! The checks of traffic: requests are served with the database, nothing fails, statements are fast.

use super::super::check::{Check, Verdict};
use super::super::{Instance, Scene, bound, zero_of};
use super::check;
use crate::facts::health::StatementTimes;
use crate::facts::to_seconds;
use crate::words::{counted, duration, error, grouped};

/// Room for an error in a sentence.
const ERROR_WIDTH: usize = 120;

pub(super) fn requests(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
    let ended = instance.sum(|life| life.requests);
    let served = ended - instance.sum(|life| life.failed).min(ended);
    let with_database = instance.sum(|life| life.with_database);
    let health = instance.sum(|life| life.health_requests);
    let hanging = !scene.open(instance, true).is_empty();
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
    check("requests", Some(instance.name), outcome, detail)
        .seen(
            format!(
                "{} served, {} with the database",
                grouped(served),
                grouped(with_database)
            ),
            "1 served, with the database",
        )
        .with("requests", ended)
        .with("served", served)
        .with("with_database", with_database)
        .with("health_checks", health)
}

pub(super) fn errors(instance: &Instance<'_>) -> Check {
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
    check("errors", Some(instance.name), outcome, detail)
        .seen(format!("{}, {}", counted(spans, "span"), counted(logs, "log")), "0")
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
        .with("trace_id", trace)
}

/// The slowest process speaks for its instance: percentiles of several can't be joined.
pub(super) fn slowest(instance: &Instance<'_>) -> Option<StatementTimes> {
    let times = instance.current.iter().filter_map(|life| life.statement_times);
    times.max_by(|a, b| a.p95_s.total_cmp(&b.p95_s))
}

pub(super) fn statements(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
    let limit_s = to_seconds(scene.profile.verify.statement_p95);
    let count = instance.sum(|life| life.statements);
    let required = format!("p95 under {}", duration(limit_s));
    let Some(times) = slowest(instance) else {
        let detail = String::from("no statement ended, so nothing tells how fast the database is");
        return check("statements", Some(instance.name), Verdict::Inconclusive, detail)
            .seen("0", required)
            .with("statements", 0);
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
    check("statements", Some(instance.name), outcome, detail)
        .seen(format!("p95 {p95}"), required)
        .with("statements", count)
        .with("p50_ms", ms(times.p50_s))
        .with("p95_ms", ms(times.p95_s))
        .with("worst_ms", ms(times.max_s))
}
