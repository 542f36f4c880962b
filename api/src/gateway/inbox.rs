//! The reading half of a socket: what its client says.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, SplitStream};
use futures_util::{FutureExt, StreamExt};
use poem::http::StatusCode;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use uuid::Uuid;
use warren_domain::account::Actor;
use warren_domain::id::ChannelId;
use warren_domain::message::{self, IdempotencyKey, MessageText, Posted, Send};

use crate::channels::{reference, require_member};
use crate::gateway::frame::{ClientFrame, ServerFrame};
use crate::gateway::socket::{Closing, Socket};
use crate::messages::invalid_text;
use crate::node::{ACCEPT_WAIT, Node};
use crate::problem::Problem;
use crate::receipt::Receipt;

/// Sends of one socket that may be on their way at once; then it is not read.
const MAX_SENDS_UNDER_WAY: usize = 64;

/// How long an accepted send's outcome is waited for after `accepted` was said.
const LATE_WAIT: Duration = Duration::from_secs(60);

/// What the reading half asks of the writing half.
#[derive(Debug)]
pub(crate) enum Request {
    /// Say this.
    Say(ServerFrame),
    /// Watch a channel, from where it stands or after a number.
    Watch { channel_id: ChannelId, after_seq: Option<i64> },
    /// Watch a channel no more.
    Unwatch(ChannelId),
    /// The client answered a ping.
    Alive,
    /// End it.
    Close(Closing),
}

type Work = BoxFuture<'static, Done>;

/// A step of the work on a client's frame.
struct Done {
    request: Option<Request>,
    /// What is left to wait for, without holding a place.
    late: Option<Work>,
}

