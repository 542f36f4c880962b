//! What a client's frame leads to.

use std::sync::Arc;

use futures_util::FutureExt;
use warren_domain::account::Actor;

use crate::channels::{reference, require_member};
use crate::gateway::frame::{
    ClientFrame, DoneFrame, PongFrame, Referred, ResyncFrame, ResyncReason, ServerFrame,
    SubscribeFrame,
};
use crate::gateway::inbox::{Request, Work, malformed, refuse};
use crate::gateway::sending::send;
use crate::node::Node;
use crate::problem::Problem;

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
pub(crate) async fn obey(node: &Arc<Node>, actor: &Actor, text: &str) -> Obeyed {
    let frame = match serde_json::from_str(text) {
        Ok(ClientFrame::Send(frame)) => {
            return Obeyed::Send(send(node.clone(), actor.clone(), frame).boxed());
        }
        Ok(frame) => frame,
        Err(error) => return Obeyed::Done(vec![misunderstood(text, &error)]),
    };
    let Answered { reference, answer } = answer(node, actor, frame).await;
    Obeyed::Done(match answer {
        Ok(mut requests) => {
            let done = reference.map(|reference| ServerFrame::Done(DoneFrame { reference }));
            requests.extend(done.as_ref().map(Request::say));
            requests
        }
        Err(problem) => vec![refuse(problem, reference)],
    })
}

async fn answer(node: &Arc<Node>, actor: &Actor, frame: ClientFrame) -> Answered {
    let (reference, answer) = match frame {
        ClientFrame::Hello(_) => (None, Err(malformed("Hello is said once, at the beginning."))),
        // Taken out before: it goes on.
        ClientFrame::Send(_) => (None, Ok(vec![])),
        ClientFrame::Subscribe(frame) => {
            let answer = watch(node, actor, &frame).await;
            (frame.reference, answer)
        }
        ClientFrame::Unsubscribe(frame) => {
            (frame.reference, unwatch(node, actor, &frame.channel).await)
        }
        ClientFrame::Ping(frame) => {
            let pong = ServerFrame::Pong(PongFrame { nonce: frame.nonce });
            (None, Ok(vec![Request::say(&pong)]))
        }
    };
    Answered { reference, answer }
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

async fn unwatch(node: &Node, actor: &Actor, channel: &str) -> Result<Vec<Request>, Problem> {
    let channel = require_member(node, actor, &reference(channel)?).await?.channel;
    Ok(vec![Request::Unwatch { channel_id: channel.summary.id, stands_at: channel.last_seq }])
}
