//! What was recognised and what is not recorded, as a report.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Missing, Platform, Recognised};
use crate::report::{Block, Data, Note, Outcome, Severity, Table, Told};
use crate::schema;
use crate::words;

/// Names that are told of one kind.
const MOST_NAMED: usize = 6;

/// What `init` tells scripts.
#[derive(Serialize, JsonSchema)]
pub struct InitDocument<'a> {
    /// Null where nothing was written.
    file: Option<&'a str>,
    /// Its text.
    profile: &'a str,
    recognised: Vec<Row<'a>>,
    not_recorded: &'a [Missing],
}

/// What was recognised, and as what.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Recognised")]
struct Row<'a> {
    what: &'a str,
    value: &'a str,
}

/// What `init` has to say. `file` is what was written, `None` = the profile is only shown; `from` says of which records.
pub fn told(found: &Recognised, profile: &str, file: Option<&str>, from: &str) -> Told {
    let recognised = rows(found);
    let missing = found.missing();
    let headline = match file {
        Some(file) => format!("{file} written, from {from}"),
        None => format!("a profile from {from}; nothing is written"),
    };
    let headline = match missing.as_slice() {
        [] => headline,
        some => format!(
            "{headline}; not recorded: {}",
            some.iter().map(|missing| missing.what).collect::<Vec<_>>().join(", ")
        ),
    };
    let table = recognised
        .iter()
        .map(|(what, value)| vec![(*what).to_owned(), value.clone()]);
    let mut blocks = vec![Block::Table(Table::of_texts(&["recognised", "as"], table.collect()))];
    let notes = missing.iter().map(|missing| {
        let text = format!("not recorded: {}: {}; {}", missing.what, missing.without, missing.how);
        Note::from(text)
    });
    blocks.push(Block::Notes(notes.collect()));
    if file.is_none() {
        blocks.push(Block::Preformatted(profile.trim_end().to_owned()));
    }
    let document = InitDocument {
        file,
        profile,
        recognised: recognised.iter().map(|(what, value)| Row { what, value }).collect(),
        not_recorded: &missing,
    };
    let documents: Vec<Value> = document.recognised.iter().map(schema::value).collect();
    Told {
        headline,
        severity: if missing.is_empty() {
            Severity::Ok
        } else {
            Severity::Info
        },
        outcome: Outcome::Fine,
        blocks,
        screen: None,
        data: Data::of_documents(&["what", "value"], &documents),
        fields: schema::fields(&document),
    }
}

fn rows(found: &Recognised) -> Vec<(&'static str, String)> {
    let names = |all: Vec<String>| match all.len() {
        0 => String::from("none"),
        n if n > MOST_NAMED => format!("{} and {} more", all[..MOST_NAMED].join(", "), n - MOST_NAMED),
        _ => all.join(", "),
    };
    let named = |name: &str| {
        if name.is_empty() {
            String::from("(none)")
        } else {
            name.to_owned()
        }
    };
    let services = found
        .services
        .iter()
        .map(|service| format!("{} ({} requests)", named(&service.name), service.requests));
    let mut rows = vec![
        ("environment", named(&found.environment)),
        ("services", names(services.collect())),
        ("machines, by", names(found.machines.clone())),
        (
            "platform",
            match &found.platform {
                Platform::Fly(app) => format!(
                    "Fly.io{}",
                    app.as_ref().map(|app| format!(", app {app}")).unwrap_or_default()
                ),
                Platform::Kubernetes(namespace) => {
                    let of = namespace.as_ref().map(|name| format!(", namespace {name}"));
                    format!("Kubernetes{}", of.unwrap_or_default())
                }
                Platform::Other => String::from("not known"),
            },
        ),
        ("requests, by", names(found.scopes[0].clone())),
        (
            "database, by",
            names([&found.scopes[1][..], &found.other_databases].concat()),
        ),
        ("health checks", names(found.health.clone())),
        (
            "long-lived",
            names(
                found
                    .long_lived
                    .iter()
                    .map(|(name, p25_s, p95_s)| format!("{name} ({})", words::range(*p25_s, *p95_s)))
                    .collect(),
            ),
        ),
    ];
    for (what, lines) in [
        ("lines of the start", &found.starting),
        ("lines of the end", &found.stopping),
    ] {
        let told = lines.iter().map(|line| {
            let doubt = if line.sure { "" } else { " (likely)" };
            format!("\"{}\"{doubt}", line.text)
        });
        rows.push((what, names(told.collect())));
    }
    if let Some(rate) = found.sample_rate {
        rows.push((
            "sampled traces",
            format!("{}: counts are estimates", words::percent(rate)),
        ));
    }
    rows
}
