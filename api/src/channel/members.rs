//! Who is in a channel, and what others do about it.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::{Deserialize, Serialize};
use validator::Validate;
use warren_domain::account::Username;
use warren_domain::channel::{self, Added, Member, MemberRole};
use warren_domain::id::UserId;

use crate::auth::Bearer;
use crate::channel::channels::reference;
use crate::http::body::{Body, rule};
use crate::http::cursor::ListKind;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// Somebody, by username.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct UsernameRequest {
    /// Their username.
    #[oai(validator(min_length = 3, max_length = 32))]
    #[validate(custom(function = "check_username"))]
    pub username: String,
}

/// What somebody may do.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct RoleRequest {
    /// From now on.
    role: MemberRole,
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

impl Example for UsernameRequest {
    fn example() -> Self {
        Self { username: "bob".into() }
    }
}

impl Example for RoleRequest {
    fn example() -> Self {
        Self { role: MemberRole::Moderator }
    }
}

#[derive(ApiResponse)]
enum AddAnswer {
    /// They were a member before.
    #[oai(status = 200)]
    Known(Body<Member>),
    /// They are a member now.
    #[oai(status = 201)]
    Added(Body<Member>),
}

#[derive(ApiResponse)]
enum RemoveAnswer {
    /// They are no member (any more).
    #[oai(status = 204)]
    Removed,
}

/// Members.
pub(crate) struct MembersApi;

#[OpenApi(prefix_path = "/v1/channels", tag = "Tag::Members")]
impl MembersApi {
    /// Members of a channel
    #[oai(path = "/:channel/members", method = "get", operation_id = "listMembers")]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The channel's id or name.
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

    /// Add a member
    ///
    /// Without asking them. In a public channel any member may; in a private one
    /// its moderators and owners.
    #[oai(path = "/:channel/members", method = "post", operation_id = "addMember")]
    async fn add(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The channel's id or name.
        channel: Path<String>,
        request: Body<UsernameRequest>,
    ) -> Result<AddAnswer, Refused<400, 401, 403, 404, 413, 415, 422>> {
        let username = request.0.username()?;
        let channel = reference(&channel)?;
        Ok(match channel::add_member(&node.domain, &actor, &channel, username).await? {
            Added::New(member) => AddAnswer::Added(Body(member)),
            Added::Known(member) => AddAnswer::Known(Body(member)),
        })
    }

    /// Remove a member
    ///
    /// Moderators remove members, owners also moderators; oneself one may always
    /// remove, as by leaving. An owner is not removed.
    #[oai(path = "/:channel/members/:username", method = "delete", operation_id = "removeMember")]
    async fn remove(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The channel's id or name.
        channel: Path<String>,
        /// The member's username.
        username: Path<String>,
    ) -> Result<RemoveAnswer, Refused<401, 403, 404>> {
        let channel = reference(&channel)?;
        channel::remove_member(&node.domain, &actor, &channel, &named(&username)?).await?;
        Ok(RemoveAnswer::Removed)
    }

    /// Say what a member may do
    ///
    /// For owners. A channel may have several; its last one stays.
    #[oai(
        path = "/:channel/members/:username/role",
        method = "put",
        operation_id = "setMemberRole"
    )]
    async fn appoint(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The channel's id or name.
        channel: Path<String>,
        /// The member's username.
        username: Path<String>,
        request: Body<RoleRequest>,
    ) -> Result<Body<Member>, Refused<400, 401, 403, 404, 409, 413, 415>> {
        let (channel, username) = (reference(&channel)?, named(&username)?);
        let role = request.0.role;
        Ok(Body(channel::appoint(&node.domain, &actor, &channel, &username, role).await?))
    }
}

impl UsernameRequest {
    /// Validated when it was read, so that an error here says only that.
    pub(crate) fn username(&self) -> Result<Username, Problem> {
        Username::parse(&self.username)
            .map_err(|invalid| Problem::invalid_field("username", &invalid))
    }
}

/// The member that a path names. What nobody can be called is nobody.
fn named(text: &str) -> Result<Username, Problem> {
    Username::parse(text).map_err(|_| Problem::not_found("member"))
}

fn check_username(text: &str) -> Result<(), validator::ValidationError> {
    rule(Username::parse(text))
}

fn page_limit() -> u64 {
    50
}
