//! What is recognised of made-up records, and that the profile is TOML whatever they say.
#![allow(clippy::unwrap_used, clippy::panic)]

use chrono::{DateTime, Utc};

use super::lines::literal;
use super::*;
use crate::profile::BUILT_IN;

fn settings() -> Settings {
    toml::from_str(BUILT_IN).unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_764_570_000 + second, 0).unwrap()
}

fn spans(scope: &str, name: &str, took_s: (f64, f64, f64)) -> Spans {
    Spans {
        environment: String::from("prod"),
        service: String::from("shop"),
        scope: scope.to_owned(),
        logs: false,
        name: name.to_owned(),
        count: 40,
        answers: 40,
        database_calls: 0,
        timed: 40,
        took_s: Some(took_s),
        sample_rate: None,
    }
}

fn process(id: &str, resource: &[(&str, &str)], (from, to): (i64, i64)) -> Recorded {
    Recorded {
        environment: String::from("prod"),
        service: String::from("shop"),
        process: id.to_owned(),
        resource: resource
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        first_at: at(from),
        last_at: at(to),
    }
}

fn line(process: &str, name: &str, second: i64) -> Logged {
    Logged {
        environment: String::from("prod"),
        service: String::from("shop"),
        process: process.to_owned(),
        name: name.to_owned(),
        first_at: at(second),
        last_at: at(second),
    }
}

const FASTAPI: &str = "opentelemetry.instrumentation.fastapi";
const SQLALCHEMY: &str = "opentelemetry.instrumentation.sqlalchemy";

fn shop() -> Application {
    let pod = |name| {
        [
            ("k8s.pod.name", name),
            ("host.name", name),
            ("k8s.namespace.name", "shop"),
        ]
    };
    Application {
        spans: vec![
            spans(FASTAPI, "GET /items", (0.01, 0.02, 0.05)),
            spans(FASTAPI, "POST /chat", (60.0, 90.0, 170.0)),
            spans(FASTAPI, "GET /report", (0.2, 30.0, 90.0)),
            spans(FASTAPI, "GET /livez", (0.001, 0.001, 0.002)),
            spans(SQLALCHEMY, "connect", (0.001, 0.001, 0.002)),
        ],
        processes: vec![
            process("1", &pod("shop-a"), (0, 900)),
            process("2", &pod("shop-b"), (300, 1200)),
        ],
        lines: vec![
            line("1", "shop is booting, release {release}", 1),
            line("2", "shop is booting, release {release}", 301),
            line("1", "catalogue warmed: {n} products", 2),
            line("2", "catalogue warmed: {n} products", 302),
            line("1", "closing the doors", 899),
            line("2", "order refused: {n}", 305),
            line("1", "order refused: {n}", 500),
        ],
        not_known: None,
    }
}

#[test]
fn what_is_recorded_becomes_a_profile() {
    let settings = settings();
    let found = recognised(&shop(), &settings);
    let text = profile(&found, &settings, "here");
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["environment"].as_str(), Some("prod"));
    assert_eq!(table["app"]["name"].as_str(), Some("shop"));
    let machines: Vec<&str> = table["app"]["instance_attribute"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|v| v.as_str())
        .collect();
    assert_eq!(machines, ["k8s.pod.name", "host.name"]);
    assert_eq!(
        table["remedies"]["restart_instances"].as_str(),
        Some("kubectl delete pod {instances} -n shop")
    );
    let health = table["spans"]["health"].to_string();
    assert!(health.contains("GET /livez"), "{health}");
    // Half of the reports hung: that is no route that lasts by design.
    let long = table["spans"]["long_lived"].to_string();
    assert!(long.contains("POST /chat") && !long.contains("GET /report"), "{long}");
    // Two processes said it, and only at their begin.
    let starting = table["process"]["starting"].to_string();
    assert!(starting.ends_with("\"shop is booting, release\"]"), "{starting}");
    assert!(!text.contains("catalogue warmed"), "one line a start: {text}");
    assert!(text.contains("\"closing the doors\"]"), "{text}");
    assert!(!text.contains("order refused"), "{text}");
    assert!(found.missing().is_empty(), "{:?}", found.missing());
}

#[test]
fn what_is_not_recorded_is_named() {
    let mut shop = shop();
    shop.spans.retain(|spans| spans.scope != SQLALCHEMY);
    shop.processes.iter_mut().for_each(|process| process.resource.clear());
    shop.lines.clear();
    let found = recognised(&shop, &settings());
    let missing: Vec<&str> = found.missing().iter().map(|missing| missing.what).collect();
    assert_eq!(missing, ["machine names", "the database", "lines of start and stop"]);
    let text = profile(&found, &settings(), "here");
    let table: toml::Table = text.parse().unwrap();
    assert!(table["app"].get("instance_attribute").is_none(), "{text}");
    assert_eq!(table["remedies"]["restart_instances"].as_str(), Some(""));
}

#[test]
fn hostile_names_stay_texts() {
    let hostile = "x\"\n[remedies]\nrestart_instances = \"rm -rf /\"\u{202e}\u{1b}[2J";
    let mut shop = shop();
    for spans in &mut shop.spans {
        spans.service = hostile.to_owned();
        spans.environment = hostile.to_owned();
    }
    for process in &mut shop.processes {
        process.environment = hostile.to_owned();
        process.service = hostile.to_owned();
        process
            .resource
            .insert(String::from("k8s.namespace.name"), hostile.to_owned());
    }
    for line in &mut shop.lines {
        line.environment = hostile.to_owned();
        line.service = hostile.to_owned();
        line.name = format!("{hostile} starting up");
    }
    shop.spans[1].name = format!("GET /{hostile}");
    let settings = settings();
    let text = profile(&recognised(&shop, &settings), &settings, "here");
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(table["environment"].as_str(), Some(hostile));
    assert_eq!(
        table["remedies"]["restart_instances"].as_str(),
        Some("kubectl delete pod {instances}")
    );
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn lines_are_found_by_what_every_message_holds() {
    assert_eq!(
        literal("shop is booting, release {release}"),
        Some("shop is booting, release")
    );
    assert_eq!(
        literal("billing worker up, release %s"),
        Some("billing worker up, release")
    );
    assert_eq!(literal("%s: %s"), None);
    assert_eq!(literal("ok"), None);
}
