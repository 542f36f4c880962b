//! Replies to a message.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use warren_domain::id::MessageId;
use warren_domain::message;
use warren_domain::timeline::Message;

use crate::auth::Bearer;
use crate::http::body::Body;
use crate::http::cursor::ListKind;
use crate::http::problem::Refused;
use crate::message::one::hidden;
use crate::node::Node;
use crate::tag::Tag;

/// Replies to a message.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct ReplyList {
    /// In ascending order. Deleted ones are among them, without their texts.
    items: Vec<Message>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Continue with the channel's events after this number: you miss nothing.
    as_of_seq: i64,
}

/// Replies.
pub(crate) struct RepliesApi;

#[OpenApi(prefix_path = "/v1/messages", tag = "Tag::Messages")]
impl RepliesApi {
    /// Replies to a message
    ///
    /// A deleted message keeps them.
    #[oai(path = "/:id/replies", method = "get", operation_id = "listReplies")]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The message's id.
        id: Path<MessageId>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Where the page before ended.
        cursor: Query<Option<String>>,
    ) -> Result<Body<ReplyList>, Refused<400, 401, 404>> {
        let after = cursor.0.map(|cursor| ListKind::Replies.read(&cursor, |seq| seq.parse().ok()));
        let after = after.transpose()?.unwrap_or(0);
        let page = message::replies(&node.domain, &actor, id.0, after, limit.0).await;
        let page = page.map_err(hidden)?;
        let next_cursor =
            ListKind::Replies.next(&page.messages, limit.0, |last| last.seq.to_string());
        Ok(Body(ReplyList { items: page.messages, next_cursor, as_of_seq: page.as_of_seq }))
    }
}

fn page_limit() -> u64 {
    50
}
