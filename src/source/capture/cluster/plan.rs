//! Decides where a statement runs, and has it run on workers.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion_distributed::{DistributedExec, DistributedExt, SessionStateBuilderExt, WorkerResolver};
use futures_util::StreamExt;
use tokio::runtime::Handle;
use url::Url;

use super::channel::Channels;
use super::codec::ScanCodec;
use super::{WorkerError, Workers, split, version, visit, worker};
use crate::source::Ran;
use crate::source::capture::Question;
use crate::source::capture::dialect::Sessions;
use crate::source::capture::engine::{Begun, Engine};
use crate::source::capture::scan::Scan;
use crate::source::capture::schema::ZONE;

/// What is to be spread must be in several parts, also where the client has one core.
const LEAST_PARTITIONS: usize = 2;

impl Engine {
    /// The workers, if they can be asked: functions of time know another zone only where it was set.
    pub(in crate::source::capture) fn asked(&self, question: &Question) -> Option<&Workers> {
        let in_zone = |zone: &str| zone == ZONE;
        let workers = self.workers.as_ref();
        workers.filter(|_| question.timezone.as_deref().is_none_or(in_zone))
    }

    /// What is to be told of a plan that runs here; nothing, where there are no workers.
    pub(in crate::source::capture) fn would_run_here(&self, plan: &Arc<dyn ExecutionPlan>) -> Option<Ran> {
        self.workers.as_ref().map(|_| Ran {
            workers: 0,
            bytes: to_read(plan),
        })
    }

    /// Plans the statement for the workers, and has them begin; `None` for one that can't be shared.
    ///
    /// # Errors
    /// [`WorkerError`], as it passes through the engine; the engine's own.
    pub(in crate::source::capture) async fn begin_elsewhere(
        &self,
        workers: &Workers,
        ran: Ran,
        statement: Statement,
        question: &Question,
    ) -> Result<Option<Begun>> {
        let deadline = Deadline {
            at: Instant::now() + workers.deadline,
            after: workers.deadline,
        };
        let context = workers.session(&self.sessions, &deadline).await?;
        let planned = self.plan(&context, statement, question).await?;
        if !planned.plan.is::<DistributedExec>() {
            return Ok(None);
        }
        let stream = execute_stream(Arc::clone(&planned.plan), planned.task)?;
        Ok(Some(Begun {
            plan: planned.plan,
            plans: planned.plans,
            ran: Some(Ran {
                workers: workers.addresses.len(),
                ..ran
            }),
            stream: deadline.limit_stream(stream),
        }))
    }
}

impl Workers {
    /// Whether there is so much to read that they are to be asked.
    pub(in crate::source::capture) fn are_worth_it(&self, ran: Ran) -> bool {
        ran.bytes.is_some_and(|bytes| bytes >= self.from)
    }

    /// A session whose statements run on the workers, each of which has answered that it is there and the same program.
    ///
    /// # Errors
    /// [`WorkerError`] of the first that is not; the engine's own.
    async fn session(&self, sessions: &Sessions, deadline: &Deadline) -> Result<SessionContext> {
        let channels = Channels::new(self.tls.clone(), Handle::current());
        let urls = self.addresses.iter().map(|address| channels.url(address));
        let mut urls: Vec<Url> = urls.collect::<std::result::Result<_, _>>()?;
        let state = sessions.session(None)?.state();
        let ours = version::of(&state);
        let greetings = urls.iter().map(|url| channels.greet(url, &ours));
        futures_util::future::try_join_all(greetings).await?;
        // The engine spreads nothing over one: it is to think that there are two.
        if let [only] = urls.as_slice() {
            urls.push(only.clone());
        }
        let rows = state.config().batch_size();
        let partitions = state.config().target_partitions().max(LEAST_PARTITIONS);
        let config = state.config().clone().with_target_partitions(partitions);
        let state = SessionStateBuilder::new_from_existing(state)
            .with_config(config)
            .with_distributed_worker_resolver(Addresses(urls))
            .with_distributed_channel_resolver(channels)
            .with_distributed_user_codec(ScanCodec)
            .with_distributed_desired_task_count_handler(split::tasks)
            .with_distributed_scale_up_leaf_node_handler(split::shares)
            // Nobody looks at them, and they would be waited for.
            .with_distributed_metrics_collection(false)?
            .with_distributed_shuffle_batch_size(rows)?
            .with_distributed_passthrough_headers(visit::headers(client(), deadline.left()))?
            .with_distributed_planner()
            .build();
        Sessions::with_own_tables(state)
    }
}

/// When nobody waits any more.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: Instant,
    after: Duration,
}

impl Deadline {
    fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// The same stream, which is an error from then on.
    fn limit_stream(self, stream: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let schema = stream.schema();
        let batches = futures_util::stream::unfold(Some(stream), move |stream| async move {
            let mut stream = stream?;
            match tokio::time::timeout_at(self.at.into(), stream.next()).await {
                Ok(batch) => Some((batch?, Some(stream))),
                Err(_) => Some((Err(WorkerError::Late { after: self.after }.into()), None)),
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }
}

/// What a plan reads of the files, bytes; `None` for one that workers can't run: whose files are not all Parquet, or which
/// reads anything else.
fn to_read(plan: &Arc<dyn ExecutionPlan>) -> Option<u64> {
    let mut all = Some(0_u64);
    let walked = plan.apply(|step| {
        let bytes = match step.downcast_ref::<Scan>() {
            Some(scan) => split::bytes(scan),
            None => worker::accepts(step.as_ref()).then_some(0),
        };
        all = all.zip(bytes).map(|(all, bytes)| all + bytes);
        Ok(TreeNodeRecursion::Continue)
    });
    walked.ok().and(all)
}

/// Waits a little until every task of this runtime has ended that was told to: the engine takes one that goes with the
/// runtime for a fault, and says so.
pub(in crate::source::capture) async fn settled() {
    const TRIES: usize = 100;
    let metrics = Handle::current().metrics();
    for _ in 0..TRIES {
        if metrics.num_alive_tasks() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

struct Addresses(Vec<Url>);

impl WorkerResolver for Addresses {
    fn get_urls(&self) -> Result<Vec<Url>> {
        Ok(self.0.clone())
    }
}

/// Of this process: no other on any machine has it.
fn client() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        format!("{now}-{}", std::process::id())
    })
}
