//! Whether the server lives, and how it is.

mod heartbeat;
mod once_a_second;
mod ping;
mod ready;

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use warren_domain::NodeRegistry;

use crate::body::Body;
use crate::node::Node;
use crate::problem::Refused;
use crate::tag::Tag;

pub(crate) use heartbeat::while_listed;
use once_a_second::OnceASecond;
use ping::{Pong, ping};
use ready::{Check, ReadyAnswer, ready};

/// What a node keeps for those who watch it.
pub(crate) struct Watching {
    registry: NodeRegistry,
    ready: OnceASecond<Vec<Check>>,
    ping: OnceASecond<Result<Pong, &'static str>>,
}

impl Watching {
    /// Nobody has asked yet.
    pub(crate) fn new(registry: NodeRegistry) -> Self {
        Self { registry, ready: OnceASecond::default(), ping: OnceASecond::default() }
    }
}

/// The process lives.
#[derive(Debug, Serialize, Object)]
pub(crate) struct Liveness {
    /// Always `ok`.
    status: String,
}

/// Health.
pub(crate) struct HealthApi;

#[OpenApi(tag = "Tag::Health")]
impl HealthApi {
    /// Does the process live
    #[oai(path = "/livez", method = "get", operation_id = "livez")]
    async fn livez(&self) -> Body<Liveness> {
        Body(Liveness { status: "ok".into() })
    }

    /// Is the process ready
    ///
    /// Whether it reaches its database, its message log and its event bus. It
    /// looks at most once a second, whoever asks.
    #[oai(path = "/readyz", method = "get", operation_id = "readyz")]
    async fn readyz(&self, node: Data<&Arc<Node>>) -> ReadyAnswer {
        ready(&node).await
    }

    /// Ping, through to the database
    ///
    /// Writes to the database and reads what was written, at most once a second,
    /// whoever asks.
    #[oai(path = "/ping", method = "get", operation_id = "ping")]
    async fn ping(&self, node: Data<&Arc<Node>>) -> Result<Body<Pong>, Refused<503>> {
        Ok(Body(ping(&node).await?))
    }
}
