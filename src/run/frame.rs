//! What every report says of how its answer was got: window, filters, queries spent, what is not known.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::Asked;
use crate::facts::NotKnown;
use crate::report::{Frame, NothingFound};
use crate::schema::{self, Time};
use crate::size;
use crate::source::Source;

/// The fields of every document that was asked of records.
#[derive(Serialize, JsonSchema)]
pub(super) struct FrameDocument<'a> {
    schema: String,
    generated_at: Time,
    source: SourceDocument<'a>,
    window: WindowDocument,
    filters: Filters<'a>,
    /// Whether nothing stands in `not_known`.
    complete: bool,
    not_known: &'a [NotKnown],
    queries_spent: u32,
    /// Queries of the catalogue that a folder replaced.
    queries_overridden: Vec<String>,
    /// The setting; below 1 counts are of sampled traces.
    sample_rate: f64,
    /// Where it was worked out; null = here, as no workers are set.
    ran: Option<RanDocument>,
}

/// All questions together.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Ran")]
struct RanDocument {
    questions: usize,
    /// Of these, how many ran on workers.
    on_workers: usize,
    /// How many those are; 0 = none was asked.
    workers: usize,
    /// What there was to read of the files; null = not known, as they are not all Parquet.
    bytes: Option<u64>,
}

/// Where the records are from.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Source")]
struct SourceDocument<'a> {
    #[schemars(schema_with = "source_kinds")]
    kind: &'static str,
    /// Its address or path.
    name: &'a str,
    /// `organization/project`; null = the source did not name it.
    project: Option<&'a str>,
}

fn source_kinds(_: &mut SchemaGenerator) -> Schema {
    schema::among(["api", "demo", "capture"])
}

/// Half-open: `to` is not in it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Window")]
struct WindowDocument {
    from: Time,
    to: Time,
}

/// Null = all.
#[derive(Serialize, JsonSchema)]
struct Filters<'a> {
    /// Empty = records without one.
    environment: Option<&'a str>,
    service: Option<&'a str>,
    instance: Option<&'a str>,
}

impl RanDocument {
    /// `from`: what a question reads from which on workers are asked, bytes.
    fn in_words(&self, from: u64) -> String {
        let read = self.bytes.map(|bytes| format!("{} to read", size::in_words(bytes)));
        match (read, self.questions, self.on_workers) {
            (None, ..) => String::from("ran on this machine: workers read Parquet files and no others"),
            (Some(read), _, 0) if self.bytes < Some(from) => {
                let from = size::in_words(from);
                format!("ran on this machine: {read}; workers are asked by a question that reads {from}")
            }
            (Some(read), _, 0) => format!("ran on this machine: {read}, in pieces too few to be shared"),
            (Some(read), all, elsewhere) => {
                let part = match all == elsewhere {
                    true => String::new(),
                    false => format!(", {elsewhere} of {all} questions"),
                };
                let workers = if self.workers == 1 { "worker" } else { "workers" };
                format!("ran on {} {workers}{part}: {read}", self.workers)
            }
        }
    }
}

impl Asked {
    /// What stands around an answer. `nothing_found` = not one record passed the filters.
    pub(super) fn frame(&self, command: &str, spent: u32, not_known: &[NotKnown], nothing_found: bool) -> Frame {
        Frame {
            fields: schema::fields(&self.document(command, spent, not_known)),
            notes: self.notes(spent, not_known),
            nothing_found: self.nothing_found().filter(|_| nothing_found),
        }
    }

    /// On the API a wrong project, environment or window looks the same as silence.
    fn nothing_found(&self) -> Option<NothingFound> {
        if !matches!(self.source, Source::Api(_)) {
            return None;
        }
        let project = self.project().map_or_else(
            || String::from("a project that the server did not name"),
            |name| format!("project {name}"),
        );
        Some(NothingFound {
            asked: format!(
                "asked was {project}, {}, {} UTC",
                self.filters_in_words(),
                self.window_in_words(),
            ),
            check: String::from(
                "check: is it the right project (`relay-diag config check`), the right environment (--all-envs, \
                 --env NAME), a window that is wide enough (--since 1d)? A token of another project sees nothing",
            ),
        })
    }

