//! Bounded queues to the subscribers in this process.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::{self, error::TrySendError};
use warren_domain::port::BusSignal;

/// Signals that wait for one subscriber; more are dropped, and it is told so.
const QUEUE_LENGTH: usize = 8_192;

/// Delivers signals without ever waiting for a subscriber.
#[derive(Default)]
pub(crate) struct Subscribers {
    list: Mutex<Vec<Subscriber>>,
}

struct Subscriber {
    queue: mpsc::Sender<BusSignal>,
    missed: bool,
}

impl Subscribers {
    pub(crate) fn subscribe(&self) -> mpsc::Receiver<BusSignal> {
        let (queue, receiver) = mpsc::channel(QUEUE_LENGTH);
        self.lock().push(Subscriber { queue, missed: false });
        receiver
    }

    pub(crate) fn tell(&self, signal: &BusSignal) {
        self.lock().retain_mut(|subscriber| subscriber.offer(signal));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Subscriber>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    /// `false` once the subscriber is gone.
    fn offer(&mut self, signal: &BusSignal) -> bool {
        if self.missed && self.queue.try_send(BusSignal::Missed).is_ok() {
            self.missed = false;
        }
        match self.queue.try_send(signal.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.missed = true;
                true
            }
            Err(TrySendError::Closed(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use warren_domain::id::SessionId;
    use warren_domain::port::Ephemeral;

    use super::*;

    fn signal() -> BusSignal {
        BusSignal::Ephemeral(Ephemeral::SessionEnded { session_id: SessionId::generate() })
    }

    #[tokio::test]
    async fn full_queue_drops_and_says_so() {
        let subscribers = Subscribers::default();
        let mut queue = subscribers.subscribe();
        for _ in 0..=QUEUE_LENGTH {
            subscribers.tell(&signal());
        }
        for _ in 0..QUEUE_LENGTH {
            assert!(matches!(queue.recv().await, Some(BusSignal::Ephemeral(_))));
        }
        subscribers.tell(&signal());
        assert!(matches!(queue.recv().await, Some(BusSignal::Missed)));
        assert!(matches!(queue.recv().await, Some(BusSignal::Ephemeral(_))));
    }

    #[test]
    fn gone_subscriber_is_forgotten() {
        let subscribers = Subscribers::default();
        drop(subscribers.subscribe());
        subscribers.tell(&signal());
        assert!(subscribers.lock().is_empty());
    }
}
