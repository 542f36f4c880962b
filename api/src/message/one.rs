//! One message: reading, editing and deleting it, and what became of its send.

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::{Deserialize, Serialize};
use validator::Validate;
use warren_domain::channel::AccessError;
use warren_domain::id::MessageId;
use warren_domain::message::{self, ChangeError, ReceiptError, Revision};
use warren_domain::timeline::Message;

use crate::account::accounts::sentence;
use crate::auth::Bearer;
use crate::http::body::Body;
use crate::http::problem::{Problem, Refused};
use crate::message::messages::{admitted_text, check_text};
use crate::message::receipt::Receipt;
use crate::node::Node;
use crate::tag::Tag;

/// What a message is to say instead.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct EditRequest {
    /// Markdown: 1 to 16384 bytes of UTF-8 with something to see in it. A server may be
    /// set to admit less.
    #[oai(validator(min_length = 1, max_length = 16384))]
    #[validate(custom(function = "check_text"))]
    text: String,
}

/// What a message said before.
#[derive(Debug, Serialize, Object)]
pub(crate) struct RevisionList {
    /// Oldest first. What it says now is not among them.
    items: Vec<Revision>,
}

impl Example for EditRequest {
    fn example() -> Self {
        Self { text: "Who took the *very last* carrot? 🐇".into() }
    }
}

#[derive(ApiResponse)]
enum DeleteAnswer {
    /// It is deleted.
    #[oai(status = 204)]
    Deleted,
}

/// One message.
pub(crate) struct MessageApi;

#[OpenApi(prefix_path = "/v1/messages", tag = "Tag::Messages")]
impl MessageApi {
    /// One message
    #[oai(path = "/:id", method = "get", operation_id = "getMessage")]
    async fn get(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id.
        id: Path<MessageId>,
    ) -> Result<Body<Message>, Refused<400, 401, 404>> {
        Ok(Body(message::get(&node.domain, &actor, id.0).await.map_err(hidden)?))
    }

    /// Edit a message
    ///
    /// For its author. What it said before is kept and can be read by everybody
    /// who may read the message. The same text changes nothing.
    #[oai(path = "/:id", method = "patch", operation_id = "editMessage")]
    async fn edit(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id.
        id: Path<MessageId>,
        request: Body<EditRequest>,
    ) -> Result<Body<Message>, Refused<400, 401, 403, 404, 409, 413, 415, 422>> {
        let text = admitted_text(&node, request.0.text)?;
        Ok(Body(message::edit(&node.domain, &actor, id.0, text).await?))
    }

    /// Delete a message
    ///
    /// For its author, the channel's owner and moderators, and the server's owner and
    /// administrators where they are members. Its text, what it said before, its
    /// reactions and its pin are gone; its number stays. A deleted one stays as it
    /// is.
    #[oai(path = "/:id", method = "delete", operation_id = "deleteMessage")]
    async fn delete(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id.
        id: Path<MessageId>,
    ) -> Result<DeleteAnswer, Refused<400, 401, 403, 404>> {
        message::delete(&node.domain, &actor, id.0).await?;
        Ok(DeleteAnswer::Deleted)
    }

    /// What a message said before
    #[oai(path = "/:id/revisions", method = "get", operation_id = "listRevisions")]
    async fn revisions(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id.
        id: Path<MessageId>,
        /// Only those after this one.
        #[oai(default, validator(minimum(value = "0")))]
        after_revision: Query<i64>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
    ) -> Result<Body<RevisionList>, Refused<400, 401, 404>> {
        let items = message::revisions(&node.domain, &actor, id.0, after_revision.0, limit.0).await;
        Ok(Body(RevisionList { items: items.map_err(hidden)? }))
    }

    /// What became of a send
    ///
    /// For its author, for ever: `committed` with its number, `rejected` with the
    /// reason, or `pending`.
    #[oai(path = "/:id/receipt", method = "get", operation_id = "getReceipt")]
    async fn receipt(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The message's id.
        id: Path<MessageId>,
    ) -> Result<Body<Receipt>, Refused<400, 401, 404>> {
        let state = message::receipt(&node.domain, &actor, id.0).await?;
        Ok(Body(Receipt::of(id.0, state)))
    }
}

fn page_limit() -> u64 {
    50
}

/// What an operation on one message says instead of speaking of its channel.
pub(crate) fn hidden(error: AccessError) -> Problem {
    Problem::from(ChangeError::from(error))
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let refused = |status, code| Self::new(status, code, sentence(&error));
        match &error {
            ChangeError::NotFound => Self::not_found("message"),
            ChangeError::NotTheAuthor => refused(StatusCode::FORBIDDEN, "not_the_author"),
            ChangeError::ChannelArchived => refused(StatusCode::FORBIDDEN, "channel_archived"),
            ChangeError::Deleted => refused(StatusCode::CONFLICT, "message_deleted"),
            ChangeError::TooManyReactions => refused(StatusCode::CONFLICT, "too_many_reactions"),
            ChangeError::TooManyPins => refused(StatusCode::CONFLICT, "too_many_pins"),
            ChangeError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<ReceiptError> for Problem {
    fn from(error: ReceiptError) -> Self {
        match &error {
            ReceiptError::NotFound => Self::not_found("message"),
            ReceiptError::Database(_) => Self::internal(&error),
        }
    }
}
