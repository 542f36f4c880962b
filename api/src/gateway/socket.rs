//! One socket, from its greeting to its end. What it awaits seldom is boxed, and so is
//! what is handed on: an idle socket keeps no room for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use poem::http::StatusCode;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, error::CapacityError};
use warren_domain::account::{self, Actor};
use warren_domain::channel;
use warren_domain::id::ChannelId;

use crate::gateway::cursor::Cursors;
use crate::gateway::frame::{
    ClientFrame, HelloFrame, ReadyFrame, ResyncFrame, ResyncReason, ServerFrame,
};
use crate::gateway::hub::Registration;
use crate::gateway::inbox::{self, Client};
use crate::gateway::outbox;
use crate::gateway::pace::Haste;
use crate::http::problem::Problem;
use crate::node::Node;

/// How long a client may take to say hello.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to take each frame of its greeting.
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the closing handshake may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Answers that wait for the writer; then the reader waits too.
const REQUESTS_LENGTH: usize = 64;

/// Messages both ways: a WebSocket, or what a simulation has in its place.
pub trait Socket:
    Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin + Send
{
}

impl<S> Socket for S where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin + Send
{
}

/// Why a socket is closed, as the client is told.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(crate) code: CloseCode,
    pub(crate) reason: &'static str,
    /// Said before.
    pub(crate) problem: Option<Problem>,
}

impl Closing {
    pub(crate) fn new(code: CloseCode, reason: &'static str) -> Self {
        Self { code, reason, problem: None }
    }

    /// The server stops.
    pub(crate) fn going_away() -> Self {
        Self::new(CloseCode::Away, "the server stops; come again")
    }

    /// What to answer to a frame that cannot be read.
    pub(crate) fn for_error(error: &Error) -> Self {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                Self::new(CloseCode::Size, "a message has at most 64 KiB")
            }
            Error::Utf8(_) => Self::new(CloseCode::Invalid, "text is UTF-8"),
            _ => Self::new(CloseCode::Protocol, "this is not the WebSocket protocol"),
        }
    }
}

/// What a client said in its greeting.
pub(crate) struct Hello {
    pub(crate) actor: Actor,
    pub(crate) cursors: HashMap<ChannelId, i64>,
    pub(crate) epoch: Option<String>,
}

/// Serves a socket until it ends.
pub(crate) async fn run(node: Arc<Node>, mut socket: impl Socket) {
    let hello = tokio::select! {
        hello = timeout(HELLO_TIMEOUT, Box::pin(hello(&node, &mut socket))) => hello.unwrap_or_else(|_| {
            Err(Some(Closing::new(CloseCode::Policy, "no hello within 10 s")))
        }),
        () = node.gateway.stop.cancelled() => Err(Some(Closing::going_away())),
    };
    match hello {
        Ok(hello) => Box::pin(serve(node, socket, hello)).await,
        Err(Some(closing)) => Box::pin(close(&mut socket, closing)).await,
        // Its goodbye, if it said one, is answered.
        Err(None) => drop(timeout(CLOSE_TIMEOUT, socket.flush()).await),
    }
}

/// `Err(None)`: the client is gone.
async fn hello(node: &Node, socket: &mut impl Socket) -> Result<Hello, Option<Closing>> {
    let text = loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => break text,
            // Its answer is waiting to be sent; who does not read it is not heard.
            Some(Ok(Message::Ping(_))) if socket.flush().await.is_err() => return Err(None),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => {
                return Err(Some(Closing::new(CloseCode::Unsupported, "frames are text")));
            }
            Some(Ok(Message::Close(_) | Message::Frame(_))) | None => return Err(None),
            Some(Err(error)) => return Err(Some(Closing::for_error(&error))),
        }
    };
    let refused = |problem| {
        let closing = Closing::new(CloseCode::Policy, "the hello was refused");
        Some(Closing { problem: Some(problem), ..closing })
    };
    let greeting = match ClientFrame::parse(&text) {
        Ok(ClientFrame::Hello(greeting)) => Ok(greeting),
        Ok(_) => Err(inbox::malformed("The first frame is a hello.")),
        Err(error) => Err(inbox::malformed(&format!("The first frame is no hello: {error}."))),
    };
    let mut greeting = greeting.map_err(refused)?;
    let actor = authenticate(node, &mut greeting).await.map_err(refused)?;
    Ok(Hello { actor, cursors: greeting.cursors, epoch: greeting.epoch })
}

async fn authenticate(node: &Node, hello: &mut HelloFrame) -> Result<Actor, Problem> {
    match (hello.token.take(), hello.ticket.take()) {
        (Some(token), None) => node.authenticator.authenticate(&node.domain, &token).await,
        (None, Some(ticket)) => {
            let redeemed = account::redeem_ticket(&node.domain, &ticket).await;
            redeemed
                .map_err(|error| Problem::internal(&error))?
                .ok_or_else(Problem::unauthenticated)
        }
        _ => Err(inbox::malformed("A hello has either a token or a ticket.")),
    }
}

