//! A ping through this process to the database and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use poem_openapi::Object;
use serde::Serialize;
use warren_domain::PingError;

use crate::node::Node;

/// How long it may take.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The database took what this process wrote, and gave it back.
#[derive(Clone, Debug, Serialize, Object)]
pub(crate) struct Pong {
    /// Always true.
    pong: bool,
    /// How long it took, in milliseconds.
    pub(super) elapsed_ms: f64,
    /// Which process answered.
    node: String,
}

/// Writes and reads the database, at most once a second.
///
/// # Errors
/// What failed, in a sentence for anybody.
pub(crate) async fn ping(node: &Arc<Node>) -> Result<Pong, &'static str> {
    let pinging = node.clone();
    let pong = node.watching.ping.answer(async move { ping_now(&pinging).await }).await;
    pong.unwrap_or(Err("The ping ended unexpectedly."))
}

async fn ping_now(node: &Node) -> Result<Pong, &'static str> {
    let begun = Instant::now();
    match tokio::time::timeout(PING_TIMEOUT, node.watching.registry.ping()).await {
        Ok(Ok(())) => {
            let elapsed_ms = begun.elapsed().as_micros() as f64 / 1_000.0;
            Ok(Pong { pong: true, elapsed_ms, node: node.watching.registry.name().to_owned() })
        }
        Ok(Err(error @ PingError::Lost)) => {
            tracing::error!(%error, "a ping failed");
            Err("The database did not give back what was written.")
        }
        Ok(Err(error @ PingError::Database(_))) => {
            tracing::warn!(%error, "a ping failed");
            Err("The database answered a ping with an error.")
        }
        Err(_) => Err("The database did not answer a ping in time."),
    }
}
