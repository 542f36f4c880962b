//! Making, finding, joining and leaving channels.

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::{Deserialize, Serialize};
use validator::Validate;
use warren_domain::account::Actor;
use warren_domain::channel::{
    self, AccessError, Channel, ChannelDraft, ChannelName, ChannelRef, CreateError, Created, Member,
};
use warren_domain::id::UserId;
use warren_domain::timeline::ChannelKind;

use crate::accounts::sentence;
use crate::auth::Bearer;
use crate::body::{Body, rule};
use crate::cursor::ListKind;
use crate::node::Node;
use crate::problem::{Problem, Refused};
use crate::tag::Tag;

/// A channel to be made, or to be joined if it exists.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub struct ChannelRequest {
    /// 1 to 64 of `a-z 0-9 _ -`, not like an id.
    #[oai(validator(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$"))]
    #[validate(custom(function = "check_channel_name"))]
    name: String,
    /// Who may see it; `public` if not given.
    kind: Option<ChannelKind>,
    /// What it is for: at most 1024 bytes of plain text.
    #[oai(validator(max_length = 1024, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"))]
    #[validate(custom(function = "check_description"))]
    description: Option<String>,
}

/// Channels.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct ChannelList {
    /// By name.
    items: Vec<Channel>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Members of a channel.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct MemberList {
    /// In the order in which their accounts were made.
    items: Vec<Member>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl Example for ChannelRequest {
    fn example() -> Self {
        Self {
            name: "gardening".into(),
            kind: Some(ChannelKind::Public),
            description: Some("Carrots, mostly.".into()),
        }
    }
}

#[derive(ApiResponse)]
enum CreateAnswer {
    /// A public channel of this name existed; you are a member now.
    #[oai(status = 200)]
    Joined(Body<Channel>),
    /// A new channel; you own it.
    #[oai(status = 201)]
    Created(Body<Channel>),
}

#[derive(ApiResponse)]
enum LeaveAnswer {
    /// You are no member (any more).
    #[oai(status = 204)]
    Left,
}

/// Channels.
pub(crate) struct ChannelsApi;

#[OpenApi(prefix_path = "/v1/channels", tag = "Tag::Channels")]
impl ChannelsApi {
    /// My channels
    #[oai(path = "/", method = "get", operation_id = "listChannels")]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
    ) -> Result<Body<ChannelList>, Refused<401>> {
        let items =
            channel::mine(&node.domain, &actor).await.map_err(|error| Problem::internal(&error))?;
        Ok(Body(ChannelList { items, next_cursor: None }))
    }

    /// Public channels
    ///
    /// Those that anybody may join, by name.
    #[oai(path = "/browse", method = "get", operation_id = "browseChannels")]
    async fn browse(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Only those whose name contains this.
        #[oai(validator(max_length = 64))]
        query: Query<Option<String>>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Where the page before ended.
        cursor: Query<Option<String>>,
    ) -> Result<Body<ChannelList>, Refused<400, 401>> {
        let after = cursor
            .0
            .map(|cursor| ListKind::Channels.read(&cursor, |key| ChannelName::parse(key).ok()));
        let after = after.transpose()?;
        let query = query.0.unwrap_or_default().to_lowercase();
        let after_name = after.as_ref().map(AsRef::as_ref);
        let items = channel::browse(&node.domain, &actor, &query, after_name, limit.0)
            .await
            .map_err(|error| Problem::internal(&error))?;
        let next_cursor = ListKind::Channels.next(&items, limit.0, |last| last.name.clone());
        Ok(Body(ChannelList { items, next_cursor }))
    }

    /// Make a channel
    ///
    /// If a public channel of this name exists, you join it.
    #[oai(path = "/", method = "post", operation_id = "createChannel")]
    async fn create(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        request: Body<ChannelRequest>,
    ) -> Result<CreateAnswer, Refused<400, 401, 409, 413, 415, 422>> {
        let draft = ChannelDraft::try_from(request.0)?;
        Ok(match channel::create(&node.domain, &actor, draft).await? {
            Created::New(channel) => CreateAnswer::Created(Body(channel)),
            Created::Joined(channel) => CreateAnswer::Joined(Body(channel)),
        })
    }

    /// One channel
    #[oai(path = "/:channel", method = "get", operation_id = "getChannel")]
    async fn get(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
    ) -> Result<Body<Channel>, Refused<401, 404>> {
        let found = channel::find(&node.domain, &actor, &reference(&channel)?).await?;
        Ok(Body(found.channel))
    }

    /// Members of a channel
    #[oai(path = "/:channel/members", method = "get", operation_id = "listMembers")]
    async fn members(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Where the page before ended.
        cursor: Query<Option<String>>,
    ) -> Result<Body<MemberList>, Refused<400, 401, 403, 404>> {
        let after = cursor
            .0
            .map(|cursor| ListKind::Members.read(&cursor, |key| key.parse::<UserId>().ok()));
        let after = after.transpose()?;
        let channel = reference(&channel)?;
        let items = channel::members(&node.domain, &actor, &channel, after, limit.0).await?;
        let next_cursor = ListKind::Members.next(&items, limit.0, |last| last.user.id.to_string());
        Ok(Body(MemberList { items, next_cursor }))
    }

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
    ) -> Result<Body<Channel>, Refused<401, 404>> {
        Ok(Body(channel::join(&node.domain, &actor, &reference(&channel)?).await?))
    }

    /// Leave a channel
    ///
    /// Who is not a member of a channel that they may see changes nothing.
    #[oai(path = "/:channel/unsubscribe", method = "post", operation_id = "unsubscribeChannel")]
    async fn unsubscribe(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
    ) -> Result<LeaveAnswer, Refused<401, 404>> {
        channel::unsubscribe(&node.domain, &actor, &reference(&channel)?).await?;
        Ok(LeaveAnswer::Left)
    }
}

