//! A process starts again and again.

use chrono::{DateTime, TimeDelta, Utc};

use super::scene::{Scene, clock};
use super::{Basis, Documentation, FailureMode, Matched, Signature, Verdict, evidence};
use crate::facts::{LineKind, to_seconds};
use crate::words::{counted, duration};

/// Starts of one instance that are no deploy any more; a deploy that is rolled back is two or three.
const LEAST_STARTS: usize = 4;
/// A life that ends sooner did not work.
const SHORT_LIFE: TimeDelta = TimeDelta::minutes(10);
/// An orderly end says so within this of the next start.
const SAID_WITHIN: TimeDelta = TimeDelta::seconds(60);

pub(super) const SIGNATURE: Signature = Signature {
    mode: FailureMode::CrashLoop,
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
    needs: &["processes", "lifecycle"],
    judge,
};

struct Loop {
    instance: String,
    starts: Vec<DateTime<Utc>>,
    sudden: usize,
}

fn judge(scene: &Scene<'_>) -> Verdict {
    let mut names: Vec<&str> = scene.starts.iter().map(|start| start.instance).collect();
    names.sort_unstable();
    names.dedup();
    let worst = names
        .into_iter()
        .filter_map(|name| looped(scene, name))
        .max_by_key(|found| found.starts.len());
    let Some(found) = worst else {
        let most = scene.starts.len();
        return Verdict::NotMatched(match most {
            0 => String::from("no process started"),
            _ => format!("no instance started {LEAST_STARTS} times with short lives between"),
        });
    };
    let (Some(first), Some(last)) = (found.starts.first().copied(), found.starts.last().copied()) else {
        return Verdict::NotMatched(String::from("no process started"));
    };
    let mut evidence_found = vec![evidence(
        Basis::Processes,
        format!(
            "{} started {} between {} and {}",
            found.instance,
            counted(found.starts.len() as u64, "time"),
            clock(first),
            clock(last)
        ),
        "processes",
        found.starts.len(),
        Vec::new(),
    )];
    if found.sudden > 0 {
        evidence_found.push(evidence(
            Basis::LogLines,
            format!("{} of its lives ended without a shutdown line", found.sudden),
            "lifecycle",
            found.sudden,
            Vec::new(),
        ));
    }
    let mut lives: Vec<f64> = found
        .starts
        .windows(2)
        .map(|pair| to_seconds(pair[1] - pair[0]))
        .collect();
    lives.sort_by(f64::total_cmp);
    if let Some(median) = lives.get(lives.len() / 2) {
        evidence_found.push(evidence(
            Basis::Processes,
            format!("its lives lasted about {}", duration(*median)),
            "processes",
            lives.len(),
            Vec::new(),
        ));
    }
    // It is over once a life is longer than those before, or the end is the last start's own death.
    let lived = scene.facts.window.to - last;
    let to = (lived > SHORT_LIFE).then_some(last);
    Verdict::Matched(Matched {
        summary: format!(
            "{} started {} in {}",
            found.instance,
            counted(found.starts.len() as u64, "time"),
            duration(to_seconds(last - first))
        ),
        evidence: evidence_found,
        from: first,
        to,
        instances: vec![found.instance],
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
        .chunk_by(|a, b| *b - *a <= SHORT_LIFE)
        .max_by_key(|row| row.len())?;
    if row.len() < LEAST_STARTS || row.last().is_none_or(|last| *last < scene.facts.window.from) {
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
        instance: name.to_owned(),
        starts: row.to_vec(),
        sudden,
    })
}
