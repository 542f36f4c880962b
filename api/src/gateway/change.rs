//! What a client changes over its socket: the same calls as over HTTP.

use std::sync::Arc;

use warren_domain::account::Actor;
use warren_domain::channel;
use warren_domain::id::MessageId;
use warren_domain::message::{self, Emoji};

use crate::channel::channels::reference;
use crate::gateway::frame::{ReactFrame, ReadFrame};
use crate::http::problem::Problem;
use crate::message::messages::admitted_text;
use crate::message::reactions::emoji;
use crate::node::Node;
use crate::token::Subject;

/// Gives a message another text.
pub(crate) async fn edit(
    node: &Arc<Node>,
    actor: &Actor,
    id: MessageId,
    text: String,
) -> Result<(), Problem> {
    let text = admitted_text(node, text)?;
    let (whole, actor) = (node.clone(), actor.clone());
    to_its_end(node, async move {
        message::edit(&whole.domain, &actor, id, text).await?;
        Ok(())
    })
    .await
}

/// Deletes a message. Who runs the server may delete those of others, and the
/// socket may have been theirs for longer than that is so.
pub(crate) async fn delete(node: &Arc<Node>, actor: &Actor, id: MessageId) -> Result<(), Problem> {
    let subject = Subject { user_id: actor.id(), session_id: actor.session_id };
    let actor = node.authenticator.actor(&node.domain, subject).await?;
    let whole = node.clone();
    to_its_end(node, async move {
        message::delete(&whole.domain, &actor, id).await?;
        Ok(())
    })
    .await
}

/// Reacts to a message, or takes that back.
pub(crate) async fn react(
    node: &Arc<Node>,
    actor: &Actor,
    frame: &ReactFrame,
) -> Result<(), Problem> {
    let (id, remove, emoji): (_, _, Emoji) = (frame.id, frame.remove, emoji(&frame.emoji)?);
    let (whole, actor) = (node.clone(), actor.clone());
    to_its_end(node, async move {
        match remove {
            true => message::take_back(&whole.domain, &actor, id, emoji).await?,
            false => message::react(&whole.domain, &actor, id, emoji).await?,
        };
        Ok(())
    })
    .await
}

/// Moves the read marker.
pub(crate) async fn read(
    node: &Arc<Node>,
    actor: &Actor,
    frame: &ReadFrame,
) -> Result<(), Problem> {
    if frame.seq < 0 {
        return Err(Problem::invalid_parameter("A number is 0 or more."));
    }
    let (channel, seq) = (reference(&frame.channel)?, frame.seq);
    let (whole, actor) = (node.clone(), actor.clone());
    to_its_end(node, async move {
        channel::mark_read(&whole.domain, &actor, &channel, seq).await?;
        Ok(())
    })
    .await
}

/// A client that goes away must not drop a transaction between its commit and
/// the news of it.
async fn to_its_end(
    node: &Node,
    change: impl Future<Output = Result<(), Problem>> + Send + 'static,
) -> Result<(), Problem> {
    match node.gateway.tasks.spawn(change).await {
        Ok(done) => done,
        Err(error) => Err(Problem::internal(&error)),
    }
}
