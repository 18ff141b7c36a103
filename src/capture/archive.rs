//! An archive: a folder with a file a day, kept by a job that runs now and then.
//!
//! A record arrives when its span ends, so what began yesterday may arrive today. A file is therefore complete up to an
//! arrival: each run adds to every day that is still open what has arrived since the run before. However often it runs or
//! fails, no record is left out and none is there twice: a file and the note of how far it reaches are replaced at once.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use super::error::CaptureError;
use super::file::{self, Notes, Writer};
use super::job::{Fetched, Job};
use super::merge::{Merged, OfFile, OfParts, Sorted};
use super::partial::{Partial, Plan};
use super::selection::{Selection, instant};
use crate::log::{Confirm, Event, Log};
use crate::source::Source;

/// Logfire promises that nothing appears any more whose `created_at` is older (its reference, "Freshness").
const SETTLED: TimeDelta = TimeDelta::minutes(5);
/// Logfire takes no record that began longer ago (its limits), so a day that ended then is complete.
const LATEST: TimeDelta = TimeDelta::hours(24);
const DAY_MICROS: i64 = 86_400_000_000;

/// What is to be kept, and how.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Of the files.
    pub folder: PathBuf,
    /// Which records; its `starts` count for a new archive, and end "now".
    pub selection: Selection,
    /// Whether records may still arrive that the source has not seen.
    pub is_live: bool,
    /// Queries that may be spent unasked.
    pub most_queries: u32,
    /// The source's name, for the notes.
    pub source_name: String,
    /// The time of day.
    pub now: DateTime<Utc>,
}

/// What a run added.
#[derive(Debug, Clone)]
pub struct Addition {
    /// By file what it holds now, and how many records were added; those that nothing was added to are left out.
    pub files: Vec<(PathBuf, Notes, u64)>,
    /// Everything that had arrived before is there, microseconds.
    pub arrived_before: i64,
    /// Queries that this run took, failed ones included.
    pub queries: u32,
}

/// Adds what has arrived since the last run.
///
/// # Errors
/// [`CaptureError`]. Days that were finished before stay finished, and what was fetched of the next is kept for the next run.
pub async fn append(
    source: &Source,
    archive: &Archive,
    log: &Log,
    confirm: &Confirm,
) -> Result<Addition, CaptureError> {
    fs::create_dir_all(&archive.folder).map_err(|error| CaptureError::unwritable(&archive.folder, error))?;
    let mut job = Job::new(source, &archive.source_name, log, confirm, archive.most_queries);
    let known = archive.known()?;
    let settled = archive.settled();
    let begin = known.iter().map(|(_, notes)| notes.selection.starts.start).min();
    let begin = begin.unwrap_or(archive.selection.starts.start);
    let mut addition = Addition {
        files: Vec::new(),
        arrived_before: settled,
        queries: 0,
    };
    let first_day = begin.div_euclid(DAY_MICROS);
    let last_day = (settled - 1).div_euclid(DAY_MICROS);
    for day in first_day..=last_day {
        let path = archive.file_of(day);
        let starts = (day * DAY_MICROS).max(begin)..(day + 1) * DAY_MICROS;
        let before = known.iter().find(|(file, _)| *file == path).map(|(_, notes)| notes);
        let added = archive.extend(&mut job, &path, starts, before, settled).await?;
        addition
            .files
            .extend(added.map(|(notes, records)| (path, notes, records)));
    }
    addition.queries = job.spent();
    Ok(addition)
}

impl Archive {
    /// Up to which arrival nothing can come any more.
    fn settled(&self) -> i64 {
        let live = (self.now - SETTLED).timestamp_micros();
        match self.is_live {
            true => self.selection.starts.end.min(live),
            false => self.selection.starts.end,
        }
    }

    fn file_of(&self, day: i64) -> PathBuf {
        let date = instant(day * DAY_MICROS).format("%Y-%m-%d");
        self.folder.join(format!("{date}.parquet"))
    }

