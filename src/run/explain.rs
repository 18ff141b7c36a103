//! `explain`: the documentation of the failure modes, and the class of a pasted error. Nothing is asked of a source.

use serde_json::{Map, Value, json};

use super::{Failure, World};
use crate::cli::ExplainArgs;
use crate::diagnosis::{FailureMode, REGISTRY, named, showing};
use crate::error_text::{attempts, read};
use crate::report::{Block, Data, Outcome, Report, Severity, Table};
use crate::window::rfc3339;
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

fn document(command: &str, world: &World, fields: Value) -> Value {
    let mut whole = Map::new();
    whole.insert(String::from("schema"), json!(format!("relay-diag.{command}.v1")));
    whole.insert(String::from("generated_at"), json!(rfc3339(world.now)));
    if let Value::Object(fields) = fields {
        whole.extend(fields);
    }
    Value::Object(whole)
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
    let modes: Vec<Value> = rows
        .iter()
        .map(|row| json!({"failure_mode": row.first(), "title": row.last()}))
        .collect();
    let data = Data {
        columns: vec![String::from("failure_mode"), String::from("title")],
        rows: rows
            .iter()
            .map(|row| row.iter().map(|cell| json!(cell)).collect())
            .collect(),
    };
    report(
        format!(
            "{} failure modes; `relay-diag explain NAME` tells more of one",
            rows.len()
        ),
        vec![texts(&["failure mode", "what it is"], rows)],
        document("explain", world, json!({"failure_modes": modes})),
        data,
    )
}

fn one(mode: &FailureMode, world: &World) -> Report {
    let known = &mode.documentation;
    let parts = [
        ("looks_like", "What it looks like", known.looks_like),
        ("why", "Why it happens", known.why),
        ("confused_with", "What it is confused with", known.confused_with),
        ("what_to_do", "What to do", known.what_to_do),
    ];
    let mut fields = Map::new();
    fields.insert(String::from("failure_mode"), json!(mode.id));
    fields.insert(String::from("title"), json!(mode.title));
    for (key, _, text) in parts {
        fields.insert(key.to_owned(), json!(text));
    }
    let data = Data {
        columns: fields.keys().cloned().collect(),
        rows: vec![fields.values().cloned().collect()],
    };
    report(
        format!("{}: {}", mode.id, mode.title),
        vec![Block::lines(
            parts.iter().map(|(_, title, text)| format!("{title}: {text}")),
        )],
        document("explain", world, Value::Object(fields)),
        data,
    )
}

fn error(text: &str, world: &World) -> Report {
    let reading = read(text);
    let class = reading.map(|reading| reading.class);
    let tried = attempts(text);
    let modes: Vec<&str> = class
        .map(showing)
        .unwrap_or_default()
        .into_iter()
        .map(|mode| mode.id)
        .collect();
    let next = class.map(|class| class.next().to_vec()).unwrap_or_default();
    let ipv6 = tried.iter().filter(|attempt| attempt.is_ipv6() == Some(true)).count();
    let ipv4 = tried.iter().filter(|attempt| attempt.is_ipv6() == Some(false)).count();
    let mut lines = Vec::new();
    if !modes.is_empty() {
        lines.push(format!("speaks for: {}", modes.join(", ")));
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
    let fields = json!({
        "error_class": class.map(|class| class.id()),
        "meaning": class.map(|class| class.meaning()),
        "failure_modes": modes,
        "next": next,
        "attempts": tried,
    });
    let data = Data {
        columns: ["error_class", "failure_modes", "attempts"].map(str::to_owned).to_vec(),
        rows: vec![vec![
            fields["error_class"].clone(),
            fields["failure_modes"].clone(),
            fields["attempts"].clone(),
        ]],
    };
    report(headline, blocks, document("explain", world, fields), data)
}
