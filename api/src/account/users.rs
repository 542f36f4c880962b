//! Finding people, and saying what they are on this server.

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use validator::Validate;
use warren_domain::account::{self, Profile, Role, StandingChange, StandingError, Username};

use crate::account::accounts::sentence;
use crate::auth::Bearer;
use crate::http::body::Body;
use crate::http::cursor::ListKind;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// People.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct UserList {
    /// By username.
    items: Vec<Profile>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What somebody is to be on this server. What is absent stays as it is.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct StandingRequest {
    /// What they may do.
    role: Option<Role>,
    /// Whether nobody can sign in to the account.
    deactivated: Option<bool>,
}

impl Example for StandingRequest {
    fn example() -> Self {
        Self { role: Some(Role::Admin), deactivated: None }
    }
}

/// People.
pub(crate) struct UsersApi;

#[OpenApi(prefix_path = "/v1/users", tag = "Tag::People")]
impl UsersApi {
    /// Find people
    ///
    /// Those who can sign in, by username.
    #[oai(path = "/", method = "get", operation_id = "listUsers")]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(_actor): Bearer,
        /// Only those whose username, first name or display name begins with this,
        /// in whatever case. Every character stands for itself.
        #[oai(validator(max_length = 64))]
        query: Query<Option<String>>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Where the page before ended.
        cursor: Query<Option<String>>,
    ) -> Result<Body<UserList>, Refused<400, 401>> {
        let after =
            cursor.0.map(|cursor| ListKind::Users.read(&cursor, |key| Username::parse(key).ok()));
        let after = after.transpose()?;
        let query = query.0.unwrap_or_default();
        let items = account::users(&node.domain, &query, after.as_ref(), limit.0)
            .await
            .map_err(|error| Problem::internal(&error))?;
        let next_cursor =
            ListKind::Users.next(&items, limit.0, |last| last.person.username.clone());
        Ok(Body(UserList { items, next_cursor }))
    }

    /// Somebody
    ///
    /// Also who can sign in no more.
    #[oai(path = "/:username", method = "get", operation_id = "getUser")]
    async fn get(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(_actor): Bearer,
        /// Their username.
        username: Path<String>,
    ) -> Result<Body<Profile>, Refused<401, 404>> {
        let user = account::user_named(&node.domain, &named(&username)?)
            .await
            .map_err(|error| Problem::internal(&error))?;
        Ok(Body(user.ok_or_else(|| Problem::not_found("user"))?))
    }

    /// Say what somebody is on this server
    ///
    /// Owners say who is owner, admin and member, and deactivate anybody; admins
    /// deactivate members. One owner stays. Deactivating ends all sessions of the
    /// account, and nobody can sign in to it until it is activated again; what its
    /// owner wrote stays, and where they are a member.
    #[oai(path = "/:username", method = "patch", operation_id = "updateUser")]
    async fn update(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Their username.
        username: Path<String>,
        request: Body<StandingRequest>,
    ) -> Result<Body<Profile>, Refused<400, 401, 403, 404, 409, 413, 415>> {
        let Body(StandingRequest { role, deactivated }) = request;
        let change = StandingChange { role, deactivated };
        let username = named(&username)?;
        let (user, ended) =
            account::change_standing(&node.domain, Some(&actor), &username, change).await?;
        node.authenticator.forget_ended(&ended);
        node.authenticator.ask_again(user.person.id);
        Ok(Body(user))
    }
}

/// The person that a path names. What nobody can be called is nobody.
pub(crate) fn named(text: &str) -> Result<Username, Problem> {
    Username::parse(text).map_err(|_| Problem::not_found("user"))
}

fn page_limit() -> u64 {
    50
}

impl From<StandingError> for Problem {
    fn from(error: StandingError) -> Self {
        match &error {
            StandingError::NoSuchUser => Self::not_found("user"),
            StandingError::Forbidden => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", sentence(&error))
            }
            StandingError::LastOwner => {
                Self::new(StatusCode::CONFLICT, "last_owner", sentence(&error))
            }
            StandingError::Database(_) => Self::internal(&error),
        }
    }
}
