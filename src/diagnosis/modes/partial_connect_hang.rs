//! New database connections hang while others, at the same time, succeed in milliseconds.

use crate::diagnosis::scene::{checkouts, failed_soon};
use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Questions, Remedy, Scene,
    claim::{claim, failures, hung, lengths, of_hangs, of_successes},
};
use crate::episodes::{Hanging, WaitingOn};
use crate::error_text::ErrorClass;
use crate::facts::{ErrorBurst, Run, to_seconds};
use crate::words::{clock, counted, duration, grouped};

/// Fewer prompt checkouts beside the hangs can have been there by chance.
const LEAST_BESIDE: u64 = 3;
/// At least one prompt checkout per this many failed waits: fewer is a database that nobody reaches.
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
    looks_at: LooksAt::EachService,
    questions: Questions::WhySomeHang,
    needs: &["hangs", "runs", "errors", "database"],
    judge,
};

/// Requests that wait for a connection, and those beside them that get one at once.
struct Seen<'a> {
    hung: Vec<Hanging<'a>>,
    timeouts: Vec<&'a ErrorBurst>,
    /// Hung or failed after their connect's timeout.
    waited: u64,
    /// Runs with prompt checkouts meanwhile, and how many checkouts those are.
    beside: Vec<&'a Run>,
    succeeded: u64,
}

fn judge(scene: &Scene<'_>) -> Judgement {
    let hung = scene.hung_connecting();
    let timeouts = scene.failing_with(&[ErrorClass::ConnectTimeout]);
    let beside = scene.prompt_connects(|at| Scene::open_at(&hung, at) || Scene::within(&timeouts, at));
    let seen = Seen {
        waited: hung.len() as u64 + failed_soon(&timeouts),
        succeeded: checkouts(&beside),
        hung,
        timeouts,
        beside,
    };
    if let Some(why) = seen.against(scene) {
        return Judgement::NotMatched(why);
    }
    let empty = scene.failing_with(&[ErrorClass::PoolExhausted]);
    let bursts = [&empty[..], &seen.timeouts].concat();
    scene.matched(&seen.hung, &bursts, seen.summary(scene), seen.claims(scene, &empty))
}

impl Seen<'_> {
    /// What speaks against it.
    fn against(&self, scene: &Scene<'_>) -> Option<String> {
        let limits = &scene.profile.diagnose;
        // What waited for the pool waited for others.
        let connecting = self.hung.iter().filter(|hang| hang.waiting_on == WaitingOn::Connect);
        let hanging = connecting.count() as u64;
        // A connect with a timeout of its own is over before it counts as a hang.
        if hanging < limits.least_hangs && hanging + failed_soon(&self.timeouts) < limits.least_failures {
            let who = match hanging {
                0 => String::from("no request waited"),
                few => format!("only {} waited", counted(few, "request")),
            };
            let limit = duration(to_seconds(scene.profile.hang_after));
            return Some(format!("{who} longer than {limit} for a connection"));
        }
        if self.succeeded < LEAST_BESIDE.max(self.waited / MOST_WAITING_SHARE) {
            let who = match self.succeeded {
                0 => String::from("none"),
                few => format!("only {few}"),
            };
            return Some(format!(
                "{} waited in vain for a connect, and {who} succeeded promptly beside them",
                counted(self.waited, "request")
            ));
        }
        None
    }

    fn claims(&self, scene: &Scene<'_>, empty: &[&ErrorBurst]) -> Vec<Claim> {
        let now = scene.facts.window.to;
        let held = format!(
            "on an empty pool from {} on: the hung requests held it",
            empty
                .iter()
                .map(|burst| burst.first_at)
                .min()
                .map(clock)
                .unwrap_or_default()
        );
        let claims = [
            hung(&self.hung, now, "in their checkout of a connection"),
            failures(&self.timeouts, "after the timeout of their connect"),
            Some(self.others(scene)),
            addresses(&self.hung),
            listener(scene, &self.hung),
            failures(empty, &held),
        ];
        claims.into_iter().flatten().collect()
    }

    /// Those that succeeded meanwhile.
    fn others(&self, scene: &Scene<'_>) -> Claim {
        let connects = self.beside.iter().filter_map(|run| run.connects.as_ref());
        let fastest = connects.map(|some| some.spread.min_s).fold(f64::INFINITY, f64::min);
        let median = self
            .beside
            .iter()
            .filter_map(|run| run.connects_p50_s)
            .fold(0.0, f64::max);
        let text = format!(
            "meanwhile {} succeeded, medians up to {} (fastest {})",
            counted(self.succeeded, scene.connected_by()),
            duration(median),
            duration(fastest)
        );
        of_successes(text, &self.beside, self.succeeded)
    }

    fn summary(&self, scene: &Scene<'_>) -> String {
        let who = match self.hung.len() as u64 {
            0 => format!("{} failed", counted(self.waited, "request")),
            many => format!(
                "{} hung {}",
                counted(many, "request"),
                lengths(&self.hung, scene.facts.window.to)
            ),
        };
        let others = match scene.connected_by() {
            "checkout" => format!("{} others got one in milliseconds", grouped(self.succeeded)),
            other => format!("{} of others took milliseconds", counted(self.succeeded, other)),
        };
        format!(
            "{who} waiting for a new database connection, while {others}{}",
            scene.and_failed()
        )
    }
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
        own.lines,
        own.first.trace_id.iter().cloned().collect(),
    ))
}
