//! Connections: how many at once, how long idle, and an end from aside for a fault plan.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Longer than a query may take: only a peer that asks nothing meets it.
const IDLE: Duration = Duration::from_secs(75);

/// Takes connections, as many at once as there are slots.
pub(super) struct Lines {
    listener: TcpListener,
    slots: Arc<Semaphore>,
}

impl Lines {
    pub(super) fn new(listener: TcpListener, most: usize) -> Self {
        Self {
            listener,
            slots: Arc::new(Semaphore::new(most)),
        }
    }
}

impl Listener for Lines {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let connection = Connection {
            stream,
            line: Line::default(),
            idle: Box::pin(sleep(IDLE)),
            _slot: slot,
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The handle of a connection, by which a fault ends it.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    ended: Arc<AtomicBool>,
    reset: Arc<AtomicBool>,
}

impl Line {
    /// The connection takes no more bytes; a reset also throws away what is still under way.
    pub(super) fn end(&self, reset: bool) {
        self.reset.store(reset, Ordering::SeqCst);
        self.ended.store(true, Ordering::SeqCst);
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().line.clone()
    }
}

/// A TCP connection that does not idle for ever, and that can be ended from aside.
pub(super) struct Connection {
    stream: TcpStream,
    line: Line,
    idle: Pin<Box<Sleep>>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn check(&mut self) -> io::Result<()> {
        if !self.line.ended.load(Ordering::SeqCst) {
            return Ok(());
        }
        if self.line.reset.load(Ordering::SeqCst) {
            self.stream.set_zero_linger()?;
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    fn busy(&mut self) {
        self.idle.as_mut().reset(Instant::now() + IDLE);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self
                .idle
                .as_mut()
                .poll(context)
                .map(|()| Err(io::ErrorKind::TimedOut.into())),
            ready => {
                self.busy();
                ready
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        self.busy();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
