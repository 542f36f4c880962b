//! Inviting people, and answering.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Serialize;
use warren_domain::channel::{self, Channel, Invitation, InvitationPage, Invited};
use warren_domain::id::InvitationId;

use crate::auth::Bearer;
use crate::channel::channels::reference;
use crate::channel::members::UsernameRequest;
use crate::http::body::Body;
use crate::http::cursor::ListKind;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// Invitations that wait for an answer.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct InvitationList {
    /// The newest first.
    items: Vec<Invitation>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(ApiResponse)]
enum InviteAnswer {
    /// They were asked before and have not answered.
    #[oai(status = 200)]
    Known(Body<Invitation>),
    /// They are asked.
    #[oai(status = 201)]
    Invited(Body<Invitation>),
}

#[derive(ApiResponse)]
enum RejectAnswer {
    /// There is no such invitation any more.
    #[oai(status = 204)]
    Gone,
}

/// Invitations.
pub(crate) struct InvitationsApi;

#[OpenApi(prefix_path = "/v1", tag = "Tag::Invitations")]
impl InvitationsApi {
    /// Invite somebody
    ///
    /// They decide. In a public channel any member may; in a private one its
    /// moderators and owners.
    #[oai(path = "/channels/:channel/invitations", method = "post", operation_id = "inviteMember")]
    async fn invite(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The channel's id or name.
        channel: Path<String>,
        request: Body<UsernameRequest>,
    ) -> Result<InviteAnswer, Refused<400, 401, 403, 404, 409, 413, 415, 422>> {
        let (channel, username) = (reference(&channel)?, request.0.username()?);
        Ok(match channel::invite(&node.domain, &actor, &channel, username).await? {
            Invited::New(invitation) => InviteAnswer::Invited(Body(invitation)),
            Invited::Known(invitation) => InviteAnswer::Known(Body(invitation)),
        })
    }

    /// Who is invited into a channel
    ///
    /// And has not answered; for those who may invite.
    #[oai(
        path = "/channels/:channel/invitations",
        method = "get",
        operation_id = "listChannelInvitations"
    )]
    async fn list_of_channel(
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
    ) -> Result<Body<InvitationList>, Refused<400, 401, 403, 404>> {
        let page = page(limit.0, cursor.0)?;
        let channel = reference(&channel)?;
        let items = channel::invitations_into(&node.domain, &actor, &channel, page).await?;
        Ok(Body(InvitationList::new(items, limit.0)))
    }

    /// My invitations
    ///
    /// Those that you have not answered.
    #[oai(path = "/invitations", method = "get", operation_id = "listInvitations")]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Where the page before ended.
        cursor: Query<Option<String>>,
    ) -> Result<Body<InvitationList>, Refused<400, 401>> {
        let page = page(limit.0, cursor.0)?;
        let items = channel::invitations_of(&node.domain, &actor, page)
            .await
            .map_err(|error| Problem::internal(&error))?;
        Ok(Body(InvitationList::new(items, limit.0)))
    }

    /// Accept an invitation
    ///
    /// You are a member then; also if you were one already.
    #[oai(path = "/invitations/:id/accept", method = "post", operation_id = "acceptInvitation")]
    async fn accept(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The invitation's id.
        id: Path<InvitationId>,
    ) -> Result<Body<Channel>, Refused<400, 401, 404>> {
        Ok(Body(channel::accept(&node.domain, &actor, id.0).await?))
    }

    /// Decline an invitation
    ///
    /// Nobody is told. You may be invited again.
    #[oai(path = "/invitations/:id/reject", method = "post", operation_id = "rejectInvitation")]
    async fn reject(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The invitation's id.
        id: Path<InvitationId>,
    ) -> Result<RejectAnswer, Refused<400, 401, 404>> {
        channel::reject(&node.domain, &actor, id.0).await?;
        Ok(RejectAnswer::Gone)
    }

    /// Withdraw an invitation
    ///
    /// One that you made; moderators and owners any of their channel's.
    #[oai(path = "/invitations/:id", method = "delete", operation_id = "withdrawInvitation")]
    async fn withdraw(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The invitation's id.
        id: Path<InvitationId>,
    ) -> Result<RejectAnswer, Refused<400, 401, 403, 404>> {
        channel::withdraw(&node.domain, &actor, id.0).await?;
        Ok(RejectAnswer::Gone)
    }
}

impl InvitationList {
    fn new(items: Vec<Invitation>, limit: u64) -> Self {
        let next_cursor = ListKind::Invitations.next(&items, limit, |last| last.id.to_string());
        Self { items, next_cursor }
    }
}

fn page(limit: u64, cursor: Option<String>) -> Result<InvitationPage, Problem> {
    let before = cursor.map(|cursor| ListKind::Invitations.read(&cursor, |key| key.parse().ok()));
    Ok(InvitationPage { before: before.transpose()?, limit })
}

fn page_limit() -> u64 {
    50
}
