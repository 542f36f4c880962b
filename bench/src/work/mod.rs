//! What is measured, one file for each part.

mod cluster;
mod embedded;
mod growth;
mod history;
mod sends;
mod sockets;

use crate::arguments::{Arguments, Work};
use crate::report::Results;

/// How many people send.
pub(crate) const SENDERS: usize = 20;

/// Measures what was asked for, and writes what came out.
pub(crate) async fn run(arguments: &Arguments) {
    let mut results = Results::begin();
    if arguments.wants(Work::Cluster) {
        cluster::run(arguments, &mut results).await;
    }
    if arguments.wants(Work::Embedded) {
        embedded::run(arguments, &mut results).await;
    }
    if arguments.wants(Work::Sockets) {
        sockets::run(arguments, &mut results).await;
    }
    if arguments.wants(Work::History) {
        history::run(arguments, &mut results).await;
    }
    if arguments.wants(Work::Growth) {
        growth::run(arguments, &mut results).await;
    }
    results.write(&arguments.out);
}
