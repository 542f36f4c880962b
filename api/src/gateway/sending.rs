//! Sending over a socket.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use uuid::Uuid;
use warren_domain::account::Actor;
use warren_domain::message::{self, IdempotencyKey, Posted, Send};

use crate::channel::channels::reference;
use crate::gateway::frame::{ReceiptFrame, SendFrame, ServerFrame};
use crate::gateway::inbox::{Late, Request, refuse};
use crate::http::problem::Problem;
use crate::message::messages::{admitted_text, lifetime};
use crate::message::receipt::Receipt;
use crate::node::{ACCEPT_WAIT, Node};

/// How long an accepted send's outcome is waited for after `accepted` was said.
const LATE_WAIT: Duration = Duration::from_secs(60);

/// Sends; the answer is what to say of it, and what is left to wait for.
pub(crate) async fn send(
    node: Arc<Node>,
    actor: Actor,
    frame: SendFrame,
) -> (Request, Option<Late>) {
    let key = match frame.key.as_deref().map(IdempotencyKey::parse).transpose() {
        Ok(key) => key.unwrap_or_else(IdempotencyKey::generate),
        Err(invalid) => {
            let problem = Problem::invalid_parameter(format!("Key: {invalid}."));
            return (refuse(problem.with_key(frame.key.unwrap_or_default()), None), None);
        }
    };
    let started = Instant::now();
    match post(&node, &actor, frame, key.clone(), started).await {
        Ok(posted) => settle(posted, key, node.commit_wait.saturating_sub(started.elapsed())).await,
        Err(problem) => (refuse(problem.with_key(key), None), None),
    }
}

async fn post(
    node: &Node,
    actor: &Actor,
    frame: SendFrame,
    key: IdempotencyKey,
    started: Instant,
) -> Result<Posted, Problem> {
    let send = Send {
        channel: reference(&frame.channel)?,
        text: admitted_text(node, frame.text)?,
        lifetime: lifetime(frame.expires_in_s)?,
        thread_root_id: frame.thread_root_id,
        key,
        request_id: Uuid::now_v7().to_string(),
        deadline: started + ACCEPT_WAIT,
    };
    Ok(message::post(&node.domain, actor, send).await?)
}

/// The receipt, or `accepted` now and the receipt later.
async fn settle(
    mut posted: Posted,
    key: IdempotencyKey,
    wait: Duration,
) -> (Request, Option<Late>) {
    let id = posted.id;
    if let Some(outcome) = posted.accepted.outcome_within(wait).await {
        return (receipt(key, Receipt::settled(id, None, outcome)), None);
    }
    let accepted = receipt(key.clone(), Receipt::accepted(id, None));
    let late = async move {
        let outcome = posted.accepted.outcome_within(LATE_WAIT).await?;
        Some(receipt(key, Receipt::settled(id, None, outcome)))
    };
    (accepted, Some(late.boxed()))
}

fn receipt(key: IdempotencyKey, receipt: Receipt) -> Request {
    Request::say(&ServerFrame::Receipt(ReceiptFrame { key: key.into(), receipt }))
}
