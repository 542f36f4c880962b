//! Signing up and in.

use std::sync::Arc;

use poem::Request;
use poem::http::{StatusCode, Version};
use poem::web::Data;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::{Deserialize, Serialize};
use validator::Validate;
use warren_domain::account::{
    self, ClientName, Email, LoginError, OwnerClaim, Password, PersonName, SessionError,
    SessionTokens, Signup, SignupError, User, Username,
};

use crate::account::guesses;
use crate::auth::Bearer;
use crate::http::body::{Body, invalid_value, rule};
use crate::http::costly;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;
use crate::token::{LIFETIME_S, Subject};

/// A new account.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub struct SignupRequest {
    /// 3 to 32 of `a-z 0-9 _ . -`, beginning with a letter or digit.
    #[oai(validator(min_length = 3, max_length = 32, pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$"))]
    #[validate(custom(function = "check_username"))]
    username: String,
    /// 8 to 256 characters.
    #[oai(validator(min_length = 8, max_length = 256))]
    #[validate(custom(function = "check_password"))]
    password: String,
    /// What others call you: 1 to 64 characters on one line.
    #[oai(validator(
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    ))]
    #[validate(custom(function = "check_person_name"))]
    first_name: String,
    /// Your family name: 1 to 64 characters on one line.
    #[oai(validator(
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    ))]
    #[validate(custom(function = "check_person_name"))]
    last_name: Option<String>,
    /// Where mail reaches you; also good for signing in.
    #[oai(validator(
        max_length = 254,
        pattern = r"^[^\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]*\.[^@\s\x00-\x1f\x7f-\x9f]*$"
    ))]
    #[validate(custom(function = "check_email"))]
    email: Option<String>,
}

/// A name and a password.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct LoginRequest {
    /// The username or the e-mail address.
    #[oai(validator(min_length = 1, max_length = 254))]
    #[validate(length(
        min = 1,
        max = 254,
        code = "length",
        message = "a name has 1 to 254 characters"
    ))]
    username: String,
    /// The password.
    #[oai(validator(min_length = 1, max_length = 256))]
    #[validate(custom(function = "check_given_password"))]
    password: String,
}

/// A refresh token, to be used once.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct RefreshRequest {
    /// As the last answer gave it.
    #[oai(validator(min_length = 1, max_length = 128))]
    #[validate(length(
        min = 1,
        max = 128,
        code = "length",
        message = "a refresh token has 1 to 128 characters"
    ))]
    refresh_token: String,
}

/// You are signed in.
#[derive(Debug, Serialize, Object)]
pub(crate) struct SignedIn {
    /// Who you are.
    user: User,
    /// For the `Authorization: Bearer` header and the socket's `hello`.
    access_token: String,
    /// Works once, for the next access token.
    refresh_token: String,
    /// Seconds until the access token expires.
    expires_in: u64,
}

impl Example for SignupRequest {
    fn example() -> Self {
        Self {
            username: "ann".into(),
            password: "correct horse battery staple".into(),
            first_name: "Ann".into(),
            last_name: None,
            email: Some("ann@example.org".into()),
        }
    }
}

impl Example for LoginRequest {
    fn example() -> Self {
        Self { username: "ann".into(), password: "correct horse battery staple".into() }
    }
}

impl Example for RefreshRequest {
    fn example() -> Self {
        Self { refresh_token: "bqHc1hXrWoFqKytrqIXr0-nu1rUrp8aUVXOfWu4uHaM".into() }
    }
}

#[derive(ApiResponse)]
enum SignedUp {
    /// The account exists, is in `public`, and is signed in.
    #[oai(status = 201)]
    Created(Body<SignedIn>),
}

#[derive(ApiResponse)]
enum LoggedOut {
    /// The session has ended; its sockets close.
    #[oai(status = 204)]
    Done,
}

/// Accounts.
pub(crate) struct AccountsApi;

#[OpenApi(prefix_path = "/v1", tag = "Tag::Accounts")]
impl AccountsApi {
    /// Sign up
    ///
    /// Makes an account, puts it into the channel `public` and signs it in.
    #[oai(path = "/signup", method = "post", operation_id = "signup")]
    async fn signup(
        &self,
        node: Data<&Arc<Node>>,
        http: &Request,
        request: Body<SignupRequest>,
    ) -> Result<SignedUp, Refused<400, 409, 413, 415, 422, 429>> {
        costly::admit(&node, http)?;
        let signup = Signup::try_from(request.0)?;
        let claim = owner_claim(&node, http);
        let tokens = account::signup(&node.domain, signup, claim, client(http)).await?;
        Ok(SignedUp::Created(Body(signed_in(&node, http, tokens)?)))
    }

