//! The work that a file and an archive have in common: count, plan, fetch, count again. What is done stays in the partial
//! folder, so a job that ends early can be taken up by another.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::CaptureError;
use super::fetch::{Fetcher, MOST_FAILURES, may_pass};
use super::partial::{Part, Partial, Plan};
use super::plan::{Grid, Slice, cut_to_size, without};
use super::selection::{Selection, instant};
use crate::log::{Confirm, Event, Log};
use crate::source::api::MOST_ROWS;
use crate::source::{Request, Source};
use crate::words;

/// Whom to ask, and how much.
pub(super) struct Job<'a> {
    pub source: &'a Source,
    /// The source's name, for the notes.
    source_name: &'a str,
    pub log: &'a Log,
    confirm: &'a Confirm,
    /// Queries that may be spent.
    pub most_queries: u32,
    /// Statements so far.
    pub asked: AtomicU32,
}

/// What was fetched for a plan.
pub(super) struct Fetched {
    /// In the order of time.
    pub parts: Vec<Part>,
    /// Records that the source counts in the end.
    pub counted: u64,
    /// `organization/project`, where the source says so.
    pub project: Option<String>,
}

impl Fetched {
    pub(super) fn rows(&self) -> u64 {
        rows(&self.parts)
    }
}

struct Counts {
    buckets: Vec<(i64, u64)>,
    project: Option<String>,
}

impl Counts {
    fn all(&self) -> u64 {
        self.buckets.iter().map(|(_, records)| records).sum()
    }
}

impl<'a> Job<'a> {
    pub(super) fn new(
        source: &'a Source,
        source_name: &'a str,
        log: &'a Log,
        confirm: &'a Confirm,
        most_queries: u32,
    ) -> Self {
        Self {
            source,
            source_name,
            log,
            confirm,
            most_queries,
            asked: AtomicU32::new(0),
        }
    }

    /// Queries that were sent so far, failed ones included.
    pub(super) fn spent(&self) -> u32 {
        match self.source {
            Source::Api(api) => api.sent(),
            Source::Capture(_) => self.asked.load(Ordering::Relaxed),
        }
    }

    /// Plans, and notes the plan in the folder, which goes if nothing comes of it.
    ///
    /// # Errors
    /// [`CaptureError::Budget`] if nobody agrees; whatever the source says to the count.
    pub(super) async fn begin(
        &mut self,
        partial: Partial,
        selection: &Selection,
        window: &Range<i64>,
    ) -> Result<(Partial, Plan), CaptureError> {
        match self.plan(selection, window).await {
            Ok(plan) => {
                partial.begin(&plan)?;
                Ok((partial, plan))
            }
            Err(error) => {
                partial.remove()?;
                Err(error)
            }
        }
    }

    /// Counts, plans, and asks before it gets dear.
    async fn plan(&mut self, selection: &Selection, window: &Range<i64>) -> Result<Plan, CaptureError> {
        self.log.say(Event::Waiting("counting the records"));
        let grid = Grid::over(&selection.starts);
        let counts = self.count(selection, &grid).await?;
        let plan = Plan {
            selection: selection.clone(),
            window: window.clone(),
            source: self.source_name.to_owned(),
            counted: counts.all(),
            slices: grid.slices(&counts.buckets),
            project: counts.project,
        };
        self.log.step(format!(
            "{} in {} stretches of time",
            words::counted(plan.counted, "record"),
            plan.slices.len()
        ));
        self.agree(&plan.slices)?;
        Ok(plan)
    }

    /// The same for what is left of an earlier run's plan.
    ///
    /// # Errors
    /// [`CaptureError::Budget`] if nobody agrees.
    pub(super) fn go_on(&mut self, plan: &Plan, partial: &Partial) -> Result<(), CaptureError> {
        self.agree(&left(plan, &partial.parts()?))
    }

    /// Asks before it gets dear. Whoever agrees allows for some repetitions, too.
    fn agree(&mut self, slices: &[Slice]) -> Result<(), CaptureError> {
        let most = self.most_queries;
        // Behind them comes the second count.
        let queries = u64::from(self.spent()) + slices.len() as u64 + 1;
        if matches!(self.source, Source::Capture(_)) || queries <= u64::from(most) {
            return Ok(());
        }
        let records = words::grouped(slices.iter().map(|slice| slice.counted).sum());
        let question =
            format!("{records} records take about {queries} queries: more than --max-queries {most}. Go on?");
        if !self.confirm.ask(&question) {
            return Err(CaptureError::Budget {
                planned: queries,
                most,
                records,
                slices: slices.len(),
            });
        }
        self.most_queries = u32::try_from(queries + queries / 2).unwrap_or(u32::MAX);
        Ok(())
    }

