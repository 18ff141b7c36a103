//! The checks: one function a requirement, from the facts of an instance to its verdict.

use chrono::{DateTime, TimeDelta, Utc};

use super::check::{Check, Verdict};
use super::{Instance, RESTART_TAKES, STARTUP, Scene, zero_of};
use crate::facts::health::{Life, StatementTimes};
use crate::facts::stuck::Hung;
use crate::facts::to_seconds;
use crate::words::{counted, duration, error, grouped};

/// Silence is worth a word from here on, and at ten times the usual distance: below, traffic alone explains it.
const SHORTEST_SILENCE_S: f64 = 60.0;
const SILENCE_IN_SPACINGS: f64 = 10.0;
/// Room for an error in a sentence.
const ERROR_WIDTH: usize = 120;

fn check(name: &'static str, instance: Option<&str>, outcome: Verdict, detail: String) -> Check {
    Check {
        name,
        instance: instance.map(str::to_owned),
        outcome,
        detail,
        observed: String::new(),
        required: String::new(),
        measured: serde_json::Map::new(),
    }
}

impl Check {
    fn seen(mut self, observed: impl Into<String>, required: impl Into<String>) -> Self {
        self.observed = observed.into();
        self.required = required.into();
        self
    }
}

fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

impl Scene<'_> {
    fn ago(&self, at: DateTime<Utc>) -> String {
        duration(to_seconds(self.now - at).max(0.0))
    }

    /// Spans of the instance's current processes, or of older ones, that have no end at the window's end.
    fn open(&self, instance: &Instance<'_>, current: bool) -> Vec<&Hung> {
        let lives = if current { &instance.current } else { &instance.older };
        let of = |span: &Hung, life: &Life| {
            span.process == life.process
                && if life.newest {
                    span.started_at >= life.first_at
                } else {
                    span.started_at <= life.last_at
                }
        };
        let own = self
            .facts
            .hung
            .rows
            .iter()
            .filter(|span| span.instance == instance.name);
        own.filter(|span| span.ended_at().is_none_or(|at| at > self.now))
            .filter(|span| self.now - span.started_at > self.profile.in_flight_after)
            .filter(|span| lives.iter().any(|life| of(span, life)))
            .collect()
    }
}

/// What concerns all instances: whether there is anything to judge.
pub(super) fn of_evidence(scene: &Scene<'_>, instances: &[Instance<'_>]) -> Vec<Check> {
    let mut checks = Vec::new();
    let inconclusive = |detail: String| check("evidence", None, Verdict::Inconclusive, detail);
    // What is in flight has a check of its own that says so.
    for (section, why) in scene
        .facts
        .not_known()
        .into_iter()
        .filter(|(section, _)| *section != "stuck")
    {
        checks.push(inconclusive(format!("{section} is not known: {why}")).seen("incomplete", "all sections"));
    }
    if instances.is_empty() {
        let unfiltered: u64 = scene.facts.bounds.rows.iter().map(|b| b.records_unfiltered).sum();
        let detail = match scene.facts.bounds.rows.first() {
            Some(bounds) if unfiltered > 0 => format!(
                "no record passes the filters; there are {}, environments: {}; services: {}",
                counted(unfiltered, "other record"),
                bounds.environments.as_deref().unwrap_or("none"),
                bounds.services.as_deref().unwrap_or("none"),
            ),
            _ => format!("there are no records since {}", clock(scene.facts.lookback_from)),
        };
        checks.push(inconclusive(detail).seen("0 records", "records"));
    } else if instances.iter().all(|instance| instance.stopped_at.is_some()) {
        let last = instances.iter().filter_map(|instance| instance.stopped_at).max();
        let at = last.map(clock).unwrap_or_default();
        checks.push(
            check(
                "running",
                None,
                Verdict::Fail,
                format!("no instance runs: the last one stopped at {at}"),
            )
            .seen("0 instances", "1 instance"),
        );
    }
    checks
}

