//! Warren's background side: takes sends from the message log and makes them
//! messages.

mod commit;
mod holdings;
mod partition;
mod share;
mod worker;

pub use worker::{Worker, WorkerError};
