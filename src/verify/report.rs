//! A verification as a report: the checks, what was not counted, the runbook's rows as evidence, and the next command.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{CHECKS, Check, Verdict, Verification};
use crate::facts::health::VerificationRow;
use crate::report::{Align, Block, Cell, Column, Data, Outcome, Severity, Table, Told};
use crate::schema::{self, Time};
use crate::words;

/// A table that a person can take in at once.
const MOST_ROWS: usize = 25;
/// Of the runbook's rows the newest are shown beside a failure.
const MOST_RECORDS: usize = 8;
/// Room for a message among the evidence.
const MESSAGE_WIDTH: usize = 100;

/// What `verify` tells scripts.
#[derive(Serialize, JsonSchema)]
pub struct VerifyDocument<'a> {
    /// Pass only if every check passes.
    outcome: Verdict,
    /// Those of the service, then those of each instance.
    checks: Vec<CheckDocument<'a>>,
    /// Every instance that was seen in the lookback.
    instances: Vec<InstanceDocument<'a>>,
    /// Errors that their requests survived.
    recovered: Vec<Recovered<'a>>,
    /// What was seen and not counted.
    not_counted: &'a [String],
    /// Commands for a failure, in their order.
    next_steps: &'a [String],
    /// The records of the runbook's query, newest first.
    evidence: Vec<Record<'a>>,
}

/// A requirement, whom it was asked of, and what was seen.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Check")]
struct CheckDocument<'a> {
    #[schemars(schema_with = "check_names")]
    name: &'static str,
    /// Null = it is about all of them.
    instance: Option<&'a str>,
    outcome: Verdict,
    /// In a sentence.
    detail: &'a str,
    /// What was seen, short.
    observed: &'a str,
    /// What must be seen, short.
    required: &'a str,
    /// The figures of `observed`, with their units in their names.
    #[schemars(schema_with = "figures")]
    measured: &'a Map<String, Value>,
}

/// An instance and its newest process.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Instance")]
struct InstanceDocument<'a> {
    instance: &'a str,
    process: &'a str,
    /// Null = it began before the lookback.
    started_at: Option<Time>,
    last_record_at: Time,
    /// When it said goodbye.
    stopped_at: Option<Time>,
}

/// An error that its requests survived.
#[derive(Serialize, JsonSchema)]
struct Recovered<'a> {
    what: &'a str,
    count: u64,
}

/// A record of the runbook's query.
#[derive(Serialize, JsonSchema)]
struct Record<'a> {
    span_name: &'a str,
    message: &'a str,
    start_timestamp: Time,
    duration_ms: Option<f64>,
    otel_status_code: Option<&'a str>,
}

fn check_names(_: &mut SchemaGenerator) -> Schema {
    schema::among(CHECKS.iter().map(|check| check.name))
}

fn figures(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": {"type": ["number", "string", "null"]}})
}

impl<'a> VerifyDocument<'a> {
    fn of(verification: &'a Verification<'_>, rows: &'a [VerificationRow]) -> Self {
        let checks = verification.checks.iter().map(|check| CheckDocument {
            name: check.name,
            instance: check.instance.as_deref(),
            outcome: check.seen.outcome,
            detail: &check.seen.detail,
            observed: &check.seen.observed,
            required: &check.seen.required,
            measured: &check.seen.measured,
        });
        let instances = verification.instances.iter().map(|instance| InstanceDocument {
            instance: instance.name,
            process: &instance.newest.process,
            started_at: instance.started_at.map(Time),
            last_record_at: Time(instance.last_at()),
            stopped_at: instance.stopped_at.map(Time),
        });
        let recovered = verification.recovered.iter();
        let evidence = rows.iter().map(|row| Record {
            span_name: &row.span_name,
            message: &row.message,
            start_timestamp: Time(row.start_timestamp),
            duration_ms: row.duration_ms,
            otel_status_code: row.otel_status_code.as_deref(),
        });
        Self {
            outcome: verification.outcome,
            checks: checks.collect(),
            instances: instances.collect(),
            recovered: recovered
                .map(|(what, count)| Recovered { what, count: *count })
                .collect(),
            not_counted: &verification.notes,
            next_steps: &verification.next,
            evidence: evidence.collect(),
        }
    }
}

/// A row of the table: a check that an instance does not pass, or all that pass one.
struct Line<'a> {
    /// The worst of them.
    check: &'a Check,
    instances: String,
    detail: String,
}

fn columns<'a>() -> [Column<Line<'a>>; 5] {
    [
        Column {
            title: "result",
            align: Align::Left,
            cell: |line| Cell {
                severity: severity(line.check.seen.outcome),
                emphasis: line.check.seen.outcome != Verdict::Pass,
                ..Cell::plain(line.check.seen.outcome.name())
            },
        },
        Column {
            title: "check",
            align: Align::Left,
            cell: |line| Cell::plain(line.check.name.replace('_', " ")),
        },
        Column {
            title: "instances",
            align: Align::Left,
            cell: |line| Cell::plain(line.instances.clone()),
        },
        Column {
            title: "observed",
            align: Align::Left,
            cell: |line| Cell::plain(line.detail.clone()),
        },
        Column {
            title: "required",
            align: Align::Left,
            cell: |line| Cell::plain(line.check.seen.required.clone()),
        },
    ]
}

fn severity(outcome: Verdict) -> Severity {
    match outcome {
        Verdict::Pass => Severity::Ok,
        Verdict::Inconclusive => Severity::Warning,
        Verdict::Fail => Severity::Critical,
    }
}