    /// Sign in
    ///
    /// By username or e-mail address. A wrong name and a wrong password get the
    /// same answer; that an account is deactivated learns only who knows its
    /// password. Too many attempts by one name are refused for a while (429), but
    /// not from an address where its owner was signed in lately.
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        node: Data<&Arc<Node>>,
        http: &Request,
        request: Body<LoginRequest>,
    ) -> Result<Body<SignedIn>, Refused<400, 401, 403, 413, 415, 422, 429>> {
        costly::admit(&node, http)?;
        let Body(LoginRequest { username, password }) = request;
        guesses::admit(&node, http, &username)?;
        let tokens = account::login(&node.domain, &username, &password, client(http)).await?;
        Ok(Body(signed_in(&node, http, tokens)?))
    }

    /// Renew the access token
    ///
    /// Each refresh token works once and is replaced by the answer's. One that
    /// comes again ends the session, as one of its two holders stole it.
    #[oai(path = "/token/refresh", method = "post", operation_id = "refreshToken")]
    async fn refresh(
        &self,
        node: Data<&Arc<Node>>,
        http: &Request,
        request: Body<RefreshRequest>,
    ) -> Result<Body<SignedIn>, Refused<400, 401, 413, 415, 422>> {
        let tokens = account::refresh(&node.domain, &request.0.refresh_token).await?;
        Ok(Body(signed_in(&node, http, tokens)?))
    }

    /// Sign out
    ///
    /// Ends the session of the access token: its tokens are worth nothing from
    /// now on, and its sockets close.
    #[oai(path = "/logout", method = "post", operation_id = "logout")]
    async fn logout(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
    ) -> Result<LoggedOut, Refused<401>> {
        account::end(&node.domain, actor.session_id)
            .await
            .map_err(|error| Problem::internal(&error))?;
        node.authenticator.forget(actor.session_id);
        Ok(LoggedOut::Done)
    }
}

fn signed_in(node: &Node, http: &Request, tokens: SessionTokens) -> Result<SignedIn, Problem> {
    guesses::know(node, http, &tokens.user);
    let subject = Subject { user_id: tokens.user.id, session_id: tokens.session_id };
    let access_token =
        node.authenticator.tokens().issue(subject).map_err(|error| Problem::internal(&error))?;
    Ok(SignedIn {
        user: tokens.user,
        access_token,
        refresh_token: tokens.refresh_token,
        expires_in: LIFETIME_S,
    })
}

/// What the client calls itself.
fn client(http: &Request) -> Option<ClientName> {
    let header = http.headers().get(poem::http::header::USER_AGENT)?;
    ClientName::of(&String::from_utf8_lossy(header.as_bytes()))
}

/// The first account owns the server only if it surely comes from this
/// machine. Behind a proxy everybody seems to; one betrays itself by its
/// headers, or by speaking HTTP/1.0, as nginx does unless told otherwise.
fn owner_claim(node: &Node, http: &Request) -> OwnerClaim {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"]
        .iter()
        .any(|name| http.headers().contains_key(*name));
    let local = http.remote_addr().as_socket_addr().is_some_and(|peer| peer.ip().is_loopback());
    let direct = !forwarded && http.version() >= Version::HTTP_11;
    match node.first_account_owns && local && direct {
        true => OwnerClaim::IfFirst,
        false => OwnerClaim::Never,
    }
}

fn check_username(text: &str) -> Result<(), validator::ValidationError> {
    rule(Username::parse(text))
}

/// A password that is asked for, and may be from before the rules for new ones.
pub(crate) fn check_given_password(text: &str) -> Result<(), validator::ValidationError> {
    let message = "a password has 1 to 256 characters";
    match text.chars().count() {
        1..=256 => Ok(()),
        _ => Err(validator::ValidationError::new("length").with_message(message.into())),
    }
}

pub(crate) fn check_password(text: &str) -> Result<(), validator::ValidationError> {
    rule(Password::parse(text))
}

pub(crate) fn check_person_name(text: &str) -> Result<(), validator::ValidationError> {
    rule(PersonName::parse(text))
}

pub(crate) fn check_email(text: &str) -> Result<(), validator::ValidationError> {
    rule(Email::parse(text))
}

impl TryFrom<SignupRequest> for Signup {
    type Error = Problem;

    /// Validated when it was read, so that an error here says only that.
    fn try_from(request: SignupRequest) -> Result<Self, Problem> {
        Ok(Self {
            username: Username::parse(&request.username).map_err(invalid_value)?,
            password: Password::parse(&request.password).map_err(invalid_value)?,
            first_name: PersonName::parse(&request.first_name).map_err(invalid_value)?,
            last_name: request
                .last_name
                .map(|name| PersonName::parse(&name))
                .transpose()
                .map_err(invalid_value)?,
            email: request
                .email
                .map(|email| Email::parse(&email))
                .transpose()
                .map_err(invalid_value)?,
        })
    }
}

impl From<SignupError> for Problem {
    fn from(error: SignupError) -> Self {
        let taken = |code| Self::new(StatusCode::CONFLICT, code, sentence(&error));
        match &error {
            SignupError::UsernameTaken => taken("username_taken"),
            SignupError::EmailTaken => taken("email_taken"),
            SignupError::Busy => Self::unavailable(sentence(&error)),
            SignupError::Hash(_) | SignupError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match &error {
            LoginError::InvalidCredentials => {
                Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", sentence(&error))
            }
            LoginError::Deactivated => {
                Self::new(StatusCode::FORBIDDEN, "account_deactivated", sentence(&error))
            }
            LoginError::Busy => Self::unavailable(sentence(&error)),
            LoginError::Hash(_) | LoginError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match &error {
            SessionError::InvalidToken => {
                Self::new(StatusCode::UNAUTHORIZED, "invalid_refresh_token", sentence(&error))
            }
            SessionError::Database(_) => Self::internal(&error),
        }
    }
}

/// An error's text as a sentence for people.
pub(crate) fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), characters.as_str()),
        None => text,
    }
}
