//! Fetching: stretches of time are asked for side by side, halved where an answer is full or too much, asked again where
//! the way was to blame. One microsecond that is too full is read page by page in the order of its keys.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;
use futures_util::future::join_all;

use super::error::CaptureError;
use super::job::Job;
use super::partial::Partial;
use super::plan::Slice;
use super::selection::{Selection, instant};
use crate::log::Event;
use crate::source::api::{ApiErrorKind, MOST_ROWS};
use crate::source::{Request, Source, SourceError};
use crate::words;

/// Enough to keep a server busy while answers are on their way, and few enough for one that queues or meters.
const AT_ONCE: usize = 3;
/// A question that failed was asked four times already: when so many end so without one success, it is no accident.
pub(super) const MOST_FAILURES: u32 = 6;
/// An answer of about this length is cheap to ask for again, and far from the most that is read of one.
const BYTES_PER_ANSWER: u64 = 24 << 20;
/// Below this a stretch is not halved for its length in bytes.
const FEW_ROWS: u64 = 64;

/// Fetches what belongs to a selection.
pub(super) struct Fetcher<'a> {
    job: &'a Job<'a>,
    selection: &'a Selection,
    partial: &'a Partial,
    /// Records that are to come, for the estimate.
    expected: u64,
    queue: Mutex<VecDeque<Slice>>,
    packing: Mutex<()>,
    failures: AtomicU32,
    rows: AtomicU64,
    bytes: AtomicU64,
    at_work: AtomicUsize,
    begun: Instant,
    project: Mutex<Option<String>>,
}

/// What came of one question.
enum Got {
    Records(Vec<RecordBatch>),
    /// There may be more than came.
    Full,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(job: &'a Job<'a>, selection: &'a Selection, partial: &'a Partial, slices: Vec<Slice>) -> Self {
        Self {
            job,
            selection,
            partial,
            expected: slices.iter().map(|slice| slice.counted).sum(),
            queue: Mutex::new(slices.into()),
            packing: Mutex::default(),
            failures: AtomicU32::new(0),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            at_work: AtomicUsize::new(0),
            begun: Instant::now(),
            project: Mutex::default(),
        }
    }

