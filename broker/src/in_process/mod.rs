//! Everything in one process: a queue into the committer, and a bus that is a
//! function call. Also for several API nodes on one database, each committing
//! what it accepted, with another strategy for the bus.

mod bus;
mod dead_letters;
mod log;

pub use bus::InProcessBus;
pub use dead_letters::InProcessDeadLetters;
pub use log::InProcessLog;
