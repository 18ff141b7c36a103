//! A client that a worker works for: which files it has been shown, and whether it still has the worker work.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use datafusion::error::{DataFusionError, Result};
use tonic::codegen::http::{HeaderMap, HeaderValue};

use crate::source::SourceError;
use crate::source::capture::files::{self, Part};

/// Names the client: the same for all parts of all its questions.
const CLIENT: &str = "relay-diag-client";
/// What the question may still take, milliseconds: clocks of two machines differ.
const TIME_LEFT: &str = "relay-diag-time-left";

/// A client whose parts of questions are here asks for their rows within so long.
const TO_BEGIN: Duration = Duration::from_secs(2);
/// What a part may take beyond what its client has left: so the client is the first to say that it is late.
const GRACE: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Visit {
    /// By name. A client sees each file as it was first opened for it, as one does that works alone.
    files: Mutex<HashMap<String, Arc<Part>>>,
    /// When it last sent a part of a question.
    came: Mutex<Instant>,
    /// How many readers its rows have.
    working: AtomicUsize,
}

/// Work for a client, until it is dropped.
pub(super) struct Working(Arc<Visit>);

impl Working {
    pub(super) fn on(visit: &Arc<Visit>) -> Self {
        visit.working.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(visit))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Visit {
    fn begin() -> Self {
        Self {
            files: Mutex::default(),
            came: Mutex::new(Instant::now()),
            working: AtomicUsize::new(0),
        }
    }

    fn comes_again(&self) {
        *self.came.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn goes_on(&self) -> bool {
        let came = *self.came.lock().unwrap_or_else(PoisonError::into_inner);
        self.working.load(Ordering::SeqCst) > 0 || came.elapsed() < TO_BEGIN
    }

    /// The files of these names, in that order. Blocks a thread of a runtime that has others.
    ///
    /// # Errors
    /// Whatever is wrong with one.
    pub(super) fn open(&self, names: &[String]) -> std::result::Result<Vec<Arc<Part>>, SourceError> {
        let wanted: Vec<String> = {
            let known = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            let lacking = names.iter().filter(|name| !known.contains_key(*name));
            lacking.cloned().collect()
        };
        let opened = tokio::task::block_in_place(|| files::by_name(&wanted))?;
        let mut known = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, part) in wanted.into_iter().zip(opened) {
            known.entry(name).or_insert(part);
        }
        Ok(names.iter().filter_map(|name| known.get(name).cloned()).collect())
    }
}

/// Whom a worker works for.
#[derive(Debug)]
pub(super) struct Visits {
    most: usize,
    current: Mutex<HashMap<String, Weak<Visit>>>,
}

impl Visits {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            current: Mutex::default(),
        }
    }

    /// The client that these headers name, and when it waits no longer for what they are of.
    ///
    /// # Errors
    /// When there are too many already: a part that waits here could hold up parts elsewhere that wait for it.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<(Arc<Visit>, Instant)> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let left = text(TIME_LEFT).and_then(|left| left.parse().ok());
        let (Some(client), Some(left)) = (text(CLIENT), left.map(Duration::from_millis)) else {
            return Err(refused("the client is no relay-diag"));
        };
        let ends = Instant::now() + left + GRACE;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.retain(|_, visit| visit.upgrade().is_some_and(|visit| visit.goes_on()));
        if let Some(visit) = current.get(client).and_then(Weak::upgrade) {
            visit.comes_again();
            return Ok((visit, ends));
        }
        if current.len() >= self.most {
            return Err(refused(format!(
                "it is busy with as many other clients as it takes ({})",
                self.most
            )));
        }
        let visit = Arc::new(Visit::begin());
        current.insert(client.to_owned(), Arc::downgrade(&visit));
        Ok((visit, ends))
    }
}

/// What a worker refuses; the statement is not to blame.
pub(super) fn refused(why: impl Into<String>) -> DataFusionError {
    DataFusionError::External(why.into().into())
}

/// What travels with each part of a question.
pub(super) fn headers(client: &str, left: Duration) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(client) = HeaderValue::from_str(client) {
        headers.insert(CLIENT, client);
    }
    headers.insert(TIME_LEFT, u64::try_from(left.as_millis()).unwrap_or(u64::MAX).into());
    headers
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn client(name: &str) -> HeaderMap {
        headers(name, Duration::from_secs(60))
    }

    #[test]
    fn a_client_is_one_as_long_as_any_of_its_questions_runs() {
        let visits = Visits::new(1);
        let (first, _) = visits.admit(&client("a")).unwrap();
        let (second, _) = visits.admit(&client("a")).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        let working = Working::on(&first);
        *first.came.lock().unwrap() -= TO_BEGIN;
        assert!(visits.admit(&client("b")).is_err());
        drop(working);
        // The engine may hold on to what it has no use for any more.
        assert!(visits.admit(&client("b")).is_ok());
    }

    #[test]
    fn a_stranger_is_refused() {
        assert!(Visits::new(1).admit(&HeaderMap::new()).is_err());
    }
}