/// Serves until both halves have ended; or, once the server stops or the
/// session ends, for as long as a goodbye may take, whatever the client does.
pub(crate) async fn serve(node: Arc<Node>, mut socket: impl Socket, hello: Hello) {
    let (actor, ended) = (&hello.actor, node.gateway.stop.child_token());
    let registration = node.gateway.hub.register(actor.id(), actor.session_id, ended);
    let Ok(registration) = registration else {
        return Box::pin(close(&mut socket, too_many())).await;
    };
    let signal = registration.signal.clone();
    let overdue = async {
        signal.ended().cancelled().await;
        tokio::time::sleep(2 * CLOSE_TIMEOUT).await;
    };
    tokio::select! {
        biased;
        () = converse(node, socket, hello, &registration) => {}
        () = overdue => {}
    }
}

fn too_many() -> Closing {
    let detail = "You have as many sockets open here as one person may have.";
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_sockets", detail);
    let closing = Closing::new(CloseCode::Policy, "too many sockets of one person");
    Closing { problem: Some(problem), ..closing }
}

async fn converse(
    node: Arc<Node>,
    mut socket: impl Socket,
    hello: Hello,
    registration: &Registration,
) {
    let (hub, signal) = (node.gateway.hub.clone(), registration.signal.clone());
    let mut cursors = Cursors::new(hub, node.clone(), hello.actor.id(), signal.clone());
    if !Box::pin(introduce(&node, &mut socket, &mut cursors, &hello)).await {
        return;
    }
    let (sink, stream) = socket.split();
    let (requests, answers) = mpsc::channel(REQUESTS_LENGTH);
    let stop = node.gateway.stop.clone();
    let client = Client {
        actor: hello.actor,
        signal: signal.clone(),
        pace: registration.pace.clone(),
        haste: Haste::default(),
        typed: None,
    };
    let reading = inbox::read(node, client, stream, requests).boxed();
    let writing = outbox::write(stop, sink, cursors, signal, answers).boxed();
    // Each half is looked at only when something woke it: a delivery does not look for
    // what the client says. Whichever ends first, the other gets a moment for the closing
    // handshake.
    let mut halves = FuturesUnordered::from_iter([reading, writing]);
    halves.next().await;
    let _ = timeout(CLOSE_TIMEOUT, halves.next()).await;
}

/// Tells a client what it is told first; `false` if that was the end.
async fn introduce(
    node: &Node,
    socket: &mut impl Socket,
    cursors: &mut Cursors,
    hello: &Hello,
) -> bool {
    let frames = match greet(node, cursors, hello).await {
        Ok(frames) => frames,
        Err(problem) => {
            let closing = Closing::new(CloseCode::Again, "the database is away; come again");
            close(socket, Closing { problem: Some(problem), ..closing }).await;
            return false;
        }
    };
    for frame in frames {
        let said = timeout(GREETING_TIMEOUT, socket.feed(Message::Text(frame.encode()))).await;
        if !matches!(said, Ok(Ok(()))) {
            return false;
        }
    }
    matches!(timeout(GREETING_TIMEOUT, socket.flush()).await, Ok(Ok(())))
}

/// What a client is told first: where everything stands, and which of its
/// cursors are worthless.
async fn greet(
    node: &Node,
    cursors: &mut Cursors,
    hello: &Hello,
) -> Result<Vec<ServerFrame>, Problem> {
    let failed = |error| Problem::internal(&error);
    let channels = channel::mine(&node.domain, &hello.actor).await.map_err(failed)?;
    let same_epoch = hello.epoch.as_ref().is_none_or(|epoch| *epoch == node.epoch);
    let mut begins = Vec::with_capacity(channels.len());
    let mut resyncs = Vec::new();
    for channel in &channels {
        let begin = match hello.cursors.get(&channel.summary.id) {
            Some(seq) if same_epoch && (0..=channel.last_seq).contains(seq) => *seq,
            Some(_) => {
                let reason = if same_epoch { ResyncReason::Ahead } else { ResyncReason::Epoch };
                let resync = ResyncFrame { channel: channel.clone(), reason };
                resyncs.push(ServerFrame::Resync(resync));
                channel.last_seq
            }
            None => channel.last_seq,
        };
        begins.push((channel.summary.id, begin));
    }
    cursors.watch(&begins).await.map_err(failed)?;
    let me = account::User::clone(&hello.actor.user);
    let ready = ReadyFrame { me, epoch: node.epoch.clone(), channels };
    let mut frames = vec![ServerFrame::Ready(ready)];
    frames.extend(resyncs);
    Ok(frames)
}

/// Says why, and goodbye.
async fn close(socket: &mut impl Socket, closing: Closing) {
    if let Some(problem) = closing.problem {
        let frame = ServerFrame::refusal(problem, None);
        // If the client is gone there is nobody to tell.
        let _ = socket.feed(Message::Text(frame.encode())).await;
    }
    let frame = CloseFrame { code: closing.code, reason: closing.reason.into() };
    let handshake = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    let _ = timeout(CLOSE_TIMEOUT, handshake).await;
}
