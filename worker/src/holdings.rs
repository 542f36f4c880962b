//! Which partitions this worker holds, as far as it can know, and what it has
//! taken from each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use warren_domain::Holding;
use warren_domain::port::{Delivery, Taken};

/// The partitions that were delivered from since they were opened. The log
/// does not say who is active; it shows by delivering.
#[derive(Default)]
pub(crate) struct Holdings {
    held: Mutex<BTreeMap<u32, Held>>,
}

#[derive(Default)]
struct Held {
    bell: Arc<Notify>,
    taken: Taken,
}

impl Holdings {
    /// A partition delivers. The returned bell rings when it is to be yielded.
    pub(crate) fn hold(&self, partition: u32) -> Arc<Notify> {
        self.lock().entry(partition).or_default().bell.clone()
    }

    /// A partition delivered these, which are being settled.
    pub(crate) fn take(&self, partition: u32, deliveries: &[Delivery]) {
        let count = u64::try_from(deliveries.len()).unwrap_or(u64::MAX);
        let oldest_at = deliveries.iter().filter_map(|delivery| delivery.accepted_at).min();
        self.set(partition, Taken { count, oldest_at });
    }

    /// All that a partition delivered is settled.
    pub(crate) fn settled(&self, partition: u32) {
        self.set(partition, Taken::default());
    }

    /// A partition was closed.
    pub(crate) fn release(&self, partition: u32) {
        self.lock().remove(&partition);
    }

    /// What is held now.
    pub(crate) fn list(&self) -> Vec<Holding> {
        let held = self.lock();
        held.iter().map(|(partition, held)| Holding::new(*partition, held.taken)).collect()
    }

    /// Asks the task of one held partition to yield it.
    pub(crate) fn yield_one(&self) {
        if let Some(held) = self.lock().values().next_back() {
            held.bell.notify_one();
        }
    }

    fn set(&self, partition: u32, taken: Taken) {
        if let Some(held) = self.lock().get_mut(&partition) {
            held.taken = taken;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
