//! `capture`: all records of a window from a source into one file, with proof that they are all. It knows nothing of what
//! the records mean. Reading such files is `source::capture`.
//!
//! Count by bucket -> slices -> fetch into parts -> count again -> one sorted file -> rename.

mod archive;
mod error;
mod fetch;
mod file;
mod job;
mod merge;
mod partial;
mod plan;
mod records;
mod redacted;
mod selection;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

pub use archive::{Addition, Archive, append};
pub use error::CaptureError;
pub use file::Notes;
pub use selection::Selection;

use self::file::Writer;
use self::job::{Fetched, Job};
use self::merge::{OfParts, Sorted};
use self::partial::{Partial, Plan};
use self::redacted::Redacted;
use self::selection::instant;
use crate::log::{Confirm, Event, Log};
use crate::source::Source;
use crate::window::rfc3339;

/// What is to be kept, and how.
#[derive(Debug, Clone)]
pub struct Order {
    /// The file to make.
    pub target: PathBuf,
    /// Which records.
    pub selection: Selection,
    /// The window that the file is to stand for, microseconds; the selection may begin earlier.
    pub window: Range<i64>,
    /// Goes on with what an earlier run fetched.
    pub resume: bool,
    /// Replaces the file, and what an earlier run fetched.
    pub force: bool,
    /// Takes people's data out.
    pub redact: bool,
    /// Queries that may be spent unasked.
    pub most_queries: u32,
    /// The source's name, for the notes.
    pub source_name: String,
    /// The time of day.
    pub now: DateTime<Utc>,
}

/// A capture that is whole, or as whole as its source allows.
#[derive(Debug, Clone)]
pub struct Captured {
    /// What the file says of itself.
    pub notes: Notes,
    /// Its length, bytes; 0 if there were no records, and so no file.
    pub bytes: u64,
    /// Queries that this run took, failed ones included.
    pub queries: u32,
    /// Records that an earlier run had fetched.
    pub resumed: u64,
}

/// Makes the file. Nothing stands under its name before it is complete; what was fetched until a failure is kept.
///
/// # Errors
/// [`CaptureError`].
pub async fn capture(source: &Source, order: &Order, log: &Log, confirm: &Confirm) -> Result<Captured, CaptureError> {
    if let Some(done) = standing(order)? {
        return Ok(done);
    }
    let mut job = Job::new(source, &order.source_name, log, confirm, order.most_queries);
    let partial = Partial::open(&order.target)?;
    let (partial, plan) = match partial.plan()? {
        Some(plan) if order.resume => {
            let plan = resumed(order, plan)?;
            job.go_on(&plan, &partial)?;
            (partial, plan)
        }
        Some(plan) if !order.force => return Err(unfinished(&order.target, &plan)),
        _ => job.begin(partial, &order.selection, &order.window).await?,
    };
    let resumed = partial.parts()?.iter().map(|part| part.rows).sum();
    let fetched = job.fetch(&plan, &partial).await?;
    let notes = Notes::of(&plan, &fetched, order.now, order.redact);
    log.say(Event::Progress("all fetched"));
    log.say(Event::Waiting("writing the file"));
    let bytes = match fetched.rows() {
        0 => 0,
        _ => tokio::task::block_in_place(|| write(&partial, &fetched, &notes, &order.target))?,
    };
    partial.remove()?;
    Ok(Captured {
        notes,
        bytes,
        queries: job.spent(),
        resumed,
    })
}

/// What stands under the name, if that is what was to be resumed; `None` if there is work to do.
fn standing(order: &Order) -> Result<Option<Captured>, CaptureError> {
    if order.force || !order.target.exists() {
        return Ok(None);
    }
    let notes = order.resume.then(|| file::notes(&order.target)).flatten();
    let partial = match order.resume && Partial::folder_of(&order.target).exists() {
        true => Some(Partial::open(&order.target)?),
        false => None,
    };
    let plan = partial.as_ref().map(Partial::plan).transpose()?.flatten();
    if plan.is_some_and(|plan| !notes.as_ref().is_some_and(|notes| notes.are_of(&plan))) {
        // An earlier run was about to replace the file, by --force.
        return Ok(None);
    }
    let Some(notes) = notes else {
        return Err(CaptureError::Usage {
            message: format!("{} is there already", order.target.display()),
            hint: String::from("write to another file, or replace it with --force"),
        });
    };
    // The last run may have ended between the file and its own tidying up.
    partial.map(Partial::remove).transpose()?;
    let length = fs::metadata(&order.target).map_err(|error| CaptureError::unwritable(&order.target, error))?;
    Ok(Some(Captured {
        resumed: notes.records,
        notes,
        bytes: length.len(),
        queries: 0,
    }))
}

fn unfinished(target: &Path, plan: &Plan) -> CaptureError {
    let [from, to] = [plan.window.start, plan.window.end].map(|at| rfc3339(instant(at)));
    CaptureError::Usage {
        message: format!(
            "an unfinished capture of {from} to {to} is there, in {}",
            Partial::folder_of(target).display()
        ),
        hint: String::from("go on with it with --resume, or begin again with --force"),
    }
}

/// The plan of an earlier run, if it is of the same records. A window that ends "now" has moved on: that of the plan counts.
fn resumed(order: &Order, plan: Plan) -> Result<Plan, CaptureError> {
    if order.selection.is_like(&plan.selection) && order.source_name == plan.source {
        return Ok(plan);
    }
    Err(CaptureError::Usage {
        message: format!(
            "what was begun is of {} from {}, and this is of {} from {}",
            plan.selection.in_words(),
            plan.source,
            order.selection.in_words(),
            order.source_name
        ),
        hint: String::from("repeat the first command with --resume, or begin again with --force"),
    })
}

/// One file of all parts, under its name only when it is complete.
fn write(partial: &Partial, fetched: &Fetched, notes: &Notes, target: &Path) -> Result<u64, CaptureError> {
    let mut redacted = None;
    if notes.redacted {
        let known: &mut Redacted = redacted.insert(Redacted::default());
        for part in &fetched.parts {
            known.learn(&part.read()?);
        }
    }
    let whole = partial.whole();
    let mut writer = Writer::create(&whole, notes.records)?;
    let mut records = OfParts::new(&fetched.parts);
    while let Some(batch) = records.next()? {
        match &mut redacted {
            Some(redacted) => writer.write(&redacted.batch(&batch).map_err(CaptureError::broken)?)?,
            None => writer.write(&batch)?,
        }
    }
    let bytes = writer.finish(notes)?;
    fs::rename(&whole, target).map_err(|error| CaptureError::unwritable(target, error))?;
    Ok(bytes)
}
