//! `capture`: which records, from which source, into which file; and what is told of it.

mod appended;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{Asked, Failure, World};
use crate::capture::{self, Archive, Captured, Order, Selection};
use crate::cli::{CaptureArgs, Cli};
use crate::config::Config;
use crate::facts::NotKnown;
use crate::query::Catalogue;
use crate::report::{Block, Data, Note, Outcome, Report, Severity, Told};
use crate::schema::{self, Time};
use crate::size;
use crate::source::Source;
use crate::window::{Window, ceil_micros, rfc3339};
use crate::words;

/// What `capture` tells scripts: of a file, or of an archive that was added to.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum CaptureDocument<'a> {
    File(CapturedFile<'a>),
    Archive(appended::Added<'a>),
}

/// A file of records.
#[derive(Serialize, JsonSchema)]
pub(super) struct CapturedFile<'a> {
    /// Null where nothing was written.
    file: Option<&'a str>,
    records: u64,
    /// Where they begin: before the window, to look back.
    records_from: Time,
    /// What the source counted before they were fetched.
    counted_before: u64,
    /// What it counted afterwards.
    counted_after: u64,
    /// Records that an earlier run had fetched.
    resumed_records: u64,
    bytes: u64,
    /// Null where there are no records.
    bytes_per_record: Option<u64>,
    /// Whether stack traces are kept.
    stacktraces: bool,
    redacted: bool,
}

/// Limits by the minute pass while somebody waits; those by the hour and the day are for --resume.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

pub(super) async fn run(
    args: &CaptureArgs,
    cli: &Cli,
    mut config: Config,
    catalogue: Catalogue,
    world: &World,
) -> Result<Report, Failure> {
    check(args, cli, &config)?;
    // Evidence is kept of everything, unless one environment or service was named here.
    config.settings.all_environments = cli.common.environment.is_none();
    config.settings.service = cli.common.service.clone().unwrap_or_default();
    config.settings.instance.clear();
    let mut asked = Asked::new(cli, config, catalogue, world).await?;
    if let Source::Api(api) = asked.source {
        asked.source = Source::Api(Box::new(api.with_patience(PATIENCE)));
    }
    if let Some(folder) = &args.append {
        let archive = archive(args, folder, &asked);
        let added = capture::append(&asked.source, &archive, &asked.log, &world.confirm).await?;
        return Ok(appended::report(&mut asked, folder, &added));
    }
    let file = args.file.clone().unwrap_or_default();
    let order = order(args, file.clone(), &asked);
    let captured = capture::capture(&asked.source, &order, &asked.log, &world.confirm).await?;
    Ok(report(&mut asked, &file, &captured))
}

fn check(args: &CaptureArgs, cli: &Cli, config: &Config) -> Result<(), Failure> {
    let usage = |message: &str, hint: &str| {
        Err(Failure::Usage {
            message: message.to_owned(),
            hint: hint.to_owned(),
        })
    };
    let is_parquet = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "parquet");
    if !args.file.as_ref().is_none_or(is_parquet) {
        return usage("a capture is a Parquet file", "give it a name that ends in .parquet");
    }
    if cli.common.instance.is_some() {
        return usage(
            "a capture keeps every instance: what is wrong with one shows beside the others",
            "name the instance when you read it: relay-diag timeline --source FILE --instance ID",
        );
    }
    if args.append.is_some() && config.settings.redact {
        return usage(
            "an archive is not redacted: a name stands for the same value within one file only",
            "redact what you share of it: relay-diag capture share.parquet --source FOLDER --redact",
        );
    }
    Ok(())
}

fn selection(args: &CaptureArgs, asked: &Asked, from: DateTime<Utc>) -> Selection {
    let settings = &asked.settings;
    Selection {
        starts: micros(from)..micros(asked.window.to),
        arrived: None,
        environment: (!settings.all_environments).then(|| settings.environment.clone()),
        service: (!settings.service.is_empty()).then(|| settings.service.clone()),
        stacktraces: !args.no_stacktraces,
    }
}

fn archive(args: &CaptureArgs, folder: &Path, asked: &Asked) -> Archive {
    Archive {
        folder: folder.to_owned(),
        selection: selection(args, asked, asked.window.from),
        is_live: matches!(asked.source, Source::Api(_)),
        most_queries: args.max_queries,
        source_name: asked.source_name.clone(),
        now: asked.generated_at,
    }
}

