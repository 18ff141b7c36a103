//! `explain`: the documentation of the failure modes, and the class of a pasted error. Nothing is asked of a source.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::catalogue::made;
use super::{Failure, World};
use crate::cli::ExplainArgs;
use crate::diagnosis::{FailureMode, REGISTRY, named, showing};
use crate::error_text::{Attempt, ErrorClass, attempts, read};
use crate::report::{Block, Data, Outcome, Report, Severity, Table};
use crate::schema;
use crate::words::{self, counted};

/// Attempts that are listed for people; the document has all.
const MOST_ATTEMPTS: usize = 20;

pub(super) fn run(args: &ExplainArgs, world: &World) -> Result<Report, Failure> {
    match (&args.error, &args.failure_mode) {
        (Some(text), _) if text == "-" => Ok(error(world.input.as_deref().unwrap_or_default(), world)),
        (Some(text), _) => Ok(error(text, world)),
        (None, Some(name)) => named(name).map(|mode| one(mode, world)).ok_or_else(|| Failure::Usage {
            message: format!("there is no failure mode `{name}`"),
            hint: format!(
                "there are: {}",
                REGISTRY.iter().map(|mode| mode.id).collect::<Vec<_>>().join(", ")
            ),
        }),
        (None, None) => Ok(list(world)),
    }
}

/// What `explain` tells scripts: the list, one failure mode, or an error.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant)] // one a call
pub(super) enum ExplainDocument {
    List(ExplainedModes),
    One(ExplainedMode),
    Error(ExplainedError),
}

/// All failure modes.
#[derive(Serialize, JsonSchema)]
pub(super) struct ExplainedModes {
    failure_modes: Vec<ModeTitle>,
}

/// A failure mode, in a few words.
#[derive(Serialize, JsonSchema)]
struct ModeTitle {
    failure_mode: &'static FailureMode,
    title: &'static str,
}

/// The documentation of a failure mode.
#[derive(Serialize, JsonSchema)]
pub(super) struct ExplainedMode {
    failure_mode: &'static FailureMode,
    title: &'static str,
    looks_like: &'static str,
    why: &'static str,
    confused_with: &'static str,
    what_to_do: &'static str,
}

/// What an error says.
#[derive(Serialize, JsonSchema)]
pub(super) struct ExplainedError {
    /// Null = not known.
    error_class: Option<ErrorClass>,
    /// In a sentence.
    meaning: Option<&'static str>,
    /// The failure modes that it speaks for, likeliest first.
    failure_modes: Vec<&'static FailureMode>,
    /// What to look at.
    next: &'static [&'static str],
    /// The attempts to connect that it lists.
    attempts: Vec<Attempt>,
}

fn report(headline: String, blocks: Vec<Block>, document: Value, data: Data) -> Report {
    Report {
        headline,
        severity: Severity::Info,
        outcome: Outcome::Fine,
        blocks,
        screen: None,
        document,
        data,
    }
}

fn texts(titles: &[&str], rows: Vec<Vec<String>>) -> Block {
    Block::Table(Table::of_texts(titles, rows))
}

fn list(world: &World) -> Report {
    let rows: Vec<Vec<String>> = REGISTRY
        .iter()
        .map(|mode| vec![mode.id.to_owned(), mode.title.to_owned()])
        .collect();
    let modes = REGISTRY.iter().map(|mode| ModeTitle {
        failure_mode: mode,
        title: mode.title,
    });
    let modes: Vec<ModeTitle> = modes.collect();
    let documents: Vec<Value> = modes.iter().map(schema::value).collect();
    let data = Data::of_documents(&["failure_mode", "title"], &documents);
    report(
        format!(
            "{} failure modes; `relay-diag explain NAME` tells more of one",
            rows.len()
        ),
        vec![texts(&["failure mode", "what it is"], rows)],
        made(
            "explain",
            world,
            &ExplainDocument::List(ExplainedModes { failure_modes: modes }),
        ),
        data,
    )
}

fn one(mode: &'static FailureMode, world: &World) -> Report {
    let known = &mode.documentation;
    let parts = [
        ("What it looks like", known.looks_like),
        ("Why it happens", known.why),
        ("What it is confused with", known.confused_with),
        ("What to do", known.what_to_do),
    ];
    let document = ExplainDocument::One(ExplainedMode {
        failure_mode: mode,
        title: mode.title,
        looks_like: known.looks_like,
        why: known.why,
        confused_with: known.confused_with,
        what_to_do: known.what_to_do,
    });
    let fields = schema::fields(&document);
    let data = Data {
        columns: fields.keys().cloned().collect(),
        rows: vec![fields.values().cloned().collect()],
    };
    report(
        format!("{}: {}", mode.id, mode.title),
        vec![Block::lines(
            parts.iter().map(|(title, text)| format!("{title}: {text}")),
        )],
        made("explain", world, &document),
        data,
    )
}

fn error(text: &str, world: &World) -> Report {
    let reading = read(text);
    let class = reading.map(|reading| reading.class);
    let tried = attempts(text);
    let modes = class.map(showing).unwrap_or_default();
    let next = class.map(ErrorClass::next).unwrap_or_default();
    let ipv6 = tried.iter().filter(|attempt| attempt.is_ipv6() == Some(true)).count();
    let ipv4 = tried.iter().filter(|attempt| attempt.is_ipv6() == Some(false)).count();
    let mut lines = Vec::new();
    if !modes.is_empty() {
        let names: Vec<&str> = modes.iter().map(|mode| mode.id).collect();
        lines.push(format!("speaks for: {}", names.join(", ")));
    }
    if reading.is_some_and(|reading| !reading.speaks_of_database) {
        lines.push(String::from(
            "any service can say this: nothing in the text names a database, it is read as one's",
        ));
    }
    lines.extend(next.iter().map(|line| format!("look at: {line}")));
    if !tried.is_empty() {
        lines.push(format!(
            "{} ({ipv4} IPv4, {ipv6} IPv6)",
            counted(tried.len() as u64, "attempt")
        ));
    }
    let mut blocks = vec![Block::lines(lines)];
    if !tried.is_empty() {
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| String::from("-"));
        let rows = tried.iter().take(MOST_ATTEMPTS).map(|attempt| {
            vec![
                known(&attempt.host),
                known(&attempt.hostaddr),
                attempt.port.map_or_else(|| String::from("-"), |port| port.to_string()),
                known(&attempt.cause),
            ]
        });
        blocks.push(texts(&["host", "address", "port", "cause"], rows.collect()));
    }
    let headline = match class {
        Some(class) => format!("{}: {}", class.id(), class.meaning()),
        None => format!(
            "not known: \"{}\" says nothing about the way to the database",
            words::error(text, 80)
        ),
    };
    let document = ExplainDocument::Error(ExplainedError {
        error_class: class,
        meaning: class.map(ErrorClass::meaning),
        failure_modes: modes,
        next,
        attempts: tried,
    });
    let columns = ["error_class", "failure_modes", "attempts"];
    let data = Data::of_documents(&columns, &[schema::value(&document)]);
    report(headline, blocks, made("explain", world, &document), data)
}