    /// Fetches the stretches of time into parts.
    ///
    /// # Errors
    /// The first failure that can't pass, or what does not pass; what came until then is kept.
    pub(super) async fn fetch(self) -> Result<Option<String>, CaptureError> {
        let workers = (0..AT_ONCE).map(|_| self.work());
        for ended in join_all(workers).await {
            ended?;
        }
        Ok(self.project.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works until nothing is left or one worker failed.
    async fn work(&self) -> Result<(), CaptureError> {
        while let Some(slice) = self.next().await {
            let worked = self.work_on(slice).await;
            self.at_work.fetch_sub(1, Ordering::SeqCst);
            if worked.is_err() {
                self.queue().clear();
                return worked;
            }
        }
        Ok(())
    }

    /// The next stretch; `None` once nobody can add another.
    async fn next(&self) -> Option<Slice> {
        /// Only the last answers of a capture are waited for so.
        const A_MOMENT: std::time::Duration = std::time::Duration::from_millis(20);
        loop {
            let (slice, others) = {
                let mut queue = self.queue();
                let slice = queue.pop_front();
                if slice.is_some() {
                    self.at_work.fetch_add(1, Ordering::SeqCst);
                }
                (slice, self.at_work.load(Ordering::SeqCst))
            };
            match slice {
                Some(slice) => return Some(slice),
                None if others == 0 => return None,
                None => tokio::time::sleep(A_MOMENT).await,
            }
        }
    }

    async fn work_on(&self, slice: Slice) -> Result<(), CaptureError> {
        let starts = slice.from..slice.to;
        if self.is_too_long(&slice) {
            self.halve(&slice);
            return Ok(());
        }
        self.tell();
        match self.ask(&starts).await {
            Ok(Got::Records(batches)) => {
                self.failures.store(0, Ordering::Relaxed);
                let rows = self.keep(&starts, batches)?;
                self.rows.fetch_add(rows, Ordering::Relaxed);
                Ok(())
            }
            Ok(Got::Full) => {
                self.halve(&slice);
                Ok(())
            }
            Err(CaptureError::Source(error)) if is_too_much(&error) && slice.to - slice.from > 1 => {
                self.job.log.step(format!("{error}: asking for half of it"));
                self.failed(error)?;
                self.halve(&slice);
                Ok(())
            }
            Err(CaptureError::Source(error)) if may_pass(&error) => {
                self.job.log.step(format!("{error}: asking again later"));
                self.failed(error)?;
                self.queue().push_back(slice);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Sorting and packing must not hold up the answers of the others, and takes several times an answer's memory: one at a
    /// time.
    fn keep(&self, starts: &Range<i64>, batches: Vec<RecordBatch>) -> Result<u64, CaptureError> {
        tokio::task::block_in_place(|| {
            let _alone = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
            self.partial.keep(starts, batches)
        })
    }

    fn failed(&self, error: SourceError) -> Result<(), CaptureError> {
        match self.failures.fetch_add(1, Ordering::Relaxed) + 1 {
            MOST_FAILURES.. => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn ask(&self, starts: &Range<i64>) -> Result<Got, CaptureError> {
        if starts.end - starts.start == 1 {
            return self.microsecond(starts.start).await.map(Got::Records);
        }
        let (batches, full) = self.query(self.selection.rows_sql(starts), starts).await?;
        Ok(if full { Got::Full } else { Got::Records(batches) })
    }

    /// All records of one microsecond. Those with the last key of a full page are read again with the next one: there
    /// may be more of them.
    async fn microsecond(&self, micro: i64) -> Result<Vec<RecordBatch>, CaptureError> {
        let (mut records, mut from) = (Vec::new(), None);
        loop {
            let sql = self.selection.page_sql(micro, from.as_ref());
            let (page, full) = self.query(sql, &(micro..micro + 1)).await?;
            if !full {
                records.extend(page);
                return Ok(records);
            }
            let last = page.last().and_then(last_key);
            if last.is_none() || last == from {
                return Err(CaptureError::Usage {
                    message: format!(
                        "more than {} records at {} have the same ids: they can't be told apart",
                        MOST_ROWS,
                        crate::window::rfc3339(instant(micro))
                    ),
                    hint: String::from("leave that moment out with --from and --to"),
                });
            }
            for batch in &page {
                let rows = (0..batch.num_rows()).find(|row| key(batch, *row) == last);
                records.push(batch.slice(0, rows.unwrap_or(batch.num_rows())));
            }
            from = last;
        }
    }

    /// The records, and whether there may be more.
    async fn query(&self, sql: String, starts: &Range<i64>) -> Result<(Vec<RecordBatch>, bool), CaptureError> {
        let request = Request {
            sql,
            from: instant(starts.start),
            to: instant(starts.end),
            limit: MOST_ROWS,
        };
        let most = self.job.most_queries;
        if matches!(self.job.source, Source::Api(_)) && self.job.spent() >= most {
            return Err(CaptureError::Usage {
                message: format!("the {most} queries that --max-queries allows are spent"),
                hint: String::from("what was fetched is kept: the same command with --resume goes on"),
            });
        }
        self.job.log.say(Event::Sql(&request.sql));
        self.job.asked.fetch_add(1, Ordering::Relaxed);
        let answer = self.job.source.query_records(&request).await?;
        let rows: usize = answer.batches.iter().map(RecordBatch::num_rows).sum();
        self.bytes.fetch_add(answer.bytes as u64, Ordering::Relaxed);
        if let Some(project) = answer.project {
            *self.project.lock().unwrap_or_else(PoisonError::into_inner) = Some(project);
        }
        Ok((answer.batches, rows >= MOST_ROWS))
    }

    /// By what the records so far took.
    fn is_too_long(&self, slice: &Slice) -> bool {
        let (rows, bytes) = (self.rows.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        let expected = (rows > 0).then(|| bytes / rows * slice.counted);
        slice.counted > FEW_ROWS && slice.to - slice.from > 1 && expected > Some(BYTES_PER_ANSWER)
    }

    fn halve(&self, slice: &Slice) {
        let middle = slice.from + (slice.to - slice.from) / 2;
        let half = slice.counted / 2;
        let mut queue = self.queue();
        queue.push_front(Slice {
            from: middle,
            to: slice.to,
            counted: slice.counted - half,
        });
        queue.push_front(Slice {
            from: slice.from,
            to: middle,
            counted: half,
        });
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Slice>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far it is, and about how long it will take.
    fn tell(&self) {
        let rows = self.rows.load(Ordering::Relaxed);
        let mut text = format!(
            "{} of {} fetched",
            words::grouped(rows),
            words::counted(self.expected.max(rows), "record")
        );
        if rows > 0 && rows < self.expected {
            let seconds = self.begun.elapsed().as_secs_f64() * (self.expected - rows) as f64 / rows as f64;
            text.push_str(&format!(", about {} left", words::duration(seconds)));
        }
        self.job.log.say(Event::Progress(&text));
    }
}

/// Half of it may go through.
fn is_too_much(error: &SourceError) -> bool {
    match error {
        SourceError::Memory { .. } => true,
        SourceError::Api(error) => matches!(
            error.which(),
            ApiErrorKind::TooMuch | ApiErrorKind::TooLarge | ApiErrorKind::Timeout
        ),
        _ => false,
    }
}

/// The way was to blame, or the moment.
pub(super) fn may_pass(error: &SourceError) -> bool {
    match error {
        SourceError::Api(error) => matches!(
            error.which(),
            ApiErrorKind::Unreachable
                | ApiErrorKind::Timeout
                | ApiErrorKind::RateLimited
                | ApiErrorKind::Server
                | ApiErrorKind::TooMuch
                | ApiErrorKind::Answer
        ),
        _ => false,
    }
}

fn last_key(batch: &RecordBatch) -> Option<[String; 3]> {
    key(batch, batch.num_rows().checked_sub(1)?)
}

fn key(batch: &RecordBatch, row: usize) -> Option<[String; 3]> {
    let text = |name: &str| {
        let column = cast(&batch.column_by_name(name)?.slice(row, 1), &DataType::Utf8).ok()?;
        Some(column.as_string::<i32>().value(0).to_owned())
    };
    Some([text("trace_id")?, text("span_id")?, text("kind")?])
}
