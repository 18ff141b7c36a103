//! Connections that live long and are well: WebSockets, server-sent events, downloads.
//!
//! They begin and end only when their process does other work too: a stretch in which nothing is recorded stays one.
//! None waits for the database, and none looks anything up in it while an incident lasts.

mod shape;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use self::shape::{Kind, Stream};
use super::super::draws::{Draws, seconds};
use super::super::recording::{Recording, stamp, time};
use super::super::rows::{Process, is_asgi_request, is_database, is_well, length, processes, scope, start, trace_id};
use super::insert;

/// Fewer requests than this make no web application.
const LEAST_REQUESTS: usize = 10;
/// What begins near an incident looks nothing up.
const NEAR_INCIDENT: TimeDelta = TimeDelta::seconds(60);
/// A process that recorded something so shortly before the end is alive then.
const ALIVE_AT_END: TimeDelta = TimeDelta::seconds(60);
/// Of those that are open when their process stops: killed with it, instead of closed by it.
const KILLED: f64 = 0.5;
/// Of those that begin in calm times: who it is, is looked up first.
const LOOKS_UP: f64 = 0.6;
/// A lookup like this is copied.
const QUICK: TimeDelta = TimeDelta::milliseconds(500);

struct Scene<'a> {
    process: Process<'a>,
    /// Starts of its requests, in order.
    activity: Vec<DateTime<Utc>>,
    /// When it stops; `None`: it lives on after the recording.
    stops: Option<DateTime<Utc>>,
    end: DateTime<Utc>,
    /// The incident's time, widened; nothing is looked up in it.
    troubled: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// A request of its own kind, and the lookups of quick ones.
    request: &'a Value,
    lookups: Vec<Vec<&'a Value>>,
    /// Whether sends and receives have spans.
    parts: bool,
}

pub(super) fn add(recording: &mut Recording, seed: u64) {
    let mut draws = Draws::new(seed, "long-lived");
    let parts = draws.chance(0.5);
    let (mut rows, mut fine, mut cut_off) = (Vec::new(), Vec::new(), Vec::new());
    for scene in scenes(recording, parts) {
        for (kind, start, until) in plan(&scene, &mut draws) {
            let stream = stream(&scene, kind, start, until, &mut draws);
            let entry = entry(&scene, &stream);
            // What was killed in mid-flight may be told or not, except where its nature is plain.
            let plain = kind == Kind::WebSocket || !stream.killed;
            if plain { &mut fine } else { &mut cut_off }.push(entry);
            rows.extend(stream.rows);
        }
    }
    for (list, entries) in [("long_but_fine", fine), ("cut_off", cut_off)] {
        if !recording.label[list].is_array() {
            recording.label[list] = json!([]);
        }
        if let Some(all) = recording.label[list].as_array_mut() {
            all.extend(entries);
        }
    }
    insert(recording, rows);
}

fn scenes(recording: &Recording, parts: bool) -> Vec<Scene<'_>> {
    let label = &recording.label;
    let end = time(&label["window"]["to"]).unwrap_or_default();
    let incident = &label["incident_window"];
    let troubled = time(&incident["from"]).map(|from| {
        let to = time(&incident["to"]).unwrap_or(end);
        (from - NEAR_INCIDENT, to + NEAR_INCIDENT)
    });
    let events = label["key_events"].as_array().into_iter().flatten();
    let stopped: Vec<i64> = events
        .filter(|event| event["kind"] == "process_stop")
        .filter_map(|event| event["pid"].as_i64())
        .collect();
    let scene = |process| {
        let process: Process<'_> = process;
        let requests: Vec<&Value> = process
            .rows
            .iter()
            .filter(|row| is_asgi_request(row))
            .copied()
            .collect();
        let mut activity: Vec<DateTime<Utc>> = requests.iter().map(|row| start(row)).collect();
        activity.sort();
        activity.dedup();
        let request = requests
            .iter()
            .copied()
            .find(|row| is_well(row) && row["http_method"] == "GET")?;
        if activity.len() < LEAST_REQUESTS {
            return None;
        }
        let pid = process.like["process_pid"].as_i64().unwrap_or_default();
        let ends_before = process.last < end - ALIVE_AT_END || stopped.contains(&pid);
        Some(Scene {
            stops: ends_before.then_some(process.last),
            lookups: lookups(&process, troubled),
            process,
            activity,
            end,
            troubled,
            request,
            parts,
        })
    };
    // `process.rows` borrows from the recording, so what is found lives as long.
    processes(&recording.rows).into_iter().filter_map(scene).collect()
}

/// The database spans of quick requests in calm times, of each the request first.
fn lookups<'a>(process: &Process<'a>, troubled: Option<(DateTime<Utc>, DateTime<Utc>)>) -> Vec<Vec<&'a Value>> {
    let calm = |at: DateTime<Utc>| troubled.is_none_or(|(from, to)| at < from || at > to);
    let quick = |row: &&&Value| {
        is_asgi_request(row) && is_well(row) && length(row) < QUICK && calm(start(row)) && row["http_method"] == "GET"
    };
    let mut found = Vec::new();
    for request in process.rows.iter().filter(quick).take(40) {
        let spans = process
            .rows
            .iter()
            .filter(|row| row["trace_id"] == request["trace_id"] && row["kind"] == "span");
        let database: Vec<&Value> = spans.filter(|row| is_database(row)).copied().collect();
        if database
            .iter()
            .any(|row| scope(row) == "sqlalchemy" && row["span_name"] == "connect")
        {
            found.push([vec![*request], database].concat());
        }
    }
    found
}

