//! Keeps a session with the broker alive: when one ends, the next begins.

use std::sync::Arc;
use std::time::Duration;

use lapin::uri::AMQPUri;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::Tasks;
use super::probe::probe;
use super::session::{Session, SessionError};
use super::settings::{RabbitSettings, address};

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// The present session, and the news of the next.
#[derive(Clone, Debug)]
pub(super) struct Link {
    sessions: watch::Receiver<Option<Session>>,
}

impl Link {
    /// Begins to connect, in a task that lasts until everything is cancelled.
    pub(super) fn start(name: &'static str, settings: Arc<RabbitSettings>, tasks: &Tasks) -> Self {
        let (sender, sessions) = watch::channel(None);
        // Anywhere: processes that start together spread over the nodes.
        let turn = rand::random_range(0..settings.nodes().len());
        let upkeep = Upkeep { name, settings, turn, sender, warned: false, hung: false };
        let cancel = tasks.cancel.clone();
        tasks.tracker.spawn(async move {
            let last = upkeep.sender.subscribe();
            cancel.run_until_cancelled(upkeep.run()).await;
            let session = last.borrow().clone();
            if let Some(session) = session {
                session.close().await;
            }
        });
        Self { sessions }
    }

    /// The live session, when there is one; `None` when there will be no more.
    pub(super) async fn session(&self) -> Option<Session> {
        let mut sessions = self.sessions.clone();
        let live = sessions.wait_for(|session| session.as_ref().is_some_and(|it| !it.is_over()));
        live.await.ok()?.clone()
    }

    /// The live session, if there is one now.
    pub(super) fn current(&self) -> Result<Session, SessionError> {
        let session = self.sessions.borrow().clone();
        session.filter(|session| !session.is_over()).ok_or(SessionError::Absent)
    }
}

struct Upkeep {
    name: &'static str,
    settings: Arc<RabbitSettings>,
    /// Which of the broker's nodes comes next; they go around.
    turn: usize,
    sender: watch::Sender<Option<Session>>,
    warned: bool,
    /// The last attempt found a broker that did not answer.
    hung: bool,
}

impl Upkeep {
    async fn run(mut self) {
        let mut failures = 0;
        loop {
            let begun = Instant::now();
            let nodes = self.settings.nodes();
            let Some(node) = nodes.get(self.turn % nodes.len()).cloned() else { return };
            let error = self.hold_one_session(&node).await;
            self.report_outage(&node, &error);
            self.turn += 1;
            // A session that broke at once is one more failure, not a new start.
            failures = if begun.elapsed() > 2 * LONGEST_DELAY { 0 } else { failures + 1 };
            tokio::time::sleep(delay(failures)).await;
        }
    }

    /// From connecting to the first error, which it returns.
    async fn hold_one_session(&mut self, node: &AMQPUri) -> String {
        let session = match self.connect(node).await {
            Ok(session) => session,
            Err(error) => return error.to_string(),
        };
        info!(link = self.name, broker.address = address(node), "connected to the broker");
        self.warned = false;
        self.sender.send_replace(Some(session.clone()));
        let error = session.failure().await;
        self.sender.send_replace(None);
        session.close().await;
        error
    }

    async fn connect(&mut self, node: &AMQPUri) -> Result<Session, SessionError> {
        if self.hung {
            probe(node).await?;
        }
        let opened = self.open(node).await;
        self.hung = matches!(opened, Err(SessionError::Silent));
        opened
    }

    async fn open(&self, node: &AMQPUri) -> Result<Session, SessionError> {
        let session = Session::connect(node, self.name).await?;
        session.declare(&self.settings.topology()).await?;
        Ok(session)
    }

    /// Warns once in an outage, however many attempts it lasts.
    fn report_outage(&mut self, node: &AMQPUri, error: &str) {
        let address = address(node);
        if self.warned {
            debug!(link = self.name, broker.address = address, error, "still no broker");
            return;
        }
        self.warned = true;
        warn!(link = self.name, broker.address = address, error, "no broker, reconnecting");
    }
}

/// Doubles from the first to the longest, less up to half of it by chance, so
/// that a cluster does not come back in step.
fn delay(failures: u32) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1 << failures.min(10));
    let longest = doubled.min(LONGEST_DELAY);
    longest.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_within_their_bounds() {
        assert!(delay(0) <= FIRST_DELAY);
        for failures in [0, 1, 5, 31, u32::MAX] {
            assert!((FIRST_DELAY / 2..=LONGEST_DELAY).contains(&delay(failures)));
        }
        assert!(delay(u32::MAX) >= LONGEST_DELAY / 2);
    }
}