/// The channel that a path or a frame names. What no channel can be called is
/// no channel.
///
/// # Errors
/// 404.
pub(crate) fn reference(text: &str) -> Result<ChannelRef, Problem> {
    ChannelRef::parse(text).ok_or_else(|| Problem::not_found("channel"))
}

/// Reading a channel's contents begins here, on whichever way it comes.
pub(crate) async fn require_member(
    node: &Node,
    actor: &Actor,
    channel: &ChannelRef,
) -> Result<Channel, Problem> {
    let (found, _) = channel::require_member(&node.domain, actor, channel).await?;
    Ok(found.channel)
}

fn page_limit() -> u64 {
    50
}

fn check_channel_name(text: &str) -> Result<(), validator::ValidationError> {
    rule(ChannelName::parse(text))
}

fn check_description(text: &str) -> Result<(), validator::ValidationError> {
    let refused = |code, message: &'static str| {
        Err(validator::ValidationError::new(code).with_message(message.into()))
    };
    if text.len() > 1024 {
        return refused("too_long", "a description has at most 1024 bytes");
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return refused("control_character", "a description is plain text");
    }
    Ok(())
}

impl TryFrom<ChannelRequest> for ChannelDraft {
    type Error = Problem;

    fn try_from(request: ChannelRequest) -> Result<Self, Problem> {
        let name = ChannelName::parse(&request.name).map_err(|invalid| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", invalid.message)
        })?;
        let kind = request.kind.unwrap_or(ChannelKind::Public);
        Ok(Self { name, kind, description: request.description })
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match &error {
            AccessError::NotFound => Self::not_found("channel"),
            AccessError::NotAMember => {
                Self::new(StatusCode::FORBIDDEN, "not_a_member", sentence(&error))
            }
            AccessError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match &error {
            CreateError::NameTaken => {
                Self::new(StatusCode::CONFLICT, "name_taken", sentence(&error))
            }
            CreateError::Database(_) => Self::internal(&error),
        }
    }
}
