//! Judges everything that a label says of a recording: mode, window, each verify point, each hang, what is long and well.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::recording::time;

/// Least share of the union that both windows must have.
const LEAST_OVERLAP: f64 = 0.8;
/// What has been open for less may have ended without its record having arrived (`in_flight_after` and an export).
const SURELY_OPEN: TimeDelta = TimeDelta::seconds(12);
/// A record arrives within this time of its end.
const ARRIVED_AFTER: TimeDelta = TimeDelta::seconds(2);
/// A point so near the end of the recording is the end.
const SAME_POINT: TimeDelta = TimeDelta::seconds(3);

/// One thing that differs from the label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `mode`, `window`, `incident`, `verify`, `stuck`, `long`, `agree`, `known`, `run`.
    pub what: &'static str,
    pub text: String,
}

/// How much is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// `timeline`, `stuck` and `verify`: the timeline carries `diagnose`'s answer.
    Quick,
    /// `diagnose` too, and `stuck` at every point.
    Whole,
}

/// Runs a command with these arguments, and answers its JSON document.
pub type Ask<'a> = &'a dyn Fn(&[&str]) -> Result<Value, String>;

struct Case<'a> {
    label: &'a Value,
    records: &'a str,
    ask: Ask<'a>,
    found: Vec<Difference>,
}

/// Everything in which the answers differ from the label; empty: all as labelled.
pub fn differences(label: &Value, records: &str, depth: Depth, ask: Ask<'_>) -> Vec<Difference> {
    let mut case = Case {
        label,
        records,
        ask,
        found: Vec::new(),
    };
    let timeline = case.document("timeline", None);
    let diagnose = (depth == Depth::Whole)
        .then(|| case.document("diagnose", None))
        .flatten();
    let answers = [("timeline", &timeline), ("diagnose", &diagnose)];
    // One answer is judged, and that the other is the same.
    if let Some((_, Some(document))) = answers.iter().rev().find(|(_, document)| document.is_some()) {
        case.check_diagnosis(document);
    }
    if let (Some(timeline), Some(diagnose)) = (&timeline, &diagnose) {
        case.check_agreement(&timeline["diagnosis"], &diagnose["diagnosis"]);
    }
    case.check_stuck();
    if depth == Depth::Whole {
        case.check_stuck_at_points();
    }
    let last = case.check_verify();
    let open = |document: &Value| document["diagnosis"]["incident"] == true && document["diagnosis"]["to"].is_null();
    if timeline.as_ref().is_some_and(open) && last.as_deref() == Some("pass") {
        case.differs("agree", "timeline: an incident goes on; verify at the end: pass");
    }
    case.found
}

