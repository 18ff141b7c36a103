//! New database connections hang while others, at the same time, succeed in milliseconds.

use crate::diagnosis::scene::{Scene, checkouts, failed, lengths, size};
use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Matched, Questions, Remedy, Verdict, claim, of_failures,
    of_hangs,
};
use crate::episodes::Hanging;
use crate::error_text::ErrorClass;
use crate::words::{clock, counted, grouped};

/// Fewer prompt checkouts beside the hangs can have been there by chance.
const LEAST_BESIDE: u64 = 3;
/// One that succeeds, at least, for so many that wait in vain: less is a database that nobody reaches.
const MOST_WAITING_SHARE: u64 = 4;

pub(super) static MODE: FailureMode = FailureMode {
    id: "partial-connect-hang",
    title: "new database connections hang while others succeed",
    documentation: Documentation {
        looks_like: "Some requests hang for many minutes in `connect`, and others beside them take milliseconds. The queue \
            listener's heartbeat times out about then. Later the hung requests hold all slots of the pool, and everything \
            else fails after the pool's timeout. A hang may end well (a late address answers) or with \"connection timeout \
            expired\" and a list of addresses.",
        why: "Packets of new connections (or of some addresses or one instance) get no answer: neither accepted nor refused. \
            The driver waits for its timeout at every address the name resolves to, one after the other (psycopg: 130 s each \
            unless connect_timeout is set). Connections that the pool has already work on, so requests that are given one \
            of those succeed.",
        confused_with: "database-unreachable: there nothing succeeds. cold-start: an idle gap before, nothing succeeds \
            meanwhile, and it heals by itself. lock-contention: statements hang, connects are fast. pool-exhausted is what \
            this looks like once the hung requests hold every slot. listener-hang: the listener's own attempt has no end.",
        what_to_do: "Restart the instances concerned: it drops the hung connects. Then set connect_timeout (10 s) and a total \
            limit for a checkout, so that attempts x timeout stays below the request's patience.",
    },
    error_classes: &[
        ErrorClass::ConnectTimeout,
        ErrorClass::PoolExhausted,
        ErrorClass::StaleConnection,
    ],
    cause: Cause::Mechanism,
    remedy: Remedy::Restart,
    hits: Hits::Suffering,
    questions: Questions::WhySomeHang,
    needs: &["hangs", "runs", "errors"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Verdict {
    let hung = scene.hung_connecting();
    let now = scene.facts.window.to;
    let timeouts = scene.failing_with(&[ErrorClass::ConnectTimeout]);
    let limits = &scene.profile.diagnose;
    let (hanging, waited) = (hung.len() as u64, hung.len() as u64 + failed(&timeouts));
    // A connect with a timeout of its own is over before it counts as a hang.
    if hanging < limits.least_hangs && waited < limits.least_failures {
        return Verdict::NotMatched(format!(
            "{} longer than {} for a connection",
            if hung.is_empty() {
                String::from("no request waited")
            } else {
                format!("only {} waited", counted(hung.len() as u64, "request"))
            },
            crate::words::duration(crate::facts::to_seconds(scene.profile.hang_after))
        ));
    }
    let beside = scene.prompt_connects(|at| Scene::open_at(&hung, at) || Scene::within(&timeouts, at));
    let succeeded = checkouts(&beside);
    if succeeded < LEAST_BESIDE.max(waited / MOST_WAITING_SHARE) {
        return Verdict::NotMatched(format!(
            "{} waited in vain for a connect, and {} succeeded promptly beside them",
            counted(waited, "request"),
            if succeeded == 0 {
                String::from("none")
            } else {
                format!("only {succeeded}")
            }
        ));
    }
    let fastest = beside
        .iter()
        .filter_map(|run| run.connects.as_ref())
        .map(|some| some.spread.min_s)
        .fold(f64::INFINITY, f64::min);
    let median = beside.iter().filter_map(|run| run.connects_p50_s).fold(0.0, f64::max);
    let mut found = Vec::new();
    if !hung.is_empty() {
        found.push(of_hangs(
            format!(
                "{} hung {} in their checkout of a connection",
                counted(hanging, "request"),
                lengths(&hung, now)
            ),
            &hung,
        ));
    }
    if !timeouts.is_empty() {
        found.push(of_failures(
            format!(
                "{} failed after the timeout of their connect",
                counted(failed(&timeouts), "request")
            ),
            &timeouts,
        ));
    }
    found.push(claim(
        Basis::Succeeded,
        format!(
            "meanwhile {} succeeded, medians up to {} (fastest {})",
            counted(succeeded, "checkout"),
            crate::words::duration(median),
            crate::words::duration(fastest)
        ),
        "runs",
        size(succeeded),
        beside.iter().filter_map(|run| run.trace_id.clone()).take(3).collect(),
    ));
    found.extend(addresses(&hung));
    found.extend(listener(scene, &hung));
    let empty = scene.failing_with(&[ErrorClass::PoolExhausted]);
    if !empty.is_empty() {
        found.push(of_failures(
            format!(
                "the hung requests held the pool: {} failed on an empty pool from {} on",
                counted(failed(&empty), "other request"),
                empty
                    .iter()
                    .map(|burst| burst.first_at)
                    .min()
                    .map(clock)
                    .unwrap_or_default()
            ),
            &empty,
        ));
    }
    let mut bursts = empty;
    bursts.extend(timeouts);
    let summary = format!(
        "{} waiting for a new database connection, while {} others got one in milliseconds",
        if hung.is_empty() {
            format!("{} failed", counted(waited, "request"))
        } else {
            format!("{} hung {}", counted(hanging, "request"), lengths(&hung, now))
        },
        grouped(succeeded)
    );
    let matched: Option<Matched> = scene.matched(&hung, &bursts, summary, found);
    matched.map_or_else(
        || Verdict::NotMatched(String::from("it has no extent")),
        Verdict::Matched,
    )
}

fn addresses(hung: &[Hanging<'_>]) -> Option<Claim> {
    let tried = hung.iter().map(|hang| hang.addresses).max().filter(|most| *most > 1)?;
    let with: Vec<Hanging<'_>> = hung.iter().copied().filter(|hang| hang.addresses > 1).collect();
    Some(of_hangs(
        format!(
            "{} of them failed after trying up to {tried} addresses one after the other",
            with.len()
        ),
        &with,
    ))
}

fn listener(scene: &Scene<'_>, hung: &[Hanging<'_>]) -> Option<Claim> {
    let first_at = hung.iter().map(|hang| hang.started_at).min()?;
    let last_at = hung
        .iter()
        .map(|hang| hang.ended_at().unwrap_or(scene.facts.window.to))
        .max()?;
    let own = scene.listener.iter().find(|trouble| {
        trouble.first_at <= last_at
            && trouble.over_at.is_none_or(|over_at| over_at >= first_at)
            && hung.iter().any(|hang| hang.instance == trouble.instance)
    })?;
    Some(claim(
        Basis::LogLines,
        format!(
            "the {} on {} lost its connection at {} and tried {} to get a new one",
            scene.profile.listener.name,
            own.instance,
            clock(own.first_at),
            counted(own.attempts, "time")
        ),
        "lifecycle",
        size(own.lines),
        own.first.trace_id.iter().cloned().collect(),
    ))
}
