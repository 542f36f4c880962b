//! What every operation of the domain works with.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use crate::account::{Passwords, People};
use crate::channel::AccessCache;
use crate::clock::Clock;
use crate::database::Database;
use crate::port::{Ephemeral, EventBus, MessageLog};
use crate::timeline::Publication;

/// The first parameter of every operation: where things are, not who acts.
#[derive(Clone)]
pub struct Domain {
    /// The database.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Where sends go.
    pub log: Arc<dyn MessageLog>,
    /// Where the nodes hear of what happened.
    pub bus: Arc<dyn EventBus>,
    /// Who is who.
    pub people: People,
    pub(crate) passwords: Passwords,
    pub(crate) access: AccessCache,
    tasks: TaskTracker,
}

impl Domain {
    /// Puts the parts together.
    ///
    /// # Errors
    /// If this machine cannot hash passwords.
    pub fn new(
        database: Database,
        log: Arc<dyn MessageLog>,
        bus: Arc<dyn EventBus>,
        people: People,
    ) -> Result<Self, String> {
        Ok(Self {
            database,
            clock: Clock::System,
            log,
            bus,
            people,
            passwords: Passwords::new()?,
            access: AccessCache::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Waits for announcements under way, at shutdown.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Tells the nodes of committed events, without keeping the caller.
    pub(crate) fn publish(&self, publication: Publication) {
        let bus = self.bus.clone();
        self.tasks.spawn(async move { bus.publish_events(&publication.events).await });
    }

    /// Tells the nodes something that is stored nowhere.
    pub(crate) fn announce(&self, ephemeral: Ephemeral) {
        let bus = self.bus.clone();
        self.tasks.spawn(async move { bus.publish_ephemeral(&ephemeral).await });
    }
}
