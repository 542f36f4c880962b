//! Finding people.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use warren_domain::account::{self, Profile, Username};

use crate::auth::Bearer;
use crate::body::Body;
use crate::cursor::ListKind;
use crate::node::Node;
use crate::problem::{Problem, Refused};
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
}

/// The person that a path names. What nobody can be called is nobody.
fn named(text: &str) -> Result<Username, Problem> {
    Username::parse(text).map_err(|_| Problem::not_found("user"))
}

fn page_limit() -> u64 {
    50
}