/// Reads frames and works on them until the client or the writer is gone.
pub(crate) async fn read(
    node: Arc<Node>,
    actor: Actor,
    mut frames: SplitStream<Socket>,
    requests: mpsc::Sender<Request>,
) {
    let mut under_way = FuturesUnordered::<Work>::new();
    let mut late = FuturesUnordered::<Work>::new();
    loop {
        let done = tokio::select! {
            Some(done) = under_way.next(), if !under_way.is_empty() => done,
            Some(done) = late.next(), if !late.is_empty() => done,
            frame = frames.next(), if under_way.len() < MAX_SENDS_UNDER_WAY => match frame {
                Some(Ok(Message::Text(text))) => {
                    under_way.push(work(node.clone(), actor.clone(), &text));
                    continue;
                }
                Some(Ok(Message::Pong(_))) => Done::say(Request::Alive),
                Some(Ok(Message::Ping(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Binary(_))) => {
                    Done::say(Request::Close(Closing::new(CloseCode::Unsupported, "frames are text")))
                }
                Some(Err(error)) => Done::say(Request::Close(Closing::for_error(&error))),
                Some(Ok(Message::Close(_))) | None => return,
            },
            () = requests.closed() => return drain(frames).await,
        };
        if let Some(wait) = done.late.filter(|_| late.len() < MAX_SENDS_UNDER_WAY) {
            late.push(wait);
        }
        let Some(request) = done.request else { continue };
        let ends = matches!(request, Request::Close(_));
        if requests.send(request).await.is_err() || ends {
            return drain(frames).await;
        }
    }
}

/// Reads on until the client's close, so that it gets ours.
async fn drain(mut frames: SplitStream<Socket>) {
    while let Some(Ok(_)) = frames.next().await {}
}

/// A frame that cannot be understood.
pub(crate) fn malformed(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_frame", detail)
}

fn work(node: Arc<Node>, actor: Actor, text: &str) -> Work {
    let frame = match serde_json::from_str::<ClientFrame>(text) {
        Ok(frame) => frame,
        Err(error) => {
            let problem = malformed(&format!("No frame is like this: {error}."));
            return std::future::ready(Done::refuse(problem)).boxed();
        }
    };
    async move {
        match frame {
            ClientFrame::Ping { nonce } => Done::say(Request::Say(ServerFrame::Pong { nonce })),
            ClientFrame::Send { channel, text, key } => send(node, actor, channel, text, key).await,
            ClientFrame::Subscribe { channel, after_seq } => {
                watch(&node, &actor, &channel, after_seq).await.unwrap_or_else(Done::refuse)
            }
            ClientFrame::Unsubscribe { channel } => {
                unwatch(&node, &actor, &channel).await.unwrap_or_else(Done::refuse)
            }
        }
    }
    .boxed()
}

async fn watch(
    node: &Node,
    actor: &Actor,
    channel: &str,
    after_seq: Option<i64>,
) -> Result<Done, Problem> {
    let channel = require_member(node, actor, &reference(channel)?).await?;
    if after_seq.is_some_and(|seq| !(0..=channel.last_seq).contains(&seq)) {
        let reason = crate::gateway::frame::ResyncReason::Ahead;
        let watch = Request::Watch { channel_id: channel.id, after_seq: None };
        let resync = Request::Say(ServerFrame::Resync { channel, reason });
        let late = std::future::ready(Done::say(watch)).boxed();
        return Ok(Done { request: Some(resync), late: Some(late) });
    }
    Ok(Done::say(Request::Watch { channel_id: channel.id, after_seq }))
}

async fn unwatch(node: &Node, actor: &Actor, channel: &str) -> Result<Done, Problem> {
    let channel = require_member(node, actor, &reference(channel)?).await?;
    Ok(Done::say(Request::Unwatch(channel.id)))
}

async fn send(
    node: Arc<Node>,
    actor: Actor,
    channel: String,
    text: String,
    key: Option<String>,
) -> Done {
    let key = match key.as_deref().map(IdempotencyKey::parse).transpose() {
        Ok(key) => key.unwrap_or_else(IdempotencyKey::generate),
        Err(invalid) => {
            let problem = Problem::invalid_parameter(format!("Key: {invalid}."));
            return Done::refuse(problem.with_key(key.unwrap_or_default()));
        }
    };
    let started = Instant::now();
    match post(&node, &actor, &channel, text, key.clone(), started).await {
        Ok(posted) => settle(posted, key, node.commit_wait.saturating_sub(started.elapsed())).await,
        Err(problem) => Done::refuse(problem.with_key(key)),
    }
}

async fn post(
    node: &Node,
    actor: &Actor,
    channel: &str,
    text: String,
    key: IdempotencyKey,
    started: Instant,
) -> Result<Posted, Problem> {
    let send = Send {
        channel: reference(channel)?,
        text: MessageText::parse(text).map_err(invalid_text)?,
        key,
        request_id: Uuid::now_v7().to_string(),
        deadline: started + ACCEPT_WAIT,
    };
    Ok(message::post(&node.domain, actor, send).await?)
}

/// The receipt, or `accepted` now and the receipt later.
async fn settle(mut posted: Posted, key: IdempotencyKey, wait: Duration) -> Done {
    let id = posted.id;
    if let Some(outcome) = posted.accepted.outcome_within(wait).await {
        return Done::say(receipt(key, Receipt::settled(id, None, outcome)));
    }
    let accepted = receipt(
        key.clone(),
        Receipt { idempotency_key: None, ..Receipt::accepted(id, key.clone()) },
    );
    let late = async move {
        let outcome = posted.accepted.outcome_within(LATE_WAIT).await;
        let settled = outcome.map(|outcome| receipt(key, Receipt::settled(id, None, outcome)));
        Done { request: settled, late: None }
    };
    Done { request: Some(accepted), late: Some(late.boxed()) }
}

fn receipt(key: IdempotencyKey, receipt: Receipt) -> Request {
    Request::Say(ServerFrame::Receipt { key: key.into(), receipt })
}

impl Done {
    fn say(request: Request) -> Self {
        Self { request: Some(request), late: None }
    }

    fn refuse(problem: Problem) -> Self {
        Self::say(Request::Say(ServerFrame::error(problem)))
    }
}
