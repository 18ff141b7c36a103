//! The pool is empty, and no mechanism is seen that emptied it: either long requests hold its connections, or the evidence does
//! not say why.

use std::collections::BTreeMap;

use crate::diagnosis::scene::failed;
use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Questions, Remedy, Scene,
    claim::{claim, of_failures},
};
use crate::error_text::{ErrorClass, pool_limits};
use crate::facts::{Long, Nature};
use crate::words::{clock, counted};

/// As many long requests at a time as this explain an empty pool of unknown size.
const LEAST_HOLDERS: u64 = 3;
/// One long request for so many connections of the pool: the rest serves what is short, and is held for moments.
const HOLDING_SHARE: u64 = 2;
/// Statements for each slow one, at least, of a database that is well.
const LEAST_FAST_SHARE: u64 = 20;

pub(super) static MODE: FailureMode = FailureMode {
    id: "pool-exhausted",
    title: "the connection pool is empty",
    documentation: Documentation {
        looks_like: "\"QueuePool limit of size 10 overflow 5 reached\", \"couldn't get a connection after 30 sec\", \"Connection is \
            not available, request timed out\": requests fail after exactly the pool's timeout.",
        why: "Every connection of the pool is held by somebody. This is a symptom: connects that hang, statements that wait, \
            connections that are never returned, requests that keep theirs while they wait for a model or another service, or \
            simply more traffic than connections.",
        confused_with: "It is part of partial-connect-hang, lock-contention, connection-leak, cold-start and listener-hang; this \
            answer means that no sign of those is in the records. connection-leak: there nobody is seen to hold the connections, \
            and they never come back; long requests give theirs back when they end.",
        what_to_do: "`relay-diag stuck` shows who holds the connections. Restart for time; a larger pool helps only against plain \
            overload, and the database's own limit stands behind it. Where long requests hold them: give the connection back \
            before the call, and take another one behind it.",
    },
    error_classes: &[ErrorClass::PoolExhausted, ErrorClass::ServerSlotsFull],
    cause: Cause::Symptom,
    remedy: Remedy::Restart,
    hits: Hits::Suffering,
    looks_at: LooksAt::EachService,
    questions: Questions::General,
    needs: &["errors", "database"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let empty = scene.failing_with(&[
        ErrorClass::PoolExhausted,
        ErrorClass::ServerSlotsFull,
        ErrorClass::PoolerTimeout,
        ErrorClass::Leak,
    ]);
    let traces = failed(&empty);
    if traces < scene.profile.diagnose.least_failures {
        return Judgement::NotMatched(String::from(
            "no requests failed for want of a free connection, or very few",
        ));
    }
    let limits = empty.iter().find_map(|burst| pool_limits(&burst.sample));
    let mut found = vec![of_failures(
        format!(
            "{} failed for want of a free connection{}",
            counted(traces, "request"),
            limits
                .map(|limits| format!(" (pool of {})", limits.in_words()))
                .unwrap_or_default()
        ),
        &empty,
    )];
    if let Some((row, (from, _))) = scene.dry().next() {
        found.push(claim(
            Basis::Statements,
            format!(
                "{} ran dry at {}; {} ran there while it was",
                row.instance,
                clock(from),
                counted(row.statements_meanwhile, "statement")
            ),
            "checkouts",
            row.in_vain,
            Vec::new(),
        ));
    }
    let holders = holders(scene, limits.map(|limits| limits.capacity()));
    let because = match &holders {
        Some(holders) => format!("its connections are held by long requests: {}", holders.who),
        None => String::from("the records do not say what emptied it"),
    };
    let summary = format!(
        "{} failed on an empty connection pool; {because}",
        counted(traces, "request")
    );
    if let Some(holders) = holders {
        found.insert(1, holders.claim(limits.map(|limits| limits.capacity())));
        found.extend(database_is_well(scene));
    }
    // Those that got a connection late belong to it: it is over when the last of them has ended.
    scene.matched(&scene.hung_in_pool(), &empty, summary, found)
}

/// Long requests that were open while a pool was empty.
struct Holders {
    /// Routes and what they wait on.
    who: String,
    /// Open at one time in one process, at most.
    at_once: u64,
    instance: String,
    trace_ids: Vec<String>,
}

impl Holders {
    fn claim(&self, capacity: Option<u64>) -> Claim {
        let pool = capacity.map_or(String::from("the pool"), |capacity| format!("a pool of {capacity}"));
        let text = format!(
            "up to {} were open at a time on {} while {pool} was empty: {}",
            counted(self.at_once, "long request"),
            self.instance,
            self.who
        );
        claim(Basis::Held, text, "hangs", self.at_once, self.trace_ids.clone())
    }
}

/// Requests that lasted long without waiting on the database, if they were as many as explain an empty pool.
fn holders(scene: &Scene<'_>, capacity: Option<u64>) -> Option<Holders> {
    let now = scene.facts.window.to;
    let end = |long: &Long| long.request.ended_at().unwrap_or(now);
    let of_process = scene.dry().filter_map(|(row, (from, to))| {
        let beside: Vec<&Long> = scene
            .facts
            .long
            .iter()
            .filter(|long| long.request.instance == row.instance && long.request.process == row.process)
            .filter(|long| long.nature != Nature::WebSocket && long.request.started_at < to && end(long) > from)
            .collect();
        let open_at = |at| {
            beside
                .iter()
                .filter(|long| long.request.started_at <= at && at < end(long))
                .count()
        };
        let starts = beside.iter().map(|long| long.request.started_at.max(from));
        let at_once = starts.map(open_at).max()? as u64;
        Some((at_once, row, beside))
    });
    let (at_once, row, beside) = of_process.max_by_key(|(at_once, ..)| *at_once)?;
    if at_once < capacity.map_or(LEAST_HOLDERS, |capacity| capacity.div_ceil(HOLDING_SHARE)) {
        return None;
    }
    Some(Holders {
        who: who(&beside),
        at_once,
        instance: row.instance.clone(),
        trace_ids: beside
            .iter()
            .map(|long| long.request.trace_id.clone())
            .take(3)
            .collect(),
    })
}

/// The most frequent route, and what its requests wait on.
fn who(holders: &[&Long]) -> String {
    let mut routes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    for long in holders {
        *routes.entry(&long.request.span_name).or_default() += 1;
        if let Some(name) = &long.call {
            *calls.entry(name).or_default() += 1;
        }
    }
    let most = |counts: BTreeMap<&str, u64>| {
        let most = counts
            .into_iter()
            .max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)));
        most.map(|(name, _)| name.to_owned())
    };
    let route = most(routes).unwrap_or_default();
    match most(calls) {
        Some(call) => format!("{route}, which wait on a call ({call})"),
        None => format!("{route}, which wait on nothing that is recorded"),
    }
}

/// Meanwhile no statement hung, and none was slow as a rule.
fn database_is_well(scene: &Scene<'_>) -> Option<Claim> {
    let ours = || {
        scene
            .facts
            .traffic
            .rows
            .iter()
            .filter(|bucket| scene.is_ours(&bucket.service))
    };
    let statements: u64 = ours().map(|bucket| bucket.statements).sum();
    let slow: u64 = ours().map(|bucket| bucket.statements_slow).sum();
    let text = format!(
        "the database is well: of {} {slow} were slow",
        counted(statements, "statement")
    );
    let well = scene.hung_in_statements().is_empty() && slow * LEAST_FAST_SHARE <= statements;
    (well && statements > 0).then(|| claim(Basis::Statements, text, "traffic", statements, Vec::new()))
}
