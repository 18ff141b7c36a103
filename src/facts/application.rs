//! How an application is recorded, as `init` asks it. Names the columns of its query, judges nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Evidence;
use super::read::evidence;
use super::row::Row;
use crate::query::Section;

/// In front of the scope of logs.
const LOG: &str = "log ";

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Application {
    /// By scope and name.
    pub spans: Vec<Spans>,
    /// Each with its resource.
    pub processes: Vec<Recorded>,
    /// What a process logged a few times only.
    pub lines: Vec<Logged>,
    /// Why this is not all there is to know.
    pub not_known: Option<String>,
}

/// Spans, or logs, of one name.
#[derive(Debug, Clone)]
pub struct Spans {
    /// Empty: none.
    pub environment: String,
    /// Empty: none.
    pub service: String,
    /// The instrumentation, or the logger.
    pub scope: String,
    /// Else they are spans.
    pub logs: bool,
    /// Their name; of logs as a rule the text before its values are filled in.
    pub name: String,
    /// How many, pending rows included.
    pub count: u64,
    /// Those with a method or a status of HTTP.
    pub answers: u64,
    /// Those that name a database.
    pub database_calls: u64,
    /// Those that ended well.
    pub timed: u64,
    /// A quarter, half and 95 % of those took no longer, seconds.
    pub took_s: Option<(f64, f64, f64)>,
    /// The least share of traces that is recorded, where the SDK says so.
    pub sample_rate: Option<f64>,
}

/// One process.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Empty: none.
    pub environment: String,
    /// Empty: none.
    pub service: String,
    /// Its id.
    pub process: String,
    /// The attributes of its resource that are texts.
    pub resource: BTreeMap<String, String>,
    /// The start of its first record.
    pub first_at: DateTime<Utc>,
    /// The end of its last record.
    pub last_at: DateTime<Utc>,
}

/// Lines of one name that a process logged.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Empty: none.
    pub environment: String,
    /// Empty: none.
    pub service: String,
    /// Whose they are.
    pub process: String,
    /// As of [`Spans`].
    pub name: String,
    /// The first.
    pub first_at: DateTime<Utc>,
    /// The last.
    pub last_at: DateTime<Utc>,
}

enum Part {
    Spans(Spans),
    Process(Recorded),
    Line(Logged),
}

impl Application {
    /// The name of the query.
    pub const SECTION: &'static str = "application";

    /// Reads it.
    pub fn read(sections: &BTreeMap<String, Section>) -> Self {
        let Evidence { rows, not_known } = evidence(sections, Self::SECTION, part);
        let mut found = Self {
            not_known,
            ..Self::default()
        };
        for row in rows {
            match row {
                Part::Spans(spans) => found.spans.push(spans),
                Part::Process(process) => found.processes.push(process),
                Part::Line(line) => found.lines.push(line),
            }
        }
        found
    }
}

fn part(row: &Row<'_>) -> Result<Part, String> {
    let (environment, service) = (row.text("environment")?, row.text("service")?);
    let (first_at, last_at) = (row.time("first_at")?, row.time("last_at")?);
    Ok(match row.text("part")?.as_str() {
        "spans" => {
            let scope = row.text("scope")?;
            let quantiles = (
                row.maybe_float("p25_s")?,
                row.maybe_float("p50_s")?,
                row.maybe_float("p95_s")?,
            );
            Part::Spans(Spans {
                environment,
                service,
                logs: scope.starts_with(LOG),
                scope: scope.strip_prefix(LOG).unwrap_or(&scope).to_owned(),
                name: row.text("span_name")?,
                count: row.count("operations")?,
                answers: row.count("answers")?,
                database_calls: row.count("database_calls")?,
                timed: row.count("timed")?,
                took_s: match quantiles {
                    (Some(p25_s), Some(p50_s), Some(p95_s)) => Some((p25_s, p50_s, p95_s)),
                    _ => None,
                },
                sample_rate: row.maybe_text("sample_rate")?.and_then(|rate| rate.parse().ok()),
            })
        }
        "process" => Part::Process(Recorded {
            environment,
            service,
            process: row.text("process")?,
            resource: texts(&row.maybe_text("resource")?.unwrap_or_default()),
            first_at,
            last_at,
        }),
        "line" => Part::Line(Logged {
            environment,
            service,
            process: row.text("process")?,
            name: row.text("span_name")?,
            first_at,
            last_at,
        }),
        other => return Err(format!("`{other}` is no part of an application")),
    })
}

fn texts(resource: &str) -> BTreeMap<String, String> {
    let Ok(Value::Object(fields)) = serde_json::from_str(resource) else {
        return BTreeMap::new();
    };
    let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
    fields.into_iter().filter_map(text).collect()
}