impl Case<'_> {
    fn differs(&mut self, what: &'static str, text: impl Into<String>) {
        self.found.push(Difference {
            what,
            text: text.into(),
        });
    }

    fn document(&mut self, command: &str, now: Option<&str>) -> Option<Value> {
        let mut args = vec![command, "--source", self.records, "--format", "json"];
        // Other teams name their production otherwise; it is the one thing that a user must say.
        if let Some(environment) = self.label["environment"].as_str() {
            args.extend(["--env", environment]);
        }
        args.extend(now.iter().flat_map(|now| ["--now", now]));
        match (self.ask)(&args) {
            Ok(document) => Some(document),
            Err(error) => {
                let error: String = error.chars().take(200).collect();
                self.differs("run", format!("{command}: {error}"));
                None
            }
        }
    }

    fn list(&self, field: &str) -> Vec<&Value> {
        self.label[field].as_array().into_iter().flatten().collect()
    }

    fn check_diagnosis(&mut self, document: &Value) {
        let found = &document["diagnosis"];
        let incident = self.label["incident"] == true;
        let said = found["failure_mode"].as_str().or(found["finding"].as_str());
        let said = said.unwrap_or("inconclusive");
        let why = found["summary"]
            .as_str()
            .or(found["title"].as_str())
            .unwrap_or_default();
        if let Some(never) = self.label["never_finding"].as_str()
            && found["finding"] == never
        {
            self.differs("known", format!("{never}: {why}"));
        }
        if !incident {
            if found["incident"] == true {
                self.differs("incident", format!("nothing is wrong, but {said}: {why}"));
            }
            if let Some(other) = document["also"].as_array().and_then(|also| also.first()) {
                self.differs(
                    "incident",
                    format!("nothing is wrong, but also {}", other["failure_mode"]),
                );
            }
        }
        if self.label["judged_loosely"] == true {
            return;
        }
        let mode = &self.label["failure_mode"];
        let accepted = self
            .list("acceptable")
            .into_iter()
            .any(|other| *other == found["failure_mode"]);
        if incident && found["failure_mode"] != *mode && !accepted {
            self.differs("mode", format!("{said}, not {}: {why}", mode.as_str().unwrap_or("-")));
        }
        if !incident && found["finding"].is_null() && found["incident"] != true {
            self.differs("mode", format!("{said}, although nothing is wrong: {why}"));
        }
        if incident && found["incident"] == true {
            self.check_window(found);
        }
    }

    fn check_window(&mut self, found: &Value) {
        let Some(overlap) = overlap(self.label, found) else {
            self.differs("window", format!("not a window: {} to {}", found["from"], found["to"]));
            return;
        };
        if overlap < LEAST_OVERLAP {
            let expected = &self.label["incident_window"];
            let text = format!(
                "{overlap:.2}: {} to {}, labelled {} to {}",
                clock(&found["from"]),
                clock(&found["to"]),
                clock(&expected["from"]),
                clock(&expected["to"]),
            );
            self.differs("window", text);
        } else if self.label["incident_window"]["to"].is_null() != found["to"].is_null() {
            self.differs("window", format!("over or not over: to {}", clock(&found["to"])));
        }
    }

    fn check_agreement(&mut self, timeline: &Value, diagnose: &Value) {
        for field in ["incident", "failure_mode", "finding", "from", "to"] {
            if timeline[field] != diagnose[field] {
                let text = format!("{field}: timeline {}, diagnose {}", timeline[field], diagnose[field]);
                self.differs("agree", text);
            }
        }
    }

    /// On the whole recording: each labelled hang, nothing that is long and well, nothing that nobody labelled.
    fn check_stuck(&mut self) {
        let Some(document) = self.document("stuck", None) else {
            return;
        };
        let listed: Vec<&Value> = document["spans"].as_array().into_iter().flatten().collect();
        let mut wrong = Vec::new();
        for labelled in self.list("stuck") {
            match listed.iter().find(|told| told["span_id"] == labelled["span_id"]) {
                None => wrong.push(("stuck", format!("missing: {}", named(labelled)))),
                Some(told) if told["start"] != labelled["start"] || told["duration_s"] != labelled["duration_s"] => {
                    wrong.push(("stuck", format!("{} told as {}", named(labelled), named(told))));
                }
                Some(_) => {}
            }
        }
        let (fine, hung) = (ids(&self.list("long_but_fine")), ids(&self.list("stuck")));
        let mut excused = ids(&self.list("cut_off"));
        excused.extend(ids(&self.list("long_and_failed")));
        for told in listed {
            let id = told["span_id"].as_str().unwrap_or_default();
            if fine.contains(id) {
                wrong.push(("long", format!("called hung: {}", named(told))));
            } else if !hung.contains(id) && !excused.contains(id) {
                wrong.push(("long", format!("called hung, nobody labelled it: {}", named(told))));
            }
        }
        self.found
            .extend(wrong.into_iter().map(|(what, text)| Difference { what, text }));
    }

    /// Seen live: what hangs at a point is listed at that point, and what is well is not.
    fn check_stuck_at_points(&mut self) {
        let points: Vec<String> = self
            .list("verify_points")
            .iter()
            .filter_map(|point| text(&point["at"]))
            .collect();
        for at in points {
            let Some(document) = self.document("stuck", Some(&at)) else {
                continue;
            };
            let now = time(&Value::String(at.clone())).unwrap_or_default();
            let listed = ids(&document["spans"].as_array().into_iter().flatten().collect::<Vec<_>>());
            let missing: Vec<String> = self
                .list("stuck")
                .into_iter()
                .filter(|labelled| is_seen_to_hang(labelled, now) && !listed.contains(id(labelled)))
                .map(|labelled| format!("missing at {}: {}", clock_of(now), named(labelled)))
                .collect();
            let wrong: Vec<String> = self
                .list("long_but_fine")
                .into_iter()
                .filter(|labelled| listed.contains(id(labelled)))
                .map(|labelled| format!("called hung at {}: {}", clock_of(now), named(labelled)))
                .collect();
            missing.into_iter().for_each(|text| self.differs("stuck", text));
            wrong.into_iter().for_each(|text| self.differs("long", text));
        }
    }

    /// Each point in time; answers the outcome at the end.
    fn check_verify(&mut self) -> Option<String> {
        let mut points: Vec<(Option<String>, Vec<String>)> = Vec::new();
        for point in self.list("verify_points") {
            points.push((text(&point["at"]), outcomes(point, "expected", "acceptable")));
        }
        let end = time(&self.label["window"]["to"]).unwrap_or_default();
        let near = |at: &Option<String>| {
            let at = at.as_ref().and_then(|at| time(&Value::String(at.clone())));
            at.is_some_and(|at| end - at <= SAME_POINT)
        };
        let last = outcomes(self.label, "expected_verify", "acceptable_verify");
        if !points.iter().any(|(at, expected)| near(at) && *expected == last) {
            points.push((None, last));
        }
        let mut at_end = None;
        for (at, expected) in points {
            let Some(document) = self.document("verify", at.as_deref()) else {
                continue;
            };
            let outcome = document["outcome"].as_str().unwrap_or("none").to_owned();
            if !expected.is_empty() && !expected.contains(&outcome) {
                let time = at
                    .as_ref()
                    .map_or_else(|| String::from("the end"), |at| clock(&Value::from(at.as_str())));
                let headline = document["headline"].as_str().unwrap_or_default();
                self.differs(
                    "verify",
                    format!("{outcome}, not {} at {time}: {headline}", expected.join(" or ")),
                );
            }
            self.check_reason(&document, &outcome);
            at_end = Some(outcome);
        }
        at_end
    }

    /// What cannot be known is named.
    fn check_reason(&mut self, document: &Value, outcome: &str) {
        let Some(reason) = text(&self.label["inconclusive_names"]) else {
            return;
        };
        let checks = document["checks"].as_array().into_iter().flatten();
        let mut unknown = checks.filter(|check| check["outcome"] == "inconclusive");
        if outcome == "inconclusive" && !unknown.any(|check| check["detail"].to_string().contains(&reason)) {
            self.differs("known", format!("inconclusive, but no check says why: {reason}"));
        }
    }
}

