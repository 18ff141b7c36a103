//! A diagnosis as a report: first the answer, then what it rests on, what it is not, and what to do.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::contrast::ContrastDocument;
use super::impact::Impact;
use super::pool::PoolDocument;
use super::statements::StatementDocument;
use crate::diagnosis::{Claim, Conclusion, Confidence, Diagnosis, FailureMode, Finding};
use crate::report::{Align, Block, Cell, Chart, Column, Data, Note, Table, Told, trace_link};
use crate::schema::{self, Time};

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
    /// Requests affected; `None` where there is no incident.
    pub impact: Option<Impact>,
    /// The same for people.
    pub impact_text: Vec<String>,
    /// Text and command.
    pub next_steps: Vec<(String, Option<String>)>,
    /// More for scripts, where there is an incident.
    pub more: Option<More>,
}

/// What `diagnose` tells scripts.
#[derive(Serialize, JsonSchema)]
pub struct DiagnoseDocument<'a> {
    /// The answer; null where the evidence is inconclusive.
    diagnosis: Option<Answer<'a>>,
    /// Why there is no answer.
    inconclusive: Option<&'a str>,
    /// What else is wrong: other failure modes, and other services'.
    also: Vec<Answer<'a>>,
    /// What the evidence says beside the answer, for people.
    explained: Vec<Explained<'a>>,
    /// What it is not.
    ruled_out: Vec<RuledOut<'a>>,
    /// What could not be judged.
    not_assessed: Vec<NotAssessed<'a>>,
    /// Who suffered; null where nothing is wrong.
    impact: Option<&'a Impact>,
    /// What to do, first things first.
    next_steps: Vec<NextStep<'a>>,
    #[serde(flatten)]
    more: Option<&'a More>,
}

/// What is told of an incident only.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct More {
    /// What tells the requests that hung from the fast ones beside them; null = not known.
    pub(super) contrast: Option<ContrastDocument>,
    /// How long a connect can take.
    pub(super) connect_budget: ConnectBudget,
    /// The pool during the incident; null = nothing is known of it.
    pub(super) pool: Option<PoolDocument>,
    /// Slow statements, of a lock or a slow database; null for other failure modes.
    pub(super) statements: Option<Vec<StatementDocument>>,
}

/// How long a connect can take, as far as errors and durations tell.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectBudget {
    pub(super) lines: Vec<String>,
    pub(super) addresses_ipv4: Option<usize>,
    pub(super) addresses_ipv6: Option<usize>,
    /// How long one address is tried.
    pub(super) each_s: Option<f64>,
    /// How long all of them take.
    pub(super) worst_s: Option<f64>,
    /// The same if the driver's `connect_timeout` were 10 s.
    pub(super) worst_with_connect_timeout_10_s: Option<f64>,
}

/// A failure mode that matches, or what is no incident and has a name.
#[derive(Serialize, JsonSchema)]
struct Answer<'a> {
    incident: bool,
    failure_mode: Option<&'static FailureMode>,
    finding: Option<Finding>,
    /// In a few words.
    title: &'a str,
    confidence: Confidence,
    /// The first sign.
    from: Option<Time>,
    /// The recovery; null while it goes on, and for what is no incident.
    to: Option<Time>,
    /// In a sentence.
    summary: String,
    evidence: Vec<Evidence<'a>>,
    instances: &'a [String],
    /// The service concerned; null where there is only one.
    service: Option<&'a str>,
}

/// What an answer rests on.
#[derive(Serialize, JsonSchema)]
struct Evidence<'a> {
    #[serde(flatten)]
    claim: &'a Claim,
    /// URLs of its traces.
    links: Vec<String>,
}

/// A question, and what the evidence says.
#[derive(Serialize, JsonSchema)]
struct Explained<'a> {
    title: &'a str,
    lines: &'a [String],
}

/// A failure mode that does not fit.
#[derive(Serialize, JsonSchema)]
struct RuledOut<'a> {
    failure_mode: &'static FailureMode,
    why: &'a str,
}

/// A failure mode that could not be judged.
#[derive(Serialize, JsonSchema)]
struct NotAssessed<'a> {
    failure_mode: &'static FailureMode,
    /// What would have to be known.
    missing: &'a str,
}

/// What to do.
#[derive(Serialize, JsonSchema)]
struct NextStep<'a> {
    text: &'a str,
    /// To be pasted.
    command: Option<&'a str>,
}

impl<'a> Answer<'a> {
    fn of(answer: &'a Conclusion, project_url: &str) -> Self {
        let evidence = answer.evidence.iter().map(|claim| {
            let traces = claim.trace_ids.iter();
            Evidence {
                claim,
                links: traces.filter_map(|trace| link(answer, project_url, trace)).collect(),
            }
        });
        Self {
            incident: answer.failure_mode.is_some(),
            failure_mode: answer.failure_mode,
            finding: answer.finding,
            title: &answer.title,
            confidence: answer.confidence,
            from: answer.from.map(Time),
            to: answer.to.map(Time),
            summary: answer.summary.clone(),
            evidence: evidence.collect(),
            instances: &answer.instances,
            service: answer.service.as_deref(),
        }
    }
}

impl<'a> DiagnoseDocument<'a> {
    fn of(diagnosis: &'a Diagnosis, advice: &'a Advice, project_url: &str) -> Self {
        let long = |answer: &'a Conclusion| Answer::of(answer, project_url);
        let explained = advice.paragraphs.iter();
        let ruled_out = diagnosis.ruled_out.iter();
        let not_assessed = diagnosis.not_assessed.iter();
        let steps = advice.next_steps.iter();
        Self {
            diagnosis: diagnosis.answer.as_ref().map(|answer| {
                let summary = [std::slice::from_ref(&answer.summary), &advice.because].concat();
                Answer {
                    summary: summary.join("; "),
                    ..long(answer)
                }
            }),
            inconclusive: diagnosis.inconclusive.as_deref(),
            also: diagnosis.also.iter().map(long).collect(),
            explained: explained.map(|(title, lines)| Explained { title, lines }).collect(),
            ruled_out: ruled_out
                .map(|(failure_mode, why)| RuledOut { failure_mode, why })
                .collect(),
            not_assessed: not_assessed
                .map(|(failure_mode, missing)| NotAssessed { failure_mode, missing })
                .collect(),
            impact: advice.impact.as_ref(),
            next_steps: steps
                .map(|(text, command)| NextStep {
                    text,
                    command: command.as_deref(),
                })
                .collect(),
            more: advice.more.as_ref(),
        }
    }
}

/// What `diagnose` has to say; `full` = on a screen too. `project_url` = `https://host/org/project`, or empty: then traces have no links.
pub fn told(diagnosis: &Diagnosis, advice: &Advice, full: bool, project_url: &str) -> Told {
    let screen = if full {
        None
    } else {
        super::screen::blocks(diagnosis, advice, project_url)
    };
    let blocks = blocks(diagnosis, advice, project_url);
    Told {
        headline: diagnosis.headline(&advice.because),
        severity: diagnosis.severity(),
        outcome: diagnosis.outcome(),
        blocks,
        screen,
        fields: schema::fields(&DiagnoseDocument::of(diagnosis, advice, project_url)),
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
                    json!(answer.from.map(Time)),
                    json!(answer.to.map(Time)),
                    json!(answer.summary),
                ]
            })
            .collect(),
    }
}