    /// The files that are there, with their notes.
    fn known(&self) -> Result<Vec<(PathBuf, Notes)>, CaptureError> {
        let failed = |error| CaptureError::unwritable(&self.folder, error);
        let mut known = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_none_or(|extension| extension != "parquet") {
                continue;
            }
            let notes = file::notes(&path).filter(|notes| notes.selection.arrived.is_some());
            let notes = notes.ok_or_else(|| foreign(&path, "it is no file of an archive"))?;
            self.check(&path, &notes)?;
            known.push((path, notes));
        }
        Ok(known)
    }

    /// One archive holds one choice of one source's records.
    fn check(&self, path: &Path, notes: &Notes) -> Result<(), CaptureError> {
        if !self.selection.is_like(&notes.selection) {
            let why = format!(
                "it is of {}, and asked was {}",
                notes.selection.in_words(),
                self.selection.in_words()
            );
            return Err(foreign(path, &why));
        }
        match notes.source == self.source_name {
            true => Ok(()),
            false => Err(foreign(
                path,
                &format!("it is from {}, not {}", notes.source, self.source_name),
            )),
        }
    }

    /// Adds to one day; `None` if there was nothing to do.
    async fn extend(
        &self,
        job: &mut Job<'_>,
        path: &Path,
        starts: Range<i64>,
        before: Option<&Notes>,
        settled: i64,
    ) -> Result<Option<(Notes, u64)>, CaptureError> {
        let reached = before.map_or(0, Notes::arrived_before);
        let closes = starts.end.saturating_add(LATEST.num_microseconds().unwrap_or_default());
        if reached >= closes.min(settled) {
            return Ok(None);
        }
        let partial = Partial::open(path)?;
        let (partial, plan) = match partial.plan()? {
            // What was begun is finished first; the next run does the rest.
            Some(plan) if plan.arrived() == Some(reached) => {
                job.go_on(&plan, &partial)?;
                (partial, plan)
            }
            _ => {
                let selection = Selection {
                    arrived: Some(reached..settled),
                    starts: starts.clone(),
                    ..self.selection.clone()
                };
                let window = starts.start..starts.end.min(settled);
                let (partial, plan) = job.begin(partial, &selection, &window).await?;
                let is_news = plan.counted > 0 || before.is_none() || settled >= closes;
                if !is_news {
                    partial.remove()?;
                    return Ok(None);
                }
                (partial, plan)
            }
        };
        let fetched = job.fetch(&plan, &partial).await?;
        let mut notes = Notes::of(&plan, &fetched, self.now, false);
        notes.selection.arrived = plan.selection.arrived.as_ref().map(|arrived| 0..arrived.end);
        notes.records += before.map_or(0, |before| before.records);
        notes.counted_before += before.map_or(0, |before| before.counted_before);
        notes.counted_after += before.map_or(0, |before| before.counted_after);
        job.log.say(Event::Waiting("writing the file"));
        tokio::task::block_in_place(|| write(&partial, path, before.is_some(), &fetched, &notes))?;
        partial.remove()?;
        Ok(Some((notes, fetched.rows())))
    }
}

impl Notes {
    /// Everything that had arrived before is in the file, microseconds.
    fn arrived_before(&self) -> i64 {
        self.selection.arrived.as_ref().map_or(0, |arrived| arrived.end)
    }
}

impl Plan {
    /// From which arrival on it fetches.
    fn arrived(&self) -> Option<i64> {
        Some(self.selection.arrived.as_ref()?.start)
    }
}

/// The file with the new records in their places.
fn write(partial: &Partial, path: &Path, is_there: bool, fetched: &Fetched, notes: &Notes) -> Result<(), CaptureError> {
    let whole = partial.whole();
    let mut writer = Writer::create(&whole, notes.records)?;
    let parts = OfParts::new(&fetched.parts);
    let mut records: Box<dyn Sorted> = match is_there {
        true => Box::new(Merged::new(OfFile::open(path)?, parts)?),
        false => Box::new(parts),
    };
    while let Some(batch) = records.next()? {
        writer.write(&batch)?;
    }
    writer.finish(notes)?;
    fs::rename(&whole, path).map_err(|error| CaptureError::unwritable(path, error))
}

fn foreign(path: &Path, why: &str) -> CaptureError {
    CaptureError::Usage {
        message: format!("{} can't be added to: {why}", path.display()),
        hint: String::from(
            "give the archive a folder of its own, and ask for the same records from the same source each time",
        ),
    }
}
