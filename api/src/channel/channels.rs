//! Making, finding and changing channels.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::{Deserialize, Serialize};
use validator::Validate;
use warren_domain::account::Actor;
use warren_domain::channel::{
    self, Channel, ChannelChange, ChannelDraft, ChannelName, ChannelRef, Created, Seat,
};
use warren_domain::timeline::{ChannelKind, HistoryVisibility};

use crate::auth::Bearer;
use crate::channel::named::{check_usernames, naming, usernames};
use crate::http::body::{Body, rule};
use crate::http::cursor::ListKind;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
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
    kind: Option<NewChannelKind>,
    /// What it is for: at most 1024 bytes of plain text.
    #[oai(validator(max_length = 1024, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"))]
    #[validate(custom(function = "check_description"))]
    description: Option<String>,
    /// What newcomers see of what was said before; `all` if not given.
    history: Option<HistoryVisibility>,
    /// The usernames of those who are members from the start: at most 100.
    #[oai(validator(max_items = 100))]
    #[validate(custom(function = "check_members"))]
    members: Option<Vec<String>>,
}

/// Who may see a new channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(crate) enum NewChannelKind {
    /// Everybody finds it and may join.
    Public,
    /// Only its members know of it.
    Private,
}

/// What is to be another way. What is absent stays as it is.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct ChannelChangeRequest {
    /// Another name: 1 to 64 of `a-z 0-9 _ -`, not like an id.
    #[oai(validator(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$"))]
    #[validate(custom(function = "check_channel_name"))]
    name: Option<String>,
    /// What it is for: at most 1024 bytes of plain text; `null` for nothing.
    #[serde(default)]
    #[oai(nullable, validator(max_length = 1024))]
    #[validate(custom(function = "check_new_description"))]
    description: MaybeUndefined<String>,
    /// What newcomers see of what was said before. Those who are in it see what
    /// they saw.
    history: Option<HistoryVisibility>,
    /// `false` takes it out of the archive.
    archived: Option<bool>,
}

/// Channels.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct ChannelList {
    /// By name.
    pub(crate) items: Vec<Channel>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl Example for ChannelRequest {
    fn example() -> Self {
        Self {
            name: "gardening".into(),
            kind: Some(NewChannelKind::Public),
            description: Some("Carrots, mostly.".into()),
            history: None,
            members: None,
        }
    }
}

impl Example for ChannelChangeRequest {
    fn example() -> Self {
        Self {
            name: None,
            description: MaybeUndefined::Value("Carrots and beans.".into()),
            history: Some(HistoryVisibility::SinceJoining),
            archived: None,
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
enum ArchiveAnswer {
    /// It is archived.
    #[oai(status = 204)]
    Archived,
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
        let next_cursor =
            ListKind::Channels.next(&items, limit.0, |last| last.summary.name.clone());
        Ok(Body(ChannelList { items, next_cursor }))
    }

    /// Make a channel
    ///
    /// You own it. If a public channel of this name exists, you join it instead,
    /// and the members that you name are added to it; all else of it stays as it is.
    /// One person may be the maker of so many channels (1000, unless the server is set
    /// otherwise), archived ones not counted.
    #[oai(path = "/", method = "post", operation_id = "createChannel")]
    async fn create(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        request: Body<ChannelRequest>,
    ) -> Result<CreateAnswer, Refused<400, 401, 403, 409, 413, 415, 422>> {
        let draft = ChannelDraft::try_from(request.0)?;
        let created = channel::create(&node.domain, &actor, draft).await;
        Ok(match created.map_err(|error| naming(error, "members"))? {
            Created::New(channel) => CreateAnswer::Created(Body(channel)),
            Created::Known(channel) => CreateAnswer::Joined(Body(channel)),
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
        Ok(Body(channel::find(&node.domain, &actor, &reference(&channel)?).await?))
    }

    /// Change a channel
    ///
    /// For its owners and moderators; in public channels also for who runs the
    /// server. Archiving, and taking it out of the archive, is for owners.
    #[oai(path = "/:channel", method = "patch", operation_id = "updateChannel")]
    async fn update(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
        request: Body<ChannelChangeRequest>,
    ) -> Result<Body<Channel>, Refused<400, 401, 403, 404, 409, 413, 415, 422>> {
        let change = ChannelChange::try_from(request.0)?;
        let channel = reference(&channel)?;
        Ok(Body(channel::update(&node.domain, &actor, &channel, change).await?))
    }

    /// Archive a channel
    ///
    /// For its owners and who runs the server. It can be read, but nobody writes to
    /// it, joins it or is added to it. Archiving it again changes nothing.
    #[oai(path = "/:channel", method = "delete", operation_id = "archiveChannel")]
    async fn archive(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id or its name.
        channel: Path<String>,
    ) -> Result<ArchiveAnswer, Refused<401, 403, 404>> {
        channel::archive(&node.domain, &actor, &reference(&channel)?).await?;
        Ok(ArchiveAnswer::Archived)
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
) -> Result<Seat, Problem> {
    Ok(channel::require_member(&node.domain, actor, channel).await?)
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

fn check_new_description(text: &MaybeUndefined<String>) -> Result<(), validator::ValidationError> {
    match text {
        MaybeUndefined::Value(text) => check_description(text),
        MaybeUndefined::Undefined | MaybeUndefined::Null => Ok(()),
    }
}

fn check_members(usernames: &[String]) -> Result<(), validator::ValidationError> {
    check_usernames(usernames, 0..=100)
}

fn channel_name(text: &str) -> Result<ChannelName, Problem> {
    ChannelName::parse(text).map_err(|invalid| Problem::invalid_field("name", &invalid))
}

impl TryFrom<ChannelRequest> for ChannelDraft {
    type Error = Problem;

    fn try_from(request: ChannelRequest) -> Result<Self, Problem> {
        let kind = match request.kind {
            Some(NewChannelKind::Private) => ChannelKind::Private,
            Some(NewChannelKind::Public) | None => ChannelKind::Public,
        };
        Ok(Self {
            name: channel_name(&request.name)?,
            kind,
            description: request.description,
            history: request.history.unwrap_or_default(),
            members: usernames("members", &request.members.unwrap_or_default())?,
        })
    }
}

impl TryFrom<ChannelChangeRequest> for ChannelChange {
    type Error = Problem;

    fn try_from(request: ChannelChangeRequest) -> Result<Self, Problem> {
        Ok(Self {
            name: request.name.as_deref().map(channel_name).transpose()?,
            description: request.description.into(),
            history: request.history,
            archived: request.archived,
        })
    }
}
