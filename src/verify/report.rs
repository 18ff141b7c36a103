//! A verification as a report: the checks, what was not counted, the runbook's rows as evidence, and the next command.

use serde_json::{Value, json};

use super::{Check, Verdict, Verification};
use crate::facts::health::VerificationRow;
use crate::report::{Align, Block, Cell, Column, Data, Outcome, Severity, Table, Told, named};
use crate::window::rfc3339;
use crate::words;

/// A table that a person can take in at once.
const MOST_ROWS: usize = 25;
/// From here on, instances that pass a check share one row.
const INSTANCES_APART: usize = 3;
/// Room for a message among the evidence.
const MESSAGE_WIDTH: usize = 100;

/// A row of the table: checks of one name with one verdict.
struct Line<'a> {
    check: &'a Check,
    instance: String,
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
            title: "instance",
            align: Align::Left,
            cell: |line| Cell::plain(line.instance.clone()),
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

/// What `verify` has to say; `rows` are the runbook's, newest first.
pub fn told(verification: &Verification<'_>, rows: &[VerificationRow]) -> Told {
    let (lines, folded) = lines(verification);
    let mut notes: Vec<String> = Vec::new();
    if folded > 0 {
        notes.push(format!("{folded} more checks; --format json has all"));
    }
    notes.extend(verification.notes.iter().cloned());
    let mut blocks = vec![Block::Table(Table::of(&columns(), &lines)), Block::lines(notes)];
    if !rows.is_empty() {
        let title = format!(
            "evidence: the newest {} by the query `verification`",
            words::counted(rows.len() as u64, "record")
        );
        blocks.push(Block::lines([title]));
        blocks.push(Block::Table(Table::of(&EVIDENCE, rows)));
    }
    if !verification.next.is_empty() {
        blocks.push(Block::lines([String::from("next:")]));
        blocks.push(Block::Preformatted(verification.next.join("\n")));
    }
    let checks: Vec<Value> = verification.checks.iter().map(document).collect();
    let data = Data::of_documents(&DATA_COLUMNS, &checks);
    let fields = [
        ("outcome", json!(verification.outcome)),
        ("checks", Value::Array(checks)),
        ("instances", instances(verification)),
        ("recovered", recovered(verification)),
        ("not_counted", json!(verification.notes)),
        ("next_steps", json!(verification.next)),
        ("evidence", rows.iter().map(evidence).collect::<Vec<_>>().into()),
    ];
    Told {
        headline: verification.headline.clone(),
        severity: severity(verification.outcome),
        outcome: match verification.outcome {
            Verdict::Pass => Outcome::Fine,
            Verdict::Inconclusive => Outcome::Inconclusive,
            Verdict::Fail => Outcome::Incident,
        },
        blocks,
        screen: None,
        fields: named(fields),
        data,
    }
}

/// The gravest first; what many instances pass is one row. And how many rows were left out.
fn lines<'a>(verification: &'a Verification<'_>) -> (Vec<Line<'a>>, usize) {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let together = verification.instances.len() > INSTANCES_APART;
    for check in &verification.checks {
        if together && check.seen.outcome == Verdict::Pass {
            let passed = |other: &&Check| other.name == check.name && other.seen.outcome == Verdict::Pass;
            let count = verification.checks.iter().filter(passed).count();
            if lines.iter().any(|line| passed(&line.check)) {
                continue;
            }
            lines.push(Line {
                check,
                instance: words::counted(count as u64, "instance"),
                detail: String::from("all pass"),
            });
            continue;
        }
        lines.push(Line {
            check,
            instance: check.instance.clone().unwrap_or_default(),
            detail: check.seen.detail.clone(),
        });
    }
    lines.sort_by_key(|line| line.check.order());
    let folded = lines.len().saturating_sub(MOST_ROWS);
    lines.truncate(MOST_ROWS);
    (lines, folded)
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

fn document(check: &Check) -> Value {
    json!({
        "name": check.name,
        "instance": check.instance,
        "outcome": check.seen.outcome,
        "detail": check.seen.detail,
        "observed": check.seen.observed,
        "required": check.seen.required,
        "measured": check.seen.measured,
    })
}

fn instances(verification: &Verification<'_>) -> Value {
    let document = |instance: &super::Instance<'_>| {
        json!({
            "instance": instance.name,
            "process": instance.newest.process,
            "started_at": instance.started_at.map(rfc3339),
            "last_record_at": rfc3339(instance.last_at()),
            "stopped_at": instance.stopped_at.map(rfc3339),
        })
    };
    verification.instances.iter().map(document).collect::<Vec<_>>().into()
}

fn recovered(verification: &Verification<'_>) -> Value {
    let document = |(what, count): &(String, u64)| json!({"what": what, "count": count});
    verification.recovered.iter().map(document).collect::<Vec<_>>().into()
}

fn evidence(row: &VerificationRow) -> Value {
    json!({
        "span_name": row.span_name,
        "message": row.message,
        "start_timestamp": rfc3339(row.start_timestamp),
        "duration_ms": row.duration_ms,
        "otel_status_code": row.otel_status_code,
    })
}

/// What scripts get as JSON, spreadsheets get as columns.
const DATA_COLUMNS: [&str; 6] = ["name", "instance", "outcome", "detail", "observed", "required"];
