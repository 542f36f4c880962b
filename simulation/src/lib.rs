//! Warren, simulated: the committer, the worker's loop, the API's way to the log, and
//! the gateway, all as they are in production, on a log, a bus, a database and a clock
//! that do whatever a seed says. docs/simulation.md tells what is simulated and what is
//! real.

mod bus;
mod chance;
mod client;
mod cluster;
mod database;
mod judgement;
mod ledger;
mod log;
mod many;
mod nowhere;
mod run;
mod setting;
mod verdict;
mod weather;
mod world;

pub use many::{Seeds, Summary, run_all, silence_panics_made_on_purpose};
pub use run::{Report, run};
pub use world::{Invariant, Tally, Violation};
