//! The reading half of a socket: what its client says.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, SplitStream};
use futures_util::{FutureExt, StreamExt};
use poem::http::StatusCode;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};
use uuid::Uuid;
use warren_domain::account::Actor;
use warren_domain::id::ChannelId;
use warren_domain::message::{self, IdempotencyKey, MessageText, Posted, Send};

use crate::channels::{reference, require_member};
use crate::gateway::frame::{ClientFrame, ResyncReason, ServerFrame};
use crate::gateway::signal::Signal;
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
    /// Watch a channel after a number; or, if it is not watched yet, from where it
    /// stood when the membership was seen.
    Watch { channel_id: ChannelId, after_seq: Option<i64>, stands_at: i64 },
    /// Watch a channel no more; it stood at that number when this was asked.
    Unwatch { channel_id: ChannelId, stands_at: i64 },
    /// Send what waits: the answer to a ping is among it, and who does not read
    /// the answers is not heard.
    Flush,
    /// The client answered a ping.
    Alive,
    /// End it.
    Close(Closing),
}

/// Work on a send: what to say of it, and what is left to wait for.
type Work = BoxFuture<'static, (Request, Option<Late>)>;

/// The outcome of an accepted send, which holds no place while it is awaited.
type Late = BoxFuture<'static, Option<Request>>;

/// Reads frames and works on them until the client or the writer is gone, or
/// the session ends. Sends are under way together; everything else is done in
/// the order in which it was said.
pub(crate) async fn read(
    node: Arc<Node>,
    actor: Actor,
    signal: Arc<Signal>,
    mut frames: SplitStream<Socket>,
    requests: mpsc::Sender<Request>,
) {
    let mut under_way = FuturesUnordered::<Work>::new();
    let mut late = FuturesUnordered::<Late>::new();
    loop {
        let said = tokio::select! {
            biased;
            () = signal.ended().cancelled() => return drain(frames).await,
            () = requests.closed() => return drain(frames).await,
            Some((request, wait)) = under_way.next(), if !under_way.is_empty() => {
                if let Some(wait) = wait.filter(|_| late.len() < MAX_SENDS_UNDER_WAY) {
                    late.push(wait);
                }
                vec![request]
            }
            Some(request) = late.next(), if !late.is_empty() => request.into_iter().collect(),
            frame = frames.next(), if under_way.len() < MAX_SENDS_UNDER_WAY => {
                match hear(&node, &actor, frame).await {
                    Heard::Send(work) => {
                        under_way.push(work);
                        continue;
                    }
                    Heard::Answer(requests) => requests,
                    Heard::Gone => return,
                }
            }
        };
        for request in said {
            let ends = matches!(request, Request::Close(_));
            if requests.send(request).await.is_err() || ends {
                return drain(frames).await;
            }
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

/// What a frame leads to.
enum Heard {
    Send(Work),
    Answer(Vec<Request>),
    Gone,
}

async fn hear(
    node: &Arc<Node>,
    actor: &Actor,
    frame: Option<Result<Message, tungstenite::Error>>,
) -> Heard {
    let close = |closing| Heard::Answer(vec![Request::Close(closing)]);
    match frame {
        Some(Ok(Message::Text(text))) => obey(node, actor, &text).await,
        Some(Ok(Message::Pong(_))) => Heard::Answer(vec![Request::Alive]),
        Some(Ok(Message::Ping(_) | Message::Frame(_))) => Heard::Answer(vec![Request::Flush]),
        Some(Ok(Message::Binary(_))) => {
            close(Closing::new(CloseCode::Unsupported, "frames are text"))
        }
        Some(Err(error)) => close(Closing::for_error(&error)),
        Some(Ok(Message::Close(_))) | None => Heard::Gone,
    }
}

async fn obey(node: &Arc<Node>, actor: &Actor, text: &str) -> Heard {
    let done = match serde_json::from_str(text) {
        Ok(ClientFrame::Send { channel, text, key }) => {
            return Heard::Send(send(node.clone(), actor.clone(), channel, text, key).boxed());
        }
        Ok(ClientFrame::Subscribe { channel, after_seq }) => {
            watch(node, actor, &channel, after_seq).await
        }
        Ok(ClientFrame::Unsubscribe { channel }) => unwatch(node, actor, &channel).await,
        Ok(ClientFrame::Ping { nonce }) => Ok(vec![Request::Say(ServerFrame::Pong { nonce })]),
        Err(error) => Err(malformed(&format!("No frame is like this: {error}."))),
    };
    Heard::Answer(done.unwrap_or_else(|problem| vec![refuse(problem)]))
}

async fn watch(
    node: &Node,
    actor: &Actor,
    channel: &str,
    after_seq: Option<i64>,
) -> Result<Vec<Request>, Problem> {
    let channel = require_member(node, actor, &reference(channel)?).await?.channel;
    let (channel_id, stands_at) = (channel.summary.id, channel.last_seq);
    if after_seq.is_some_and(|seq| !(0..=stands_at).contains(&seq)) {
        let resync = ServerFrame::Resync { channel, reason: ResyncReason::Ahead };
        let watch = Request::Watch { channel_id, after_seq: Some(stands_at), stands_at };
        return Ok(vec![Request::Say(resync), watch]);
    }
    Ok(vec![Request::Watch { channel_id, after_seq, stands_at }])
}

async fn unwatch(node: &Node, actor: &Actor, channel: &str) -> Result<Vec<Request>, Problem> {
    let channel = require_member(node, actor, &reference(channel)?).await?.channel;
    Ok(vec![Request::Unwatch { channel_id: channel.summary.id, stands_at: channel.last_seq }])
}

async fn send(
    node: Arc<Node>,
    actor: Actor,
    channel: String,
    text: String,
    key: Option<String>,
) -> (Request, Option<Late>) {
    let key = match key.as_deref().map(IdempotencyKey::parse).transpose() {
        Ok(key) => key.unwrap_or_else(IdempotencyKey::generate),
        Err(invalid) => {
            let problem = Problem::invalid_parameter(format!("Key: {invalid}."));
            return (refuse(problem.with_key(key.unwrap_or_default())), None);
        }
    };
    let started = Instant::now();
    match post(&node, &actor, &channel, text, key.clone(), started).await {
        Ok(posted) => settle(posted, key, node.commit_wait.saturating_sub(started.elapsed())).await,
        Err(problem) => (refuse(problem.with_key(key)), None),
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

fn refuse(problem: Problem) -> Request {
    Request::Say(ServerFrame::error(problem))
}

fn receipt(key: IdempotencyKey, receipt: Receipt) -> Request {
    Request::Say(ServerFrame::Receipt { key: key.into(), receipt })
}
