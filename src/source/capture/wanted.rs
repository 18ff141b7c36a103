//! What a scan wants of the records: which columns, which starts, what had arrived. Every reader reads
//! [`Wanted::reads`] and no more, and hands it to [`Wanted::finish`], so a row is the same whatever file it came from.

use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::filter;
use datafusion::arrow::datatypes::{Date32Type, Float64Type, Schema, SchemaRef, TimestampMicrosecondType};
use datafusion::arrow::error::ArrowError;

use super::schema::{self, COLUMNS, REQUIRED, ZONE};

const MICROS_PER_SECOND: f64 = 1e6;
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Where an arrival is looked for, in this order.
const ARRIVAL: [&str; 3] = ["created_at", "end_timestamp", "start_timestamp"];

/// The times of some records, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub first_start: i64,
    pub last_start: i64,
    /// The latest `created_at`, else `end_timestamp`, else `start_timestamp`.
    pub last_arrival: i64,
}

impl Extent {
    /// Of a batch that has the columns of [`Wanted::times`]; `None` without rows.
    pub(super) fn of(batch: &RecordBatch) -> Option<Self> {
        let starts = timestamps(batch, "start_timestamp")?;
        let columns = ARRIVAL.map(|name| timestamps(batch, name));
        Some(Self {
            first_start: starts.iter().flatten().min()?,
            last_start: starts.iter().flatten().max()?,
            last_arrival: (0..batch.num_rows()).filter_map(|row| arrival(&columns, row)).max()?,
        })
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            first_start: self.first_start.min(other.first_start),
            last_start: self.last_start.max(other.last_start),
            last_arrival: self.last_arrival.max(other.last_arrival),
        }
    }

    /// The first start and the last arrival, as instants.
    pub(super) fn instants(self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        Some((
            DateTime::from_timestamp_micros(self.first_start)?,
            DateTime::from_timestamp_micros(self.last_arrival)?,
        ))
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Positions in [`COLUMNS`] of what comes out, in its order.
    columns: Vec<usize>,
    reads: Vec<usize>,
    schema: SchemaRef,
    starts: Range<i64>,
    now: Option<i64>,
}

impl Wanted {
    /// Records that start within the bounds (microseconds) and had arrived by `now`.
    pub(super) fn new(columns: Vec<usize>, starts: Range<i64>, now: Option<i64>) -> Self {
        let schema = schema::schema();
        let fields: Vec<_> = columns.iter().map(|column| schema.field(*column).clone()).collect();
        let mut wanted = Self {
            reads: Vec::new(),
            columns,
            schema: Arc::new(Schema::new(fields)),
            starts,
            now,
        };
        wanted.reads = wanted.to_read();
        wanted
    }

    /// Every column of every record.
    pub(super) fn everything() -> Self {
        Self::new((0..COLUMNS.len()).collect(), i64::MIN..i64::MAX, None)
    }

    /// What [`Extent::of`] needs, of every record.
    pub(super) fn times() -> Self {
        let columns = ARRIVAL.iter().filter_map(|name| schema::position(name)).collect();
        Self::new(columns, i64::MIN..i64::MAX, None)
    }

    fn to_read(&self) -> Vec<usize> {
        let mut reads = self.columns.clone();
        let mut also = |names: &[&str]| reads.extend(names.iter().filter_map(|name| schema::position(name)));
        if self.is_bounded() {
            also(&["start_timestamp"]);
        }
        if self.now.is_some() {
            also(&ARRIVAL);
        }
        // What a missing value is made of: see `complete`.
        for (column, sources) in [
            ("end_timestamp", &["start_timestamp", "duration"][..]),
            ("day", &["start_timestamp"]),
        ] {
            if schema::position(column).is_some_and(|position| reads.contains(&position)) {
                reads.extend(sources.iter().filter_map(|name| schema::position(name)));
            }
        }
        reads.sort_unstable();
        reads.dedup();
        reads
    }

    /// Positions in [`COLUMNS`] of what must be read, ascending.
    pub(super) fn reads(&self) -> &[usize] {
        &self.reads
    }

    /// Positions in [`COLUMNS`] of what comes out, in its order.
    #[cfg(feature = "cluster")]
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// When what arrived later is hidden: that instant, microseconds.
    #[cfg(feature = "cluster")]
    pub(super) fn now(&self) -> Option<i64> {
        self.now
    }

    /// What comes out.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Bounds of `start_timestamp`, microseconds.
    pub(super) fn starts(&self) -> &Range<i64> {
        &self.starts
    }

    /// Whether some starts are not wanted.
    pub(super) fn is_bounded(&self) -> bool {
        self.starts != (i64::MIN..i64::MAX)
    }

    /// Whether records between two starts, both included, may be wanted.
    pub(super) fn overlaps(&self, first: i64, last: i64) -> bool {
        first < self.starts.end && last >= self.starts.start
    }

    /// Whether all starts between two are wanted.
    pub(super) fn covers(&self, first: i64, last: i64) -> bool {
        first >= self.starts.start && last < self.starts.end
    }

