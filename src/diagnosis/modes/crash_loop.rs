//! A process starts again and again.

use chrono::{DateTime, TimeDelta, Utc};

use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Matched, Questions, Remedy, Scene,
    claim::claim,
};
use crate::facts::{LineKind, to_seconds};
use crate::words::{clock, counted, duration};

/// A life that is longer by this factor than all before has left the loop, one way or the other.
const LIFE_AFTER: f64 = 2.0;
/// An orderly end says so within this of the next start.
const SAID_WITHIN: TimeDelta = TimeDelta::seconds(60);

pub(super) static MODE: FailureMode = FailureMode {
    id: "crash-loop",
    title: "a process starts again and again",
    documentation: Documentation {
        looks_like: "One instance starts four times or more with short lives between, most of which end without a shutdown line. \
            It may then stay away for good: platforms give up.",
        why: "The process is killed (memory, a failing health check) or exits at something it meets again after each start: a \
            poisoned job, a missing setting, a dependency that is away.",
        confused_with: "deploy: one start an instance with a new version, orderly ends before it. restart: one or two starts. \
            Several worker processes side by side start once each.",
        what_to_do: "Read the platform's log at one of the ends (killed for memory? exit code?). Give it memory or take the job \
            that kills it out of the queue; roll back if the loop began with a deploy.",
    },
    error_classes: &[],
    cause: Cause::Mechanism,
    remedy: Remedy::ReadPlatformLog,
    hits: Hits::Suffering,
    looks_at: LooksAt::EachService,
    questions: Questions::General,
    needs: &["processes", "lifecycle"],
    judge,
};

struct Loop {
    instances: Vec<String>,
    starts: Vec<DateTime<Utc>>,
    sudden: usize,
}

fn judge(scene: &Scene<'_>) -> Judgement {
    let mut names: Vec<&str> = scene.starts.iter().map(|start| start.instance).collect();
    names.sort_unstable();
    names.dedup();
    let least = scene.profile.diagnose.crash_loop_starts;
    let worst = names
        .iter()
        .filter_map(|name| looped(scene, name))
        .filter(|found| found.starts.len() as u64 >= least)
        .max_by_key(|found| found.starts.len());
    let Some(found) = worst.or_else(|| together(scene, &names)) else {
        let most = scene.starts.len();
        return Judgement::NotMatched(match most {
            0 => String::from("no process started"),
            _ => format!("no instance started {least} times with short lives between and sudden ends"),
        });
    };
    let (Some(first), Some(last)) = (found.starts.first().copied(), found.starts.last().copied()) else {
        return Judgement::NotMatched(String::from("no process started"));
    };
    let mut lives: Vec<f64> = found
        .starts
        .windows(2)
        .map(|pair| to_seconds(pair[1] - pair[0]))
        .collect();
    lives.sort_by(f64::total_cmp);
    let evidence = claims(&found, (first, last), &lives);
    // It is over once a life is longer than those before, or the end is the last start's own death.
    let lived = scene.facts.window.to - last;
    let longest = lives.last().copied().unwrap_or_default();
    let over = to_seconds(lived) > LIFE_AFTER * longest || lived > scene.profile.diagnose.short_life;
    let to = over.then_some(last);
    Judgement::Matched(Matched {
        summary: format!(
            "{} started {} in {}",
            found.instances.join(" and "),
            counted(found.starts.len() as u64, "time"),
            duration(to_seconds(last - first))
        ),
        evidence,
        from: first,
        to,
        instances: found.instances,
    })
}

/// `lives` in seconds, sorted.
fn claims(found: &Loop, (first, last): (DateTime<Utc>, DateTime<Utc>), lives: &[f64]) -> Vec<Claim> {
    let mut claims = vec![claim(
        Basis::Processes,
        format!(
            "{} started {} between {} and {}",
            found.instances.join(" and "),
            counted(found.starts.len() as u64, "time"),
            clock(first),
            clock(last)
        ),
        "processes",
        found.starts.len() as u64,
        Vec::new(),
    )];
    if found.sudden > 0 {
        claims.push(claim(
            Basis::LogLines,
            format!("{} of its lives ended without a shutdown line", found.sudden),
            "lifecycle",
            found.sudden as u64,
            Vec::new(),
        ));
    }
    if let Some(median) = lives.get(lives.len() / 2) {
        claims.push(claim(
            Basis::Processes,
            format!("its lives lasted about {}", duration(*median)),
            "processes",
            lives.len() as u64,
            Vec::new(),
        ));
    }
    claims
}

/// Instances of which none starts often enough by itself, and which together start more often than `verify` lets pass: each
/// has a life that was cut short.
fn together(scene: &Scene<'_>, names: &[&str]) -> Option<Loop> {
    let again = names.iter().filter_map(|name| looped(scene, name));
    let again: Vec<Loop> = again
        .filter(|found| found.starts.len() >= 3 && found.sudden >= 2)
        .collect();
    let mut starts: Vec<DateTime<Utc>> = again.iter().flat_map(|found| found.starts.iter().copied()).collect();
    starts.sort();
    let limits = &scene.profile.verify;
    let often = usize::try_from(limits.max_starts)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    let too_often = starts.windows(often).any(|row| {
        row.first()
            .zip(row.last())
            .is_some_and(|(first, last)| *last - *first <= limits.starts_within)
    });
    too_often.then(|| Loop {
        instances: again.iter().flat_map(|found| found.instances.clone()).collect(),
        sudden: again.iter().map(|found| found.sudden).sum(),
        starts,
    })
}

/// The longest row of starts of an instance with short lives between them.
fn looped(scene: &Scene<'_>, name: &str) -> Option<Loop> {
    let mut times: Vec<DateTime<Utc>> = scene
        .starts
        .iter()
        .filter(|start| start.instance == name)
        .map(|start| start.at)
        .collect();
    times.sort();
    let row = times
        .chunk_by(|a, b| *b - *a <= scene.profile.diagnose.short_life)
        .max_by_key(|row| row.len())?;
    if row.last().is_none_or(|last| *last < scene.facts.window.from) {
        return None;
    }
    let lines = &scene.facts.lifecycle.rows;
    let sudden = row.iter().skip(1).filter(|start| {
        !lines.iter().any(|line| {
            line.instance == name
                && line.kind == LineKind::Stopping
                && line.last_at <= **start
                && **start - line.last_at <= SAID_WITHIN
        })
    });
    let sudden = sudden.count();
    // An operator who restarts four times in a row gives orderly ends.
    (2 * sudden >= row.len() - 1).then(|| Loop {
        instances: vec![name.to_owned()],
        starts: row.to_vec(),
        sudden,
    })
}
