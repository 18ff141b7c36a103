//! Bodies that are made while they are sent: in chunks, with gzip, and with ends that come too early for a fault plan.

use std::io::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::fault::{Misbehaviour, Wire};
use super::line::Line;

/// A reader that takes no byte for so long is gone, or holds on to memory.
const STALL: Duration = Duration::from_secs(30);
/// Pieces of a body that wait for the reader.
const PIECES_AHEAD: usize = 2;
/// Time for what was written to leave the machine before a connection is cut behind it.
const BEFORE_CUT: Duration = Duration::from_millis(50);

/// What goes through a body's channel.
enum Piece {
    Bytes(Bytes),
    End,
}

/// The writing end of a body that is made while it is sent. Dropped without [`Out::finish`], it ends in the middle:
/// the reader sees that bytes are missing.
pub(super) struct Out {
    pieces: mpsc::Sender<Piece>,
    gzip: Option<GzEncoder<Vec<u8>>>,
    wire: Wire,
    line: Option<Line>,
    sent: usize,
}

impl Out {
    /// The two ends. Without a length that is known before, HTTP sends the body in chunks.
    pub(super) fn new(gzip: bool, misbehaviour: Option<&Misbehaviour>) -> (Self, Body) {
        let (pieces, received) = mpsc::channel(PIECES_AHEAD);
        let out = Self {
            pieces,
            gzip: gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast())),
            wire: misbehaviour.map(|fault| fault.wire.clone()).unwrap_or_default(),
            line: misbehaviour.map(|fault| fault.line.clone()),
            sent: 0,
        };
        (out, Body::from_stream(Pieces(received, false)))
    }

    /// Sends bytes; false when nobody reads any more.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> bool {
        let Some(gzip) = &mut self.gzip else {
            return self.pass(bytes).await;
        };
        // Into memory: it can't fail.
        let _ = gzip.write_all(bytes).and_then(|()| gzip.flush());
        let packed = std::mem::take(gzip.get_mut());
        self.pass(&packed).await
    }

    /// Ends the body well.
    pub(super) async fn finish(mut self) {
        if let Some(gzip) = self.gzip.take() {
            let rest = gzip.finish().unwrap_or_default();
            if !self.pass(&rest).await {
                return;
            }
        }
        if self.wire.cut_after.is_some() {
            return self.cut().await;
        }
        // Whoever is gone by now misses nothing.
        let _ = self.pieces.send(Piece::End).await;
    }

    async fn pass(&mut self, bytes: &[u8]) -> bool {
        let left = self.wire.cut_after.map(|most| most.saturating_sub(self.sent));
        let now = &bytes[..left.unwrap_or(bytes.len()).min(bytes.len())];
        let (size, pause) = self.wire.drip.unwrap_or((usize::MAX, Duration::ZERO));
        for piece in now.chunks(size.max(1)) {
            let sending = self.pieces.send(Piece::Bytes(Bytes::copy_from_slice(piece)));
            if !matches!(timeout(STALL, sending).await, Ok(Ok(()))) {
                return false;
            }
            self.sent += piece.len();
            if !pause.is_zero() {
                sleep(pause).await;
            }
        }
        if now.len() < bytes.len() {
            self.cut().await;
            return false;
        }
        true
    }

    async fn cut(&self) {
        sleep(BEFORE_CUT).await;
        if let Some(line) = self.line.as_ref().filter(|_| self.wire.reset) {
            line.end(true);
            // A byte to write makes the connection notice.
            let _ = self.pieces.send(Piece::Bytes(Bytes::from_static(b"\n"))).await;
        }
    }
}

/// The reading end, and whether all was read.
struct Pieces(mpsc::Receiver<Piece>, bool);

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.1 {
            return Poll::Ready(None);
        }
        self.0.poll_recv(context).map(|piece| match piece {
            Some(Piece::Bytes(bytes)) => Some(Ok(bytes)),
            end => {
                self.1 = true;
                match end {
                    Some(_) => None,
                    None => Some(Err(io::ErrorKind::ConnectionAborted.into())),
                }
            }
        })
    }
}