    /// The fields that every document has.
    fn document<'a>(&'a self, command: &str, spent: u32, not_known: &'a [NotKnown]) -> FrameDocument<'a> {
        let settings = &self.settings;
        FrameDocument {
            schema: schema::id(command),
            generated_at: Time(self.generated_at),
            source: SourceDocument {
                kind: self.source_kind,
                name: &self.source_name,
                project: self.project(),
            },
            window: WindowDocument {
                from: Time(self.window.from),
                to: Time(self.window.to),
            },
            filters: Filters {
                environment: (!settings.all_environments).then_some(settings.environment.as_str()),
                service: filter(&settings.service),
                instance: filter(&settings.instance),
            },
            complete: not_known.is_empty(),
            not_known,
            queries_spent: spent,
            queries_overridden: self.catalogue.overridden(),
            sample_rate: settings.sample_rate,
            ran: self.ran(),
        }
    }

    /// Where it was worked out, if there was a choice.
    fn ran(&self) -> Option<RanDocument> {
        let ran = self.learned.ran();
        let elsewhere = ran.iter().filter(|ran| ran.workers > 0);
        (!ran.is_empty()).then(|| RanDocument {
            questions: ran.len(),
            on_workers: elsewhere.clone().count(),
            workers: elsewhere.map(|ran| ran.workers).max().unwrap_or_default(),
            bytes: ran.iter().map(|ran| ran.bytes).sum(),
        })
    }

    /// The same for people.
    fn notes(&self, spent: u32, not_known: &[NotKnown]) -> Vec<String> {
        let settings = &self.settings;
        let mut notes = vec![
            format!("window: {} UTC; {}", self.window_in_words(), self.filters_in_words()),
            format!(
                "source: {} {}{}; queries spent: {spent}",
                self.source_kind,
                self.source_name,
                self.project()
                    .map(|project| format!(", project {project}"))
                    .unwrap_or_default()
            ),
        ];
        if self.source_kind == "capture" && !settings.workers.is_empty() {
            notes.push(match self.ran() {
                Some(ran) => ran.in_words(settings.workers_from),
                None => String::from("ran on this machine: this build asks no workers"),
            });
        }
        if settings.sample_rate < 1.0 {
            notes.push(format!(
                "sampled: {} of the traces are recorded (setting sample_rate): counts are estimates from those, and how \
                 often anything happens is not known",
                crate::words::percent(settings.sample_rate)
            ));
        }
        notes.extend(self.learned.warnings());
        notes.extend(
            not_known
                .iter()
                .map(|part| format!("not known: {}: {}", part.section, part.why)),
        );
        let overridden = self.catalogue.overridden();
        if !overridden.is_empty() {
            notes.push(format!(
                "queries replaced by {}: {}",
                settings.queries,
                overridden.join(", ")
            ));
        }
        notes
    }

    /// `2025-12-08 06:30:00 to 2025-12-08 07:30:00`.
    fn window_in_words(&self) -> String {
        let second = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S");
        format!("{} to {}", second(self.window.from), second(self.window.to))
    }

    /// `environment production, service relay-api`.
    fn filters_in_words(&self) -> String {
        let settings = &self.settings;
        let mut filters = vec![match (settings.all_environments, settings.environment.as_str()) {
            (true, _) => String::from("all environments"),
            (false, "") => String::from("records without environment"),
            (false, name) => format!("environment {name}"),
        }];
        filters.extend(filter(&settings.service).map(|name| format!("service {name}")));
        filters.extend(filter(&settings.instance).map(|name| format!("instance {name}")));
        filters.join(", ")
    }
}

fn filter(name: &str) -> Option<&str> {
    (!name.is_empty()).then_some(name)
}