/// A hang shows at a time if it is open for a while then, or has ended and arrived.
fn is_seen_to_hang(labelled: &Value, now: DateTime<Utc>) -> bool {
    let Some(start) = time(&labelled["start"]) else {
        return false;
    };
    let length = labelled["duration_s"].as_f64().map(super::draws::seconds);
    match length {
        Some(length) if start + length <= now => start + length + ARRIVED_AFTER <= now,
        _ => start + SURELY_OPEN <= now,
    }
}

fn outcomes(point: &Value, expected: &str, acceptable: &str) -> Vec<String> {
    let also = point[acceptable].as_array().into_iter().flatten();
    [&point[expected]].into_iter().chain(also).filter_map(text).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn id(row: &Value) -> &str {
    row["span_id"].as_str().unwrap_or_default()
}

fn ids<'a>(rows: &[&'a Value]) -> BTreeSet<&'a str> {
    rows.iter().map(|row| id(row)).collect()
}

fn named(row: &Value) -> String {
    let name = [&row["route"], &row["span_name"]].into_iter().find_map(Value::as_str);
    let length = row["duration_s"]
        .as_f64()
        .map_or_else(|| String::from("no end"), |s| format!("{s:.1} s"));
    format!("{} at {}, {length}", name.unwrap_or("?"), clock(&row["start"]))
}

/// The time of day, or what stands there instead.
fn clock(value: &Value) -> String {
    time(value).map_or_else(|| String::from("open"), clock_of)
}

fn clock_of(time: DateTime<Utc>) -> String {
    time.format("%H:%M:%S").to_string()
}

/// What both windows share, of what either holds; an open one lasts until the end of the recording.
pub fn overlap(label: &Value, found: &Value) -> Option<f64> {
    let end = time(&label["window"]["to"])?;
    let expected = &label["incident_window"];
    let (from, to) = (time(&expected["from"])?, time(&expected["to"]).unwrap_or(end));
    let (found_from, found_to) = (time(&found["from"])?, time(&found["to"]).unwrap_or(end));
    let shared = (to.min(found_to) - from.max(found_from)).as_seconds_f64().max(0.0);
    Some(shared / (to.max(found_to) - from.min(found_from)).as_seconds_f64())
}