/// What `verify` has to say; `rows` are the runbook's, newest first. `full` = a pass too is told check by check, with those rows.
pub fn told(verification: &Verification<'_>, rows: &[VerificationRow], full: bool) -> Told {
    let passes = verification.outcome == Verdict::Pass;
    let (lines, folded) = lines(verification);
    let table = Block::Table(Table::of(&columns(), &lines));
    let mut notes: Vec<String> = Vec::new();
    if folded > 0 {
        notes.push(format!("{folded} more checks; --format json has all"));
    }
    notes.extend(verification.notes.iter().cloned());
    let mut blocks = vec![table, Block::lines(notes.iter().cloned())];
    let shown = &rows[..rows.len().min(if full { rows.len() } else { MOST_RECORDS })];
    if !shown.is_empty() && (full || verification.outcome == Verdict::Fail) {
        let title = format!(
            "evidence: the newest {} by the query `verification`",
            words::counted(shown.len() as u64, "record")
        );
        blocks.push(Block::lines([title]));
        blocks.push(Block::Table(Table::of(&EVIDENCE, shown)));
    }
    if !verification.next.is_empty() {
        blocks.push(Block::lines([String::from("next:")]));
        blocks.push(Block::Preformatted(verification.next.join("\n")));
    }
    // When all is well a line is the answer, and what was looked at.
    let screen = (passes && !full).then(|| {
        let names: Vec<String> = lines.iter().map(|line| line.check.name.replace('_', " ")).collect();
        let all = format!("passed: {} (--full tells each)", names.join(", "));
        vec![Block::lines([all].into_iter().chain(notes))]
    });
    let document = VerifyDocument::of(verification, rows);
    let checks: Vec<Value> = document.checks.iter().map(schema::value).collect();
    let data = Data::of_documents(&DATA_COLUMNS, &checks);
    Told {
        headline: verification.headline.clone(),
        severity: severity(verification.outcome),
        outcome: match verification.outcome {
            Verdict::Pass => Outcome::Fine,
            Verdict::Inconclusive => Outcome::Inconclusive,
            Verdict::Fail => Outcome::Incident,
        },
        blocks,
        screen,
        fields: schema::fields(&document),
        data,
    }
}

/// The gravest first: what an instance does not pass is a row of its own, what others pass one row with the worst of them. And
/// how many rows were left out.
fn lines<'a>(verification: &'a Verification<'_>) -> (Vec<Line<'a>>, usize) {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut passed: Vec<&'static str> = Vec::new();
    for check in &verification.checks {
        if check.seen.outcome != Verdict::Pass {
            lines.push(Line {
                check,
                instances: check.instance.clone().unwrap_or_default(),
                detail: check.seen.detail.clone(),
            });
        } else if !passed.contains(&check.name) {
            passed.push(check.name);
            lines.push(all_that_pass(verification, check.name, check));
        }
    }
    lines.sort_by_key(|line| line.check.order());
    let folded = lines.len().saturating_sub(MOST_ROWS);
    lines.truncate(MOST_ROWS);
    (lines, folded)
}

/// How many of them pass a check, with the worst value and whose it is.
fn all_that_pass<'a>(verification: &'a Verification<'_>, name: &str, first: &'a Check) -> Line<'a> {
    let own = || verification.checks.iter().filter(|check| check.name == name);
    let (all, passing) = (own().count(), own().filter(|check| check.seen.outcome == Verdict::Pass));
    let count = passing.clone().count();
    let worst = passing
        .reduce(|worst, other| {
            let is_worse = other.seen.badness > worst.seen.badness;
            if is_worse { other } else { worst }
        })
        .unwrap_or(first);
    let whose = worst.instance.as_ref().filter(|_| count > 1);
    Line {
        check: worst,
        instances: match &first.instance {
            Some(_) => format!("{count} of {all}"),
            None => String::new(),
        },
        detail: match whose {
            Some(name) => format!("worst: {} ({name})", worst.seen.detail),
            None => worst.seen.detail.clone(),
        },
    }
}

const EVIDENCE: [Column<VerificationRow>; 5] = [
    Column {
        title: "start_timestamp",
        align: Align::Left,
        cell: |row| Cell::plain(row.start_timestamp.format("%H:%M:%S%.3f").to_string()),
    },
    Column {
        title: "span_name",
        align: Align::Left,
        cell: |row| Cell::plain(words::error(&row.span_name, MESSAGE_WIDTH)),
    },
    Column {
        title: "message",
        align: Align::Left,
        cell: |row| Cell::plain(words::error(&row.message, MESSAGE_WIDTH)),
    },
    Column {
        title: "duration_ms",
        align: Align::Right,
        cell: |row| Cell::plain(row.duration_ms.map_or(String::from("-"), |ms| format!("{ms:.1}"))),
    },
    Column {
        title: "otel_status_code",
        align: Align::Left,
        cell: |row| Cell {
            severity: match row.otel_status_code.as_deref() {
                Some("ERROR") => Severity::Critical,
                _ => Severity::Info,
            },
            ..Cell::plain(row.otel_status_code.as_deref().unwrap_or("-"))
        },
    },
];

/// What scripts get as JSON, spreadsheets get as columns.
const DATA_COLUMNS: [&str; 6] = ["name", "instance", "outcome", "detail", "observed", "required"];
