//! Whether the process has what it needs.

use std::sync::Arc;
use std::time::Duration;

use poem_openapi::{ApiResponse, Object};
use serde::Serialize;
use warren_domain::port::LogError;
use warren_domain::schema;

use crate::http::body::Body;
use crate::node::Node;

/// How long the database may take to answer a check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// What the process needs, and whether it has it.
#[derive(Debug, Serialize, Object)]
pub(crate) struct Readiness {
    /// `ok` or `unavailable`.
    status: String,
    /// Each thing that it needs.
    checks: Vec<Check>,
}

/// One thing that the process needs.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct Check {
    /// `database`, `message_log` or `event_bus`.
    name: String,
    /// Whether it is there.
    ok: bool,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(ApiResponse)]
pub(crate) enum ReadyAnswer {
    /// It has what it needs.
    #[oai(status = 200)]
    Ready(Body<Readiness>),
    /// Something is missing: send it no requests.
    #[oai(status = 503)]
    NotReady(Body<Readiness>),
}

/// Looks at everything that the node needs, as often as anybody asks but at most
/// once a second: it takes the database's write lock.
pub(crate) async fn ready(node: &Arc<Node>) -> ReadyAnswer {
    let looking = node.clone();
    let checks = node.watching.ready.answer(async move { checks(&looking).await }).await;
    let checks = checks.unwrap_or_default();
    match !checks.is_empty() && checks.iter().all(|check| check.ok) {
        true => ReadyAnswer::Ready(Body(Readiness { status: "ok".into(), checks })),
        false => ReadyAnswer::NotReady(Body(Readiness { status: "unavailable".into(), checks })),
    }
}

async fn checks(node: &Node) -> Vec<Check> {
    vec![
        database(node).await,
        check("message_log", node.domain.log.check()),
        check("event_bus", node.domain.bus.check()),
    ]
}

async fn database(node: &Node) -> Check {
    let answered =
        tokio::time::timeout(CHECK_TIMEOUT, schema::check_writable(&node.domain.database)).await;
    let detail = match answered {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some("the database answers with an error".to_owned()),
        Err(_) => Some("the database does not answer in time".to_owned()),
    };
    Check { name: "database".into(), ok: detail.is_none(), detail }
}

fn check(name: &str, result: Result<(), LogError>) -> Check {
    let detail = result.err().map(|error| error.to_string());
    Check { name: name.into(), ok: detail.is_none(), detail }
}
