//! Connections to workers: who is there is asked before anything is sent, who falls silent is noticed, and every error
//! names the worker it came from.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_distributed::grpc::{BoxCloneSyncChannel, create_worker_client};
use datafusion_distributed::{
    ChannelResolver, CoordinatorToWorkerMsg, ExecuteTaskRequest, GetWorkerInfoRequest, GetWorkerInfoResponse,
    SetPlanRequest, WorkerChannel, WorkerToCoordinatorMsg,
};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use tokio::runtime::Handle;
use tonic::codegen::http::HeaderMap;
use tonic::transport::{Channel, Endpoint};
use url::Url;

use super::{Address, Tls, WorkerError};

/// A worker in the same network answers in milliseconds.
const CONNECT: Duration = Duration::from_secs(3);
/// A connection is asked for a sign of life so often.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// A worker whose cores are all in use is slow to give one; one that is stopped never does.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// Connections, as long as the runtime lives that keeps them: a client's are those of one question.
pub(super) struct Channels {
    tls: Option<Tls>,
    /// Where connections are kept alive.
    runtime: Handle,
    open: Mutex<HashMap<Url, BoxCloneSyncChannel>>,
}

impl Channels {
    pub(super) fn new(tls: Option<Tls>, runtime: Handle) -> Self {
        Self {
            tls,
            runtime,
            open: Mutex::default(),
        }
    }

    /// Where a worker is, for the engine.
    ///
    /// # Errors
    /// [`WorkerError::Address`].
    pub(super) fn url(&self, address: &Address) -> std::result::Result<Url, WorkerError> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Url::parse(&format!("{scheme}://{address}")).map_err(|_| WorkerError::Address {
            text: address.to_string(),
        })
    }

    /// Connects to a worker and asks what it is.
    ///
    /// # Errors
    /// [`WorkerError::Unreachable`], [`WorkerError::Version`] when it is not `ours`.
    pub(super) async fn greet(&self, url: &Url, ours: &str) -> std::result::Result<(), WorkerError> {
        let address = name(url);
        let unreachable = |why: String| WorkerError::Unreachable {
            address: address.clone(),
            why,
        };
        let asked = async {
            let channel = self.channel(url).await.map_err(|error| unreachable(cause(&error)))?;
            let told = create_worker_client(channel)
                .get_worker_info(GetWorkerInfoRequest {})
                .await;
            told.map_err(|error| unreachable(cause(&error)))
        };
        let in_time = tokio::time::timeout(CONNECT, asked).await;
        let told = in_time.map_err(|_| unreachable(format!("nothing came back within {} s", CONNECT.as_secs())))??;
        match told.version == ours {
            true => Ok(()),
            false => Err(WorkerError::Version {
                address,
                theirs: match told.version.is_empty() {
                    true => String::from("another program"),
                    false => told.version,
                },
                ours: ours.to_owned(),
            }),
        }
    }

    async fn channel(&self, url: &Url) -> std::result::Result<BoxCloneSyncChannel, tonic::transport::Error> {
        let lock = || self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = lock().get(url) {
            return Ok(channel.clone());
        }
        // Two at a time are two connections; one that does not come holds up no other.
        let channel = BoxCloneSyncChannel::new(self.connect(url).await?);
        lock().insert(url.clone(), channel.clone());
        Ok(channel)
    }

    async fn connect(&self, url: &Url) -> std::result::Result<Channel, tonic::transport::Error> {
        let mut endpoint = Endpoint::from_shared(url.to_string())?
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(SIGN_OF_LIFE)
            .keep_alive_while_idle(true);
        if let (Some(tls), Ok(address)) = (&self.tls, Address::parse(&name(url))) {
            endpoint = endpoint.tls_config(tls.client(&address))?;
        }
        let connecting = self.runtime.spawn(async move { endpoint.connect().await });
        match connecting.await {
            Ok(connected) => connected,
            // The runtime ends, and nobody waits for this.
            Err(_) => std::future::pending().await,
        }
    }
}

#[async_trait]
impl ChannelResolver for Channels {
    async fn get_worker_client_for_url(&self, url: &Url) -> Result<Box<dyn WorkerChannel>> {
        let address = name(url);
        let channel = self.channel(url).await.map_err(|error| {
            let why = cause(&error);
            WorkerError::Unreachable {
                address: address.clone(),
                why,
            }
        })?;
        Ok(Box::new(Named {
            inner: create_worker_client(channel),
            address: address.into(),
        }))
    }
}

/// A connection whose errors say whose it is.
struct Named {
    inner: Box<dyn WorkerChannel>,
    address: Arc<str>,
}

#[async_trait]
impl WorkerChannel for Named {
    async fn coordinator_channel(
        &mut self,
        headers: HeaderMap,
        plan: SetPlanRequest,
        messages: BoxStream<'static, CoordinatorToWorkerMsg>,
        metrics: ExecutionPlanMetricsSet,
        context: &Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<WorkerToCoordinatorMsg>>> {
        let address = Arc::clone(&self.address);
        let told = self
            .inner
            .coordinator_channel(headers, plan, messages, metrics, context);
        let told = told.await.map_err(|error| named(&address, error))?;
        Ok(told.map_err(move |error| named(&address, error)).boxed())
    }

    async fn execute_task(
        &mut self,
        headers: HeaderMap,
        task: ExecuteTaskRequest,
        metrics: ExecutionPlanMetricsSet,
        context: &Arc<TaskContext>,
    ) -> Result<Vec<BoxStream<'static, Result<RecordBatch>>>> {
        let streams = self.inner.execute_task(headers, task, metrics, context).await;
        let streams = streams.map_err(|error| named(&self.address, error))?.into_iter();
        let streams = streams.map(|stream| {
            let address = Arc::clone(&self.address);
            stream.map_err(move |error| named(&address, error)).boxed()
        });
        Ok(streams.collect())
    }

    async fn get_worker_info(&mut self, request: GetWorkerInfoRequest) -> Result<GetWorkerInfoResponse> {
        self.inner.get_worker_info(request).await
    }
}

/// An error of a worker, with its address. What the statement itself is to blame for stays as it is.
fn named(address: &str, error: DataFusionError) -> DataFusionError {
    let found = match error.find_root() {
        DataFusionError::External(found) => match found.downcast_ref::<tonic::Status>() {
            Some(status) => WorkerError::Lost {
                address: address.to_owned(),
                why: cause(status),
            },
            None => WorkerError::failed(address, &found.to_string()),
        },
        DataFusionError::Internal(why) => WorkerError::failed(address, why),
        // The engine's own, of a plan that did not come in time.
        DataFusionError::Execution(why) if why.starts_with("Worker::") => WorkerError::failed(address, why),
        _ => return error,
    };
    found.into()
}

/// The innermost cause: the outer ones only say that a request failed.
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    let mut found: &(dyn Error + 'static) = error;
    while let Some(inner) = found.source() {
        found = inner;
    }
    match found.downcast_ref::<tonic::Status>() {
        Some(status) if !status.message().is_empty() => status.message().to_owned(),
        _ => found.to_string(),
    }
}

/// `host:port`.
fn name(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}
