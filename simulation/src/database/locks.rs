//! Locks on rows, held until the end of a transaction.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::store::Number;

/// As `domain/src/database/session.rs` sets every session.
const LOCK_TIMEOUT: Duration = Duration::from_secs(4);

/// A table and a key.
pub(super) type Row = (String, Vec<u8>);

/// Who holds what.
#[derive(Default)]
pub(super) struct Locks {
    held: Mutex<BTreeMap<Row, Number>>,
    released: Notify,
}

/// Another transaction did not end in time.
#[derive(Debug)]
pub(super) struct LockTimeout;

impl Locks {
    /// Takes a row for a transaction, if nobody else has it.
    pub(super) fn take(&self, row: &Row, number: Number) -> bool {
        *self.lock().entry(row.clone()).or_insert(number) == number
    }

    /// A transaction has ended.
    pub(super) fn release(&self, number: Number) {
        self.lock().retain(|_, holder| *holder != number);
        self.released.notify_waiters();
    }

    /// Tries until it succeeds, each time that a transaction has ended.
    pub(super) async fn wait<T>(
        &self,
        mut attempt: impl FnMut() -> Option<T>,
    ) -> Result<T, LockTimeout> {
        let deadline = Instant::now() + LOCK_TIMEOUT;
        loop {
            let released = self.released.notified();
            if let Some(done) = attempt() {
                return Ok(done);
            }
            timeout_at(deadline, released).await.map_err(|_| LockTimeout)?;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Row, Number>> {
        self.held.lock().expect("no panic under this lock")
    }
}
