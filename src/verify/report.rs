//! A verification as a report: the checks, what was not counted, the runbook's rows as evidence, and the next command.

use serde_json::{Map, Value, json};

use super::{Check, Verdict, Verification};
use crate::facts::health::VerificationRow;
use crate::report::{Align, Block, Cell, Data, Header, Note, Outcome, Report, Severity, Table};
use crate::window::rfc3339;
use crate::words;

/// A table that a person can take in at once.
const MOST_ROWS: usize = 25;
/// From here on, instances that pass a check share one row.
const INSTANCES_APART: usize = 3;
/// Room for a message among the evidence.
const MESSAGE_WIDTH: usize = 100;

/// What the report says of how the answer was got.
pub struct Context<'a> {
    /// The fields that every document has (docs/contract.md).
    pub document: Map<String, Value>,
    /// The same for people, one line each.
    pub notes: Vec<String>,
    /// The runbook's rows, newest first.
    pub rows: &'a [VerificationRow],
}

/// A row of the table: checks of one name with one verdict.
struct Line<'a> {
    check: &'a Check,
    instance: String,
    detail: String,
}

struct Column {
    title: &'static str,
    cell: fn(&Line<'_>) -> Cell,
}

const COLUMNS: [Column; 5] = [
    Column {
        title: "result",
        cell: |line| Cell {
            severity: severity(line.check.seen.outcome),
            emphasis: line.check.seen.outcome != Verdict::Pass,
            ..Cell::plain(line.check.seen.outcome.name())
        },
    },
    Column {
        title: "check",
        cell: |line| Cell::plain(line.check.name.replace('_', " ")),
    },
    Column {
        title: "instance",
        cell: |line| Cell::plain(line.instance.clone()),
    },
    Column {
        title: "observed",
        cell: |line| Cell::plain(line.detail.clone()),
    },
    Column {
        title: "required",
        cell: |line| Cell::plain(line.check.seen.required.clone()),
    },
];

fn severity(outcome: Verdict) -> Severity {
    match outcome {
        Verdict::Pass => Severity::Ok,
        Verdict::Inconclusive => Severity::Warning,
        Verdict::Fail => Severity::Critical,
    }
}

/// Makes the report.
pub fn to_report(verification: &Verification<'_>, context: Context<'_>) -> Report {
    let (lines, folded) = lines(verification);
    let mut notes: Vec<Note> = Vec::new();
    if folded > 0 {
        notes.push(Note::from(format!("{folded} more checks; --format json has all")));
    }
    notes.extend(verification.notes.iter().cloned().map(Note::from));
    let mut blocks = vec![Block::Table(checks_table(&lines))];
    if !notes.is_empty() {
        blocks.push(Block::Notes(notes));
    }
    if !context.rows.is_empty() {
        let title = format!(
            "evidence: the newest {} by the query `verification`",
            words::counted(context.rows.len() as u64, "record")
        );
        blocks.push(Block::Notes(vec![Note::from(title)]));
        blocks.push(Block::Table(evidence_table(context.rows)));
    }
    if !verification.next.is_empty() {
        blocks.push(Block::Notes(vec![Note::from(String::from("next:"))]));
        blocks.push(Block::Preformatted(verification.next.join("\n")));
    }
    blocks.push(Block::Notes(context.notes.into_iter().map(Note::from).collect()));
    let checks: Vec<Value> = verification.checks.iter().map(document).collect();
    let mut whole = context.document;
    whole.insert(String::from("headline"), json!(verification.headline));
    whole.insert(String::from("outcome"), json!(verification.outcome));
    whole.insert(String::from("checks"), Value::Array(checks.clone()));
    whole.insert(String::from("instances"), instances(verification));
    whole.insert(String::from("not_counted"), json!(verification.notes));
    whole.insert(String::from("next_steps"), json!(verification.next));
    whole.insert(
        String::from("evidence"),
        context.rows.iter().map(evidence).collect::<Vec<_>>().into(),
    );
    Report {
        headline: verification.headline.clone(),
        severity: severity(verification.outcome),
        outcome: match verification.outcome {
            Verdict::Pass => Outcome::Fine,
            Verdict::Inconclusive => Outcome::Inconclusive,
            Verdict::Fail => Outcome::Incident,
        },
        blocks,
        document: Value::Object(whole),
        data: data(&checks),
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

fn header(title: &str, align: Align) -> Header {
    Header {
        title: title.to_owned(),
        align,
    }
}

fn checks_table(lines: &[Line<'_>]) -> Table {
    Table {
        columns: COLUMNS.iter().map(|column| header(column.title, Align::Left)).collect(),
        rows: lines
            .iter()
            .map(|line| COLUMNS.iter().map(|column| (column.cell)(line)).collect())
            .collect(),
    }
}

fn evidence_table(rows: &[VerificationRow]) -> Table {
    let error = |row: &VerificationRow| row.otel_status_code.as_deref() == Some("ERROR");
    Table {
        columns: vec![
            header("start_timestamp", Align::Left),
            header("span_name", Align::Left),
            header("message", Align::Left),
            header("duration_ms", Align::Right),
            header("otel_status_code", Align::Left),
        ],
        rows: rows
            .iter()
            .map(|row| {
                vec![
                    Cell::plain(row.start_timestamp.format("%H:%M:%S%.3f").to_string()),
                    Cell::plain(words::error(&row.span_name, MESSAGE_WIDTH)),
                    Cell::plain(words::error(&row.message, MESSAGE_WIDTH)),
                    Cell::plain(row.duration_ms.map_or(String::from("-"), |ms| format!("{ms:.1}"))),
                    Cell {
                        severity: if error(row) { Severity::Critical } else { Severity::Info },
                        ..Cell::plain(row.otel_status_code.as_deref().unwrap_or("-"))
                    },
                ]
            })
            .collect(),
    }
}

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

fn evidence(row: &VerificationRow) -> Value {
    json!({
        "span_name": row.span_name,
        "message": row.message,
        "start_timestamp": rfc3339(row.start_timestamp),
        "duration_ms": row.duration_ms,
        "otel_status_code": row.otel_status_code,
    })
}

/// The checks as rows.
fn data(checks: &[Value]) -> Data {
    let columns = ["name", "instance", "outcome", "detail", "observed", "required"];
    Data {
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
        rows: checks
            .iter()
            .map(|check| {
                columns
                    .iter()
                    .map(|&name| check.get(name).cloned().unwrap_or(Value::Null))
                    .collect()
            })
            .collect(),
    }
}