/// The checks of one instance. One that stopped and stayed away was taken out of service: it has none.
pub(super) fn of_instance(scene: &Scene<'_>, instance: &Instance<'_>) -> Vec<Check> {
    if let Some(at) = instance.stopped_at {
        if scene.now - at > RESTART_TAKES {
            return Vec::new();
        }
        let detail = format!("it stopped {} ago and has not started again", scene.ago(at));
        return vec![
            check("running", Some(instance.name), Verdict::Inconclusive, detail)
                .seen(format!("stopped at {}", clock(at)), "running"),
        ];
    }
    let checks = [
        Some(in_flight(scene, instance)),
        Some(restarts(scene, instance)),
        Some(requests(scene, instance)),
        Some(errors(instance)),
        Some(statements(scene, instance)),
        listener(scene, instance),
        Some(freshness(scene, instance)),
    ];
    checks.into_iter().flatten().collect()
}

fn in_flight(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
    let limit = duration(to_seconds(scene.profile.in_flight_after));
    let required = format!("none for more than {limit}");
    let open = scene.open(instance, true);
    let longest = open.iter().min_by_key(|span| (span.started_at, &span.span_id));
    let name = Some(instance.name);
    if let Some(longest) = longest {
        let requests = open.iter().all(|span| span.role == crate::facts::stuck::Role::Request);
        let some = counted(open.len() as u64, if requests { "request" } else { "operation" });
        let age = scene.ago(longest.started_at);
        let detail = match open.len() {
            1 => format!("{} is in flight for {age}", longest.span_name),
            _ => format!("{some} are in flight, the longest for {age} ({})", longest.span_name),
        };
        return check("in_flight", name, Verdict::Fail, detail)
            .seen(format!("{}, longest {age}", grouped(open.len() as u64)), required)
            .with("in_flight", open.len())
            .with("longest_s", to_seconds(scene.now - longest.started_at));
    }
    if let Some(why) = &scene.facts.hung.not_known {
        let detail = format!("what is in flight is not known: {why}");
        return check("in_flight", name, Verdict::Inconclusive, detail).seen("not known", required);
    }
    let detail = format!(
        "nothing is in flight for more than {limit}, looked for since {}",
        clock(scene.facts.lookback_from)
    );
    check("in_flight", name, Verdict::Pass, detail)
        .seen("0", required)
        .with("in_flight", 0)
}

fn restarts(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
    let limit = &scene.profile.verify;
    let within = duration(to_seconds(limit.starts_within));
    let outcome = if instance.starts > limit.max_starts {
        Verdict::Fail
    } else {
        Verdict::Pass
    };
    let detail = match (outcome, instance.starts) {
        (Verdict::Fail, n) => format!("it started {} within {within}: a crash loop", counted(n, "time")),
        (_, 0) => format!("it did not start within {within}"),
        (_, n) => format!("it started {} within {within}", counted(n, "time")),
    };
    check("restarts", Some(instance.name), outcome, detail)
        .seen(
            grouped(instance.starts),
            format!("at most {} in {within}", limit.max_starts),
        )
        .with("starts", instance.starts)
}

fn requests(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
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

fn errors(instance: &Instance<'_>) -> Check {
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
                serde_json::json!(super::bound::upper_bound(ended))
            } else {
                serde_json::Value::Null
            },
        )
        .with("trace_id", trace)
}

/// The slowest process speaks for its instance: percentiles of several can't be joined.
fn slowest(instance: &Instance<'_>) -> Option<StatementTimes> {
    let times = instance.current.iter().filter_map(|life| life.statement_times);
    times.max_by(|a, b| a.p95_s.total_cmp(&b.p95_s))
}

