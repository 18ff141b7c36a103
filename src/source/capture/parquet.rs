//! Parquet files: which row groups and pages of them may hold what is wanted, by their statistics alone, and the
//! columns of those, a few rows at a time.

use std::ops::Range;
use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use ::parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    RowFilter, RowSelection, RowSelector,
};
use ::parquet::file::metadata::RowGroupMetaData;
use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::SourceError;
use super::columnar::{check_columns, convert, fit, guarded, unreadable};
use super::place::Place;
use super::schema::{COLUMNS, Kind, REQUIRED};
use super::sieve::Sieve;
use super::wanted::{Extent, Wanted};

mod footer;
#[cfg(feature = "cluster")]
mod share;

/// A batch is a few of these, however wide the rows are.
const BATCH_BYTES: u64 = 2 << 20;
/// Rows of a batch: at most the engine's own preference, and not so few that each costs more than it holds.
const BATCH_ROWS: Range<u64> = 64..8192;

/// A file whose footer was read.
#[derive(Debug, Clone)]
pub(super) struct ParquetFile {
    name: String,
    place: Place,
    metadata: ArrowReaderMetadata,
    /// The row groups that are looked at: all, unless others look at the rest.
    groups: Vec<usize>,
    /// First and last start of each row group, where the footer tells.
    starts: Vec<Option<(i64, i64)>>,
    extent: Option<Extent>,
}

/// A row group of which something may be wanted.
#[derive(Debug, Clone)]
pub(super) struct Group {
    index: usize,
    /// Which rows, by the statistics of pages; `None` for all.
    selection: Option<RowSelection>,
}

impl ParquetFile {
    /// Reads the footer, and the records' times if it does not tell them.
    ///
    /// # Errors
    /// [`SourceError::MissingColumns`] by the file's schema, [`SourceError::Unreadable`] for the rest.
    pub(super) fn open(place: Place) -> Result<Self, SourceError> {
        let name = place.name();
        guarded(&name, || {
            let file = place.open(&[]).map_err(|error| unreadable(&name, error))?;
            let metadata = footer::load(&file).map_err(|error| unreadable(&name, error))?;
            check_columns(&name, metadata.schema())?;
            let mut opened = Self {
                groups: (0..metadata.metadata().num_row_groups()).collect(),
                starts: Vec::new(),
                extent: None,
                name: name.clone(),
                place,
                metadata,
            };
            opened.check_required()?;
            opened.starts = opened.starts_by_group();
            opened.extent = match opened.extent_by_footer() {
                Some(extent) => Some(extent),
                None => opened.extent_by_reading()?,
            };
            Ok(opened)
        })
    }

    /// The records' times; `None` without records.
    pub(super) fn extent(&self) -> Option<Extent> {
        self.extent
    }

    /// How many records it holds.
    pub(super) fn rows(&self) -> usize {
        usize::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or_default()
    }

    /// How many records its row groups hold that may be wanted.
    pub(super) fn most_within(&self, wanted: &Wanted) -> usize {
        let groups = self.groups().iter().zip(&self.starts);
        let within = groups.filter(|(_, starts)| starts.is_none_or(|(first, last)| wanted.overlaps(first, last)));
        let rows: i64 = within.map(|(group, _)| group.num_rows()).sum();
        usize::try_from(rows).unwrap_or_default()
    }

    /// How long its columns are, decoded.
    pub(super) fn bytes(&self) -> u64 {
        let groups = self.groups().iter();
        groups.map(|group| group.total_byte_size().unsigned_abs()).sum()
    }

    /// What the writer noted in the footer.
    pub(super) fn note(&self, key: &str) -> Option<&str> {
        let notes = self.metadata.metadata().file_metadata().key_value_metadata()?;
        notes.iter().find(|note| note.key == key)?.value.as_deref()
    }

    fn groups(&self) -> &[RowGroupMetaData] {
        self.metadata.metadata().row_groups()
    }

