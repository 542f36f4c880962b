//! Warren's rules: who may do what, what a message's way into the database
//! is, and what everybody sees of it. Knows neither HTTP nor a broker.

pub mod account;
pub mod channel;
mod clock;
mod context;
pub mod database;
mod entity;
pub mod id;
mod invalid;
mod limits;
pub mod message;
mod node_registry;
pub mod partition;
pub mod port;
pub mod schema;
pub mod status;
pub mod timeline;
mod worker_registry;
mod workshop;

pub use clock::Clock;
pub use context::Domain;
pub use invalid::Invalid;
pub use limits::Limits;
pub use node_registry::{NODE_LIFETIME, NodeRegistry, PingError};
pub use worker_registry::{Holding, WORKER_LIFETIME, WorkerRegistry};
