//! What is told of a run that added to an archive.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{CaptureDocument, instant, time};
use crate::capture::{Addition, Notes};
use crate::facts::NotKnown;
use crate::report::{Align, Block, Cell, Data, Header, Note, Outcome, Report, Severity, Table, Told};
use crate::run::Asked;
use crate::schema::{self, Time};
use crate::words;

/// What was added to an archive.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AddedTo")]
pub(in crate::run) struct Added<'a> {
    folder: &'a str,
    /// Records.
    added: u64,
    /// All that had arrived before this is in the archive.
    arrived_before: Time,
    files: Vec<AddedFile>,
}

/// A file of an archive that got records.
#[derive(Serialize, JsonSchema)]
struct AddedFile {
    file: String,
    /// How many it has.
    records: u64,
    /// How many of them are new.
    added: u64,
}

pub(super) fn report(asked: &mut Asked, folder: &Path, addition: &Addition) -> Report {
    let windows = addition.files.iter().map(|(_, notes, _)| &notes.window);
    if let Some(from) = windows.map(|window| window.start).min() {
        asked.window.from = chrono::DateTime::from_timestamp_micros(from).unwrap_or(asked.window.from);
    }
    let missing: Vec<NotKnown> = addition.files.iter().filter_map(not_known).collect();
    let frame = asked.frame("capture", addition.queries, &missing, is_empty(addition));
    frame.around(told(folder, addition, missing.is_empty()))
}

fn not_known((path, notes, _): &(std::path::PathBuf, Notes, u64)) -> Option<NotKnown> {
    let missing = notes
        .counted_after
        .checked_sub(notes.records)
        .filter(|missing| *missing > 0)?;
    Some(NotKnown {
        section: path.display().to_string(),
        why: format!("{} are counted and do not come", words::counted(missing, "record")),
    })
}

/// A new archive without a record: the wrong project looks like that.
fn is_empty(addition: &Addition) -> bool {
    !addition.files.is_empty() && addition.files.iter().all(|(_, notes, _)| notes.records == 0)
}

fn told(folder: &Path, addition: &Addition, is_whole: bool) -> Told {
    let folder = folder.display().to_string();
    let added: u64 = addition.files.iter().map(|(_, _, added)| added).sum();
    let until = instant(addition.arrived_before);
    let added_words = words::counted(added, "record");
    let (headline, severity, outcome) = match (is_empty(addition), is_whole) {
        (true, _) => (
            format!("{folder} is still empty: no record had arrived before {until}"),
            Severity::Warning,
            Outcome::Inconclusive,
        ),
        (false, true) => (
            format!("{folder} has all that had arrived before {until}: {added_words} added"),
            Severity::Ok,
            Outcome::Fine,
        ),
        (false, false) => (
            format!("{folder} lacks records: {added_words} added"),
            Severity::Warning,
            Outcome::Inconclusive,
        ),
    };
    let files = addition.files.iter().map(|(path, notes, added)| AddedFile {
        file: path.display().to_string(),
        records: notes.records,
        added: *added,
    });
    Told {
        headline,
        severity,
        outcome,
        blocks: vec![
            Block::Table(table(addition)),
            Block::Notes(vec![Note::from(format!(
                "read it: relay-diag timeline --source {folder} --since 1h"
            ))]),
        ],
        screen: None,
        fields: schema::fields(&CaptureDocument::Archive(Added {
            folder: &folder,
            added,
            arrived_before: time(addition.arrived_before),
            files: files.collect(),
        })),
        data: Data {
            columns: ["file", "added", "records"].map(str::to_owned).to_vec(),
            rows: addition
                .files
                .iter()
                .map(|(path, notes, added)| vec![json!(path.display().to_string()), json!(added), json!(notes.records)])
                .collect(),
        },
    }
}

fn table(addition: &Addition) -> Table {
    let header = |title: &str, align| Header {
        title: title.to_owned(),
        align,
    };
    let row = |(path, notes, added): &(std::path::PathBuf, Notes, u64)| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let counts = [*added, notes.records].map(|count| Cell::plain(words::grouped(count)));
        std::iter::once(Cell::plain(name)).chain(counts).collect()
    };
    Table {
        columns: vec![
            header("file", Align::Left),
            header("added", Align::Right),
            header("records", Align::Right),
        ],
        rows: addition.files.iter().map(row).collect(),
    }
}
