//! How the server is, for people who watch it: what can be read from the
//! database without burdening it.

mod counts;
mod database;
mod processes;

pub use counts::{Counts, count};
pub use database::{About, Pool, about, pool};
pub use processes::{ApiProcess, WorkerProcess, alive, api_processes, workers};
