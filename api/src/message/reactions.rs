//! Reacting to messages.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use warren_domain::id::MessageId;
use warren_domain::message::{self, Emoji};
use warren_domain::timeline::Message;

use crate::auth::Bearer;
use crate::http::body::Body;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// Reactions.
pub(crate) struct ReactionsApi;

#[OpenApi(prefix_path = "/v1/messages", tag = "Tag::Messages")]
impl ReactionsApi {
    /// React to a message
    ///
    /// Once with each emoji, in at most 20 different ways by all together. Doing it
    /// again changes nothing.
    #[oai(path = "/:id/reactions/:emoji", method = "put", operation_id = "addReaction")]
    async fn add(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The message's id.
        id: Path<MessageId>,
        /// One emoji, percent-encoded; or `:name:` with 1 to 32 of `a-z 0-9 _ + -`.
        emoji: Path<String>,
    ) -> Result<Body<Message>, Refused<400, 401, 403, 404, 409>> {
        let emoji = self::emoji(&emoji)?;
        Ok(Body(message::react(&node.domain, &actor, id.0, emoji).await?))
    }

    /// Take a reaction back
    ///
    /// Who has not reacted so changes nothing.
    #[oai(path = "/:id/reactions/:emoji", method = "delete", operation_id = "removeReaction")]
    async fn remove(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The message's id.
        id: Path<MessageId>,
        /// As it was added.
        emoji: Path<String>,
    ) -> Result<Body<Message>, Refused<400, 401, 403, 404>> {
        let emoji = self::emoji(&emoji)?;
        Ok(Body(message::take_back(&node.domain, &actor, id.0, emoji).await?))
    }
}

/// What a path or a frame reacts with.
///
/// # Errors
/// 400.
pub(crate) fn emoji(emoji: &str) -> Result<Emoji, Problem> {
    Emoji::parse(emoji).map_err(|invalid| Problem::invalid_parameter(format!("Emoji: {invalid}.")))
}
