//! What is no incident and worth a name: a deploy, a restart, a lull, or nothing at all. And when that may be said.

use chrono::TimeDelta;

use super::claim::claim;
use super::{Basis, Claim, Conclusion, Confidence, FailureMode, Finding, Scene};
use crate::episodes::{LISTENER_PATIENCE, ListenerTrouble, WaitingOn};
use crate::error_text::ErrorClass;
use crate::facts::{Facts, to_seconds};
use crate::words::{self, clock, counted};

/// A pause this long is worth a word.
const LEAST_LULL: TimeDelta = TimeDelta::minutes(5);
/// Failures for which no rule has a name are an outage if they are so many,
const LEAST_FAILED: u64 = 20;
/// and one request of so many at least.
const MOST_FAILED_SHARE: u64 = 4;

/// The finding, or why nothing can be said.
pub(super) fn finding(scene: &Scene<'_>, unjudged: &[(&FailureMode, String)]) -> Result<Conclusion, String> {
    let facts = scene.facts;
    let bounds = facts.bounds.rows.first();
    let records = bounds.map_or(0, |bounds| bounds.records);
    if records == 0 {
        return Err(match &facts.bounds.not_known {
            Some(why) => format!("what was recorded is not known: {why}"),
            None => no_records(facts),
        });
    }
    if let Some(why) = &facts.database {
        return Err(format!("nothing is known of the database: {why}"));
    }
    if let Some((mode, why)) = unjudged.first() {
        return Err(format!(
            "{} and {} more could not be judged ({why})",
            mode.id,
            unjudged.len() - 1
        ));
    }
    let Some((bounds, (p50_s, p95_s, max_s))) = bounds.and_then(|bounds| Some((bounds, bounds.requests_s?))) else {
        return Err(format!(
            "{} but not one request that succeeded in the window",
            counted(records, "record")
        ));
    };
    if let Some(why) = unexplained(scene, bounds.requests) {
        return Err(why);
    }
    let failed: u64 = scene.episodes.failures().map(|burst| burst.traces).sum();
    let text = format!(
        "{} succeeded (median {}, p95 {}, slowest {}), {} failed, {} hung",
        counted(bounds.requests, "request"),
        words::duration(p50_s),
        words::duration(p95_s),
        words::duration(max_s),
        words::grouped(failed),
        scene.hangs.len()
    );
    let healthy = claim(Basis::Succeeded, text, "traffic", bounds.requests, Vec::new());
    // A wrong clock looks like a silence: what is doubtful comes first.
    if let Some(doubt) = facts.doubts.first() {
        return Err(format!(
            "{}: {}; seen so far: {}",
            doubt.section, doubt.why, healthy.text
        ));
    }
    if scene
        .episodes
        .pauses()
        .any(|pause| pause.is_open && pause.length() >= LEAST_LULL)
    {
        return Err(String::from(
            "nothing is recorded in the last minutes of the window: a lull or a silence, its end will tell",
        ));
    }
    let is_calm = failed == 0 && scene.hangs.is_empty();
    Ok(concluded(scene, healthy, is_calm))
}

/// The finding with all that was noted beside it.
fn concluded(scene: &Scene<'_>, healthy: Claim, is_calm: bool) -> Conclusion {
    let (finding, title, noted) = named(scene);
    let listener = reconnect(scene);
    let disconnected = scene.listener.last().is_some_and(|trouble| trouble.over_at.is_none());
    let but = if disconnected { "but " } else { "" };
    let mut parts: Vec<String> = noted.iter().map(|noted| noted.text.clone()).collect();
    parts.push(healthy.text.clone());
    parts.extend(listener.iter().map(|listener| format!("{but}{}", listener.text)));
    Conclusion {
        failure_mode: None,
        finding: Some(finding),
        title: title.to_owned(),
        confidence: if is_calm && !disconnected {
            Confidence::High
        } else {
            Confidence::Medium
        },
        from: None,
        to: None,
        restarted_at: None,
        summary: parts.join("; "),
        evidence: [healthy].into_iter().chain(noted).chain(listener).collect(),
        instances: Vec::new(),
        service: None,
    }
}

/// Why there is nothing to judge, with what the filters left out.
pub fn no_records(facts: &Facts) -> String {
    match facts.bounds.rows.first() {
        Some(bounds) if bounds.records_unfiltered > 0 => format!(
            "no record passes the filters; the window holds {} of environments [{}], services [{}]",
            counted(bounds.records_unfiltered, "other record"),
            bounds.environments.as_deref().unwrap_or_default(),
            bounds.services.as_deref().unwrap_or_default()
        ),
        _ => String::from("no records at all in the window"),
    }
}

