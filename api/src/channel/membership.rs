//! What a channel is to me: joining it, what I have read of it, leaving it.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use validator::Validate;
use warren_domain::channel::{self, Channel};

use crate::auth::Bearer;
use crate::channel::channels::reference;
use crate::http::body::Body;
use crate::http::problem::Refused;
use crate::node::Node;
use crate::tag::Tag;

/// How far you have read.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct ReadRequest {
    /// The number of the last event that you have seen.
    #[oai(validator(minimum(value = "0")))]
    #[validate(range(min = 0, code = "range", message = "a number is 0 or more"))]
    seq: i64,
}

/// Whether you want to be notified.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct MuteRequest {
    /// `true`: not.
    muted: bool,
}

impl Example for ReadRequest {
    fn example() -> Self {
        Self { seq: 42 }
    }
}

impl Example for MuteRequest {
    fn example() -> Self {
        Self { muted: true }
    }
}

#[derive(ApiResponse)]
enum LeaveAnswer {
    /// You are no member (any more).
    #[oai(status = 204)]
    Left,
}

/// My memberships.
pub(crate) struct MembershipApi;

#[OpenApi(prefix_path = "/v1/channels", tag = "Tag::Channels")]
impl MembershipApi {
    /// Join a public channel
    ///
    /// Who is a member already changes nothing.
    #[oai(path = "/:channel/join", method = "post", operation_id = "joinChannel")]
    async fn join(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
    ) -> Result<Body<Channel>, Refused<401, 403, 404>> {
        Ok(Body(channel::join(&node.domain, &actor, &reference(&channel)?).await?))
    }

    /// Leave a channel
    ///
    /// Who is not a member of a channel that they may see changes nothing. When its
    /// last owner leaves, the moderator who has been there longest becomes one, or
    /// else the member who has.
    #[oai(path = "/:channel/unsubscribe", method = "post", operation_id = "unsubscribeChannel")]
    async fn unsubscribe(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
    ) -> Result<LeaveAnswer, Refused<401, 403, 404>> {
        channel::unsubscribe(&node.domain, &actor, &reference(&channel)?).await?;
        Ok(LeaveAnswer::Left)
    }

    /// Say how far I have read
    ///
    /// The marker never moves back, and not beyond the newest event. Your other
    /// clients hear of it.
    #[oai(path = "/:channel/read", method = "put", operation_id = "markRead")]
    async fn read(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
        request: Body<ReadRequest>,
    ) -> Result<Body<Channel>, Refused<400, 401, 403, 404, 413, 415, 422>> {
        let (channel, seq) = (reference(&channel)?, request.0.seq);
        Ok(Body(channel::mark_read(&node.domain, &actor, &channel, seq).await?))
    }

    /// Clear my history
    ///
    /// Hides from you what was said until now. The others see it as before.
    #[oai(path = "/:channel/clear", method = "post", operation_id = "clearChannel")]
    async fn clear(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
    ) -> Result<Body<Channel>, Refused<401, 403, 404>> {
        Ok(Body(channel::clear(&node.domain, &actor, &reference(&channel)?).await?))
    }

    /// Mute a channel, or hear it again
    ///
    /// A wish for your clients: they get its events all the same.
    #[oai(path = "/:channel/mute", method = "put", operation_id = "muteChannel")]
    async fn mute(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
        request: Body<MuteRequest>,
    ) -> Result<Body<Channel>, Refused<400, 401, 403, 404, 413, 415>> {
        let (channel, muted) = (reference(&channel)?, request.0.muted);
        Ok(Body(channel::mute(&node.domain, &actor, &channel, muted).await?))
    }
}
