//! Connections are never given back: the pool is empty, and the database idle.

use crate::diagnosis::scene::failed;
use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Questions, Remedy, Scene,
    claim::{claim, of_failures},
};
use crate::episodes::Hanging;
use crate::error_text::{ErrorClass, PoolLimits, pool_limits};
use crate::facts::{ErrorBurst, RouteOfProcess};
use crate::words::{clock, counted, grouped};

/// Fewer checkouts in vain can be a short crowd.
const LEAST_IN_VAIN: u64 = 5;
/// A pool in use gives connections back: more statements than this for each checkout in vain are work, no idle database.
const MOST_STATEMENTS_SHARE: u64 = 10;

pub(super) static MODE: FailureMode = FailureMode {
    id: "connection-leak",
    title: "connections are never given back to the pool",
    documentation: Documentation {
        looks_like: "The pool is empty and stays empty until the process is restarted, then runs empty again after about as many \
            requests. No statement runs, no request holds a connection. In each process exactly as many requests of one route \
            succeeded as the pool has connections, then none.",
        why: "A code path checks out a connection and does not give it back: a session outside of `with`, a cancelled task, a \
            generator that is not closed. Each such request takes one connection for good.",
        confused_with: "lock-contention and partial-connect-hang: there somebody holds the connections, and it can be seen. A \
            pool that is too small for the traffic: statements run all the time, and it recovers by itself.",
        what_to_do: "Restart for time. Then find where the route's code takes a session and never closes it; SQLAlchemy's \
            pool events or echo_pool show who took what.",
    },
    error_classes: &[ErrorClass::Leak, ErrorClass::ServerSlotsFull, ErrorClass::PoolExhausted],
    cause: Cause::Mechanism,
    remedy: Remedy::Restart,
    hits: Hits::Suffering,
    looks_at: LooksAt::EachService,
    questions: Questions::General,
    needs: &["checkouts", "errors", "hangs", "database"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let empty = scene.failing_with(&[ErrorClass::PoolExhausted]);
    let dry: Vec<&RouteOfProcess> = scene
        .dry()
        .map(|(row, _)| row)
        .filter(|row| row.in_vain >= LEAST_IN_VAIN)
        .collect();
    if empty.is_empty() || dry.is_empty() {
        return Judgement::NotMatched(String::from("the pool was not empty"));
    }
    let holders: Vec<&Hanging<'_>> = scene
        .hangs
        .iter()
        .filter(|hang| dry.iter().any(|row| row.instance == hang.instance && holds(hang, row)))
        .collect();
    if !holders.is_empty() {
        return Judgement::NotMatched(format!(
            "somebody holds the connections: {} that hung",
            counted(holders.len() as u64, "request")
        ));
    }
    let busy = dry
        .iter()
        .find(|row| row.statements_meanwhile * MOST_STATEMENTS_SHARE > row.in_vain.max(MOST_STATEMENTS_SHARE));
    if let Some(busy) = busy {
        return Judgement::NotMatched(format!(
            "{} ran while the pool was empty: it was in use",
            counted(busy.statements_meanwhile, "statement")
        ));
    }
    let limits = empty.iter().find_map(|burst| pool_limits(&burst.sample));
    let Some((limits, suspects)) = limits.and_then(|limits| Some((limits, suspects(scene, &dry, &limits)?))) else {
        return Judgement::NotMatched(String::from(
            "nobody is seen to hold the empty pool's connections, and no route was served exactly as often as the pool is large",
        ));
    };
    let in_vain = failed(&empty);
    let claims = claims(&dry, &empty, &limits, &suspects);
    let summary = format!(
        "{} never gives its connection back: after {} of them the pool is empty while the database idles, and {} requests failed",
        suspects.join(" or "),
        limits.capacity(),
        grouped(in_vain)
    );
    scene.matched(&[], &empty, summary, claims)
}

fn claims(dry: &[&RouteOfProcess], empty: &[&ErrorBurst], limits: &PoolLimits, suspects: &[String]) -> Vec<Claim> {
    let whose = match processes(dry) {
        1 => "the process that ran dry",
        _ => "each process that ran dry",
    };
    let exact = format!(
        "in {whose} exactly {} of {} succeeded before the pool ran dry, as many as it has connections (size {} + overflow {})",
        counted(limits.capacity(), "request"),
        suspects.join(" or "),
        limits.size,
        limits.overflow
    );
    let mut claims = vec![claim(
        Basis::Succeeded,
        exact,
        "checkouts",
        limits.capacity(),
        Vec::new(),
    )];
    if let Some((from, to)) = dry.first().and_then(|row| row.dry) {
        let in_vain = format!(
            "{} waited in vain for a connection from {} to {}",
            counted(failed(empty), "request"),
            clock(from),
            clock(to)
        );
        let statements = dry.iter().map(|row| row.statements_meanwhile).max().unwrap_or_default();
        let idle = format!(
            "meanwhile the database was idle: {}, and no request held a connection",
            counted(statements, "statement")
        );
        claims.push(of_failures(in_vain, empty));
        claims.push(claim(Basis::Statements, idle, "checkouts", statements, Vec::new()));
    }
    claims
}

fn holds(hang: &Hanging<'_>, row: &RouteOfProcess) -> bool {
    let Some((from, to)) = row.dry else { return false };
    hang.started_at < to && hang.ended_at().is_none_or(|end| end > from)
}

fn processes(dry: &[&RouteOfProcess]) -> usize {
    let names: std::collections::BTreeSet<_> = dry.iter().map(|row| (&row.instance, &row.process)).collect();
    names.len()
}

/// Routes that were served as often as the pool is large in every process that ran dry, and nowhere more often: a route
/// that leaks cannot.
fn suspects(scene: &Scene<'_>, dry: &[&RouteOfProcess], limits: &PoolLimits) -> Option<Vec<String>> {
    let rows = &scene.facts.checkouts.rows;
    let mut routes: Vec<&str> = dry.iter().filter_map(|row| row.route.as_deref()).collect();
    routes.sort_unstable();
    routes.dedup();
    let count = processes(dry);
    routes.retain(|route| {
        let own = || dry.iter().filter(|row| row.route.as_deref() == Some(route));
        let exact = own()
            .filter(|row| row.served_before == limits.capacity() && row.served == row.served_before)
            .count();
        let most = rows
            .iter()
            .filter(|row| row.route.as_deref() == Some(route))
            .map(|row| row.served)
            .max();
        exact == count && most.is_some_and(|most| most <= limits.capacity())
    });
    let names: Vec<String> = routes.into_iter().map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}
