//! The address to which letters go, and with it whoever can set a new password.

use std::sync::Arc;

use poem::Request;
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use validator::Validate;
use warren_domain::account::{self, Email, EmailError, User};

use crate::account::accounts::{check_email, check_given_password, sentence};
use crate::auth::Bearer;
use crate::http::body::{Body, invalid_value};
use crate::http::costly;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// Another address, and that it is really you.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct EmailChangeRequest {
    /// Your password.
    #[oai(validator(min_length = 1, max_length = 256))]
    #[validate(custom(function = "check_given_password"))]
    password: String,
    /// Where mail reaches you; also good for signing in. Absent for none.
    #[oai(validator(
        max_length = 254,
        pattern = r"^[^\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]*\.[^@\s\x00-\x1f\x7f-\x9f]*$"
    ))]
    #[validate(custom(function = "check_email"))]
    email: Option<String>,
}

impl Example for EmailChangeRequest {
    fn example() -> Self {
        Self {
            password: "correct horse battery staple".into(),
            email: Some("ann@example.org".into()),
        }
    }
}

/// One's own address.
pub(crate) struct EmailApi;

#[OpenApi(prefix_path = "/v1", tag = "Tag::Accounts")]
impl EmailApi {
    /// Change my e-mail address
    ///
    /// A wrong password is answered 403 `wrong_password`. Letters that went to the old
    /// address set no password any more.
    #[oai(path = "/me/email", method = "put", operation_id = "changeEmail")]
    async fn change(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        http: &Request,
        request: Body<EmailChangeRequest>,
    ) -> Result<Body<User>, Refused<400, 401, 403, 409, 413, 415, 422, 429>> {
        costly::admit(&node, http)?;
        let EmailChangeRequest { password, email } = request.0;
        let email = email.as_deref().map(Email::parse).transpose().map_err(invalid_value)?;
        let user = account::change_email(&node.domain, &actor, &password, email).await?;
        node.authenticator.ask_again(actor.id());
        Ok(Body(user))
    }
}

impl From<EmailError> for Problem {
    fn from(error: EmailError) -> Self {
        match error {
            EmailError::Confirm(error) => error.into(),
            EmailError::Taken => Self::new(StatusCode::CONFLICT, "email_taken", sentence(&error)),
        }
    }
}