    fn statistics(&self, column: &str) -> Option<StatisticsConverter<'_>> {
        StatisticsConverter::try_new(column, self.metadata.schema(), self.metadata.parquet_schema()).ok()
    }

    /// Statistics as microseconds: only of columns that are instants already, since text sorts in other ways.
    fn micros(&self, statistics: &StatisticsConverter<'_>, values: ArrayRef) -> Option<Vec<Option<i64>>> {
        if !matches!(statistics.arrow_field().data_type(), DataType::Timestamp(..)) {
            return None;
        }
        let values = fit(&values, Kind::Timestamp).ok()?;
        Some(values.as_primitive::<TimestampMicrosecondType>().iter().collect())
    }

    /// What the footer counts of missing values; where it doesn't, they are found when they are read.
    fn check_required(&self) -> Result<(), SourceError> {
        for column in REQUIRED {
            let Some(statistics) = self.statistics(column) else {
                continue;
            };
            let nulls = statistics.row_group_null_counts(self.groups());
            if nulls.is_ok_and(|nulls| nulls.iter().flatten().any(|nulls| nulls > 0)) {
                return Err(unreadable(
                    &self.name,
                    format!("column {column} is null in some records"),
                ));
            }
        }
        Ok(())
    }

    fn starts_by_group(&self) -> Vec<Option<(i64, i64)>> {
        let found = || {
            let statistics = self.statistics("start_timestamp")?;
            let first = self.micros(&statistics, statistics.row_group_mins(self.groups()).ok()?)?;
            let last = self.micros(&statistics, statistics.row_group_maxes(self.groups()).ok()?)?;
            Some(
                first
                    .into_iter()
                    .zip(last)
                    .map(|(first, last)| first.zip(last))
                    .collect(),
            )
        };
        found().unwrap_or_else(|| vec![None; self.groups().len()])
    }

    fn extent_by_footer(&self) -> Option<Extent> {
        let mut starts = self.starts.iter();
        let first = starts.clone().map(|starts| Some((*starts)?.0)).min()??;
        let last = starts.try_fold(i64::MIN, |last, starts| Some(last.max((*starts)?.1)))?;
        Some(Extent {
            first_start: first,
            last_start: last,
            last_arrival: self.last("created_at").or_else(|| match self.column("created_at") {
                Some(_) => None,
                None => self.last("end_timestamp"),
            })?,
        })
    }

    /// The largest value of a column of instants that is never null.
    fn last(&self, column: &str) -> Option<i64> {
        let statistics = self.statistics(column)?;
        let nulls = statistics.with_missing_null_counts_as_zero(false);
        if nulls
            .row_group_null_counts(self.groups())
            .ok()?
            .iter()
            .any(|nulls| nulls != Some(0))
        {
            return None;
        }
        let last = nulls.row_group_maxes(self.groups()).ok()?;
        self.micros(&nulls, last)?
            .into_iter()
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }

    fn column(&self, name: &str) -> Option<usize> {
        Some(self.metadata.schema().column_with_name(name)?.0)
    }

    fn extent_by_reading(&self) -> Result<Option<Extent>, SourceError> {
        let wanted = Wanted::times();
        let mut extent = None;
        for group in self.wanted_groups(&wanted) {
            let mut batches = self.begin(&group, &wanted, None)?;
            while let Some(batch) = self.next(&mut batches, &wanted)? {
                extent = [extent, Extent::of(&batch)].into_iter().flatten().reduce(Extent::and);
            }
        }
        Ok(extent)
    }

    /// The row groups that may hold what is wanted.
    pub(super) fn wanted_groups(&self, wanted: &Wanted) -> Vec<Group> {
        let mut groups = Vec::new();
        for &index in &self.groups {
            let selection = match self.starts[index] {
                Some((first, last)) if !wanted.overlaps(first, last) => continue,
                Some((first, last)) if wanted.covers(first, last) => None,
                _ => self.pages(index, wanted),
            };
            if selection.as_ref().is_none_or(RowSelection::selects_any) {
                groups.push(Group { index, selection });
            }
        }
        groups
    }

    /// The rows of the pages that may hold a wanted start; `None` where the file does not tell.
    fn pages(&self, group: usize, wanted: &Wanted) -> Option<RowSelection> {
        let metadata = self.metadata.metadata();
        let (columns, offsets) = (metadata.column_index()?, metadata.offset_index()?);
        let statistics = self.statistics("start_timestamp")?;
        let groups = || std::iter::once(&group);
        let first = self.micros(&statistics, statistics.data_page_mins(columns, offsets, groups()).ok()?)?;
        let last = self.micros(
            &statistics,
            statistics.data_page_maxes(columns, offsets, groups()).ok()?,
        )?;
        let rows = statistics
            .data_page_row_counts(offsets, self.groups(), groups())
            .ok()??;
        if rows.len() != first.len() || rows.len() != last.len() {
            return None;
        }
        let pages = rows.values().iter().zip(first.into_iter().zip(last));
        let selectors: Vec<RowSelector> = pages
            .map(|(rows, starts)| {
                let rows = usize::try_from(*rows).unwrap_or_default();
                match starts {
                    (Some(first), Some(last)) if !wanted.overlaps(first, last) => RowSelector::skip(rows),
                    _ => RowSelector::select(rows),
                }
            })
            .collect();
        Some(selectors.into())
    }

    /// A reader of the wanted records of a row group, for [`ParquetFile::next`].
    ///
    /// # Errors
    /// [`SourceError::Unreadable`].
    pub(super) fn begin(
        &self,
        group: &Group,
        wanted: &Wanted,
        sieve: Option<&Arc<Sieve>>,
    ) -> Result<ParquetRecordBatchReader, SourceError> {
        guarded(&self.name, || self.reader(group, wanted, sieve))
    }

    /// The next of a reader's records; after an error it is of no use.
    ///
    /// # Errors
    /// [`SourceError::Unreadable`].
    pub(super) fn next(
        &self,
        batches: &mut ParquetRecordBatchReader,
        wanted: &Wanted,
    ) -> Result<Option<RecordBatch>, SourceError> {
        guarded(&self.name, || match batches.next() {
            Some(Ok(batch)) => convert(&self.name, &batch, wanted).map(Some),
            Some(Err(error)) => Err(unreadable(&self.name, error)),
            None => Ok(None),
        })
    }

    fn reader(
        &self,
        group: &Group,
        wanted: &Wanted,
        sieve: Option<&Arc<Sieve>>,
    ) -> Result<ParquetRecordBatchReader, SourceError> {
        let mask = self.mask(wanted.reads());
        let read = self.read_of(group.index, wanted, sieve);
        let file = self.place.open(&read).map_err(|error| unreadable(&self.name, error))?;
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_row_groups(vec![group.index])
            .with_batch_size(self.batch_rows(group.index, &mask))
            .with_projection(mask);
        if let Some(selection) = &group.selection {
            builder = builder.with_row_selection(selection.clone());
        }
        let in_bounds = self.in_bounds(group.index, wanted);
        let passing = sieve
            .filter(|sieve| sieve.is_worth_it())
            .map(|sieve| self.passing(sieve));
        let predicates: Vec<_> = in_bounds.into_iter().chain(passing).collect();
        if !predicates.is_empty() {
            builder = builder.with_row_filter(RowFilter::new(predicates));
        }
        builder.build().map_err(|error| unreadable(&self.name, error))
    }

    /// Whether reading waits for a network.
    pub(super) fn is_remote(&self) -> bool {
        self.place.is_remote()
    }

    /// Where the columns are that a question reads of a row group.
    fn read_of(&self, group: usize, wanted: &Wanted, sieve: Option<&Arc<Sieve>>) -> Vec<Range<u64>> {
        let positions = wanted
            .reads()
            .iter()
            .chain(sieve.iter().flat_map(|sieve| sieve.reads()));
        let positions: Vec<usize> = positions.copied().collect();
        let mask = self.mask(&positions);
        let columns = self.groups()[group].columns().iter().enumerate();
        let read = columns.filter(|(leaf, _)| mask.leaf_included(*leaf));
        read.map(|(_, column)| column.byte_range())
            .map(|(start, length)| start..start + length)
            .collect()
    }

    /// So many rows as make a batch of about [`BATCH_BYTES`].
    fn batch_rows(&self, group: usize, mask: &ProjectionMask) -> usize {
        let group = &self.groups()[group];
        let columns = group.columns().iter().enumerate();
        let bytes: i64 = columns
            .filter(|(leaf, _)| mask.leaf_included(*leaf))
            .map(|(_, column)| column.uncompressed_size())
            .sum();
        let (rows, bytes) = (group.num_rows().unsigned_abs(), bytes.unsigned_abs().max(1));
        let fitting = rows.saturating_mul(BATCH_BYTES) / bytes;
        usize::try_from(fitting.clamp(BATCH_ROWS.start, BATCH_ROWS.end)).unwrap_or_default()
    }

    /// Lets the other columns of rows outside the bounds go undecoded.
    fn in_bounds(&self, group: usize, wanted: &Wanted) -> Option<Box<dyn ArrowPredicate>> {
        if self.starts[group].is_some_and(|(first, last)| wanted.covers(first, last)) || !wanted.is_bounded() {
            return None;
        }
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), [self.column("start_timestamp")?]);
        let bounds = wanted.starts().clone();
        let in_bounds = move |batch: RecordBatch| {
            let starts = fit(batch.column(0), Kind::Timestamp).map_err(ArrowError::CastError)?;
            let starts = starts
                .as_primitive::<TimestampMicrosecondType>()
                .reinterpret_cast::<Int64Type>();
            // A row without a start is kept here, and refused where it is converted.
            let kept = starts
                .iter()
                .map(|start| start.is_none_or(|start| bounds.contains(&start)));
            Ok(BooleanArray::from(kept.collect::<Vec<_>>()))
        };
        Some(Box::new(ArrowPredicateFn::new(mask, in_bounds)))
    }

    /// The same of rows that a condition leaves out.
    fn passing(&self, sieve: &Arc<Sieve>) -> Box<dyn ArrowPredicate> {
        let (name, sieve) = (self.name.clone(), Arc::clone(sieve));
        let mask = self.mask(sieve.reads());
        Box::new(ArrowPredicateFn::new(mask, move |batch| sieve.passing(&name, &batch)))
    }

    /// Of the columns at these positions those that the file has.
    fn mask(&self, positions: &[usize]) -> ProjectionMask {
        let columns = positions
            .iter()
            .filter_map(|position| self.column(COLUMNS[*position].0));
        ProjectionMask::roots(self.metadata.parquet_schema(), columns)
    }
}
