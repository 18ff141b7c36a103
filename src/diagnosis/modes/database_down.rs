//! Connects are refused, everywhere, at once.

use chrono::{DateTime, Utc};

use crate::diagnosis::scene::{checkouts, failed};
use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Questions, Remedy, Scene,
    claim::{claim, of_failures, of_successes},
};
use crate::error_text::ErrorClass;
use crate::facts::{ErrorBurst, to_seconds};
use crate::words::{self, clock, counted};

/// A refusal is an answer: it takes one round trip, and with several addresses a few.
const AT_ONCE_S: f64 = 5.0;
/// Checkouts of connections that the pool still has, at most, for each that is refused: beyond, something accepts.
const MOST_PROMPT_SHARE: u64 = 4;
/// Room for an error's text in a claim.
const ERROR_WIDTH: usize = 90;

pub(super) static MODE: FailureMode = FailureMode {
    id: "database-down",
    title: "the database refuses connections",
    documentation: Documentation {
        looks_like: "Every request that needs the database fails within milliseconds: \"connection refused\" at every address, or \
            \"the database system is starting up\". The listener fails and retries. Nothing hangs.",
        why: "Nothing accepts connections at the database's addresses: it is stopped, restarting, failing over, or a firewall \
            rejects.",
        confused_with: "dns-failure: fails as fast, and the text is about the name. database-unreachable: no refusal, every \
            connect waits for its timeout. partial-connect-hang: some succeed.",
        what_to_do: "Look at the database's own state and log (provider's status page, failover, maintenance). The application \
            recovers by itself when connections are accepted; a restart of it does nothing.",
    },
    error_classes: &[
        ErrorClass::ConnectRefused,
        ErrorClass::PoolerBackendDown,
        ErrorClass::StaleConnection,
        ErrorClass::ServerSlotsFull,
    ],
    cause: Cause::Mechanism,
    remedy: Remedy::Nothing,
    hits: Hits::Suffering,
    looks_at: LooksAt::EachService,
    questions: Questions::General,
    needs: &["errors", "runs", "database"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let refused = scene.failing_with(&[ErrorClass::ConnectRefused, ErrorClass::PoolerBackendDown]);
    turned_away(
        scene,
        &refused,
        "refused",
        "connects are refused at every address, everywhere, at once",
        Some(MOST_PROMPT_SHARE),
    )
}

/// A rule that this and `dns_failure` share: failures at once, and few checkouts that succeed meanwhile (`most` for each
/// failure): connections that the pool has may work on.
pub(super) fn turned_away(
    scene: &Scene<'_>,
    own: &[&ErrorBurst],
    what: &str,
    so: &str,
    most: Option<u64>,
) -> Judgement {
    let traces = failed(own);
    let (Some(from), Some(to)) = (
        own.iter().map(|burst| burst.first_at).min(),
        own.iter().map(|burst| burst.last_at).max(),
    ) else {
        return Judgement::NotMatched(format!("no request failed because its connect was {what}"));
    };
    if traces < scene.profile.diagnose.least_failures {
        return Judgement::NotMatched(format!(
            "only {} failed because its connect was {what}",
            counted(traces, "request")
        ));
    }
    // Within the burst, not at its edges: the first refusal comes a moment after the last success.
    let meanwhile = checkouts(&scene.prompt_connects(|at| from < at && at < to));
    if most.is_some_and(|most| meanwhile > most * traces) {
        return Judgement::NotMatched(format!(
            "{} succeeded meanwhile: not everything was {what}",
            counted(meanwhile, "connect")
        ));
    }
    let sample = own.first().map(|burst| words::error(&burst.sample, ERROR_WIDTH));
    let said = format!("{} failed: {}", counted(traces, "request"), sample.unwrap_or_default());
    let none = format!(
        "no connect succeeded in the {} from {} to {}",
        words::duration(to_seconds(to - from)),
        clock(from),
        clock(to)
    );
    let claims = [
        Some(of_failures(said, own)),
        at_once(own),
        (meanwhile == 0).then(|| of_successes(none, &[], traces)),
        listener(scene, from, to),
    ];
    let mut extent = own.to_vec();
    extent.extend(
        scene
            .failing_with(&[ErrorClass::StaleConnection])
            .into_iter()
            .filter(|burst| (burst.last_at - from).abs() <= chrono::TimeDelta::minutes(1)),
    );
    let summary = format!("{so}: {} failed", counted(traces, "request"));
    scene.matched(&[], &extent, summary, claims.into_iter().flatten().collect())
}

/// They failed within a round trip or a few: a refusal is an answer.
fn at_once(own: &[&ErrorBurst]) -> Option<Claim> {
    let spreads = own.iter().filter_map(|burst| burst.spread);
    let slowest = spreads.map(|spread| spread.middle_s.map_or(spread.max_s, |(_, p95_s)| p95_s));
    let slowest = slowest.reduce(f64::max).filter(|slowest| *slowest <= AT_ONCE_S)?;
    let text = format!(
        "they failed at once, within {}: nothing waited",
        words::duration(slowest)
    );
    Some(claim(Basis::Failed, text, "errors", failed(own), Vec::new()))
}

/// The listener's attempts had the same outcome.
fn listener(scene: &Scene<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Claim> {
    let trouble = scene.listener.iter().find(|trouble| {
        trouble.answered && trouble.first_at <= to && trouble.over_at.is_none_or(|over_at| over_at >= from)
    })?;
    Some(claim(
        Basis::LogLines,
        format!(
            "the {} failed to connect as well, {}",
            scene.profile.listener.name,
            counted(trouble.attempts, "time")
        ),
        "lifecycle",
        trouble.lines,
        trouble.first.trace_id.iter().cloned().collect(),
    ))
}
