//! A database server, simulated: many sessions, row locks, and whatever can happen
//! between a statement and its answer. What is true of the data SQLite says.
//!
//! It speaks PostgreSQL's dialect, of which SQLite understands all that Warren
//! uses but `FOR UPDATE`.

mod locks;
mod session;
mod store;
mod template;
mod values;

use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::Connection;
use warren_domain::database::Database;

use self::locks::Locks;
use self::session::Pool;
use self::store::Store;
use crate::world::World;

pub(crate) use self::session::{PANIC_TEXT, REFUSED_TEXT};
pub(crate) use self::template::template;

/// The server.
pub(crate) struct Server {
    world: Arc<World>,
    store: Mutex<Store>,
    locks: Locks,
}

impl Server {
    pub(crate) fn new(world: Arc<World>) -> Arc<Self> {
        Arc::new(Self { world, store: Mutex::new(Store::new()), locks: Locks::default() })
    }

    /// What a process of this name has instead of its pools.
    pub(crate) fn connect(self: &Arc<Self>, process: &str) -> Database {
        Database::substitute(Arc::new(Pool::new(self.clone(), process)))
    }

    /// Looks at what is committed, in no time.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Connection) -> T) -> T {
        look(self.store().committed())
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().expect("no panic while a statement ran")
    }
}
