//! A worker: reads the share of the files that a client gives it, and computes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};
use datafusion_distributed::{
    BroadcastExec, ChannelResolver, DistributedExt, NetworkBoundaryExt, Worker, WorkerPlanRewriteEvent,
    WorkerPlanRewriteEventResponse, WorkerPlanRewriteHandler, WorkerQueryContext, WorkerSessionBuilder,
};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use super::channel::Channels;
use super::codec::ScanCodec;
use super::threads::{Client, OnThreads, Threads};
use super::visit::{Visit, Visits, refused};
use super::{Tls, WorkerError, version};
use crate::source::capture::dialect::Sessions;
use crate::source::capture::memory::Memory;
use crate::source::capture::scan::Scan;
use crate::source::capture::stop::{self, End};

/// Clients and other workers that are gone without a word are noticed after so long.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// As [`KEEP_ALIVE`], for the answer.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// What a stopping worker gives the questions that it has a part in.
const GRACE: Duration = Duration::from_secs(5);
/// Steps without records of their own, beside those that fetch from other workers.
const EMPTY_STEPS: [&str; 2] = ["EmptyExec", "PlaceholderRowExec"];
/// Steps that would write.
const WRITING_STEPS: [&str; 1] = ["DataSinkExec"];

/// How a worker is set up.
#[derive(Debug)]
pub struct Host {
    /// Where it listens; port 0 takes any free one.
    pub address: SocketAddr,
    /// What all questions together may take of memory, bytes.
    pub memory: u64,
    /// For how many clients it works at a time; more are refused.
    pub most_clients: usize,
    /// Who may connect, and to whom it connects.
    pub tls: Option<Tls>,
}

/// A worker that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Listening {
    /// `host:port`, as it stands in `workers`.
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    /// They end with it.
    _threads: Threads,
}

impl Listening {
    /// Takes no more connections and waits a few seconds for what is under way.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = tokio::time::timeout(GRACE, &mut self.task).await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens, and works from then on. Must be called in a runtime of several threads.
///
/// # Errors
/// [`WorkerError::Unprotected`] for another than a loopback address without certificates, [`WorkerError::Listen`],
/// [`WorkerError::Certificates`].
pub async fn listen(host: Host) -> std::result::Result<Listening, WorkerError> {
    let address = host.address;
    if host.tls.is_none() && !address.ip().is_loopback() {
        return Err(WorkerError::Unprotected {
            address: address.to_string(),
        });
    }
    let failed = |why: String| WorkerError::Listen {
        address: address.to_string(),
        why,
    };
    let incoming = TcpIncoming::bind(address).map_err(|error| failed(error.to_string()))?;
    let address = incoming.local_addr().map_err(|error| failed(error.to_string()))?;
    let mut server = Server::builder()
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(SIGN_OF_LIFE));
    if let Some(tls) = &host.tls {
        let wrong = |error: tonic::transport::Error| WorkerError::Certificates {
            why: super::channel::cause(&error),
        };
        server = server.tls_config(tls.server()).map_err(wrong)?;
    }
    let threads = Threads::start().map_err(|error| failed(error.to_string()))?;
    let worker = worker(host, &threads).map_err(|error| failed(error.to_string()))?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = server
        .add_service(worker.into_worker_server())
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async {
            // A dropped sender stops it as well.
            let _ = stopped.await;
        });
    let task = tokio::spawn(async move {
        // What a connection dies of is told to the client that had it.
        let _ = serving.await;
    });
    Ok(Listening {
        address,
        stop: Some(stop),
        task,
        _threads: threads,
    })
}

fn worker(host: Host, threads: &Threads) -> Result<Worker> {
    let partitions = thread::available_parallelism().map_or(1, usize::from);
    let memory = Memory::new(host.memory);
    let runtime = memory.runtime()?;
    let state = Sessions::new(None, memory, partitions, 0).session(None)?.state();
    let version = version::of(&state);
    let work = Work {
        state,
        channels: Arc::new(Channels::new(host.tls, Handle::current())),
        threads: threads.handle(),
        visits: Visits::new(host.most_clients),
    };
    Ok(Worker::from_session_builder(work)
        .with_runtime_env(runtime)
        .with_version(version))
}

/// Makes the session of each part of a question.
struct Work {
    /// Functions and options, as every session here has them.
    state: SessionState,
    channels: Arc<dyn ChannelResolver + Send + Sync>,
    threads: Handle,
    visits: Visits,
}

#[async_trait]
impl WorkerSessionBuilder for Work {
    async fn build_session_state(&self, context: WorkerQueryContext) -> Result<SessionState> {
        let (visit, ends) = self.visits.admit(&context.headers)?;
        let functions = self.state.scalar_functions().values().cloned().collect();
        let mut builder = context.builder.with_scalar_functions(functions);
        let config = builder.config().get_or_insert_default();
        // The client knows how wide the records are.
        let batch_size = config.options().execution.batch_size;
        let options = config.options_mut();
        options.execution = self.state.config().options().execution.clone();
        options.execution.batch_size = batch_size;
        config.set_extension(Arc::clone(&visit));
        Ok(builder
            .with_distributed_user_codec(ScanCodec)
            .with_distributed_channel_resolver(Arc::clone(&self.channels))
            .with_distributed_worker_plan_rewrite_handler(self.rewrite(&visit, ends))
            .build())
    }
}

impl Work {
    /// Makes plans run on the threads for it, and end when their client waits no longer; refuses what is none of a worker's.
    fn rewrite(&self, visit: &Arc<Visit>, ends: Instant) -> impl WorkerPlanRewriteHandler + use<> {
        let (threads, visit) = (self.threads.clone(), Arc::clone(visit));
        move |event: WorkerPlanRewriteEvent<'_>| {
            check(&event.plan)?;
            let worked_on = |plan: &Arc<dyn ExecutionPlan>| {
                let client = Client::new(Arc::clone(&visit), ends);
                let plan = stop::stoppable(Arc::clone(plan), &End::Abandoned(client.clone()))?;
                Ok(Arc::new(OnThreads::new(plan, threads.clone(), client)) as Arc<dyn ExecutionPlan>)
            };
            let root = event.plan;
            // A step that hands rows out to several readers is replaced by the engine, by its type.
            let plan = match root.is::<RepartitionExec>() || root.is::<BroadcastExec>() {
                true => {
                    let steps = root.children().into_iter().map(worked_on).collect::<Result<Vec<_>>>()?;
                    let recompute = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
                    root.replace_children(steps, recompute)?
                }
                false => worked_on(&root)?,
            };
            Ok(WorkerPlanRewriteEventResponse::new(plan))
        }
    }
}

/// Refuses a plan that does anything but read records and compute.
fn check(plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
    plan.apply(|step| match accepts(step.as_ref()) {
        true => Ok(TreeNodeRecursion::Continue),
        false => Err(refused(format!(
            "it reads records and nothing else, and was told {}",
            step.name()
        ))),
    })?;
    Ok(())
}

/// Whether a step reads records, or computes with what other steps made.
pub(super) fn accepts(step: &dyn ExecutionPlan) -> bool {
    let computes = !step.children().is_empty() || EMPTY_STEPS.contains(&step.name());
    let reads = step.is::<Scan>() || step.is_network_boundary();
    (computes || reads) && !WRITING_STEPS.contains(&step.name())
}