impl Scene<'_> {
    fn calm(&self, at: DateTime<Utc>) -> bool {
        self.troubled.is_none_or(|(from, to)| at < from || at > to)
    }

    /// The last moment up to a time at which the process did something.
    fn active_before(&self, at: DateTime<Utc>, draws: &mut Draws) -> Option<DateTime<Utc>> {
        let place = self.activity.partition_point(|active| *active <= at).checked_sub(1)?;
        Some(self.activity[place] + seconds(draws.between(0.002, 0.3)))
    }
}

/// What begins when, and when it would end.
fn plan(scene: &Scene<'_>, draws: &mut Draws) -> Vec<(Kind, DateTime<Utc>, DateTime<Utc>)> {
    let (first, last) = (scene.activity[0], scene.activity[scene.activity.len() - 1]);
    let mut planned = Vec::new();
    for kind in Kind::ALL {
        let (every, shortest, longest) = kind.habits();
        let mut at = first + seconds(draws.between(2.0, every));
        while at < last {
            planned.push((kind, at, at + seconds(draws.log_between(shortest, longest))));
            at += seconds(draws.between(every * 0.5, every * 1.5));
        }
        // One that is open at the end, and one that reaches over the incident.
        if scene.stops.is_none() {
            let begun = scene.end - seconds(draws.between(20.0, 240.0));
            planned.push((kind, begun, scene.end + TimeDelta::hours(1)));
        }
        if let Some((from, to)) = scene.troubled {
            planned.push((kind, from + NEAR_INCIDENT / 2, to));
        }
    }
    let snapped = planned.into_iter().filter_map(|(kind, at, until)| {
        let start = scene.active_before(at, draws)?;
        // An end in a quiet stretch waits for the process to do something again; one that never comes stays open.
        let until = if until > scene.end {
            until
        } else {
            scene.active_before(until, draws)?
        };
        let length = until.min(scene.end) - start;
        let usual = length >= TimeDelta::seconds(5) && kind.longest().is_none_or(|longest| length <= longest);
        usual.then_some((kind, start, until))
    });
    snapped.collect()
}

fn stream(scene: &Scene<'_>, kind: Kind, start: DateTime<Utc>, until: DateTime<Utc>, draws: &mut Draws) -> Stream {
    let outlives = scene.stops.is_some_and(|stops| until > stops);
    let killed = outlives && draws.chance(KILLED);
    let ends = match scene.stops {
        Some(_) if killed => None,
        Some(stops) if outlives => Some(stops - TimeDelta::milliseconds(2)),
        _ if until > scene.end => None,
        _ => Some(until),
    };
    let trace = trace_id(start, draws);
    let until = scene.stops.unwrap_or(scene.end).min(until);
    let active: Vec<DateTime<Utc>> = scene
        .activity
        .iter()
        .filter(|at| **at > start && **at < until)
        .copied()
        .collect();
    let mut stream = shape::stream(scene, kind, (start, ends), &active, trace, draws);
    stream.killed = killed;
    if scene.calm(start) && !scene.lookups.is_empty() && draws.chance(LOOKS_UP) {
        let copied = draws.pick(&scene.lookups).clone();
        stream.rows.extend(lookup(scene, &stream, &copied, draws));
    }
    stream
}

/// The lookup of another request, as this one's.
fn lookup(scene: &Scene<'_>, stream: &Stream, copied: &[&Value], draws: &mut Draws) -> Vec<Value> {
    let [request, spans @ ..] = copied else {
        return Vec::new();
    };
    let later = stream.start - start(request);
    let mut ids = std::collections::BTreeMap::from([(request["span_id"].as_str(), stream.span_id.clone())]);
    for span in spans {
        ids.insert(span["span_id"].as_str(), draws.span_id());
    }
    let copy = |span: &&Value| {
        let mut row = (*span).clone();
        for field in ["start_timestamp", "end_timestamp"] {
            row[field] = stamp(time(&span[field]).unwrap_or_default() + later);
        }
        let end = time(&row["end_timestamp"]).unwrap_or_default();
        row["created_at"] = stamp(scene.process.arrival(end));
        row["trace_id"] = json!(stream.trace_id);
        row["span_id"] = json!(ids.get(&span["span_id"].as_str()));
        row["parent_span_id"] = json!(ids.get(&span["parent_span_id"].as_str()).unwrap_or(&stream.span_id));
        row
    };
    spans.iter().map(copy).collect()
}

/// For the label, in its words.
fn entry(scene: &Scene<'_>, stream: &Stream) -> Value {
    let lasted = stream.ends.map(|ends| ends - stream.start);
    let waited = lasted.unwrap_or(scene.stops.unwrap_or(scene.end) - stream.start);
    let ended_by = match (stream.ends, stream.killed) {
        (Some(_), _) => Value::Null,
        (None, true) => json!("process stop"),
        (None, false) => json!("end of the window"),
    };
    json!({
        "route": stream.name,
        "start": stamp(stream.start),
        "duration_s": lasted.map(|length| length.as_seconds_f64()),
        "waited_s": waited.as_seconds_f64(),
        "status": stream.status,
        "error": null,
        "trace_id": stream.trace_id,
        "span_id": stream.span_id,
        "service": scene.process.like["service_name"],
        "instance": null,
        "process_pid": scene.process.like["process_pid"],
        "ended_by": ended_by,
    })
}
