//! What every operation of the domain works with.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::account::{ForgottenPasswords, LastSeen, Passwords, People, Pictures};
use crate::channel::AccessCache;
use crate::clock::Clock;
use crate::database::Database;
use crate::id::UserId;
use crate::limits::Limits;
use crate::port::{Ephemeral, EventBus, MessageLog, PostOffice};
use crate::timeline::Publication;

/// How long a process that ends waits for what is under way.
const FINISH: Duration = Duration::from_secs(4);

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
    /// How much one person may have.
    pub limits: Limits,
    pub(crate) passwords: Passwords,
    pub(crate) pictures: Pictures,
    pub(crate) forgotten: ForgottenPasswords,
    pub(crate) last_seen: LastSeen,
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
            limits: Limits::default(),
            passwords: Passwords::new()?,
            pictures: Pictures::default(),
            forgotten: ForgottenPasswords::default(),
            last_seen: LastSeen::default(),
            access: AccessCache::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Another node of the same process, as only a simulation has: it shares what is
    /// costly to make (the places where passwords are hashed) and nothing that this one
    /// remembers.
    #[must_use]
    pub fn sibling(
        &self,
        database: Database,
        log: Arc<dyn MessageLog>,
        bus: Arc<dyn EventBus>,
        clock: Clock,
    ) -> Self {
        Self {
            database,
            clock,
            log,
            bus,
            people: People::default(),
            limits: self.limits,
            passwords: self.passwords.clone(),
            pictures: self.pictures.clone(),
            forgotten: ForgottenPasswords::default(),
            last_seen: LastSeen::default(),
            access: AccessCache::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// The same, with a way for letters; without it nobody is sent any.
    #[must_use]
    pub fn with_post_office(mut self, post_office: Option<PostOffice>) -> Self {
        self.forgotten = ForgottenPasswords::new(post_office);
        self
    }

    /// The same, where one person may have so much.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Waits for announcements and letters under way, at shutdown, for a while.
    pub async fn finish(&self) {
        self.tasks.close();
        if tokio::time::timeout(FINISH, self.tasks.wait()).await.is_err() {
            tracing::warn!("stopped with letters or announcements under way");
        }
    }

    /// Runs what no caller waits for; [`Self::finish`] does.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Tells the nodes of committed events, without keeping the caller.
    pub(crate) fn publish(&self, publication: Publication) {
        let bus = self.bus.clone();
        self.tasks.spawn(async move { bus.publish_events(&publication.events).await });
    }

    /// After the commit: no node goes on with what it remembers of somebody.
    pub(crate) fn person_changed(&self, user_id: UserId) {
        self.people.forget(user_id);
        self.announce(Ephemeral::PersonChanged { user_id });
    }

    /// Tells the nodes something that is stored nowhere.
    pub(crate) fn announce(&self, ephemeral: Ephemeral) {
        let bus = self.bus.clone();
        self.tasks.spawn(async move { bus.publish_ephemeral(&ephemeral).await });
    }
}
