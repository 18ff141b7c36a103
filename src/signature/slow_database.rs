//! Every statement is slow, and nothing hangs.

use chrono::{DateTime, Utc};

use super::scene::{Scene, clock, failed, size};
use super::{Basis, Documentation, FailureMode, Matched, Signature, Verdict, evidence};
use crate::error_text::ErrorClass;
use crate::facts::Bucket;
use crate::timeline::failures::slow_stretches;
use crate::words::{self, counted};

/// Fewer slow statements can be one report.
const LEAST_STATEMENTS: u64 = 20;
/// How much slower than in the rest of the window.
const LEAST_FACTOR: f64 = 5.0;
/// More hangs than this are another story.
const MOST_HANGS: usize = 2;

pub(super) const SIGNATURE: Signature = Signature {
    mode: FailureMode::SlowDatabase,
    title: "every statement is slow",
    documentation: Documentation {
        looks_like: "The median statement takes many times as long as before, on all routes, and requests take correspondingly \
            longer. Nothing hangs, nothing or little fails. The listener may lose its connection to its own overlapping calls.",
        why: "The database is overloaded, throttled, far away all at once (a failover to another region), or the network adds \
            latency.",
        confused_with: "lock-contention: some statements hang for minutes, the others are fast. One slow report is one statement. \
            A slow application: its statements are fast.",
        what_to_do: "Look at the database's load (CPU, I/O credits, active sessions, vacuum) and at the latency between the \
            instances and it. Restarting the application does nothing.",
    },
    needs: &["traffic"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Verdict {
    if scene.hangs.len() > MOST_HANGS {
        return Verdict::NotMatched(format!(
            "{} hung: more than slow",
            counted(scene.hangs.len() as u64, "request")
        ));
    }
    let Some(slow) = longest(scene) else {
        return Verdict::NotMatched(String::from("at no time were most statements slow"));
    };
    let factor = slow.usual_s.map(|usual| slow.medians_s.1 / usual.max(0.001));
    if slow.statements < LEAST_STATEMENTS || factor.is_some_and(|factor| factor < LEAST_FACTOR) {
        return Verdict::NotMatched(format!("only {} were slow", counted(slow.statements, "statement")));
    }
    let medians = words::range(slow.medians_s.0, slow.medians_s.1);
    let mut found = vec![evidence(
        Basis::Statements,
        match slow.usual_s {
            Some(usual) => format!(
                "{} were slow: medians of {medians}, else {}",
                counted(slow.statements, "statement"),
                words::duration(usual)
            ),
            None => format!(
                "{} were slow: medians of {medians}",
                counted(slow.statements, "statement")
            ),
        },
        "traffic",
        size(slow.statements),
        slow.trace_ids.clone(),
    )];
    if slow.buckets > 1 {
        found.push(evidence(
            Basis::Statements,
            format!(
                "that holds for all of the time from {} on, not for one request",
                clock(slow.first_at)
            ),
            "traffic",
            slow.buckets,
            Vec::new(),
        ));
    }
    let gone = scene.failing_with(&[ErrorClass::ConnectRefused, ErrorClass::Dns, ErrorClass::ConnectTimeout]);
    if scene.hangs.is_empty() && gone.is_empty() {
        found.push(evidence(
            Basis::Hung,
            format!(
                "nothing hung and no connect failed ({} failed at all)",
                counted(
                    failed(&scene.failing.iter().map(|f| f.burst).collect::<Vec<_>>()),
                    "request"
                )
            ),
            "hangs",
            0,
            Vec::new(),
        ));
    }
    Verdict::Matched(Matched {
        summary: format!(
            "from {} on statements took {medians} (median) instead of {}; nothing hangs",
            clock(slow.first_at),
            slow.usual_s.map_or(String::from("less"), words::duration)
        ),
        evidence: found,
        from: slow.first_at,
        to: slow.last_at,
        instances: Vec::new(),
    })
}

/// All slow stretches as one: from the first slow statement to the last.
struct Slow {
    first_at: DateTime<Utc>,
    /// `None` = it goes on.
    last_at: Option<DateTime<Utc>>,
    usual_s: Option<f64>,
    medians_s: (f64, f64),
    statements: u64,
    buckets: usize,
    trace_ids: Vec<String>,
}

fn longest(scene: &Scene<'_>) -> Option<Slow> {
    let found = slow_stretches(scene.facts);
    let of = |stretch: &Vec<&Bucket>| stretch.iter().map(|bucket| bucket.statements_slow).sum::<u64>();
    let place = (0..found.stretches.len()).max_by_key(|place| found.stretches.get(*place).map(of))?;
    let stretch = found.stretches.get(place)?;
    let medians = || stretch.iter().filter_map(|bucket| bucket.statements_p50_s);
    let goes_on = found.goes_on && place + 1 == found.stretches.len();
    Some(Slow {
        first_at: stretch.first()?.slow_between?.0,
        last_at: stretch.last()?.slow_between.map(|(_, last)| last).filter(|_| !goes_on),
        usual_s: found.usual_s,
        medians_s: (medians().reduce(f64::min)?, medians().reduce(f64::max)?),
        statements: of(stretch),
        buckets: stretch.len(),
        trace_ids: stretch
            .iter()
            .filter_map(|bucket| bucket.trace_id.clone())
            .take(3)
            .collect(),
    })
}