    /// Fetches what the folder lacks of its plan, and what has arrived meanwhile.
    ///
    /// # Errors
    /// [`CaptureError`]; what came until then is kept.
    pub(super) async fn fetch(&self, plan: &Plan, partial: &Partial) -> Result<Fetched, CaptureError> {
        let fetched = async {
            let project = self.fetch_slices(plan, partial, left(plan, &partial.parts()?)).await?;
            self.log.say(Event::Waiting("counting again"));
            let counted = self.fetch_late(plan, partial).await?;
            Ok(Fetched {
                parts: partial.parts()?,
                counted,
                project: project.or_else(|| plan.project.clone()),
            })
        };
        fetched.await.map_err(|error| kept(error, partial, plan))
    }

    async fn fetch_slices(
        &self,
        plan: &Plan,
        partial: &Partial,
        slices: Vec<Slice>,
    ) -> Result<Option<String>, CaptureError> {
        Fetcher::new(self, &plan.selection, partial, slices).fetch().await
    }

    /// Counts again, and fetches anew where records have arrived meanwhile. The count.
    async fn fetch_late(&self, plan: &Plan, partial: &Partial) -> Result<u64, CaptureError> {
        let grid = Grid::over(&plan.selection.starts);
        let counts = self.count(&plan.selection, &grid).await?;
        let parts = partial.parts()?;
        let mut late = Vec::new();
        for slice in grid.aligned(&plan.slices) {
            let starts = slice.from..slice.to;
            let within: Vec<Part> = parts.iter().filter(|part| part.is_within(&starts)).cloned().collect();
            let counted = grid.within(&counts.buckets, &starts);
            if rows(&within) < counted {
                partial.drop_parts(&within)?;
                late.extend(cut_to_size(Slice { counted, ..slice }));
            }
        }
        if !late.is_empty() {
            self.log.step(format!(
                "records have arrived meanwhile: {} stretches of time are fetched again",
                late.len()
            ));
            self.fetch_slices(plan, partial, late).await?;
        }
        Ok(counts.all())
    }

    async fn count(&self, selection: &Selection, grid: &Grid) -> Result<Counts, CaptureError> {
        let request = Request {
            sql: selection.count_sql(grid),
            from: instant(selection.starts.start),
            to: instant(selection.starts.end),
            limit: MOST_ROWS,
        };
        self.log.say(Event::Sql(&request.sql));
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut failures = 0;
        let answer = loop {
            match self.source.query_streamed(&request).await {
                Err(error) if may_pass(&error) && failures < MOST_FAILURES => {
                    self.log.step(format!("{error}: counting again"));
                    failures += 1;
                }
                answered => break answered?,
            }
        };
        let bucket = |row: &Vec<serde_json::Value>| Some((row.first()?.as_i64()?, row.get(1)?.as_u64()?));
        Ok(Counts {
            buckets: answer.rows.rows.iter().filter_map(bucket).collect(),
            project: answer.project,
        })
    }
}

/// The planned slices, less what the parts cover.
fn left(plan: &Plan, parts: &[Part]) -> Vec<Slice> {
    let covered: Vec<Range<i64>> = parts.iter().map(|part| part.starts.clone()).collect();
    let mut left = Vec::new();
    for slice in &plan.slices {
        let whole = slice.from..slice.to;
        let stretches = without(&whole, &covered);
        let within = parts.iter().filter(|part| part.is_within(&whole));
        let fetched: u64 = within.map(|part| part.rows).sum();
        let counted = slice.counted.saturating_sub(fetched) / stretches.len().max(1) as u64;
        left.extend(stretches.into_iter().map(|starts| Slice {
            from: starts.start,
            to: starts.end,
            counted,
        }));
    }
    left
}

/// Says what is kept of work that ended early.
fn kept(error: CaptureError, partial: &Partial, plan: &Plan) -> CaptureError {
    match error {
        CaptureError::Source(cause) => CaptureError::Unfinished {
            cause,
            kept: format!(
                "kept are {} of {}",
                words::grouped(partial.parts().map_or(0, |parts| rows(&parts))),
                words::counted(plan.counted, "record")
            ),
        },
        error => error,
    }
}

fn rows(parts: &[Part]) -> u64 {
    parts.iter().map(|part| part.rows).sum()
}