    /// The rows that are wanted, from one array for each of [`Wanted::reads`]. What other columns imply is filled in: a
    /// missing `end_timestamp` is `start_timestamp` plus `duration` (seconds), a missing `day` that of `start_timestamp`.
    pub(super) fn finish(&self, mut arrays: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, ArrowError> {
        self.complete(&mut arrays);
        self.select(&arrays, rows, self.now)
    }

    /// The same of a whole batch of the records' schema, complete and without what had not arrived.
    pub(super) fn pick(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let arrays: Vec<ArrayRef> = self
            .reads
            .iter()
            .map(|column| Arc::clone(batch.column(*column)))
            .collect();
        self.select(&arrays, batch.num_rows(), None)
    }

    fn slot(&self, name: &str) -> Option<usize> {
        self.reads.binary_search(&schema::position(name)?).ok()
    }

    fn complete(&self, arrays: &mut [ArrayRef]) {
        let Some(start) = self.slot("start_timestamp") else {
            return;
        };
        if let (Some(end), Some(duration)) = (self.slot("end_timestamp"), self.slot("duration"))
            && arrays[end].null_count() > 0
        {
            arrays[end] = ends(&arrays[start], &arrays[end], &arrays[duration]);
        }
        if let Some(day) = self.slot("day").filter(|day| arrays[*day].null_count() > 0) {
            arrays[day] = days(&arrays[start], &arrays[day]);
        }
    }

    fn select(&self, arrays: &[ArrayRef], rows: usize, now: Option<i64>) -> Result<RecordBatch, ArrowError> {
        let keep = self.keep(arrays, rows, now);
        let kept = keep.as_ref().map_or(rows, BooleanArray::true_count);
        let columns = self
            .columns
            .iter()
            .filter_map(|column| self.reads.binary_search(column).ok());
        let columns = columns.map(|slot| match &keep {
            Some(keep) if kept < rows => filter(&arrays[slot], keep),
            _ => Ok(Arc::clone(&arrays[slot])),
        });
        // Without columns only the number of rows is left.
        let options = RecordBatchOptions::new().with_row_count(Some(kept));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns.collect::<Result<_, _>>()?, &options)
    }

    /// Which rows are wanted; `None` for all.
    fn keep(&self, arrays: &[ArrayRef], rows: usize, now: Option<i64>) -> Option<BooleanArray> {
        let times = |name: &str| arrays[self.slot(name)?].as_primitive_opt::<TimestampMicrosecondType>();
        let starts = times("start_timestamp").filter(|_| self.is_bounded());
        let all_in_bounds = |starts: &TimestampMicrosecondArray| {
            starts.null_count() == 0 && starts.values().iter().all(|start| self.starts.contains(start))
        };
        if now.is_none() && starts.is_none_or(all_in_bounds) {
            return None;
        }
        let columns = ARRIVAL.map(times);
        let in_bounds =
            |row: usize| starts.is_none_or(|starts| starts.is_valid(row) && self.starts.contains(&starts.value(row)));
        let had_arrived = |row: usize| match (now, arrival(&columns, row)) {
            (Some(now), Some(arrival)) => arrival <= now,
            _ => true,
        };
        let keep: Vec<bool> = (0..rows).map(|row| in_bounds(row) && had_arrived(row)).collect();
        Some(keep.into())
    }
}

/// The same records without those that had not arrived by `now`; the batch has the records' whole schema.
pub(super) fn arrived_by(batch: &RecordBatch, now: i64) -> Result<RecordBatch, ArrowError> {
    let wanted = Wanted::new((0..COLUMNS.len()).collect(), i64::MIN..i64::MAX, Some(now));
    wanted.select(batch.columns(), batch.num_rows(), Some(now))
}

/// The first required column among those that are read in which some record has nothing.
pub(super) fn lacking(reads: &[usize], arrays: &[ArrayRef]) -> Option<&'static str> {
    let mut columns = reads.iter().zip(arrays);
    columns.find_map(|(column, array)| {
        let (name, _) = COLUMNS[*column];
        (array.null_count() > 0 && REQUIRED.contains(&name)).then_some(name)
    })
}

fn ends(start: &ArrayRef, end: &ArrayRef, duration: &ArrayRef) -> ArrayRef {
    let start = start.as_primitive::<TimestampMicrosecondType>();
    let duration = duration.as_primitive::<Float64Type>();
    let ends: TimestampMicrosecondArray = end
        .as_primitive::<TimestampMicrosecondType>()
        .iter()
        .zip(start.iter().zip(duration.iter()))
        .map(|(end, (start, duration))| {
            // `as` saturates, so an absurd duration gives an absurd end, not an overflow.
            let length = (duration.unwrap_or(0.0) * MICROS_PER_SECOND).round() as i64;
            end.or_else(|| start.map(|start| start.saturating_add(length)))
        })
        .collect();
    Arc::new(ends.with_timezone(ZONE))
}

fn days(start: &ArrayRef, day: &ArrayRef) -> ArrayRef {
    let start = start.as_primitive::<TimestampMicrosecondType>();
    let days: Date32Array = day
        .as_primitive::<Date32Type>()
        .iter()
        .zip(start.iter())
        .map(|(day, start)| {
            day.or_else(|| start.and_then(|start| i32::try_from(start.div_euclid(MICROS_PER_DAY)).ok()))
        })
        .collect();
    Arc::new(days)
}

fn timestamps<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a TimestampMicrosecondArray> {
    batch.column_by_name(name)?.as_primitive_opt()
}

/// When a row became visible: the first of the columns that has a value there.
fn arrival(columns: &[Option<&TimestampMicrosecondArray>; 3], row: usize) -> Option<i64> {
    let mut known = columns.iter().flatten().filter(|column| column.is_valid(row));
    known.next().map(|column| column.value(row))
}
