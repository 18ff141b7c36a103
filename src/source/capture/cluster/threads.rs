//! Computing, on threads of its own: those that talk to clients and other workers are never kept from it, however long a
//! step takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::{RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    ReplaceChildrenOptions,
};
use futures_util::StreamExt;
use tokio::runtime::{Builder, Handle, Runtime};

use super::visit::{Visit, Working};

/// Plans are deep, and each of their steps takes a frame.
const STACK_BYTES: usize = 64 << 20;
/// How many batches a computation may be ahead of who reads them.
const BATCHES_AHEAD: usize = 2;

/// A thread a core.
#[derive(Debug)]
pub(super) struct Threads {
    handle: Handle,
    /// There until they end.
    runtime: Option<Runtime>,
}

impl Threads {
    /// Starts them.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(thread::available_parallelism().map_or(1, usize::from))
            .thread_stack_size(STACK_BYTES)
            .thread_name("worker-step")
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// For what is to run there.
    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Threads {
    /// Does not wait for a step that takes long.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Whoever waits for a part of a question: until its time is over, or nobody reads any more what was begun. The engine drops
/// plans whenever it likes, and the readers of their rows at once.
#[derive(Debug, Clone)]
pub(in crate::source::capture) struct Client {
    ends: Instant,
    has_begun: Arc<AtomicBool>,
    readers: Arc<AtomicUsize>,
    visit: Arc<Visit>,
}

impl Client {
    pub(super) fn new(visit: Arc<Visit>, ends: Instant) -> Self {
        Self {
            ends,
            has_begun: Arc::default(),
            readers: Arc::default(),
            visit,
        }
    }

    /// Whether nobody waits.
    pub(in crate::source::capture) fn has_left(&self) -> bool {
        let is_read = self.readers.load(Ordering::SeqCst) > 0 || !self.has_begun.load(Ordering::SeqCst);
        !is_read || Instant::now() >= self.ends
    }
}

/// A reader of some rows, until it is dropped.
struct Reader {
    client: Client,
    _working: Working,
}

impl Reader {
    fn new(client: &Client) -> Self {
        client.readers.fetch_add(1, Ordering::SeqCst);
        client.has_begun.store(true, Ordering::SeqCst);
        Self {
            client: client.clone(),
            _working: Working::on(&client.visit),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.client.readers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A step that runs there, with all below it.
#[derive(Debug)]
pub(super) struct OnThreads {
    step: Arc<dyn ExecutionPlan>,
    threads: Handle,
    client: Client,
}

impl OnThreads {
    pub(super) fn new(step: Arc<dyn ExecutionPlan>, threads: Handle, client: Client) -> Self {
        Self { step, threads, client }
    }
}

impl DisplayAs for OnThreads {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl ExecutionPlan for OnThreads {
    fn name(&self) -> &'static str {
        "OnThreads"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.step.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.step]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(step) => Ok(Arc::new(Self {
                step,
                threads: self.threads.clone(),
                client: self.client.clone(),
            })),
            None => internal_err!("a step was taken away"),
        }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut stream = RecordBatchReceiverStreamBuilder::new(self.step.schema(), BATCHES_AHEAD);
        let (batches, step) = (stream.tx(), Arc::clone(&self.step));
        let work = async move {
            // What a step spawns when it begins belongs there too.
            let mut made = step.execute(partition, context)?;
            while let Some(batch) = made.next().await {
                if batches.send(batch).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        stream.spawn_on(work, &self.threads);
        let reader = Reader::new(&self.client);
        let read = stream.build().inspect(move |_| {
            let _ = &reader;
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.step.schema(), read)))
    }
}