fn statements(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
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
    let detail = format!(
        "{}: p50 {}, p95 {p95}, worst {}",
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

/// `None` for an application without a listener.
fn listener(scene: &Scene<'_>, instance: &Instance<'_>) -> Option<Check> {
    let names = &scene.profile.listener;
    if names.connected.is_empty() {
        return None;
    }
    let verdicts = instance.current.iter().map(|life| listener_of(scene, instance, life));
    let (outcome, detail, observed) = verdicts.max_by_key(|(outcome, ..)| *outcome)?;
    Some(check("listener", Some(instance.name), outcome, detail).seen(observed, "newest event: connected"))
}

fn listener_of(scene: &Scene<'_>, instance: &Instance<'_>, life: &Life) -> (Verdict, String, String) {
    let name = &scene.profile.listener.name;
    match (life.connected_at, life.trouble, instance.started_at) {
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
        (None, None, Some(started)) if scene.now - started <= STARTUP => (
            Verdict::Inconclusive,
            format!(
                "{name} has not connected yet: its process began {} ago",
                scene.ago(started)
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

/// Silence may be a quiet night, a process that froze or one that is gone: it is never a failure by itself.
fn freshness(scene: &Scene<'_>, instance: &Instance<'_>) -> Check {
    let last_at = instance.last_at();
    let silence_s = to_seconds(scene.now - last_at).max(0.0);
    let seconds = instance
        .current
        .iter()
        .map(|life| life.active_seconds)
        .max()
        .unwrap_or(0);
    let length_s = to_seconds(last_at - instance.first_at()).max(0.0);
    #[allow(clippy::cast_precision_loss)] // at most the seconds of the lookback
    let spacing_s = if seconds > 1 {
        length_s / (seconds - 1) as f64
    } else {
        0.0
    };
    let allowed_s = SHORTEST_SILENCE_S.max(SILENCE_IN_SPACINGS * spacing_s);
    let (age, usual, allowed) = (duration(silence_s), duration(spacing_s), duration(allowed_s));
    let (outcome, detail) = if silence_s <= allowed_s {
        (Verdict::Pass, format!("its last record is {age} old"))
    } else {
        let detail = format!("its last record is {age} old, and one came every {usual} before: quiet, frozen or gone");
        (Verdict::Inconclusive, detail)
    };
    check("freshness", Some(instance.name), outcome, detail)
        .seen(format!("{age} ago"), format!("within {allowed}"))
        .with("silence_s", silence_s)
        .with("allowed_s", allowed_s)
}

/// The demand of `--restarted-after`.
pub(super) fn restarted(instance: &Instance<'_>, after: DateTime<Utc>) -> Check {
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
    check("restarted", Some(name), outcome, detail).seen(observed, required)
}

/// What was seen and not counted.
pub(super) fn notes(scene: &Scene<'_>, instances: &[Instance<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    for instance in instances {
        let errors: u64 = instance
            .older
            .iter()
            .map(|life| life.error_spans + life.error_logs + life.listener_errors)
            .sum();
        let dead = scene.open(instance, false).len() as u64;
        if errors + dead > 0 {
            let since = instance.started_at.map(clock).unwrap_or_default();
            notes.push(format!(
                "not counted: older processes of {} left {} in the window and {} without an end; its process began at {since}",
                instance.name,
                counted(errors, "error record"),
                counted(dead, "span"),
            ));
        }
        if let Some(at) = instance.stopped_at.filter(|at| scene.now - *at > RESTART_TAKES) {
            notes.push(format!("not checked: {} stopped at {}", instance.name, clock(at)));
        }
    }
    let ended = scene.facts.hung.rows.iter().filter(|span| {
        let current = instances.iter().flat_map(|instance| &instance.current);
        let mut own =
            current.filter(|life| life.newest && life.instance == span.instance && life.process == span.process);
        span.ended_at().is_some_and(|at| at <= scene.now) && own.any(|life| span.started_at >= life.first_at)
    });
    let ended = ended.count() as u64;
    if ended > 0 {
        let longer = duration(to_seconds(scene.profile.hang_after));
        notes.push(format!(
            "{} lasted longer than {longer} and ended in the window: relay-diag stuck",
            counted(ended, "request")
        ));
    }
    notes
}

/// The answer of a pass.
pub(super) fn summary(scene: &Scene<'_>, instances: &[Instance<'_>]) -> String {
    let running: Vec<&Instance<'_>> = instances
        .iter()
        .filter(|instance| instance.stopped_at.is_none())
        .collect();
    let sum = |figure: fn(&Life) -> u64| running.iter().map(|instance| instance.sum(figure)).sum::<u64>();
    let slowest = running.iter().filter_map(|instance| slowest(instance));
    let p95 = slowest.map(|times| times.p95_s).fold(0.0, f64::max);
    let length = scene.now - scene.facts.window.from;
    format!(
        "{} healthy in the last {}: {} served, none failed, {} with p95 {}, nothing in flight",
        counted(running.len() as u64, "instance"),
        duration(to_seconds(length.max(TimeDelta::zero()))),
        counted(sum(|life| life.requests), "request"),
        counted(sum(|life| life.statements), "statement"),
        duration(p95)
    )
}
