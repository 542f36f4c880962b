//! The strategies behind the domain's ports, chosen by the scheme of a URL, in
//! this file and nowhere else.

pub mod in_process;
mod subscribers;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warren_domain::message::Committer;
use warren_domain::port::{EventBus, LogConsumer, MessageLog};
use warren_process::configuration::{BusUrl, LogUrl};

use crate::in_process::{InProcessBus, InProcessLog};

/// Where a strategy's tasks run, and what ends them.
#[derive(Clone)]
pub struct Runtime {
    /// The tasks: wait for them after `stop`.
    pub tasks: TaskTracker,
    /// Ends them.
    pub stop: CancellationToken,
}

/// Why a strategy cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StrategyError(String);

/// The event bus that the URL names.
///
/// # Errors
/// If the URL cannot be used.
pub fn event_bus(
    url: &BusUrl,
    _partitions: u32,
    _runtime: &Runtime,
) -> Result<Arc<dyn EventBus>, StrategyError> {
    match url {
        BusUrl::InProcess => Ok(Arc::new(InProcessBus::default())),
        BusUrl::Amqp(_) => Err(StrategyError("x".into())),
    }
}

/// The message log that the URL names, as an API process sees it. Without a
/// log of its own the process commits by itself.
///
/// # Errors
/// If the URL cannot be used.
pub fn message_log(
    url: &LogUrl,
    _partitions: u32,
    committer: Committer,
    runtime: &Runtime,
) -> Result<Arc<dyn MessageLog>, StrategyError> {
    match url {
        LogUrl::InProcess => {
            Ok(InProcessLog::start(committer, &runtime.tasks, runtime.stop.clone()))
        }
        LogUrl::Amqp(_) => Err(StrategyError("x".into())),
    }
}

/// The message log as a worker sees it; `None` if there is nothing to consume,
/// because API processes commit what they accept.
///
/// # Errors
/// If the URL cannot be used.
pub fn log_consumer(
    url: &LogUrl,
    _partitions: u32,
    _runtime: &Runtime,
) -> Result<Option<Arc<dyn LogConsumer>>, StrategyError> {
    match url {
        LogUrl::InProcess => Ok(None),
        LogUrl::Amqp(_) => Err(StrategyError("x".into())),
    }
}
