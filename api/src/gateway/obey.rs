//! What a client's frame leads to.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use warren_domain::account::Actor;
use warren_domain::channel;

use crate::channel::channels::{reference, require_member};
use crate::gateway::change;
use crate::gateway::frame::{
    ClientFrame, DoneFrame, PongFrame, Referred, ResyncFrame, ResyncReason, ServerFrame,
    SubscribeFrame, TypingFrame,
};
use crate::gateway::inbox::{Client, Request, Work, malformed, refuse};
use crate::gateway::sending::send;
use crate::http::problem::Problem;
use crate::node::Node;

/// How long it is not repeated to the others that somebody is typing.
const TYPING_PAUSE: Duration = Duration::from_secs(1);

/// What a frame leads to.
pub(crate) enum Obeyed {
    /// A send that is on its way.
    Send(Work),
    /// This.
    Done(Vec<Request>),
}

/// What a frame was answered, and under which `ref`.
struct Answered {
    reference: Option<String>,
    answer: Result<Vec<Request>, Problem>,
}

/// Does what the frame says. Only sends go on after it returns.
pub(crate) async fn obey(node: &Arc<Node>, client: &mut Client, text: &str) -> Obeyed {
    let frame = match ClientFrame::parse(text) {
        Ok(ClientFrame::Send(frame)) => {
            return Obeyed::Send(send(node.clone(), client.actor.clone(), frame).boxed());
        }
        Ok(frame) => frame,
        Err(error) => return Obeyed::Done(vec![misunderstood(text, &error)]),
    };
    let Answered { reference, answer } = answer(node, client, frame).await;
    Obeyed::Done(match answer {
        Ok(mut requests) => {
            let done = reference.map(|reference| ServerFrame::Done(DoneFrame { reference }));
            requests.extend(done.as_ref().map(Request::say));
            requests
        }
        Err(problem) => vec![refuse(problem, reference)],
    })
}

async fn answer(node: &Arc<Node>, client: &mut Client, frame: ClientFrame) -> Answered {
    let actor = &client.actor;
    let (reference, answer) = match frame {
        ClientFrame::Hello(_) => (None, Err(malformed("Hello is said once, at the beginning."))),
        // Taken out before: it goes on.
        ClientFrame::Send(_) => (None, Ok(vec![])),
        ClientFrame::Edit(frame) => {
            (frame.reference, done(change::edit(node, actor, frame.id, frame.text).await))
        }
        ClientFrame::Delete(frame) => {
            (frame.reference, done(change::delete(node, actor, frame.id).await))
        }
        ClientFrame::React(frame) => {
            let answer = done(change::react(node, actor, &frame).await);
            (frame.reference, answer)
        }
        ClientFrame::Read(frame) => {
            let answer = done(change::read(node, actor, &frame).await);
            (frame.reference, answer)
        }
        ClientFrame::Subscribe(frame) => {
            let answer = watch(node, actor, &frame).await;
            (frame.reference, answer)
        }
        ClientFrame::Unsubscribe(frame) => {
            (frame.reference, unwatch(node, actor, &frame.channel).await)
        }
        ClientFrame::Typing(frame) => {
            let answer = typing(node, client, &frame).await;
            (frame.reference, answer)
        }
        ClientFrame::Ping(frame) => {
            let pong = ServerFrame::Pong(PongFrame { nonce: frame.nonce });
            (None, Ok(vec![Request::say(&pong)]))
        }
    };
    Answered { reference, answer }
}

/// Nothing is said of a change, but that it is done.
fn done(change: Result<(), Problem>) -> Result<Vec<Request>, Problem> {
    change.map(|()| Vec::new())
}

fn misunderstood(text: &str, error: &serde_json::Error) -> Request {
    let Referred { reference } = serde_json::from_str(text).unwrap_or_default();
    refuse(malformed(&format!("No frame is like this: {error}.")), reference)
}

async fn watch(
    node: &Node,
    actor: &Actor,
    frame: &SubscribeFrame,
) -> Result<Vec<Request>, Problem> {
    let channel = require_member(node, actor, &reference(&frame.channel)?).await?.channel;
    let (channel_id, stands_at) = (channel.summary.id, channel.last_seq);
    let after_seq = frame.after_seq;
    if after_seq.is_some_and(|seq| !(0..=stands_at).contains(&seq)) {
        let reason = ResyncReason::Ahead;
        let resync = ServerFrame::Resync(ResyncFrame { channel, reason });
        let watch = Request::Watch { channel_id, after_seq: Some(stands_at), stands_at };
        return Ok(vec![Request::say(&resync), watch]);
    }
    Ok(vec![Request::Watch { channel_id, after_seq, stands_at }])
}

/// Who says it again within a second is believed without a word to the others.
async fn typing(
    node: &Node,
    client: &mut Client,
    frame: &TypingFrame,
) -> Result<Vec<Request>, Problem> {
    let now = Instant::now();
    let is_known = client.typed.as_ref().is_some_and(|(channel, at)| {
        *channel == frame.channel && now.duration_since(*at) < TYPING_PAUSE
    });
    if !is_known {
        channel::typing(&node.domain, &client.actor, &reference(&frame.channel)?).await?;
        client.typed = Some((frame.channel.clone(), now));
    }
    Ok(vec![])
}

async fn unwatch(node: &Node, actor: &Actor, channel: &str) -> Result<Vec<Request>, Problem> {
    let channel = require_member(node, actor, &reference(channel)?).await?.channel;
    Ok(vec![Request::Unwatch { channel_id: channel.summary.id, stands_at: channel.last_seq }])
}
