//! Logfire's query API over a capture, on a socket: who is let in, which paths there are, how much at once.
//! Knows nothing of incidents; rows come from the capture's engine.

mod about;
mod accept;
mod answer;
mod ask;
mod body;
mod door;
mod encode;
pub mod fault;
mod line;
mod options;
mod queue;
mod refusal;
mod schema;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::source::capture::Capture;
pub use door::Token;
pub use options::{Options, ServeError};

use fault::{FaultPlan, Received};
use line::{Line, Lines};
use queue::Queue;

/// A statement is text: the longest batch of the catalogue takes a few hundredths of this.
const MAX_BODY_BYTES: usize = 1 << 20;
/// Notebooks and tests hold a handful; what is beyond waits to be accepted.
const MAX_CONNECTIONS: usize = 128;
/// What a stopping server gives the answers that are under way.
const GRACE: Duration = Duration::from_secs(5);

/// What every request is answered from.
struct Served {
    capture: Capture,
    options: Options,
    /// `organization/project`, as the API names what a token is for.
    project: String,
    queue: Queue,
    faults: Mutex<FaultPlan>,
    count: AtomicUsize,
    seen: Mutex<Vec<Received>>,
}

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    /// `http://address:port`, without a slash at the end.
    pub url: String,
    /// Whether requests must bring the token that was set.
    pub takes_token: bool,
    served: Arc<Served>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served")
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

impl Running {
    /// How many requests came, refused ones too.
    #[must_use]
    pub fn requests_seen(&self) -> usize {
        self.served.count.load(Ordering::SeqCst)
    }

    /// What the requests were, in order; kept only under a fault plan.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.served.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes no more connections and waits a few seconds for the answers under way.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = tokio::time::timeout(GRACE, &mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens, and answers from then on. Must be called in a runtime with time and I/O.
///
/// # Errors
/// [`ServeError`] when the address can't be had, or is not loopback and there is no token.
pub async fn start(capture: Capture, mut options: Options) -> Result<Running, ServeError> {
    options.check()?;
    let wanted = options.address;
    let refused = |why| ServeError::Address { address: wanted, why };
    let listener = TcpListener::bind(wanted).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let served = Arc::new(Served {
        project: about::project(capture.name()),
        queue: Queue::new(&options),
        faults: Mutex::new(std::mem::take(&mut options.faults)),
        count: AtomicUsize::new(0),
        seen: Mutex::default(),
        capture,
        options,
    });
    let takes_token = served.options.token.is_some();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = axum::serve(Lines::new(listener, MAX_CONNECTIONS), service(&served)).with_graceful_shutdown(async {
        // A dropped sender stops it as well.
        let _ = stopped.await;
    });
    let task = tokio::spawn(async move {
        // It ends without an error, by its own documentation.
        let _ = serving.await;
    });
    Ok(Running {
        url: format!("http://{address}"),
        takes_token,
        served,
        stop: Some(stop),
        task,
    })
}

fn service(served: &Arc<Served>) -> IntoMakeServiceWithConnectInfo<Router, Line> {
    Router::new()
        .route("/v2/query", post(answer::query))
        .route("/v1/read-token-info", get(about::read_token_info))
        .route("/v1/schemas", get(about::schemas))
        .fallback(refusal::not_found)
        .method_not_allowed_fallback(refusal::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(served), door::enter))
        .with_state(Arc::clone(served))
        .into_make_service_with_connect_info::<Line>()
}
