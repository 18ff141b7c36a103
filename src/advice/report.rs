//! A diagnosis as a report: first the answer, then what it rests on, what it is not, and what to do.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use crate::diagnosis::{Claim, Conclusion, Diagnosis, FailureMode};
use crate::report::{Align, Block, Cell, Chart, Column, Data, Note, Table, Told, named, trace_link};
use crate::window::rfc3339;

/// Of an incident that goes on, so much is shown behind a link.
const LIVE_VIEW: TimeDelta = TimeDelta::hours(1);

/// What goes with the answer: from the second request, and from the profile.
#[derive(Debug, Clone, Default)]
pub struct Advice {
    /// What the summary gains by it.
    pub because: Vec<String>,
    /// The sentences that say most.
    pub brief: Vec<String>,
    /// Pictures of the incident.
    pub charts: Vec<Chart>,
    /// Sentences under the evidence: the contrast, the budget, the pool.
    pub paragraphs: Vec<(String, Vec<String>)>,
    /// Requests affected (docs/contract.md); null where there is no incident.
    pub impact: Value,
    /// The same for people.
    pub impact_text: Vec<String>,
    /// Text and command.
    pub next_steps: Vec<(String, Option<String>)>,
    /// More for scripts.
    pub more: Map<String, Value>,
}

fn long(answer: &Conclusion, project_url: &str) -> Value {
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
        "service": answer.service,
    })
}

/// What `diagnose` has to say; `full` = on a screen too. `project_url` = `https://host/org/project`, or empty: then traces have no links.
pub fn told(diagnosis: &Diagnosis, advice: Advice, full: bool, project_url: &str) -> Told {
    let screen = if full {
        None
    } else {
        super::screen::blocks(diagnosis, &advice, project_url)
    };
    let blocks = blocks(diagnosis, &advice, project_url);
    let long = |answer: &Conclusion| long(answer, project_url);
    let answer = diagnosis.answer.as_ref().map(|answer| {
        let mut whole = long(answer);
        let summary = [std::slice::from_ref(&answer.summary), &advice.because].concat();
        whole["summary"] = json!(summary.join("; "));
        whole
    });
    let pairs = |list: &[(&FailureMode, String)], key: &str| -> Value {
        list.iter()
            .map(|(mode, why)| json!({"failure_mode": mode, key: why}))
            .collect()
    };
    let explained = advice.paragraphs.iter();
    let steps = advice.next_steps.iter();
    let fields = [
        ("diagnosis", json!(answer)),
        ("inconclusive", json!(diagnosis.inconclusive)),
        ("also", diagnosis.also.iter().map(long).collect()),
        (
            "explained",
            explained
                .map(|(title, lines)| json!({"title": title, "lines": lines}))
                .collect(),
        ),
        ("ruled_out", pairs(&diagnosis.ruled_out, "why")),
        ("not_assessed", pairs(&diagnosis.not_assessed, "missing")),
        ("impact", advice.impact),
        (
            "next_steps",
            steps
                .map(|(text, command)| json!({"text": text, "command": command}))
                .collect(),
        ),
    ];
    let mut fields = named(fields);
    fields.extend(advice.more);
    Told {
        headline: diagnosis.headline(&advice.because),
        severity: diagnosis.severity(),
        outcome: diagnosis.outcome(),
        blocks,
        screen,
        fields,
        data: data(diagnosis),
    }
}

/// First what it is and since when, then what it rests on, what to do, and last what it is not.
fn blocks(diagnosis: &Diagnosis, advice: &Advice, project_url: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(answer) = &diagnosis.answer {
        let mut first = when(answer);
        first.extend(advice.impact_text.clone());
        blocks.push(Block::lines(first));
        blocks.extend(evidence(answer, project_url));
    }
    blocks.extend(advice.charts.iter().cloned().map(Block::Chart));
    for (title, lines) in &advice.paragraphs {
        blocks.push(Block::Heading(title.clone()));
        blocks.push(Block::lines(lines.clone()));
    }
    if !advice.next_steps.is_empty() {
        blocks.push(Block::Heading(String::from("what to do")));
        // One block to paste from: what a command is for stands over it, as a shell's comment.
        let commands = advice
            .next_steps
            .iter()
            .filter_map(|(text, command)| Some((text, command.as_ref()?)));
        let lines: Vec<String> = commands.map(|(text, command)| format!("# {text}\n{command}")).collect();
        blocks.push(Block::Preformatted(lines.join("\n")));
        let advice = advice.next_steps.iter().filter(|(_, command)| command.is_none());
        blocks.push(Block::lines(advice.map(|(text, _)| text.clone())));
    }
    let other = what_else(diagnosis);
    if !other.is_empty() {
        blocks.push(Block::Heading(String::from("what else, and what it is not")));
        blocks.push(Block::lines(other));
    }
    blocks
}

/// What the answer rests on, with a trace of each.
pub fn evidence(answer: &Conclusion, project_url: &str) -> Vec<Block> {
    vec![
        Block::Table(Table::of(&EVIDENCE, &answer.evidence)),
        Block::Notes(links(answer, project_url)),
    ]
}

/// The first trace of each piece of evidence, to be opened.
fn links(answer: &Conclusion, project_url: &str) -> Vec<Note> {
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

pub(super) fn link(answer: &Conclusion, project_url: &str, trace: &str) -> Option<String> {
    let from = answer.from?;
    trace_link(project_url, trace, from, answer.to.unwrap_or(from + LIVE_VIEW))
}

pub(super) fn when(answer: &Conclusion) -> Vec<String> {
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

const EVIDENCE: [Column<Claim>; 3] = [
    Column {
        title: "evidence",
        align: Align::Left,
        cell: |claim| Cell::plain(claim.text.clone()),
    },
    Column {
        title: "query",
        align: Align::Left,
        cell: |claim| Cell::plain(claim.query),
    },
    Column {
        title: "trace",
        align: Align::Left,
        cell: |claim| Cell::plain(claim.trace_ids.first().map_or("-", String::as_str)),
    },
];

fn what_else(diagnosis: &Diagnosis) -> Vec<String> {
    let also = diagnosis
        .also
        .iter()
        .map(|answer| format!("also: {}: {}", answer.id(), answer.summary));
    let not = diagnosis
        .ruled_out
        .iter()
        .map(|(mode, why)| format!("not {}: {why}", mode.id));
    let mut unknown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (mode, missing) in &diagnosis.not_assessed {
        unknown.entry(missing).or_default().push(mode.id);
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
