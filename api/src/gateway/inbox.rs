//! The reading half of a socket: what its client says.

use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, SplitStream};
use poem::http::StatusCode;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use warren_domain::account::Actor;
use warren_domain::id::ChannelId;

use crate::gateway::frame::ServerFrame;
use crate::gateway::obey::{Obeyed, obey};
use crate::gateway::pace::{Haste, Pace, TooQuick};
use crate::gateway::signal::Signal;
use crate::gateway::socket::{Closing, Socket};
use crate::http::problem::Problem;
use crate::node::Node;

/// Sends of one socket that may be on their way at once; then it is not read.
const MAX_SENDS_UNDER_WAY: usize = 64;

/// What the reading half asks of the writing half. Boxed on its way: the queue of every
/// socket has room for some, used or not.
#[derive(Debug)]
pub(crate) enum Request {
    /// Say this.
    Say(Utf8Bytes),
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
    Close(Box<Closing>),
}

/// Work on a send: what to say of it, and what is left to wait for.
pub(crate) type Work = BoxFuture<'static, (Request, Option<Late>)>;

/// The outcome of an accepted send, which holds no place while it is awaited.
pub(crate) type Late = BoxFuture<'static, Option<Request>>;

/// Whom the reading half listens to.
pub(crate) struct Client {
    pub(crate) actor: Actor,
    pub(crate) signal: Arc<Signal>,
    /// How fast they are heard, if that is limited.
    pub(crate) pace: Option<Arc<Pace>>,
    pub(crate) haste: Haste,
    /// Where they were last said to be typing, and when.
    pub(crate) typed: Option<(String, Instant)>,
}

/// Reads frames and works on them until the client or the writer is gone, or
/// the session ends. Sends are under way together; everything else is done in
/// the order in which it was said.
pub(crate) async fn read(
    node: Arc<Node>,
    mut client: Client,
    mut frames: SplitStream<impl Socket>,
    requests: mpsc::Sender<Box<Request>>,
) {
    let mut under_way = FuturesUnordered::<Work>::new();
    let mut late = FuturesUnordered::<Late>::new();
    let (signal, answers) = (client.signal.clone(), requests.clone());
    let mut ended = pin!(signal.ended().cancelled());
    let mut closed = pin!(answers.closed());
    loop {
        let said = tokio::select! {
            biased;
            () = &mut ended => return drain(frames).await,
            () = &mut closed => return drain(frames).await,
            Some((request, wait)) = under_way.next(), if !under_way.is_empty() => {
                if let Some(wait) = wait.filter(|_| late.len() < MAX_SENDS_UNDER_WAY) {
                    late.push(wait);
                }
                vec![request]
            }
            Some(request) = late.next(), if !late.is_empty() => request.into_iter().collect(),
            frame = frames.next(), if under_way.len() < MAX_SENDS_UNDER_WAY => {
                match Box::pin(client.hear(&node, frame)).await {
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
            if requests.send(Box::new(request)).await.is_err() || ends {
                return drain(frames).await;
            }
        }
    }
}

/// Reads on until the client's close, so that it gets ours.
async fn drain(mut frames: SplitStream<impl Socket>) {
    while let Some(Ok(_)) = frames.next().await {}
}

/// A frame that cannot be understood.
pub(crate) fn malformed(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_frame", detail)
}

/// The refusal of a frame that had this `ref`.
pub(crate) fn refuse(problem: Problem, reference: Option<String>) -> Request {
    Request::say(&ServerFrame::refusal(problem, reference))
}

/// What a frame leads to.
enum Heard {
    Send(Work),
    Answer(Vec<Request>),
    Gone,
}

impl Request {
    pub(crate) fn say(frame: &ServerFrame) -> Self {
        Self::Say(frame.encode())
    }
}

impl Client {
    async fn hear(
        &mut self,
        node: &Arc<Node>,
        frame: Option<Result<Message, tungstenite::Error>>,
    ) -> Heard {
        let close = |closing| Heard::Answer(vec![Request::Close(Box::new(closing))]);
        if self.keep_pace().await.is_err() {
            return close(Closing::new(CloseCode::Policy, "too many frames for too long"));
        }
        match frame {
            Some(Ok(Message::Text(text))) => match obey(node, self, &text).await {
                Obeyed::Send(work) => Heard::Send(work),
                Obeyed::Done(requests) => Heard::Answer(requests),
            },
            Some(Ok(Message::Pong(_))) => Heard::Answer(vec![Request::Alive]),
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => Heard::Answer(vec![Request::Flush]),
            Some(Ok(Message::Binary(_))) => {
                close(Closing::new(CloseCode::Unsupported, "frames are text"))
            }
            Some(Err(error)) => close(Closing::for_error(&error)),
            Some(Ok(Message::Close(_))) | None => Heard::Gone,
        }
    }

    /// Lets a client that is too quick wait: it is not read meanwhile.
    async fn keep_pace(&mut self) -> Result<(), TooQuick> {
        if let Some(pace) = &self.pace {
            let wait = self.haste.wait(pace, Instant::now())?;
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
        }
        Ok(())
    }
}
