//! A new password: by the old one, or by mail.

use std::sync::Arc;

use poem::Request;
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use validator::Validate;
use warren_domain::account::{self, ConfirmError, Email, ForgotError, Password, ResetError};

use crate::account::accounts::{check_email, check_given_password, check_password, sentence};
use crate::auth::Bearer;
use crate::http::body::{Body, invalid_value};
use crate::http::costly;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// The old password and the new one.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct PasswordChangeRequest {
    /// The one that is good now.
    #[oai(validator(min_length = 1, max_length = 256))]
    #[validate(custom(function = "check_given_password"))]
    current_password: String,
    /// 8 to 256 characters.
    #[oai(validator(min_length = 8, max_length = 256))]
    #[validate(custom(function = "check_password"))]
    new_password: String,
}

/// Whose password was forgotten.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct ForgotPasswordRequest {
    /// The e-mail address of the account.
    #[oai(validator(max_length = 254))]
    #[validate(custom(function = "check_email"))]
    email: String,
}

/// A token from a letter, and a new password.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct PasswordResetRequest {
    /// What follows `reset-password=` in the letter's address.
    #[oai(validator(min_length = 1, max_length = 128))]
    #[validate(length(
        min = 1,
        max = 128,
        code = "length",
        message = "a token has 1 to 128 characters"
    ))]
    token: String,
    /// 8 to 256 characters.
    #[oai(validator(min_length = 8, max_length = 256))]
    #[validate(custom(function = "check_password"))]
    new_password: String,
}

impl Example for PasswordChangeRequest {
    fn example() -> Self {
        Self {
            current_password: "correct horse battery staple".into(),
            new_password: "another horse, another staple".into(),
        }
    }
}

impl Example for ForgotPasswordRequest {
    fn example() -> Self {
        Self { email: "ann@example.org".into() }
    }
}

impl Example for PasswordResetRequest {
    fn example() -> Self {
        Self {
            token: "bqHc1hXrWoFqKytrqIXr0-nu1rUrp8aUVXOfWu4uHaM".into(),
            new_password: "another horse, another staple".into(),
        }
    }
}

#[derive(ApiResponse)]
enum Changed {
    /// The new password is good from now on; all other sessions have ended.
    #[oai(status = 204)]
    Done,
}

#[derive(ApiResponse)]
enum Forgotten {
    /// If an account has this address, a letter to it is on its way, unless one
    /// was sent within the last minute.
    #[oai(status = 202)]
    Accepted,
}

#[derive(ApiResponse)]
enum Reset {
    /// The new password is good from now on; all sessions have ended.
    #[oai(status = 204)]
    Done,
}

/// Passwords.
pub(crate) struct PasswordsApi;

#[OpenApi(prefix_path = "/v1", tag = "Tag::Accounts")]
impl PasswordsApi {
    /// Change my password
    ///
    /// Ends all my other sessions. A wrong current password is answered 403
    /// `wrong_password`.
    #[oai(path = "/me/password", method = "put", operation_id = "changePassword")]
    async fn change(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        http: &Request,
        request: Body<PasswordChangeRequest>,
    ) -> Result<Changed, Refused<400, 401, 403, 413, 415, 422, 429>> {
        costly::admit(&node, http)?;
        let Body(PasswordChangeRequest { current_password, new_password }) = request;
        let new = Password::parse(&new_password).map_err(invalid_value)?;
        let ended = account::change_password(&node.domain, &actor, &current_password, new).await?;
        node.authenticator.forget_ended(&ended);
        Ok(Changed::Done)
    }

    /// I forgot my password
    ///
    /// The same answer whether an account has this address or not. If one has,
    /// it gets a letter with a token that is good for an hour, at most one a
    /// minute. A server without mail answers 404 `mail_not_configured`.
    #[oai(path = "/password/forgot", method = "post", operation_id = "forgotPassword")]
    async fn forgot(
        &self,
        node: Data<&Arc<Node>>,
        http: &Request,
        request: Body<ForgotPasswordRequest>,
    ) -> Result<Forgotten, Refused<400, 404, 413, 415, 422, 429>> {
        costly::admit(&node, http)?;
        let email = Email::parse(&request.0.email).map_err(invalid_value)?;
        account::forgot_password(&node.domain, email)?;
        Ok(Forgotten::Accepted)
    }

    /// Set a new password by a token from a letter
    ///
    /// A token works once, within an hour, and only the newest; any other is
    /// answered 422 `invalid_reset_token`. All sessions of the account end.
    #[oai(path = "/password/reset", method = "post", operation_id = "resetPassword")]
    async fn reset(
        &self,
        node: Data<&Arc<Node>>,
        http: &Request,
        request: Body<PasswordResetRequest>,
    ) -> Result<Reset, Refused<400, 413, 415, 422, 429>> {
        costly::admit(&node, http)?;
        let new = Password::parse(&request.0.new_password).map_err(invalid_value)?;
        let ended = account::reset_password(&node.domain, &request.0.token, new).await?;
        node.authenticator.forget_ended(&ended);
        Ok(Reset::Done)
    }
}

impl From<ConfirmError> for Problem {
    fn from(error: ConfirmError) -> Self {
        match &error {
            ConfirmError::Wrong => {
                Self::new(StatusCode::FORBIDDEN, "wrong_password", sentence(&error))
            }
            ConfirmError::Busy => Self::unavailable(sentence(&error)),
            ConfirmError::Hash(_) | ConfirmError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<ForgotError> for Problem {
    fn from(error: ForgotError) -> Self {
        match &error {
            ForgotError::NotConfigured => {
                Self::new(StatusCode::NOT_FOUND, "mail_not_configured", sentence(&error))
            }
            ForgotError::Busy => Self::unavailable(sentence(&error)),
        }
    }
}

impl From<ResetError> for Problem {
    fn from(error: ResetError) -> Self {
        match &error {
            ResetError::InvalidToken => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_reset_token", sentence(&error))
            }
            ResetError::Busy => Self::unavailable(sentence(&error)),
            ResetError::Hash(_) | ResetError::Database(_) => Self::internal(&error),
        }
    }
}
