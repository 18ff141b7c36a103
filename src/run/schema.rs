//! `schema`: what is in each document. The registry: one line a document.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::catalogue::{CheckedQuery, ListDocument, ListedQuery, MadeDocument, Setting, ShownQuery, listing};
use super::check::{CheckedAccess, Seen};
use super::explain::ExplainDocument;
use super::frame::FrameDocument;
use super::rows::QueryDocument;
use super::{Failure, World};
use crate::advice::DiagnoseDocument;
use crate::init::InitDocument;
use crate::postmortem::ReportDocument;
use crate::report::{HeadlineDocument, Report};
use crate::schema::{Part, document, id};
use crate::stuck::StuckDocument;
use crate::timeline::TimelineDocument;
use crate::verify::VerifyDocument;

/// A document that `--format json` prints.
pub struct Document {
    /// `verify` of `relay-diag.verify.v1`.
    pub name: &'static str,
    /// What it is of.
    pub of: &'static str,
    parts: &'static [Part],
}

/// What stands in a document by the type that is serialised.
fn part<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    T::json_schema(generator)
}

/// A document of one command over records: what all have, and the parts of its own.
macro_rules! asked {
    ($($own:ty),+) => {
        &[part::<FrameDocument<'_>>, part::<HeadlineDocument>, $(part::<$own>),+]
    };
}

/// Every document, in the order of the commands.
pub const DOCUMENTS: &[Document] = &[
    of("verify", "whether it is healthy: `verify`", asked![VerifyDocument<'_>]),
    of("timeline", "what happened: `timeline`", asked![TimelineDocument<'_>]),
    of("stuck", "what hangs, or hung: `stuck`", asked![StuckDocument<'_>]),
    of("diagnose", "why: `diagnose`", asked![DiagnoseDocument<'_>]),
    of(
        "report",
        "the postmortem: `report`",
        asked![DiagnoseDocument<'_>, ReportDocument<'_>],
    ),
    of(
        "explain",
        "a failure mode, all of them, or an error: `explain`",
        &[part::<MadeDocument>, part::<ExplainDocument>],
    ),
    of("query", "the rows of a query: `query`", asked![QueryDocument<'_>]),
    of(
        "queries-list",
        "the catalogue: `queries list`",
        &[part::<MadeDocument>, part::<ListDocument<ListedQuery>>],
    ),
    of(
        "queries-show",
        "one query: `queries show`",
        &[part::<MadeDocument>, part::<ShownQuery<'_>>],
    ),
    of(
        "queries-check",
        "queries that are right: `queries check`",
        &[part::<MadeDocument>, part::<ListDocument<CheckedQuery>>],
    ),
    of("init", "a profile: `init`", asked![InitDocument<'_>]),
    #[cfg(feature = "capture")]
    of(
        "capture",
        "a file of records, or an archive: `capture`",
        asked![super::capture::CaptureDocument<'_>],
    ),
    of(
        "config-show",
        "the settings: `config show`",
        &[part::<MadeDocument>, part::<ListDocument<Setting>>],
    ),
    of(
        "config-check",
        "whether the token is good: `config check`",
        &[
            part::<MadeDocument>,
            part::<ListDocument<Seen>>,
            part::<CheckedAccess<'_>>,
        ],
    ),
    of(
        "schema",
        "the documents that there are: `schema`",
        &[part::<MadeDocument>, part::<ListDocument<ListedDocument>>],
    ),
    of(
        "error",
        "why there is no answer, of any command",
        &[part::<ErrorDocument<'_>>],
    ),
];

const fn of(name: &'static str, of: &'static str, parts: &'static [Part]) -> Document {
    Document { name, of, parts }
}

impl Document {
    /// Its JSON Schema.
    pub fn schema(&self) -> Value {
        document(self.name, self.of, self.parts)
    }
}

/// A line of `relay-diag schema`.
#[derive(Serialize, JsonSchema)]
struct ListedDocument {
    name: &'static str,
    /// What the document calls itself.
    schema: String,
    of: &'static str,
}

/// Why there is no answer.
#[derive(Serialize, JsonSchema)]
struct ErrorDocument<'a> {
    schema: String,
    error: ErrorTold<'a>,
    exit_code: u8,
}

/// What went wrong.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Fault")]
struct ErrorTold<'a> {
    /// A short stable word.
    kind: &'a str,
    /// For people.
    message: &'a str,
    /// What to do; may be empty.
    hint: &'a str,
}

/// What `--format json` prints instead of an answer.
pub fn error_document(kind: &str, message: &str, hint: &str, exit_code: u8) -> Value {
    crate::schema::value(&ErrorDocument {
        schema: id("error"),
        error: ErrorTold { kind, message, hint },
        exit_code,
    })
}

/// The schema of that document, as text.
///
/// # Errors
/// [`Failure::Usage`] if there is none of that name.
pub fn schema_text(name: &str) -> Result<String, Failure> {
    let known = DOCUMENTS.iter().find(|document| document.name == name);
    known
        .map(|document| format!("{:#}\n", document.schema()))
        .ok_or_else(|| {
            let names: Vec<&str> = DOCUMENTS.iter().map(|document| document.name).collect();
            Failure::Usage {
                message: format!("there is no document `{name}`"),
                hint: format!("there are: {}", names.join(", ")),
            }
        })
}

pub(super) fn list(world: &World) -> Report {
    let rows: Vec<ListedDocument> = DOCUMENTS
        .iter()
        .map(|document| ListedDocument {
            name: document.name,
            schema: id(document.name),
            of: document.of,
        })
        .collect();
    let headline = format!(
        "{} documents; `relay-diag schema NAME` prints the JSON Schema of one",
        rows.len()
    );
    listing("schema", headline, ["name", "of", "schema"], rows, world)
}
