//! Every statement is slow, and nothing hangs.

use chrono::{DateTime, Utc};

use crate::diagnosis::{
    Basis, Cause, Claim, Documentation, FailureMode, Hits, Judgement, LooksAt, Matched, Questions, Remedy, Scene,
    claim::claim,
};
use crate::error_text::ErrorClass;
use crate::facts::to_seconds;
use crate::words::{self, clock, counted};

/// Fewer slow statements can be one report.
const LEAST_STATEMENTS: u64 = 20;
/// More hangs than this are another story, unless they are the slowest of many slow statements.
const MOST_HANGS: usize = 2;
/// Slow statements, at least, for each hang: then it is the tail of the slow ones.
const LEAST_SLOW_SHARE: u64 = 20;
/// Without a time to compare with, only what no application has as its usual statement is slow: times `slow_statement`.
const SLOW_BY_ITSELF: f64 = 10.0;

pub(super) static MODE: FailureMode = FailureMode {
    id: "slow-database",
    title: "every statement is slow",
    documentation: Documentation {
        looks_like: "The median statement takes many times as long as before, on all routes, and requests take correspondingly \
            longer. Nothing hangs, nothing or little fails. The listener may lose its connection to its own overlapping calls. \
            Or a large part of the statements does so at once, and the others are as fast as ever.",
        why: "The database is overloaded, throttled, far away all at once (a failover to another region), or the network adds \
            latency. If it is a part: an index is gone, or a plan has changed for the worse.",
        confused_with: "lock-contention: some statements hang for minutes, the others are fast. One slow report is one statement. \
            A slow application: its statements are fast.",
        what_to_do: "Look at the database's load (CPU, I/O credits, active sessions, vacuum) and at the latency between the \
            instances and it; if a part is slow, at the plans of those statements (EXPLAIN). Restarting the application does nothing.",
    },
    error_classes: &[ErrorClass::PoolerTimeout],
    cause: Cause::Mechanism,
    remedy: Remedy::Nothing,
    hits: Hits::EveryRequest,
    looks_at: LooksAt::EachService,
    questions: Questions::WhichStatements,
    needs: &["traffic", "database"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let Some(slow) = longest(scene) else {
        return Judgement::NotMatched(String::from("at no time were most statements slow"));
    };
    let hung = scene.hangs.len();
    let its_tail = scene.hung_connecting().is_empty() && slow.statements >= LEAST_SLOW_SHARE * hung as u64;
    if hung > MOST_HANGS && !its_tail {
        return Judgement::NotMatched(format!("{} hung: more than slow", counted(hung as u64, "request")));
    }
    let factor = slow.usual_s.map(|usual| slow.medians_s.1 / usual.max(0.001));
    if slow.statements < LEAST_STATEMENTS || factor.is_some_and(|factor| factor < scene.profile.diagnose.slow_factor) {
        return Judgement::NotMatched(format!(
            "only {} were slow, by a factor of {:.1}",
            counted(slow.statements, "statement"),
            factor.unwrap_or_default()
        ));
    }
    let by_itself_s = SLOW_BY_ITSELF * to_seconds(scene.profile.slow_statement);
    if factor.is_none() && slow.medians_s.0 < by_itself_s {
        return Judgement::NotAssessed(format!(
            "statements took {} (median) all the while; whether that is usual here no earlier record tells",
            slow.medians()
        ));
    }
    let usual = slow.usual_s.map_or(String::from("less"), words::duration);
    let (from, took) = (clock(slow.first_at), slow.medians());
    Judgement::Matched(Matched {
        summary: if slow.in_part {
            format!(
                "from {from} on {} of {} took long ({took} at the 95th percentile) instead of {usual}; nothing hangs",
                words::grouped(slow.statements),
                counted(slow.all, "statement"),
            )
        } else {
            format!("from {from} on statements took {took} (median) instead of {usual}; nothing hangs")
        },
        evidence: claims(scene, &slow),
        from: slow.first_at,
        to: slow.last_at,
        instances: Vec::new(),
    })
}

fn claims(scene: &Scene<'_>, slow: &Slow) -> Vec<Claim> {
    let many = counted(slow.statements, "statement");
    let usual = slow.usual_s.map(|usual| format!(", else {}", words::duration(usual)));
    let text = format!(
        "{many} were slow: {} of {}{}",
        if slow.in_part { "95th percentiles" } else { "medians" },
        slow.medians(),
        usual.unwrap_or_default()
    );
    let mut claims = vec![claim(
        Basis::Statements,
        text,
        "traffic",
        slow.statements,
        slow.trace_ids.clone(),
    )];
    if slow.buckets > 1 {
        let text = format!(
            "that holds for all of the time from {} on, not for one request",
            clock(slow.first_at)
        );
        claims.push(claim(
            Basis::Statements,
            text,
            "traffic",
            slow.buckets as u64,
            Vec::new(),
        ));
    }
    let gone = scene.failing_with(&[ErrorClass::ConnectRefused, ErrorClass::Dns, ErrorClass::ConnectTimeout]);
    if scene.hangs.is_empty() && gone.is_empty() {
        let failed: u64 = scene.failing.iter().map(|failing| failing.burst.traces).sum();
        let text = format!(
            "nothing hung and no connect failed ({} failed at all)",
            counted(failed, "request")
        );
        claims.push(claim(Basis::Hung, text, "hangs", 0, Vec::new()));
    }
    claims
}

impl Slow {
    fn medians(&self) -> String {
        words::range(self.medians_s.0, self.medians_s.1)
    }
}

/// All slow stretches as one: from the first slow statement to the last.
struct Slow {
    first_at: DateTime<Utc>,
    /// `None` = it goes on.
    last_at: Option<DateTime<Utc>>,
    usual_s: Option<f64>,
    /// Of its buckets the lowest and the highest median, or 95th percentile if a part of the statements was slow.
    medians_s: (f64, f64),
    /// The slow ones.
    statements: u64,
    all: u64,
    in_part: bool,
    buckets: usize,
    trace_ids: Vec<String>,
}

/// The stretch with most slow statements.
fn longest(scene: &Scene<'_>) -> Option<Slow> {
    let found = &scene.episodes.slow;
    let ours = found.iter().filter(|slow| scene.is_ours(slow.service));
    let all = ours.flat_map(|service| {
        let last = service.stretches.len().saturating_sub(1);
        let stretches = service.stretches.iter().enumerate();
        stretches.map(move |(place, stretch)| (service, stretch, service.goes_on && place == last))
    });
    let (service, stretch, goes_on) = all.max_by_key(|(_, stretch, _)| stretch.slow())?;
    Some(Slow {
        first_at: stretch.buckets.first()?.slow_between?.0,
        last_at: stretch
            .buckets
            .last()?
            .slow_between
            .map(|(_, last)| last)
            .filter(|_| !goes_on),
        usual_s: service.usual_of(stretch),
        medians_s: stretch.took_s()?,
        statements: stretch.slow(),
        all: stretch.statements(),
        in_part: stretch.in_part,
        buckets: stretch.buckets.len(),
        trace_ids: stretch.trace_ids(),
    })
}