fn order(args: &CaptureArgs, target: PathBuf, asked: &Asked) -> Order {
    let (from, to) = (asked.window.from, asked.window.to);
    Order {
        target,
        selection: selection(args, asked, from - asked.settings.lookback),
        window: micros(from)..micros(to),
        resume: args.resume,
        force: args.force,
        redact: asked.settings.redact,
        most_queries: args.max_queries,
        source_name: asked.source_name.clone(),
        now: asked.generated_at,
    }
}

fn micros(at: DateTime<Utc>) -> i64 {
    ceil_micros(at).timestamp_micros()
}

fn report(asked: &mut Asked, file: &Path, captured: &Captured) -> Report {
    let notes = &captured.notes;
    // A resumed capture is of the window of its first run.
    let window =
        [notes.window.start, notes.window.end].map(|at| DateTime::from_timestamp_micros(at).unwrap_or_default());
    asked.window = Window {
        from: window[0],
        to: window[1],
    };
    let missing: Vec<NotKnown> = (!captured.notes.is_whole())
        .then(|| NotKnown {
            section: String::from("records"),
            why: format!(
                "{} are counted and do not come",
                words::counted(notes.counted_after - notes.records, "record")
            ),
        })
        .into_iter()
        .collect();
    let frame = asked.frame("capture", captured.queries, &missing, notes.records == 0);
    frame.around(told(file, captured))
}

fn told(file: &Path, captured: &Captured) -> Told {
    let notes = &captured.notes;
    let file = file.display().to_string();
    let records = words::counted(notes.records, "record");
    let (headline, severity, outcome) = match (notes.records, captured.notes.is_whole()) {
        (0, _) => (
            String::from("no records: nothing was written"),
            Severity::Warning,
            Outcome::Inconclusive,
        ),
        (_, true) => (
            format!("{file} holds all {records} that the source counts"),
            Severity::Ok,
            Outcome::Fine,
        ),
        (_, false) => (
            format!("{file} holds {records} of {}", words::grouped(notes.counted_after)),
            Severity::Warning,
            Outcome::Inconclusive,
        ),
    };
    Told {
        headline,
        severity,
        outcome,
        blocks: vec![Block::Notes(lines(&file, captured))],
        screen: None,
        fields: schema::fields(&CaptureDocument::File(CapturedFile {
            file: (notes.records > 0).then_some(&file),
            records: notes.records,
            records_from: time(notes.selection.starts.start),
            counted_before: notes.counted_before,
            counted_after: notes.counted_after,
            resumed_records: captured.resumed,
            bytes: captured.bytes,
            bytes_per_record: bytes_per_record(captured),
            stacktraces: notes.selection.stacktraces,
            redacted: notes.redacted,
        })),
        data: Data {
            columns: ["file", "records", "bytes"].map(str::to_owned).to_vec(),
            rows: vec![vec![json!(file), json!(notes.records), json!(captured.bytes)]],
        },
    }
}

fn lines(file: &str, captured: &Captured) -> Vec<Note> {
    let notes = &captured.notes;
    let mut lines = Vec::new();
    if let Some(bytes) = bytes_per_record(captured) {
        lines.push(format!("{}, {bytes} bytes a record", size::in_words(captured.bytes)));
    }
    lines.push(format!(
        "records from {} on, to look back",
        instant(notes.selection.starts.start)
    ));
    if notes.counted_after > notes.counted_before {
        lines.push(format!(
            "{} arrived meanwhile and were fetched too",
            words::counted(notes.counted_after - notes.counted_before, "record")
        ));
    }
    if captured.resumed > 0 {
        lines.push(format!(
            "{} were fetched by an earlier run",
            words::grouped(captured.resumed)
        ));
    }
    if notes.redacted {
        lines.push(String::from("people's data was taken out (docs/redaction.md)"));
    }
    if !notes.selection.stacktraces {
        lines.push(String::from("without stack traces"));
    }
    if notes.records > 0 {
        lines.push(format!("read it: relay-diag timeline --source {file}"));
    }
    lines.into_iter().map(Note::from).collect()
}

fn bytes_per_record(captured: &Captured) -> Option<u64> {
    captured.bytes.checked_div(captured.notes.records)
}

fn instant(micros: i64) -> String {
    rfc3339(time(micros).0)
}

fn time(micros: i64) -> Time {
    Time(DateTime::from_timestamp_micros(micros).unwrap_or_default())
}
