//! Where I am signed in.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Serialize;
use warren_domain::account::{self, EndError, Session};
use warren_domain::id::SessionId;

use crate::auth::Bearer;
use crate::http::body::Body;
use crate::http::cursor::ListKind;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// Sessions that go on.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct SessionList {
    /// The newest first.
    pub(crate) items: Vec<Session>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

#[derive(ApiResponse)]
pub(crate) enum SessionsEnded {
    /// Their tokens are worth nothing from now on, and their sockets close.
    #[oai(status = 204)]
    Done,
}

/// Sessions.
pub(crate) struct SessionsApi;

#[OpenApi(prefix_path = "/v1/sessions", tag = "Tag::Accounts")]
impl SessionsApi {
    /// My sessions
    ///
    /// Where I am signed in, the newest first.
    #[oai(path = "/", method = "get", operation_id = "listSessions")]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Where the page before ended.
        cursor: Query<Option<String>>,
    ) -> Result<Body<SessionList>, Refused<400, 401>> {
        let before = read_cursor(cursor.0)?;
        let items = account::sessions(&node.domain, &actor, actor.id(), before, limit.0)
            .await
            .map_err(|error| Problem::internal(&error))?;
        Ok(Body(SessionList::page(items, limit.0)))
    }

    /// End one of my sessions
    ///
    /// The one that asks may be ended too: that is signing out.
    #[oai(path = "/:id", method = "delete", operation_id = "endSession")]
    async fn end(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Its id.
        id: Path<SessionId>,
    ) -> Result<SessionsEnded, Refused<400, 401, 404>> {
        let ended = account::end_session(&node.domain, &actor, id.0).await?;
        node.authenticator.forget_ended(&ended);
        Ok(SessionsEnded::Done)
    }

    /// End all my other sessions
    #[oai(path = "/", method = "delete", operation_id = "endOtherSessions")]
    async fn end_others(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
    ) -> Result<SessionsEnded, Refused<401>> {
        let ended = account::end_other_sessions(&node.domain, &actor)
            .await
            .map_err(|error| Problem::internal(&error))?;
        node.authenticator.forget_ended(&ended);
        Ok(SessionsEnded::Done)
    }
}

impl SessionList {
    /// A page with at most `limit` items.
    pub(crate) fn page(items: Vec<Session>, limit: u64) -> Self {
        let next_cursor = ListKind::Sessions.next(&items, limit, |last| last.id.to_string());
        Self { items, next_cursor }
    }
}

/// The session before which the page begins.
///
/// # Errors
/// 400 if the cursor is none of this list.
pub(crate) fn read_cursor(cursor: Option<String>) -> Result<Option<SessionId>, Problem> {
    let read = |cursor: String| ListKind::Sessions.read(&cursor, |key| key.parse().ok());
    cursor.map(read).transpose()
}

fn page_limit() -> u64 {
    50
}

impl From<EndError> for Problem {
    fn from(error: EndError) -> Self {
        match &error {
            EndError::NotFound => Self::not_found("session"),
            EndError::Database(_) => Self::internal(&error),
        }
    }
}