/// What is wrong for certain, although no failure mode tells why: that is not healthy.
fn unexplained(scene: &Scene<'_>, succeeded: u64) -> Option<String> {
    let least = scene.profile.diagnose.least_failures;
    let of_database: u64 = scene
        .failing
        .iter()
        .filter(|failing| failing.class.is_some_and(|class| class != ErrorClass::Misuse))
        .map(|failing| failing.burst.traces)
        .sum();
    let waiting = scene.hangs.iter().filter(|hang| hang.waiting_on.is_checkout());
    let waited = of_database + waiting.count() as u64;
    if waited >= least {
        return Some(format!(
            "{} hung or failed on the way to the database, and no failure mode fits",
            counted(waited, "request")
        ));
    }
    let now = scene.facts.window.to;
    let in_flight = scene.in_flight_on(WaitingOn::is_database);
    if in_flight.len() as u64 >= scene.profile.diagnose.least_hangs {
        let longest = in_flight.iter().map(|hang| hang.length_s(now)).fold(0.0, f64::max);
        return Some(format!(
            "{} wait on the database at the end of the window, for up to {}: too early to say",
            counted(in_flight.len() as u64, "request"),
            words::duration(longest)
        ));
    }
    let lost = scene.listener.iter().find(|trouble| {
        trouble.over_at.is_none() && scene.facts.window.to - trouble.first_at >= LISTENER_PATIENCE && trouble.lines > 1
    });
    let lost_at = |trouble: &ListenerTrouble<'_>| {
        let (name, at) = (&scene.profile.listener.name, clock(trouble.first_at));
        format!("the {name} on {} lost its connection at {at}", trouble.instance)
    };
    if let Some(trouble) = lost {
        return Some(format!(
            "{} and is not back, and no failure mode fits",
            lost_at(trouble)
        ));
    }
    let away = scene.listener.iter().find(|trouble| {
        trouble.over_at.is_none() && scene.facts.window.to > trouble.first_at && !scene.served_after(trouble.first_at)
    });
    if let Some(trouble) = away {
        return Some(format!(
            "{}, and no request has succeeded since: too early to say",
            lost_at(trouble)
        ));
    }
    // One route that fails is a bug of it; many of which a large part fails are an outage.
    let failed: u64 = scene.failing.iter().map(|failing| failing.burst.traces).sum();
    let everywhere = scene.failing.iter().any(|failing| failing.burst.route.is_none());
    (everywhere && failed >= LEAST_FAILED && failed * MOST_FAILED_SHARE >= succeeded + failed).then(|| {
        format!(
            "{} of {} failed on several routes, and no failure mode fits",
            words::grouped(failed),
            counted(succeeded + failed, "request")
        )
    })
}

fn named(scene: &Scene<'_>) -> (Finding, &'static str, Option<Claim>) {
    let facts = scene.facts;
    let replaced = scene
        .starts
        .iter()
        .filter(|start| start.before.is_some() || start.deployed().is_some())
        .filter(|start| facts.window.holds(start.at));
    let replaced: Vec<_> = replaced.collect();
    if let Some(start) = replaced.iter().find(|start| start.deployed().is_some()) {
        let text = format!(
            "a deploy at {}: version {} now runs, no incident",
            clock(start.at),
            start.version.unwrap_or_default()
        );
        return (
            Finding::Deploy,
            "a deploy, and nothing wrong",
            Some(claim(
                Basis::Processes,
                text,
                "processes",
                replaced.len() as u64,
                Vec::new(),
            )),
        );
    }
    if let Some(start) = replaced.first() {
        let text = format!(
            "{} {} at {} and is healthy, no incident",
            facts.names.title(start.instance),
            if facts.names.is_made_up(start.instance) {
                "was replaced"
            } else {
                "restarted"
            },
            clock(start.at)
        );
        return (
            Finding::Restart,
            "a restart, and nothing wrong",
            Some(claim(
                Basis::Processes,
                text,
                "processes",
                replaced.len() as u64,
                Vec::new(),
            )),
        );
    }
    let longest = scene.episodes.pauses().max_by_key(|pause| pause.length());
    if let Some(pause) = longest.filter(|pause| pause.length() >= LEAST_LULL) {
        let text = format!(
            "a lull: nobody asked for anything for {} from {} on, and what came next was fast",
            words::duration(to_seconds(pause.length())),
            clock(pause.from)
        );
        return (
            Finding::TrafficLull,
            "a lull in traffic, and nothing wrong",
            Some(claim(Basis::Traffic, text, "gaps", 1, Vec::new())),
        );
    }
    (Finding::Healthy, "nothing wrong seen", None)
}

/// A listener that lost its connection and was back by itself is worth a line, no incident.
fn reconnect(scene: &Scene<'_>) -> Option<Claim> {
    let trouble = scene.listener.last()?;
    let text = match trouble.over_at {
        Some(at) => format!(
            "the {} lost its connection at {} and was back at {}",
            scene.profile.listener.name,
            clock(trouble.first_at),
            clock(at)
        ),
        None => format!(
            "the {} has not been connected since {}",
            scene.profile.listener.name,
            clock(trouble.first_at)
        ),
    };
    Some(claim(Basis::LogLines, text, "lifecycle", trouble.lines, Vec::new()))
}
