//! Reads the wanted records of files, as a step of the engine's plan. All partitions take from one queue: a file of
//! lines by its blocks, a Parquet file by its row groups. So one large file keeps every core busy, and with one
//! partition the records come in the order of the files.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Statistics, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
    StatisticsArgs,
};

use super::blocks::Blocks;
use super::columnar::{convert, guarded};
use super::files::{Part, Records};
use super::parquet::Group;
use super::sieve::Sieve;
use super::wanted::Wanted;
use super::{SourceError, arrow, ndjson};
use at_once::AtOnce;

mod at_once;

/// How many batches a reader may be ahead of the step behind it.
const BATCHES_AHEAD: usize = 1;

/// The step.
#[derive(Debug)]
pub(super) struct Scan {
    /// Those that may hold what is wanted.
    parts: Vec<Arc<Part>>,
    wanted: Arc<Wanted>,
    sieve: Option<Arc<Sieve>>,
    queue: Arc<Queue>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl Scan {
    /// Files that hold nothing within the bounds are left out at once.
    pub(super) fn new(parts: &[Arc<Part>], wanted: Wanted, sieve: Option<Arc<Sieve>>, partitions: usize) -> Self {
        let may_hold = |part: &&Arc<Part>| {
            let extent = part.extent.as_ref();
            extent.is_some_and(|extent| wanted.overlaps(extent.first_start, extent.last_start))
        };
        let parts: Vec<_> = parts.iter().filter(may_hold).cloned().collect();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(wanted.schema())),
            Partitioning::UnknownPartitioning(partitions.max(1)),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            queue: Arc::new(Queue::over(&parts)),
            parts,
            wanted: Arc::new(wanted),
            sieve,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

#[cfg(feature = "cluster")]
impl Scan {
    /// The files, what is wanted of them, and the part of the conditions that is asked first.
    pub(super) fn task(&self) -> (&[Arc<Part>], &Arc<Wanted>, Option<&Arc<Sieve>>) {
        (&self.parts, &self.wanted, self.sieve.as_ref())
    }
}

impl DisplayAs for Scan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .wanted
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        write!(
            f,
            "RecordsScan: files={}, columns=[{}]",
            self.parts.len(),
            names.join(", ")
        )
    }
}

impl ExecutionPlan for Scan {
    fn name(&self) -> &'static str {
        "RecordsScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("records come from files"),
        }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let mode = datafusion::physical_plan::ChildrenPropertiesMode::Keep;
        self.replace_children(children, ReplaceChildrenOptions::new(mode))
    }

    /// A step that runs again must read again.
    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self {
            queue: Arc::new(Queue::over(&self.parts)),
            parts: self.parts.clone(),
            wanted: Arc::clone(&self.wanted),
            sieve: self.sieve.clone(),
            properties: Arc::clone(&self.properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = Arc::clone(self.wanted.schema());
        let reader = Reader {
            parts: self.parts.clone(),
            wanted: Arc::clone(&self.wanted),
            sieve: self.sieve.clone(),
            queue: Arc::clone(&self.queue),
            counts: Counts::new(&self.metrics, partition),
        };
        // A thread for each reader would only compete with those that work on what it reads, and be ahead of them in memory.
        // Whatever waits for a network waits on a thread that may.
        let at_once = |part: &Arc<Part>| match &part.records {
            Records::Memory(_) => true,
            Records::Parquet(file) => !file.is_remote(),
            Records::Text(_) | Records::Arrow(_) => false,
        };
        if self.parts.iter().all(at_once) {
            return Ok(Box::pin(AtOnce::new(reader, schema)));
        }
        let mut stream = RecordBatchReceiverStreamBuilder::new(schema, BATCHES_AHEAD);
        let batches = stream.tx();
        stream.spawn_blocking(move || {
            let read = reader.read_all(&mut |batch| batches.blocking_send(Ok(batch)).is_ok());
            read.map_err(|error| DataFusionError::External(Box::new(error)))
        });
        Ok(stream.build())
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let statistics = Statistics::new_unknown(self.wanted.schema());
        let rows = self.parts.iter().map(|part| part.rows).sum();
        Ok(Arc::new(match args.partition() {
            None => statistics.with_num_rows(Precision::Inexact(rows)),
            Some(_) => statistics,
        }))
    }
}

/// What was read, for `explain`.
#[derive(Debug)]
struct Counts {
    files: Count,
    pieces: Count,
    rows: Count,
}

impl Counts {
    fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let count = |name: &'static str| MetricBuilder::new(metrics).counter(name, partition);
        Self {
            files: count("files_opened"),
            pieces: count("pieces_read"),
            rows: MetricBuilder::new(metrics).output_rows(partition),
        }
    }
}

