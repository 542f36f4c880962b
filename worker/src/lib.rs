//! Warren's background side: takes sends from the message log and makes them
//! messages.

mod commit;
mod holdings;
mod partition;
mod schedule;
mod share;
mod worker;

pub use schedule::Schedule;
pub use worker::{Worker, WorkerError};
