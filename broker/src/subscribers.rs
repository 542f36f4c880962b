//! The subscribers within this process, each with a bounded queue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use warren_domain::port::BusSignal;

/// How many signals a subscriber may be behind before it is sent to the database.
const QUEUE_LENGTH: usize = 1024;

/// Hands signals to all subscribers and never waits for any.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    subscribers: Mutex<Vec<Subscriber>>,
}

impl Subscribers {
    pub(crate) fn subscribe(&self) -> mpsc::Receiver<BusSignal> {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
        let subscriber = Subscriber { sender, behind: Arc::default() };
        self.lock().push(subscriber);
        receiver
    }

    /// Tells everybody; those who have gone are forgotten.
    pub(crate) fn tell(&self, signal: &BusSignal) {
        self.lock().retain(|subscriber| subscriber.tell(signal.clone()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Subscriber>> {
        // A list with one entry more or less is still a list.
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Subscriber {
    sender: mpsc::Sender<BusSignal>,
    /// A [`BusSignal::Missed`] is waiting for room; until it gets it, what is
    /// told is dropped, because that signal stands for it.
    behind: Arc<AtomicBool>,
}

impl Subscriber {
    /// `false` if nobody listens any more.
    fn tell(&self, signal: BusSignal) -> bool {
        if self.behind.load(Ordering::Acquire) {
            return !self.sender.is_closed();
        }
        match self.sender.try_send(signal) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.behind.store(true, Ordering::Release);
                tokio::spawn(catch_up(self.sender.clone(), self.behind.clone()));
                true
            }
        }
    }
}

/// Waits for room, then says that something was missed. Signals are let in
/// again just before: what comes between is told twice, never lost.
async fn catch_up(sender: mpsc::Sender<BusSignal>, behind: Arc<AtomicBool>) {
    if let Ok(room) = sender.reserve().await {
        behind.store(false, Ordering::Release);
        room.send(BusSignal::Missed);
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
    async fn subscriber_that_was_full_hears_that_it_missed_something() {
        let subscribers = Subscribers::default();
        let mut slow = subscribers.subscribe();
        for _ in 0..QUEUE_LENGTH + 10 {
            subscribers.tell(&signal());
        }
        for _ in 0..QUEUE_LENGTH {
            assert!(matches!(slow.recv().await, Some(BusSignal::Ephemeral(_))));
        }
        assert!(matches!(slow.recv().await, Some(BusSignal::Missed)));
        subscribers.tell(&signal());
        assert!(matches!(slow.recv().await, Some(BusSignal::Ephemeral(_))));
    }

    #[tokio::test]
    async fn subscriber_that_left_is_forgotten() {
        let subscribers = Subscribers::default();
        drop(subscribers.subscribe());
        subscribers.tell(&signal());
        assert!(subscribers.lock().is_empty());
    }
}