/// What is left of each file.
#[derive(Debug)]
struct Queue {
    /// The first file of which something may be left.
    first: AtomicUsize,
    files: Vec<Mutex<Option<Rest>>>,
}

/// What is left of one: the next piece is taken, the rest stays for the other partitions.
enum Rest {
    Memory(usize),
    Lines(Blocks),
    Batches(arrow::Batches),
    Groups(std::vec::IntoIter<Group>),
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rest")
    }
}

/// What a partition works on.
enum Piece {
    Memory(usize),
    Lines(super::blocks::Block),
    Batch(RecordBatch),
    Group(Group),
}

impl Queue {
    fn over(parts: &[Arc<Part>]) -> Self {
        Self {
            first: AtomicUsize::new(0),
            files: parts.iter().map(|_| Mutex::new(None)).collect(),
        }
    }
}

/// One partition.
struct Reader {
    parts: Vec<Arc<Part>>,
    wanted: Arc<Wanted>,
    sieve: Option<Arc<Sieve>>,
    queue: Arc<Queue>,
    counts: Counts,
}

impl Reader {
    /// Reads until nothing is left, or `send` says that nobody listens.
    fn read_all(&self, send: &mut dyn FnMut(RecordBatch) -> bool) -> Result<(), SourceError> {
        while let Some((part, piece)) = self.take()? {
            if !self.read(&part, piece, send)? {
                break;
            }
        }
        Ok(())
    }

    /// The next piece of the first file that has one.
    fn take(&self) -> Result<Option<(Arc<Part>, Piece)>, SourceError> {
        loop {
            let index = self.queue.first.load(Ordering::SeqCst);
            let (Some(part), Some(rest)) = (self.parts.get(index), self.queue.files.get(index)) else {
                return Ok(None);
            };
            if let Some(piece) = self.take_of(part, rest)? {
                self.counts.pieces.add(1);
                return Ok(Some((Arc::clone(part), piece)));
            }
            // Whoever comes first moves on.
            let _ = self
                .queue
                .first
                .compare_exchange(index, index + 1, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    fn take_of(&self, part: &Part, rest: &Mutex<Option<Rest>>) -> Result<Option<Piece>, SourceError> {
        let mut rest = rest.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = match &mut *rest {
            Some(rest) => rest,
            unopened => {
                self.counts.files.add(1);
                unopened.insert(self.open(part)?)
            }
        };
        Ok(match (rest, &part.records) {
            (Rest::Memory(next), Records::Memory(batches)) => {
                *next += 1;
                (*next <= batches.len()).then_some(Piece::Memory(*next - 1))
            }
            (Rest::Lines(blocks), _) => blocks.next()?.map(Piece::Lines),
            (Rest::Batches(batches), _) => batches.next()?.map(Piece::Batch),
            (Rest::Groups(groups), _) => groups.next().map(Piece::Group),
            (Rest::Memory(_), _) => None,
        })
    }

    fn open(&self, part: &Part) -> Result<Rest, SourceError> {
        Ok(match &part.records {
            Records::Memory(_) => Rest::Memory(0),
            Records::Text(file) => Rest::Lines(file.blocks()?),
            Records::Arrow(file) => Rest::Batches(file.batches()?),
            Records::Parquet(file) => Rest::Groups(file.wanted_groups(&self.wanted).into_iter()),
        })
    }

    /// Sends the wanted records of a piece; false when nobody listens.
    fn read(&self, part: &Part, piece: Piece, send: &mut dyn FnMut(RecordBatch) -> bool) -> Result<bool, SourceError> {
        let mut pass = |batch: RecordBatch| {
            self.counts.rows.add(batch.num_rows());
            batch.num_rows() == 0 || send(batch)
        };
        match (piece, &part.records) {
            (Piece::Memory(index), Records::Memory(batches)) => {
                let batch = self.wanted.pick(&batches[index]);
                Ok(pass(batch.map_err(|error| super::columnar::unreadable("", error))?))
            }
            (Piece::Lines(block), Records::Text(file)) => {
                Ok(pass(ndjson::parse(file.name(), &block, &self.wanted)?.batch))
            }
            (Piece::Batch(batch), Records::Arrow(file)) => {
                for slice in arrow::slices(&batch) {
                    if !pass(guarded(file.name(), || convert(file.name(), &slice, &self.wanted))?) {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Piece::Group(group), Records::Parquet(file)) => {
                let mut batches = file.begin(&group, &self.wanted, self.sieve.as_ref())?;
                while let Some(batch) = file.next(&mut batches, &self.wanted)? {
                    if !pass(batch) {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(true),
        }
    }
}
