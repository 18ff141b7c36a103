//! Work is queued, and none of it is run.

use chrono::{DateTime, Utc};

use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Matched, Questions, Remedy, Scene,
    claim::claim,
};
use crate::facts::{Work, to_seconds};
use crate::profile::Settings;
use crate::words::{clock, counted, duration};

/// Beyond this multiple of `queued_patience` one queued item is enough, if runs are recorded here.
const FORGOTTEN: f64 = 6.0;
/// From this multiple of it on, how long the oldest waits is a sign of its own.
const LONG_WAIT: f64 = 4.0;

pub(super) static MODE: FailureMode = FailureMode {
    id: "worker-silent",
    title: "work is queued and none of it is run",
    documentation: Documentation {
        looks_like: "Requests that queue work succeed, and the spans of its runs are missing. No error anywhere: nothing watches for \
            what is absent.",
        why: "The worker is gone (killed, given up by the platform after a crash loop, scaled to zero) or no longer takes work \
            (wrong queue, lost subscription).",
        confused_with: "A worker that has nothing to do: then nothing is queued either. Telemetry of the worker that goes to another \
            project: then it was never seen.",
        what_to_do: "Look whether the worker runs (platform's list of machines), start it, and watch its first run. Then alert on \
            queued-but-not-run, not on errors.",
    },
    error_classes: &[],
    cause: Cause::Mechanism,
    remedy: Remedy::ReadPlatformLog,
    hits: Hits::Suffering,
    looks_at: LooksAt::AllServices,
    questions: Questions::General,
    needs: &["work"],
    judge,
};

/// A worker is an instance of its own: what shows one instance only cannot show it.
fn cannot_be_seen(profile: &Settings) -> Option<&'static str> {
    if profile.work.queued.is_empty() || profile.work.run.is_empty() {
        Some("it was not looked for: the profile names no spans of queued work (work.queued, work.run)")
    } else if !profile.instance.is_empty() {
        Some("one instance alone is shown, and a worker is another")
    } else {
        None
    }
}

fn judge(scene: &Scene<'_>) -> Judgement {
    let Some(work) = scene.facts.work.rows.first() else {
        return Judgement::NotMatched(String::from("nothing is known of queued work"));
    };
    if let Some(why) = cannot_be_seen(scene.profile) {
        return Judgement::NotAssessed(String::from(why));
    }
    if work.queued == 0 {
        return Judgement::NotMatched(String::from("no work was queued"));
    }
    let limits = &scene.profile.diagnose;
    let patience_s = to_seconds(limits.queued_patience);
    let waited_s = work
        .queued_first_at
        .map(|from| to_seconds(scene.facts.window.to - from));
    let forgotten = work.run_last_at.is_some() && waited_s.is_some_and(|waited_s| waited_s >= FORGOTTEN * patience_s);
    let enough = work.queued_since_run >= limits.least_queued || forgotten;
    let (Some(from), Some(waited_s), true) = (work.queued_first_at, waited_s, enough) else {
        return Judgement::NotMatched(format!(
            "of {} queued, all but {} were followed by a run",
            counted(work.queued, "piece"),
            work.queued_since_run
        ));
    };
    if !scene.profile.service.is_empty() && work.run_last_at.is_none() {
        return Judgement::NotAssessed(String::from(
            "one service alone is shown, no run of it was seen, and a worker may be a service of its own",
        ));
    }
    if waited_s < patience_s {
        return Judgement::NotMatched(format!(
            "the oldest work without a run waits for {} only",
            duration(waited_s)
        ));
    }
    Judgement::Matched(Matched {
        summary: format!(
            "work is queued ({} since {}) and none of it is run",
            work.queued_since_run,
            clock(from)
        ),
        evidence: claims(work, from, (waited_s, patience_s)),
        from: work
            .run_last_at
            .filter(|at| *at >= scene.facts.window.from)
            .unwrap_or(from)
            .min(from),
        to: None,
        instances: Vec::new(),
    })
}

fn claims(work: &Work, from: DateTime<Utc>, (waited_s, patience_s): (f64, f64)) -> Vec<Claim> {
    let mut found = vec![claim(
        Basis::Queued,
        format!(
            "{} of work queued from {} on, and no run since",
            counted(work.queued_since_run, "piece"),
            clock(from)
        ),
        "work",
        work.queued_since_run,
        work.trace_id.iter().cloned().collect(),
    )];
    if let Some(last) = work.run_last_at {
        found.push(claim(
            Basis::Runs,
            format!("the last run was at {}: runs are recorded here as a rule", clock(last)),
            "work",
            work.run + work.run_before,
            Vec::new(),
        ));
    }
    if waited_s >= LONG_WAIT * patience_s {
        found.push(claim(
            Basis::Queued,
            format!("the oldest waits for {}", duration(waited_s)),
            "work",
            1,
            Vec::new(),
        ));
    }
    found
}
