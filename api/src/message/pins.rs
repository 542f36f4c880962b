//! Pinning messages, and what is pinned.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use warren_domain::id::MessageId;
use warren_domain::message::{self, Pin};
use warren_domain::timeline::Message;

use crate::auth::Bearer;
use crate::channel::channels::reference;
use crate::http::body::Body;
use crate::http::problem::Refused;
use crate::node::Node;
use crate::tag::Tag;

/// What is pinned to a channel.
#[derive(Debug, Serialize, Object)]
pub(crate) struct PinList {
    /// The newest pin first.
    items: Vec<Pin>,
    /// Continue with the events after this number: you miss nothing.
    as_of_seq: i64,
}

/// Pins.
pub(crate) struct PinsApi;

#[OpenApi(prefix_path = "/v1", tag = "Tag::Messages")]
impl PinsApi {
    /// Pin a message to its channel
    ///
    /// Every member may; a channel has at most 100 pins. A pinned one stays as it
    /// is.
    #[oai(path = "/messages/:id/pin", method = "put", operation_id = "pinMessage")]
    async fn pin(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The message's id.
        id: Path<MessageId>,
    ) -> Result<Body<Message>, Refused<400, 401, 403, 404, 409>> {
        Ok(Body(message::pin(&node.domain, &actor, id.0).await?))
    }

    /// Take a message off its channel's pins
    ///
    /// Every member may. One that is not pinned stays as it is.
    #[oai(path = "/messages/:id/pin", method = "delete", operation_id = "unpinMessage")]
    async fn unpin(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The message's id.
        id: Path<MessageId>,
    ) -> Result<Body<Message>, Refused<400, 401, 403, 404>> {
        Ok(Body(message::unpin(&node.domain, &actor, id.0).await?))
    }

    /// What is pinned to a channel
    #[oai(path = "/channels/:channel/pins", method = "get", operation_id = "listPins")]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The channel's id or name.
        channel: Path<String>,
    ) -> Result<Body<PinList>, Refused<401, 403, 404>> {
        let pinned = message::pins(&node.domain, &actor, &reference(&channel)?).await?;
        Ok(Body(PinList { items: pinned.pins, as_of_seq: pinned.as_of_seq }))
    }
}
