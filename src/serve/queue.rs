//! Which queries run and which wait: a few at once, the next ones in the order in which they came, and no more than can
//! be answered while somebody still waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::Options;

/// The running time is a moving average over about so many queries.
const AVERAGED: u64 = 4;
/// What a client is told to wait, seconds: never nothing, and never longer than it is sure to be worth.
const RETRY_SECONDS: std::ops::RangeInclusive<u64> = 1..=30;

/// Places for queries that run, and for those that wait.
pub(super) struct Queue {
    running: Arc<Semaphore>,
    waiting: Semaphore,
    max_running: u64,
    max_waiting: usize,
    max_wait: Duration,
    /// How long queries took lately, microseconds.
    usual: Arc<AtomicU64>,
}

/// A place to run in; it is given back when the query has really ended.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    since: Instant,
    usual: Arc<AtomicU64>,
}

/// There is no place, and none soon.
pub(super) struct Full {
    /// When to ask again, seconds.
    pub retry_after: u64,
}

impl Queue {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            running: Arc::new(Semaphore::new(options.max_running)),
            waiting: Semaphore::new(options.max_waiting),
            max_running: options.max_running.max(1) as u64,
            max_waiting: options.max_waiting,
            max_wait: options.max_wait,
            usual: Arc::default(),
        }
    }

    /// A place at once, or in its turn.
    ///
    /// # Errors
    /// [`Full`] when too many wait already, or the turn does not come in time.
    pub(super) async fn enter(&self) -> Result<Place, Full> {
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(self.place(permit));
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| self.full())?;
        match timeout(self.max_wait, Arc::clone(&self.running).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(self.place(permit)),
            Ok(Err(_)) | Err(_) => Err(self.full()),
        }
    }

    fn place(&self, permit: OwnedSemaphorePermit) -> Place {
        Place {
            _permit: permit,
            since: Instant::now(),
            usual: Arc::clone(&self.usual),
        }
    }

    /// Those before it take as long as queries did lately, a few at a time.
    fn full(&self) -> Full {
        let before = (self.max_waiting - self.waiting.available_permits()) as u64 + 1;
        let wait =
            Duration::from_micros(self.usual.load(Ordering::Relaxed)) * u32::try_from(before).unwrap_or(u32::MAX);
        let seconds = (wait / u32::try_from(self.max_running).unwrap_or(u32::MAX)).as_secs() + 1;
        Full {
            retry_after: seconds.clamp(*RETRY_SECONDS.start(), *RETRY_SECONDS.end()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let took = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let usual = self.usual.load(Ordering::Relaxed);
        // Two that end at once may lose one of them: it is an estimate.
        let updated = usual - usual / AVERAGED + took / AVERAGED;
        self.usual.store(updated, Ordering::Relaxed);
    }
}
