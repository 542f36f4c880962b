//! Who on this node waits for the outcome of which send.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use warren_domain::id::MessageId;
use warren_domain::message::{Fingerprint, Outcome, Receipt};

/// Below this many entries nobody looks for those that were given up.
const SWEEP_FROM: usize = 1024;

type Address = (MessageId, Fingerprint);

/// The waiting sends of a node. Entries whose waiter has gone are swept out
/// whenever their number may have doubled, so the map never holds more than
/// twice what was in flight at once.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    waiting: Mutex<Waiting>,
}

impl Waiters {
    /// Registers one more wait for this send. Dropping the receiver ends it.
    pub(super) fn register(
        &self,
        id: MessageId,
        content: Fingerprint,
    ) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.sweep_if_due();
        let senders = waiting.senders.entry((id, content)).or_default();
        senders.retain(|sender| !sender.is_closed());
        senders.push(sender);
        receiver
    }

    /// Tells everybody who waits for this send.
    pub(super) fn resolve(&self, receipt: Receipt) {
        let senders = self.lock().senders.remove(&(receipt.id, receipt.fingerprint));
        for sender in senders.unwrap_or_default() {
            // Whoever has gone asks the database.
            let _ = sender.send(receipt.outcome.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Every change is complete in itself, so a panic elsewhere spoils nothing.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Waiting {
    senders: HashMap<Address, Vec<oneshot::Sender<Outcome>>>,
    sweep_at: usize,
}

impl Waiting {
    fn sweep_if_due(&mut self) {
        if self.senders.len() < self.sweep_at.max(SWEEP_FROM) {
            return;
        }
        self.senders.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        self.sweep_at = 2 * self.senders.len();
    }
}

#[cfg(test)]
mod tests {
    use warren_domain::id::UserId;
    use warren_domain::message::Rejection;

    use super::*;

    fn send(key: &str) -> (MessageId, Fingerprint) {
        let id = MessageId::derive(UserId::generate(), key);
        (id, Fingerprint(UserId::generate().0))
    }

    #[tokio::test]
    async fn all_waiters_of_a_send_hear_its_outcome_and_others_do_not() {
        let waiters = Waiters::default();
        let ((id, content), (_, other_content)) = (send("a"), send("b"));
        let one = waiters.register(id, content);
        let two = waiters.register(id, content);
        let mut other = waiters.register(id, other_content);
        let outcome = Outcome::Rejected { reason: Rejection::KeyReused };
        waiters.resolve(Receipt { id, fingerprint: content, outcome: outcome.clone() });
        assert_eq!(one.await, Ok(outcome.clone()));
        assert_eq!(two.await, Ok(outcome));
        assert!(other.try_recv().is_err());
    }

    #[test]
    fn abandoned_waits_for_one_send_do_not_accumulate() {
        let waiters = Waiters::default();
        let (id, content) = send("again");
        for _ in 0..10 {
            drop(waiters.register(id, content));
        }
        assert_eq!(waiters.lock().senders.get(&(id, content)).map(Vec::len), Some(1));
    }

    #[test]
    fn abandoned_waits_do_not_accumulate() {
        let waiters = Waiters::default();
        let (kept_id, kept_content) = send("kept");
        let _kept = waiters.register(kept_id, kept_content);
        for number in 0..10 * SWEEP_FROM {
            let (id, content) = send(&number.to_string());
            drop(waiters.register(id, content));
        }
        let waiting = waiters.lock();
        assert!(waiting.senders.len() <= SWEEP_FROM);
        assert!(waiting.senders.contains_key(&(kept_id, kept_content)));
    }
}
