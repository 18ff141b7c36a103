//! A diagnosis as a report: first the answer, then what it rests on, what it is not, and what to do.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{Answer, Diagnosis};
use crate::report::{Align, Block, Cell, Data, Header, Note, Outcome, Report, Severity, Table, trace_link};
use crate::window::rfc3339;

/// Of an incident that goes on, so much is shown behind a link.
const LIVE_VIEW: TimeDelta = TimeDelta::hours(1);

/// What the second request and the profile add to the answer.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// What the summary gains by it.
    pub because: Vec<String>,
    /// Sentences under the evidence: the contrast, the budget, the pool.
    pub paragraphs: Vec<(String, Vec<String>)>,
    /// Requests affected (contract.md); null where there is no incident.
    pub impact: Value,
    /// The same for people.
    pub impact_text: Vec<String>,
    /// Text and command.
    pub next_steps: Vec<(String, Option<String>)>,
    /// More for scripts.
    pub more: Map<String, Value>,
}

/// The contract's short form, for the timeline.
pub fn short(diagnosis: &Diagnosis) -> Value {
    let answer = diagnosis.answer.as_ref();
    json!({
        "incident": answer.map(|_| diagnosis.incident()),
        "failure_mode": answer.and_then(|answer| answer.failure_mode),
        "finding": answer.and_then(|answer| answer.finding),
        "title": answer.map(|answer| &answer.title),
        "confidence": answer.map(|answer| answer.confidence),
        "from": answer.and_then(|answer| answer.from).map(rfc3339),
        "to": answer.and_then(|answer| answer.to).map(rfc3339),
    })
}

fn long(answer: &Answer, project_url: &str) -> Value {
    let evidence: Vec<Value> = answer
        .evidence
        .iter()
        .map(|piece| {
            let links = piece
                .trace_ids
                .iter()
                .filter_map(|trace| link(answer, project_url, trace));
            let mut told = json!(piece);
            told["links"] = links.collect();
            told
        })
        .collect();
    json!({
        "incident": answer.failure_mode.is_some(),
        "failure_mode": answer.failure_mode,
        "finding": answer.finding,
        "title": answer.title,
        "confidence": answer.confidence,
        "from": answer.from.map(rfc3339),
        "to": answer.to.map(rfc3339),
        "summary": answer.summary,
        "evidence": evidence,
        "instances": answer.instances,
    })
}

/// The answer in one line.
fn headline(diagnosis: &Diagnosis) -> String {
    match &diagnosis.answer {
        Some(answer) => {
            let name = answer
                .failure_mode
                .map(|mode| mode.id())
                .or(answer.finding.map(|finding| finding.id()));
            format!(
                "{} ({} confidence): {}",
                name.unwrap_or_default(),
                answer.confidence.word(),
                answer.summary
            )
        }
        None => format!(
            "inconclusive: {}",
            diagnosis
                .inconclusive
                .as_deref()
                .unwrap_or("the evidence is incomplete")
        ),
    }
}

/// How the answer was got.
pub struct ReportContext<'a> {
    /// What every document says of its source (contract.md).
    pub document: Map<String, Value>,
    /// The same for people.
    pub notes: Vec<String>,
    /// For links to traces; empty = none.
    pub project_url: &'a str,
}

/// Makes the report.
pub fn to_report(diagnosis: &Diagnosis, findings: Findings, context: ReportContext<'_>) -> Report {
    let mut diagnosis = diagnosis.clone();
    if let Some(answer) = &mut diagnosis.answer {
        for part in &findings.because {
            answer.summary = format!("{}; {part}", answer.summary);
        }
    }
    let blocks = blocks(&diagnosis, &findings, context.notes, context.project_url);
    let mut document = context.document;
    let long = |answer: &Answer| long(answer, context.project_url);
    document.insert(
        String::from("diagnosis"),
        diagnosis.answer.as_ref().map_or(Value::Null, long),
    );
    document.insert(String::from("inconclusive"), json!(diagnosis.inconclusive));
    document.insert(String::from("also"), diagnosis.also.iter().map(long).collect());
    let explained = findings.paragraphs.iter();
    document.insert(
        String::from("explained"),
        explained
            .map(|(title, lines)| json!({"title": title, "lines": lines}))
            .collect(),
    );
    let pairs = |list: &[(super::FailureMode, String)], key: &str| -> Value {
        list.iter()
            .map(|(mode, why)| json!({"failure_mode": mode, key: why}))
            .collect()
    };
    document.insert(String::from("ruled_out"), pairs(&diagnosis.ruled_out, "why"));
    document.insert(String::from("not_assessed"), pairs(&diagnosis.not_assessed, "missing"));
    document.insert(String::from("impact"), findings.impact);
    let steps = findings.next_steps.iter();
    document.insert(
        String::from("next_steps"),
        steps
            .map(|(text, command)| json!({"text": text, "command": command}))
            .collect(),
    );
    document.extend(findings.more);
    let data = data(&diagnosis);
    Report {
        headline: headline(&diagnosis),
        severity: match (&diagnosis.answer, diagnosis.incident()) {
            (_, true) => Severity::Critical,
            (Some(_), false) => Severity::Ok,
            (None, _) => Severity::Warning,
        },
        outcome: match (&diagnosis.answer, diagnosis.incident()) {
            (_, true) => Outcome::Incident,
            (Some(_), false) => Outcome::Fine,
            (None, _) => Outcome::Inconclusive,
        },
        blocks,
        document: Value::Object(document),
        data,
    }
}

