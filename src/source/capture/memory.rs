//! What the questions to a capture may take of memory together, and the temporary folder for what has no room in it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use datafusion::error::Result;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

/// What sorts and groups may take unless a setting says otherwise: a notebook computer has many times as much.
pub(super) const DEFAULT_BYTES: u64 = 512 << 20;

/// A merge takes as much memory as there is, and leaves other sorts without any, unless it is told how many spilled
/// files to read at once.
const MERGED_AT_ONCE: usize = 4;

/// The runtimes of all captures, whose folders must go even if the program is interrupted.
static RUNTIMES: Mutex<Vec<Weak<RuntimeEnv>>> = Mutex::new(Vec::new());

/// A limit that all questions share. It counts what sorts, groups and joins hold; batches on their way are few and small.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    bytes: u64,
    runtime: OnceLock<Arc<RuntimeEnv>>,
}

impl Memory {
    pub(super) fn new(bytes: u64) -> Self {
        Self {
            bytes,
            runtime: OnceLock::new(),
        }
    }

    /// The limit.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where statements run. The folder is made when something is first put into it.
    ///
    /// # Errors
    /// The engine's own.
    pub(super) fn runtime(&self) -> Result<Arc<RuntimeEnv>> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(Arc::clone(runtime));
        }
        let bytes = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let made = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(bytes)))
            .with_max_spill_merge_fan_in(MERGED_AT_ONCE)
            .build_arc()?;
        let runtime = self.runtime.get_or_init(|| made);
        let mut runtimes = RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner);
        runtimes.retain(|runtime| runtime.strong_count() > 0);
        runtimes.push(Arc::downgrade(runtime));
        Ok(Arc::clone(runtime))
    }
}

/// Removes the temporary folders of all captures, which otherwise go with the last question: for a program that ends
/// while one still runs.
pub fn remove_temporary_folders() {
    let runtimes = RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner);
    for runtime in runtimes.iter().filter_map(Weak::upgrade) {
        for folder in runtime.disk_manager.temp_dir_paths() {
            // Gone already is as good.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
