//! A database server of a test's own, of either kind.

use super::{DatabaseServer, Mariadb, Postgres};

/// A server that nobody else uses, and so may be killed.
pub enum OwnDatabase {
    Postgres(Postgres),
    Mariadb(Mariadb),
}

impl OwnDatabase {
    /// Starts a new one.
    pub async fn start(kind: DatabaseServer) -> Self {
        match kind {
            DatabaseServer::Postgres => Self::Postgres(Postgres::start().await),
            DatabaseServer::Mariadb => Self::Mariadb(Mariadb::start().await),
        }
    }

    /// A new empty database; the answer is its URL.
    pub async fn create_database(&self) -> String {
        match self {
            Self::Postgres(server) => server.create_database().await,
            Self::Mariadb(server) => server.create_database().await,
        }
    }

    /// `kill -9` for the server and its sessions.
    pub fn kill(&self) {
        match self {
            Self::Postgres(server) => server.kill(),
            Self::Mariadb(server) => server.kill(),
        }
    }

    /// Stops it: sessions are ended, everything is written.
    pub fn stop(&self) {
        match self {
            Self::Postgres(server) => server.stop(),
            Self::Mariadb(server) => server.stop(),
        }
    }

    /// Starts it again on the same port and data.
    pub async fn restart(&self) {
        match self {
            Self::Postgres(server) => server.restart().await,
            Self::Mariadb(server) => server.restart().await,
        }
    }
}
