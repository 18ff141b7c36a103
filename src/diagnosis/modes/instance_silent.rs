//! One instance stops emitting while others, or its clients, go on.

use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Matched, Questions, Remedy, Scene,
    claim::claim,
};
use crate::episodes::Silence;
use crate::facts::{Process, to_seconds};
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
    looks_at: LooksAt::EachService,
    questions: Questions::General,
    needs: &["processes", "gaps", "lifecycle", "hangs"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let Some(longest) = scene.silences.first() else {
        return Judgement::NotMatched(String::from(
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
    Judgement::Matched(Matched {
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
    let last = format!(
        "the last record of {} is of {}{}; then nothing for {}",
        silence.instance,
        clock(silence.last_at),
        if silence.unannounced {
            ", without a shutdown line"
        } else {
            ""
        },
        duration(to_seconds(until - silence.last_at))
    );
    let one = |basis, text, query| claim(basis, text, query, 1, Vec::new());
    let (others, open) = (silence.others as u64, silence.open as u64);
    let went_on = format!("other instances went on meanwhile ({})", counted(others, "machine"));
    let stood_open = format!("{} stood open when it fell silent", counted(open, "request"));
    let lost = format!("its {} had just lost its connection", scene.profile.listener.name);
    let took_over = |standby: &Process| {
        format!(
            "{} had to take over, from {} on",
            standby.instance,
            clock(standby.first_at)
        )
    };
    let came_back = |(after, usual)| {
        let text = format!(
            "{} in the first bucket after it, {usual} as a rule: clients that try again",
            counted(after, "request")
        );
        claim(Basis::Traffic, text, "traffic", after, Vec::new())
    };
    let started = |at| format!("it had to be started again, at {}", clock(at));
    let claims = [
        Some(one(Basis::Processes, last, "processes")),
        (others > 0).then(|| claim(Basis::Succeeded, went_on, "processes", others, Vec::new())),
        silence
            .standby
            .map(|standby| one(Basis::Succeeded, took_over(standby), "processes")),
        (open > 0).then(|| claim(Basis::Hung, stood_open, "hangs", open, Vec::new())),
        silence.lost.then(|| one(Basis::LogLines, lost, "lifecycle")),
        silence.burst.map(came_back),
        silence
            .started_at
            .map(|at| one(Basis::Processes, started(at), "processes")),
    ];
    claims.into_iter().flatten().collect()
}
