//! Warren's background side: takes sends from the message log and makes them
//! messages.

mod commit;
mod door;
mod holdings;
mod metrics;
mod partition;
mod schedule;
mod share;
mod worker;

pub use door::{Door, DoorError};
pub use schedule::Schedule;
pub use worker::{Parts, Worker, WorkerError};
