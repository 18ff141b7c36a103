//! One instance stops emitting while others, or its clients, go on.

use crate::diagnosis::scene::{Scene, size};
use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Matched, Questions, Remedy, Verdict, claim,
};
use crate::episodes::Silence;
use crate::facts::to_seconds;
use crate::words::{clock, counted, duration};

pub(super) static MODE: FailureMode = FailureMode {
    id: "instance-silent",
    title: "an instance stopped emitting",
    documentation: Documentation {
        looks_like: "The last record of an instance stands in mid-request, without a shutdown line, and then nothing of it for \
            minutes, while other instances work on, clients come back in a burst, or it has to be started again. Often not one \
            error.",
        why: "The process is frozen (memory, a blocked event loop, a suspended machine) or was killed: it neither serves nor sends \
            telemetry.",
        confused_with: "traffic-lull: nobody asked, and the first requests afterwards are fast and no more than usual. deploy and \
            restart: an orderly end, and a start within a minute; a rolling deploy starts a new name with a new version. A \
            platform that stops an idle machine says so in its shutdown lines.",
        what_to_do: "Restart it. Then a health check that restarts a frozen process, and an alert on the absence of its records.",
    },
    error_classes: &[],
    cause: Cause::Mechanism,
    remedy: Remedy::Restart,
    hits: Hits::Suffering,
    questions: Questions::General,
    needs: &["processes", "gaps", "lifecycle", "hangs"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Verdict {
    let Some(longest) = scene.silences.first() else {
        return Verdict::NotMatched(String::from(
            "no instance fell silent while others or its clients went on",
        ));
    };
    let now = scene.facts.window.to;
    let until = longest.until.unwrap_or(now);
    let mut instances: Vec<String> = scene
        .silences
        .iter()
        .filter(|other| other.from < until && other.until.unwrap_or(now) > longest.from)
        .map(|other| other.instance.to_owned())
        .collect();
    instances.sort();
    instances.dedup();
    Verdict::Matched(Matched {
        summary: format!(
            "{} emitted nothing from {} on, without a shutdown, while it was expected to",
            longest.instance,
            clock(longest.last_at)
        ),
        evidence: seen(scene, longest),
        from: longest.from,
        to: longest.until,
        instances,
    })
}

fn seen(scene: &Scene<'_>, silence: &Silence<'_>) -> Vec<Claim> {
    let until = silence.started_at.or(silence.until).unwrap_or(scene.facts.window.to);
    let mut found = vec![claim(
        Basis::Processes,
        format!(
            "the last record of {} is of {}{}; then nothing for {}",
            silence.instance,
            clock(silence.last_at),
            if silence.unannounced {
                ", without a shutdown line"
            } else {
                ""
            },
            duration(to_seconds(until - silence.last_at))
        ),
        "processes",
        1,
        Vec::new(),
    )];
    if silence.others > 0 {
        found.push(claim(
            Basis::Succeeded,
            format!(
                "other instances went on meanwhile ({})",
                counted(silence.others as u64, "machine")
            ),
            "processes",
            silence.others,
            Vec::new(),
        ));
    }
    if let Some(standby) = silence.standby {
        found.push(claim(
            Basis::Succeeded,
            format!(
                "{} had to take over, from {} on",
                standby.instance,
                clock(standby.first_at)
            ),
            "processes",
            1,
            Vec::new(),
        ));
    }
    if silence.open > 0 {
        found.push(claim(
            Basis::Hung,
            format!(
                "{} stood open when it fell silent",
                counted(silence.open as u64, "request")
            ),
            "hangs",
            silence.open,
            Vec::new(),
        ));
    }
    if silence.lost {
        found.push(claim(
            Basis::LogLines,
            format!("its {} had just lost its connection", scene.profile.listener.name),
            "lifecycle",
            1,
            Vec::new(),
        ));
    }
    if let Some((after, usual)) = silence.burst {
        found.push(claim(
            Basis::Traffic,
            format!(
                "{} in the first bucket after it, {usual} as a rule: clients that try again",
                counted(after, "request")
            ),
            "traffic",
            size(after),
            Vec::new(),
        ));
    }
    if let Some(at) = silence.started_at {
        found.push(claim(
            Basis::Processes,
            format!("it had to be started again, at {}", clock(at)),
            "processes",
            1,
            Vec::new(),
        ));
    }
    found
}
