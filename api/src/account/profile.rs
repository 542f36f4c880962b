//! Who I am, changing it, and going for good.

use std::sync::Arc;

use poem::Request;
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use validator::Validate;
use warren_domain::account::{self, DeletionError, PersonName, ProfileChange, ProfileError, User};

use crate::account::accounts::{check_given_password, check_person_name, sentence};
use crate::auth::Bearer;
use crate::http::body::{Body, invalid_value};
use crate::http::costly;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// What is to be another way. What is absent stays as it is.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct ProfileRequest {
    /// What others call you: 1 to 64 characters on one line.
    #[oai(validator(
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    ))]
    #[validate(custom(function = "check_person_name"))]
    first_name: Option<String>,
    /// Your family name: 1 to 64 characters on one line; `null` or nothing for none.
    #[serde(default)]
    #[oai(
        nullable,
        validator(
            max_length = 64,
            pattern = r"^([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*)?$"
        )
    )]
    #[validate(custom(function = "check_optional_name"))]
    last_name: MaybeUndefined<String>,
    /// What you want to be shown as, instead of your names: 1 to 64 characters on one
    /// line; `null` or nothing for your names.
    #[serde(default)]
    #[oai(
        nullable,
        validator(
            max_length = 64,
            pattern = r"^([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*)?$"
        )
    )]
    #[validate(custom(function = "check_optional_name"))]
    display_name: MaybeUndefined<String>,
}

/// That it is really you.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct DeletionRequest {
    /// Your password.
    #[oai(validator(min_length = 1, max_length = 256))]
    #[validate(custom(function = "check_given_password"))]
    password: String,
}

impl Example for DeletionRequest {
    fn example() -> Self {
        Self { password: "correct horse battery staple".into() }
    }
}

impl Example for ProfileRequest {
    fn example() -> Self {
        Self {
            first_name: None,
            last_name: MaybeUndefined::Undefined,
            display_name: MaybeUndefined::Value("Ann the gardener".into()),
        }
    }
}

#[derive(ApiResponse)]
enum Deleted {
    /// The account is gone, and all its sessions have ended.
    #[oai(status = 204)]
    Done,
}

/// One's own profile.
pub(crate) struct ProfileApi;

#[OpenApi(prefix_path = "/v1", tag = "Tag::Accounts")]
impl ProfileApi {
    /// Who am I
    #[oai(path = "/me", method = "get", operation_id = "getMe")]
    async fn me(&self, Bearer(actor): Bearer) -> Result<Body<User>, Refused<401>> {
        Ok(Body(User::clone(&actor.user)))
    }

    /// Change who I am
    ///
    /// Other nodes are told; one that does not hear it shows it within 60 seconds.
    #[oai(path = "/me", method = "patch", operation_id = "updateMe")]
    async fn update(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        request: Body<ProfileRequest>,
    ) -> Result<Body<User>, Refused<400, 401, 413, 415, 422>> {
        let change = ProfileChange::try_from(request.0)?;
        let user = account::change_profile(&node.domain, &actor, change).await?;
        node.authenticator.ask_again(actor.id());
        Ok(Body(user))
    }

    /// Delete my account
    ///
    /// For good: my names, address, password, sessions and memberships are gone, and
    /// my username is free. What I wrote stays, as of a deleted user; others keep the
    /// chats that they had with me. A wrong password is answered 403
    /// `wrong_password`; the server's last owner stays (409 `last_owner`).
    #[oai(path = "/me", method = "delete", operation_id = "deleteMe")]
    async fn delete(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        http: &Request,
        request: Body<DeletionRequest>,
    ) -> Result<Deleted, Refused<400, 401, 403, 409, 413, 415, 422, 429>> {
        costly::admit(&node, http)?;
        let ended = account::delete_account(&node.domain, &actor, &request.0.password).await?;
        node.authenticator.forget_ended(&ended);
        Ok(Deleted::Done)
    }
}

fn check_optional_name(text: &MaybeUndefined<String>) -> Result<(), validator::ValidationError> {
    match text {
        MaybeUndefined::Value(text) if !text.is_empty() => check_person_name(text),
        MaybeUndefined::Value(_) | MaybeUndefined::Undefined | MaybeUndefined::Null => Ok(()),
    }
}

/// `None` stays as it is; `Some(None)` is to be none.
fn optional_name(text: MaybeUndefined<String>) -> Result<Option<Option<PersonName>>, Problem> {
    match text {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Value(text) if !text.is_empty() => Ok(Some(Some(name(&text)?))),
        MaybeUndefined::Value(_) | MaybeUndefined::Null => Ok(Some(None)),
    }
}

fn name(text: &str) -> Result<PersonName, Problem> {
    PersonName::parse(text).map_err(invalid_value)
}

impl TryFrom<ProfileRequest> for ProfileChange {
    type Error = Problem;

    /// Validated when it was read, so that an error here says only that.
    fn try_from(request: ProfileRequest) -> Result<Self, Problem> {
        Ok(Self {
            first_name: request.first_name.as_deref().map(name).transpose()?,
            last_name: optional_name(request.last_name)?,
            display_name: optional_name(request.display_name)?,
        })
    }
}

impl From<DeletionError> for Problem {
    fn from(error: DeletionError) -> Self {
        match error {
            DeletionError::Confirm(error) => error.into(),
            DeletionError::LastOwner => {
                Self::new(StatusCode::CONFLICT, "last_owner", sentence(&error))
            }
        }
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match &error {
            ProfileError::Deactivated => Self::unauthenticated(),
            ProfileError::Database(_) => Self::internal(&error),
        }
    }
}
