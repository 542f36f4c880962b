//! Which partitions this worker holds, as far as it can know.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The partitions that were delivered from since they were opened. The log
/// does not say who is active; it shows by delivering.
#[derive(Default)]
pub(crate) struct Holdings {
    held: Mutex<BTreeMap<u32, Arc<Notify>>>,
}

impl Holdings {
    /// A partition delivers. The returned bell rings when it is to be yielded.
    pub(crate) fn hold(&self, partition: u32) -> Arc<Notify> {
        self.lock().entry(partition).or_default().clone()
    }

    /// A partition was closed.
    pub(crate) fn release(&self, partition: u32) {
        self.lock().remove(&partition);
    }

    /// What is held now.
    pub(crate) fn list(&self) -> Vec<u32> {
        self.lock().keys().copied().collect()
    }

    /// Asks the task of one held partition to yield it.
    pub(crate) fn yield_one(&self) {
        if let Some(bell) = self.lock().values().next_back() {
            bell.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Notify>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
