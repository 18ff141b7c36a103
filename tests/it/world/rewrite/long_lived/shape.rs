//! What the rows of a stream look like. A WebSocket's span has the scheme `ws`, no method, and a status only if something
//! was sent; with `record_send_receive` each part has a span, and a `receive` is open for as long as it waits.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::super::super::draws::{Draws, seconds};
use super::super::super::recording::stamp;
use super::super::super::rows::{Span, scope};
use super::Scene;

/// No stream records more messages than this.
const MOST_MESSAGES: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    WebSocket,
    Events,
    Download,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Events, Self::Download];

    /// How often one begins, and how short and long it is, in seconds.
    pub const fn habits(self) -> (f64, f64, f64) {
        match self {
            Self::WebSocket => (80.0, 20.0, 900.0),
            Self::Events => (100.0, 30.0, 1500.0),
            Self::Download => (90.0, 15.0, 180.0),
        }
    }

    /// No download takes longer; the others last as long as somebody listens.
    pub fn longest(self) -> Option<TimeDelta> {
        (self == Self::Download).then_some(TimeDelta::minutes(5))
    }

    /// The route, and one path on it.
    const fn route(self) -> (&'static str, &'static str) {
        match self {
            Self::WebSocket => ("/jams/{jam_id}/live", "/jams/41/live"),
            Self::Events => ("/notifications", "/notifications"),
            Self::Download => ("/audio/{file_id}", "/audio/7d31a2"),
        }
    }
}

/// A stream and its rows.
pub struct Stream {
    pub trace_id: String,
    pub span_id: String,
    pub name: String,
    pub start: DateTime<Utc>,
    pub ends: Option<DateTime<Utc>>,
    pub status: Option<i64>,
    /// Its process was, with it.
    pub killed: bool,
    pub rows: Vec<Value>,
}

pub fn stream(
    scene: &Scene<'_>,
    kind: Kind,
    (start, ends): (DateTime<Utc>, Option<DateTime<Utc>>),
    active: &[DateTime<Utc>],
    trace_id: String,
    draws: &mut Draws,
) -> Stream {
    let (route, path) = kind.route();
    let method = if kind == Kind::WebSocket { "HTTP" } else { "GET" };
    // A WebSocket on which nothing was said has no status.
    let status = (kind != Kind::WebSocket || draws.chance(0.5)).then_some(200);
    let root = Span {
        span_id: draws.span_id(),
        parent: None,
        start,
        level: 9,
        name: format!("{method} {route}"),
        message: format!("{method} {path}"),
        scope: scope_of(scene.request),
        attributes: at_start(scene, kind, draws),
        at_end: at_end(kind, start, status),
        trace_id,
        fault: None,
    };
    let mut rows = vec![root.pending(&scene.process)];
    if let Some(ends) = ends {
        rows.push(root.finished(&scene.process, ends - start));
    }
    if scene.parts {
        let messages: Vec<DateTime<Utc>> = spread(active, if status.is_some() { MOST_MESSAGES } else { 0 });
        rows.extend(parts(scene, kind, &root, ends, &messages, draws));
    }
    Stream {
        trace_id: root.trace_id,
        span_id: root.span_id,
        name: root.name,
        start,
        ends,
        status: ends.and(status),
        killed: false,
        rows,
    }
}

fn scope_of(request: &Value) -> &'static str {
    match scope(request) {
        "starlette" => "starlette",
        "asgi" => "asgi",
        _ => "fastapi",
    }
}

fn at_start(scene: &Scene<'_>, kind: Kind, draws: &mut Draws) -> Map<String, Value> {
    let (route, path) = kind.route();
    let (scheme, method) = match kind {
        Kind::WebSocket => ("ws", None),
        _ => ("http", Some("GET")),
    };
    let of = |key: &str| scene.request["attributes"][key].clone();
    let host = of("http.host");
    let mut attributes = Map::from_iter([
        (String::from("http.scheme"), json!(scheme)),
        (String::from("http.host"), host.clone()),
        (String::from("net.host.port"), of("net.host.port")),
        (String::from("http.flavor"), json!("1.1")),
        (String::from("http.target"), json!(path)),
        (
            String::from("http.url"),
            json!(format!("{scheme}://{}{path}", host.as_str().unwrap_or_default())),
        ),
    ]);
    if let Some(method) = method {
        attributes.insert(String::from("http.method"), json!(method));
    }
    attributes.insert(String::from("http.server_name"), of("http.server_name"));
    attributes.insert(String::from("http.user_agent"), of("http.user_agent"));
    attributes.insert(String::from("net.peer.ip"), of("net.peer.ip"));
    attributes.insert(
        String::from("net.peer.port"),
        json!(draws.between(32_768.0, 60_999.0) as i64),
    );
    attributes.insert(String::from("http.route"), json!(route));
    attributes
}

