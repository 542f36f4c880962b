//! Reacting to messages.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use uuid::Uuid;
use warren_domain::id::{MessageId, UserId};
use warren_domain::message::{self, Emoji};
use warren_domain::timeline::{Message, Person};

use crate::auth::Bearer;
use crate::http::body::Body;
use crate::http::cursor::ListKind;
use crate::http::problem::{Problem, Refused};
use crate::message::one::hidden;
use crate::node::Node;
use crate::tag::Tag;

/// People who reacted in one way.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct ReactorList {
    /// In the order of their ids.
    items: Vec<Person>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Reactions.
pub(crate) struct ReactionsApi;

#[OpenApi(prefix_path = "/v1/messages", tag = "Tag::Messages")]
impl ReactionsApi {
    /// Who reacted with an emoji
    #[oai(path = "/:id/reactions/:emoji", method = "get", operation_id = "listReactors")]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The message's id.
        id: Path<MessageId>,
        /// As it was added.
        emoji: Path<String>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Where the page before ended.
        cursor: Query<Option<String>>,
    ) -> Result<Body<ReactorList>, Refused<400, 401, 404>> {
        const LIST: ListKind = ListKind::Reactors;
        let emoji = self::emoji(&emoji)?;
        let after = cursor.0.map(|cursor| LIST.read(&cursor, |id| id.parse().ok())).transpose()?;
        let after = after.unwrap_or(UserId(Uuid::nil()));
        let items = message::who_reacted(&node.domain, &actor, id.0, emoji, after, limit.0).await;
        let items = items.map_err(hidden)?;
        let next_cursor = LIST.next(&items, limit.0, |last| last.id.to_string());
        Ok(Body(ReactorList { items, next_cursor }))
    }

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

fn page_limit() -> u64 {
    50
}

/// What a path or a frame reacts with.
///
/// # Errors
/// 400.
pub(crate) fn emoji(emoji: &str) -> Result<Emoji, Problem> {
    Emoji::parse(emoji).map_err(|invalid| Problem::invalid_parameter(format!("Emoji: {invalid}.")))
}
