//! How a program is asked to stop, and how it waits for what it has begun.

use std::io;
use std::time::Duration;

use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The exit code after a second signal: as of a shell command that SIGINT ended.
const EXIT_INTERRUPTED: i32 = 130;

/// The request to stop, which every part of a program can see and wait for.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// Listens to SIGTERM and SIGINT. The first asks the program to stop; the second ends it
    /// at once with exit code 130. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// The operating system refuses a signal handler.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::default();
        let token = shutdown.token.clone();
        let (sender, signals) = mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                either(&mut terminate, &mut interrupt).await;
                if sender.send(()).await.is_err() {
                    return;
                }
            }
        });
        tokio::spawn(watch(signals, token, |code| std::process::exit(code)));
        Ok(shutdown)
    }

    /// The token that is cancelled when the program is to stop.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Waits until the program is to stop.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// Asks the program to stop, as a signal does.
    pub fn request(&self) {
        self.token.cancel();
    }
}

/// Tasks went on past their deadline.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{count} tasks were still running after {} ms", .deadline.as_millis())]
pub struct NotDrained {
    /// How many.
    pub count: usize,
    /// How long they had.
    pub deadline: Duration,
}

/// Closes a tracker and waits until its tasks have ended, for at most `deadline`. Tasks that
/// are left go on running; the caller decides whether to end without them.
///
/// # Errors
/// Some have not ended.
pub async fn drain(tracker: &TaskTracker, deadline: Duration) -> Result<(), NotDrained> {
    tracker.close();
    match tokio::time::timeout(deadline, tracker.wait()).await {
        Ok(()) => Ok(()),
        Err(_) => Err(NotDrained { count: tracker.len(), deadline }),
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn watch(mut signals: Receiver<()>, token: CancellationToken, exit: impl FnOnce(i32)) {
    if signals.recv().await.is_none() {
        return;
    }
    tracing::info!("stopping; a second signal ends at once");
    token.cancel();
    if signals.recv().await.is_some() {
        exit(EXIT_INTERRUPTED);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI32, Ordering};

    use super::*;

    #[tokio::test]
    async fn first_signal_asks_and_second_exits() {
        let (sender, signals) = mpsc::channel(1);
        let (token, code) = (CancellationToken::new(), AtomicI32::new(0));
        let exit = |number| code.store(number, Ordering::SeqCst);
        let signalling = async {
            assert!(!token.is_cancelled());
            sender.send(()).await.unwrap();
            token.cancelled().await;
            assert_eq!(code.load(Ordering::SeqCst), 0);
            sender.send(()).await.unwrap();
        };
        tokio::join!(watch(signals, token.clone(), exit), signalling);
        assert_eq!(code.load(Ordering::SeqCst), EXIT_INTERRUPTED);
    }

    #[tokio::test]
    async fn sigterm_requests_the_shutdown() {
        let shutdown = Shutdown::on_signals().unwrap();
        let id = std::process::id().to_string();
        let kill = tokio::process::Command::new("kill").args(["-TERM", &id]).status();
        assert!(kill.await.unwrap().success());
        let requested = tokio::time::timeout(Duration::from_secs(10), shutdown.requested());
        requested.await.unwrap();
    }

    #[tokio::test]
    async fn drain_waits_for_tasks_and_counts_those_that_remain() {
        let tracker = TaskTracker::new();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        tracker.spawn(ended);
        let deadline = Duration::from_millis(1);
        assert_eq!(drain(&tracker, deadline).await, Err(NotDrained { count: 1, deadline }));
        end.send(()).unwrap();
        assert_eq!(drain(&tracker, Duration::from_secs(10)).await, Ok(()));
    }
}