/// First what it is and since when, then what it rests on, what to do, and last what it is not.
fn blocks(diagnosis: &Diagnosis, findings: &Findings, notes: Vec<String>, project_url: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(answer) = &diagnosis.answer {
        let mut first = when(answer);
        first.extend(findings.impact_text.clone());
        blocks.push(notes_of(first));
        blocks.push(evidence_table(answer));
        blocks.push(Block::Notes(links(answer, project_url)));
    }
    for (title, lines) in &findings.paragraphs {
        blocks.push(Block::Heading(title.clone()));
        blocks.push(notes_of(lines.clone()));
    }
    if !findings.next_steps.is_empty() {
        blocks.push(Block::Heading(String::from("what to do")));
        // One block to paste from: what a command is for stands over it, as a shell's comment.
        let commands = findings
            .next_steps
            .iter()
            .filter_map(|(text, command)| Some((text, command.as_ref()?)));
        let lines: Vec<String> = commands.map(|(text, command)| format!("# {text}\n{command}")).collect();
        blocks.push(Block::Preformatted(lines.join("\n")));
        let advice = findings.next_steps.iter().filter(|(_, command)| command.is_none());
        blocks.push(notes_of(advice.map(|(text, _)| text.clone()).collect()));
    }
    let other = what_else(diagnosis);
    if !other.is_empty() {
        blocks.push(Block::Heading(String::from("what else, and what it is not")));
        blocks.push(notes_of(other));
    }
    blocks.push(notes_of(notes));
    blocks.retain(|block| !matches!(block, Block::Notes(notes) if notes.is_empty()));
    blocks
}

/// The first trace of each piece of evidence, to be opened.
fn links(answer: &Answer, project_url: &str) -> Vec<Note> {
    let traces = answer.evidence.iter().filter_map(|piece| piece.trace_ids.first());
    let unique: std::collections::BTreeSet<&String> = traces.collect();
    let linked = unique.into_iter().filter_map(|trace| {
        Some(Note {
            text: format!("trace {trace}"),
            link: Some(link(answer, project_url, trace)?),
        })
    });
    linked.collect()
}

fn link(answer: &Answer, project_url: &str, trace: &str) -> Option<String> {
    let from = answer.from?;
    trace_link(project_url, trace, from, answer.to.unwrap_or(from + LIVE_VIEW))
}

fn notes_of(lines: Vec<String>) -> Block {
    Block::Notes(lines.into_iter().map(Note::from).collect())
}

fn when(answer: &Answer) -> Vec<String> {
    let at = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M:%S").to_string();
    match (answer.from, answer.to) {
        (Some(from), Some(to)) => vec![format!(
            "from the first sign to the recovery: {} to {} UTC ({})",
            at(from),
            at(to),
            crate::words::duration((to - from).as_seconds_f64())
        )],
        (Some(from), None) => vec![format!("since {} UTC, and not over in this window", at(from))],
        (None, _) => Vec::new(),
    }
}

fn evidence_table(answer: &Answer) -> Block {
    Block::Table(Table {
        columns: ["evidence", "query", "trace"]
            .iter()
            .map(|title| Header {
                title: (*title).to_owned(),
                align: Align::Left,
            })
            .collect(),
        rows: answer
            .evidence
            .iter()
            .map(|piece| {
                vec![
                    Cell::plain(piece.claim.clone()),
                    Cell::plain(piece.query),
                    Cell::plain(piece.trace_ids.first().map_or("-", String::as_str)),
                ]
            })
            .collect(),
    })
}

fn what_else(diagnosis: &Diagnosis) -> Vec<String> {
    let also = diagnosis.also.iter().map(|answer| {
        let name = answer.failure_mode.map(|mode| mode.id()).unwrap_or_default();
        format!("also: {name}: {}", answer.summary)
    });
    let not = diagnosis
        .ruled_out
        .iter()
        .map(|(mode, why)| format!("not {}: {why}", mode.id()));
    let mut unknown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (mode, missing) in &diagnosis.not_assessed {
        unknown.entry(missing).or_default().push(mode.id());
    }
    let unknown = unknown
        .into_iter()
        .map(|(missing, modes)| format!("not assessed: {}: {missing}", modes.join(", ")));
    also.chain(not).chain(unknown).collect()
}

fn data(diagnosis: &Diagnosis) -> Data {
    let answers = diagnosis.answer.iter().chain(&diagnosis.also);
    Data {
        columns: ["failure_mode", "finding", "confidence", "from", "to", "summary"]
            .map(str::to_owned)
            .to_vec(),
        rows: answers
            .map(|answer| {
                vec![
                    json!(answer.failure_mode),
                    json!(answer.finding),
                    json!(answer.confidence),
                    json!(answer.from.map(rfc3339)),
                    json!(answer.to.map(rfc3339)),
                    json!(answer.summary),
                ]
            })
            .collect(),
    }
}