fn at_end(kind: Kind, start: DateTime<Utc>, status: Option<i64>) -> Map<String, Value> {
    let within = |microseconds: i64| stamp(start + TimeDelta::microseconds(microseconds));
    let name = match kind {
        Kind::WebSocket => "jam",
        Kind::Events => "notifications",
        Kind::Download => "audio",
    };
    let mut attributes = Map::from_iter([
        (String::from("fastapi.route.name"), json!(name)),
        (String::from("fastapi.arguments.start_timestamp"), within(400)),
        (String::from("fastapi.arguments.end_timestamp"), within(650)),
        (String::from("fastapi.arguments.values"), json!({})),
        (String::from("fastapi.arguments.errors"), json!([])),
    ]);
    if kind != Kind::WebSocket {
        // The function has returned; what follows is the body.
        attributes.insert(String::from("fastapi.route.operation_id"), Value::Null);
        attributes.insert(String::from("fastapi.endpoint_function.start_timestamp"), within(800));
        attributes.insert(String::from("fastapi.endpoint_function.end_timestamp"), within(2_300));
    }
    if let Some(status) = status {
        attributes.insert(String::from("http.status_code"), json!(status));
    }
    attributes
}

/// At most so many of them, evenly.
fn spread(active: &[DateTime<Utc>], most: usize) -> Vec<DateTime<Utc>> {
    let step = active.len().div_ceil(most.max(1)).max(1);
    active.iter().step_by(step).take(most).copied().collect()
}

fn parts(
    scene: &Scene<'_>,
    kind: Kind,
    root: &Span,
    ends: Option<DateTime<Utc>>,
    messages: &[DateTime<Utc>],
    draws: &mut Draws,
) -> Vec<Value> {
    let mut part = |what: &str, event: &str, at: DateTime<Utc>, until: Option<DateTime<Utc>>| {
        let name = format!("{} {what}", root.name);
        let status = match event {
            "websocket.send" | "websocket.receive" | "http.response.start" => json!(200),
            _ => Value::Null,
        };
        let mut at_end = Map::from_iter([(String::from("asgi.event.type"), json!(event))]);
        if !status.is_null() {
            at_end.insert(String::from("http.status_code"), status);
        }
        let span = Span {
            trace_id: root.trace_id.clone(),
            span_id: draws.span_id(),
            parent: Some(root.span_id.clone()),
            start: at,
            level: 5,
            message: name.clone(),
            name,
            scope: root.scope,
            attributes: Map::new(),
            at_end,
            fault: None,
        };
        let mut rows = Vec::new();
        if until.is_none_or(|until| until - at > TimeDelta::seconds(1)) {
            rows.push(span.pending(&scene.process));
        }
        rows.extend(until.map(|until| span.finished(&scene.process, until - at)));
        rows
    };
    let after = |at: DateTime<Utc>, s: f64| at + seconds(s);
    let mut rows = Vec::new();
    let begun = after(root.start, 0.003);
    match kind {
        Kind::WebSocket => {
            rows.extend(part(
                "websocket receive connect",
                "websocket.connect",
                begun,
                Some(after(begun, 0.0002)),
            ));
            rows.extend(part(
                "websocket send accept",
                "websocket.accept",
                after(begun, 0.001),
                Some(after(begun, 0.0013)),
            ));
            let mut waits_from = after(begun, 0.002);
            for at in messages.iter().filter(|at| **at > after(begun, 0.01)) {
                rows.extend(part("websocket receive", "websocket.receive", waits_from, Some(*at)));
                rows.extend(part(
                    "websocket send",
                    "websocket.send",
                    after(*at, 0.001),
                    Some(after(*at, 0.0015)),
                ));
                waits_from = after(*at, 0.002);
            }
            // It waits for the next message until the client goes.
            let gone = ends.map(|ends| after(ends, -0.0004).max(waits_from));
            rows.extend(part("websocket receive", "websocket.disconnect", waits_from, gone));
        }
        Kind::Events | Kind::Download => {
            rows.extend(part(
                "http receive request",
                "http.request",
                begun,
                Some(after(begun, 0.0001)),
            ));
            rows.extend(part(
                "http send response.start",
                "http.response.start",
                after(begun, 0.001),
                Some(after(begun, 0.0011)),
            ));
            for at in messages.iter().filter(|at| **at > after(begun, 0.01)) {
                rows.extend(part(
                    "http send response.body",
                    "http.response.body",
                    *at,
                    Some(after(*at, 0.0002)),
                ));
            }
            let gone = ends.map(|ends| after(ends, 0.0005));
            rows.extend(part(
                "http receive disconnect",
                "http.disconnect",
                after(begun, 0.0015),
                gone,
            ));
        }
    }
    rows
}
