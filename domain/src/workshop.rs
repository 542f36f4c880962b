//! Work that occupies a core: done on blocking threads, and never more of it at
//! once than the machine bears.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// A few places at work, and a bounded line of those who wait for one.
#[derive(Clone)]
pub(crate) struct Workshop {
    line: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    /// Too many are waiting.
    #[error("too much is being worked on")]
    Busy,
    /// It panicked, or the process ends.
    #[error("work ended early: {0}")]
    Died(String),
}

impl Workshop {
    /// With so many at work, and so many waiting, before others are turned away.
    pub(crate) fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            line: Arc::new(Semaphore::new(at_once + waiting)),
            places: Arc::new(Semaphore::new(at_once)),
        }
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let in_line = self.line.clone().try_acquire_owned().map_err(|_| WorkError::Busy)?;
        let place = self.places.clone().acquire_owned().await.map_err(|_| WorkError::Busy)?;
        let working = tokio::task::spawn_blocking(move || {
            // Held by the thread, not by the caller: a caller that goes away frees nothing early.
            let _held = (in_line, place);
            work()
        });
        working.await.map_err(|error| WorkError::Died(error.to_string()))
    }
}
