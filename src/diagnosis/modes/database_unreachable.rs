//! Nothing connects and nothing is refused: every connect waits for its timeout.

use crate::diagnosis::scene::{checkouts, failed, failed_soon};
use crate::diagnosis::{
    Cause, Documentation, FailureMode, Hits, Judgement, LooksAt, Questions, Remedy, Scene,
    claim::{self, failures, lengths, of_hangs, of_successes},
};
use crate::error_text::ErrorClass;
use crate::words::{clock, counted};

/// Prompt checkouts on connections of the pool, at most, for each that waited in vain.
const MOST_PROMPT_SHARE: u64 = 4;

pub(super) static MODE: FailureMode = FailureMode {
    id: "database-unreachable",
    title: "no connect gets any answer",
    documentation: Documentation {
        looks_like: "Every connect waits for its whole timeout (or hangs), none is refused, none succeeds, on every instance.",
        why: "Packets to the database are dropped: a network partition, a firewall that drops, a routing change, a host that is \
            gone without a word.",
        confused_with: "database-down: a refusal comes at once. partial-connect-hang: some succeed meanwhile. cold-start: an idle \
            gap before, and it heals by itself within minutes.",
        what_to_do: "Check the way from an instance to the database's addresses (provider's status, firewall, peering). Restarts \
            do not help while packets are dropped.",
    },
    error_classes: &[ErrorClass::ConnectTimeout, ErrorClass::PoolerTimeout],
    cause: Cause::Mechanism,
    remedy: Remedy::Nothing,
    hits: Hits::Suffering,
    looks_at: LooksAt::EachService,
    questions: Questions::General,
    needs: &["errors", "hangs", "runs", "database"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let hung = scene.hung_connecting();
    let timeouts = scene.failing_with(&[ErrorClass::ConnectTimeout]);
    let refused = scene.failing_with(&[ErrorClass::ConnectRefused]);
    if !refused.is_empty() {
        return Judgement::NotMatched(format!(
            "{} got a refusal: something answers",
            counted(failed(&refused), "request")
        ));
    }
    // What has waited for less than a hang yet speaks beside those that have hung.
    let mut young = scene.in_flight_connecting();
    young.retain(|hang| !hung.iter().any(|other| other.span_id == hang.span_id));
    let suffered = hung.len() as u64 + failed_soon(&timeouts);
    let waited = suffered + young.len() as u64;
    if suffered == 0 || waited < scene.profile.diagnose.least_failures {
        return Judgement::NotMatched(String::from("connects that get no answer are none or few"));
    }
    let Some((from, to)) = scene.extent(&hung, &timeouts) else {
        return Judgement::NotMatched(String::from("it has no extent"));
    };
    let first = hung
        .iter()
        .map(|hang| hang.started_at)
        .chain(timeouts.iter().map(|burst| burst.first_at))
        .min()
        .unwrap_or(from);
    let prompt = checkouts(&scene.prompt_connects(|at| first < at && to.is_none_or(|to| at < to)));
    if prompt * MOST_PROMPT_SHARE > waited {
        return Judgement::NotMatched(format!("{} succeeded promptly meanwhile", counted(prompt, "connect")));
    }
    let now = scene.facts.window.to;
    let waiting = format!("{} more waited {} for theirs", young.len(), lengths(&young, now));
    let nobody = format!(
        "from {} on no connect succeeded promptly, and none was refused",
        clock(first)
    );
    let claims = [
        claim::hung(&hung, now, "in their connect"),
        (!young.is_empty()).then(|| of_hangs(waiting, &young)),
        failures(&timeouts, "after the timeout of their connect"),
        Some(of_successes(nobody, &[], waited)),
    ];
    let mut bursts = timeouts;
    bursts.extend(scene.failing_with(&[ErrorClass::PoolExhausted]));
    let summary = String::from("nothing connects and nothing is refused: every connect waits for its timeout");
    scene.matched(&hung, &bursts, summary, claims.into_iter().flatten().collect())
}
