//! Errors as clients see them: `application/problem+json` (RFC 9457) with a
//! stable `code`. One type for all; which statuses an operation documents is
//! part of its signature: `Result<_, Refused<401, 404>>`.

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::{Example, Type};
use poem_openapi::{ApiResponse, Object};
use serde::Serialize;
use warren_domain::Invalid;

/// The media type of every error.
const MEDIA_TYPE: &str = "application/problem+json";

/// Of the answer that every operation documents as its `default`.
const ANY_OTHER: &str = "Any other error; under /v1 also 429 `too_many_requests`, to who asks \
    too often: come again after Retry-After seconds.";

/// What went wrong, for programs (`code`) and for people (`detail`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
#[oai(skip_serializing_if_is_none, example)]
pub struct Problem {
    /// Always `about:blank`: the code says more.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable word for this error, such as `not_found`.
    pub code: String,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// Which fields are wrong, if fields are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FieldError>>,
    /// The key of the refused send: repeat it under this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// The stable word for the broken rule.
    pub code: String,
    /// The rule, in a sentence.
    pub message: String,
}

impl Problem {
    /// A problem of this status and code.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            code: code.into(),
            detail: detail.into(),
            errors: None,
            idempotency_key: None,
        }
    }

    /// 404: there is none, or the caller may not know of it.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}."))
    }

    /// 400: a parameter or header breaks its rule.
    #[must_use]
    pub fn invalid_parameter(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail)
    }

    /// 422: one field breaks a rule.
    #[must_use]
    pub(crate) fn invalid_field(field: &str, invalid: &Invalid) -> Self {
        let error = FieldError {
            field: field.into(),
            code: invalid.code.into(),
            message: invalid.message.to_string(),
        };
        Self::invalid_fields(vec![error])
    }

    /// 422: these fields break rules.
    #[must_use]
    pub(crate) fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let names: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        let detail = format!("Not valid: {}.", names.join(", "));
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { errors: Some(errors), ..Self::new(status, "validation_failed", detail) }
    }

    /// 401: no valid credentials.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "An access token is needed, and this is none that is valid now.",
        )
    }

    /// 503: something that Warren needs is away or overloaded.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    /// 500, or 503 if it is the database that is away; logs the cause, which
    /// the client does not get.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let mut causes = vec![error.to_string()];
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        tracing::error!(error = %causes.join(": "), "a request failed");
        Self::unavailable("The server cannot do this at the moment. Nothing was changed.")
    }

    /// With the key under which the send may be repeated.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

impl Example for Problem {
    fn example() -> Self {
        Self::not_found("channel")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::builder().status(status).content_type(MEDIA_TYPE).body(body);
        let headers = response.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        Self::from_response(problem.into_response())
    }
}

/// A refusal of an operation that documents these statuses (0: none), and
/// `default` for whatever may happen anywhere.
#[derive(Debug)]
pub struct Refused<
    const A: u16 = 0,
    const B: u16 = 0,
    const C: u16 = 0,
    const D: u16 = 0,
    const E: u16 = 0,
    const F: u16 = 0,
    const G: u16 = 0,
    const H: u16 = 0,
>(Problem);

impl<
    T: Into<Problem>,
    const A: u16,
    const B: u16,
    const C: u16,
    const D: u16,
    const E: u16,
    const F: u16,
    const G: u16,
    const H: u16,
> From<T> for Refused<A, B, C, D, E, F, G, H>
{
    fn from(error: T) -> Self {
        Self(error.into())
    }
}

impl<
    const A: u16,
    const B: u16,
    const C: u16,
    const D: u16,
    const E: u16,
    const F: u16,
    const G: u16,
    const H: u16,
> From<Refused<A, B, C, D, E, F, G, H>> for poem::Error
{
    fn from(refused: Refused<A, B, C, D, E, F, G, H>) -> Self {
        refused.0.into()
    }
}

impl<
    const A: u16,
    const B: u16,
    const C: u16,
    const D: u16,
    const E: u16,
    const F: u16,
    const G: u16,
    const H: u16,
> ApiResponse for Refused<A, B, C, D, E, F, G, H>
{
    fn meta() -> MetaResponses {
        let documented = [A, B, C, D, E, F, G, H].into_iter().filter(|status| *status != 0);
        let responses = documented.map(Some).chain([None]).map(response).collect();
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

fn response(status: Option<u16>) -> MetaResponse {
    MetaResponse {
        description: status.map_or(ANY_OTHER, describe),
        status,
        status_range: None,
        content: vec![MetaMediaType { content_type: MEDIA_TYPE, schema: schema() }],
        headers: vec![],
    }
}

fn schema() -> MetaSchemaRef {
    Problem::schema_ref()
}

fn describe(status: u16) -> &'static str {
    match status {
        400 => "The body, a parameter or a header cannot be read: the detail says which.",
        401 => "No valid credentials.",
        403 => "You may see this, but not do this to it.",
        404 => "There is none, or you may not know of it.",
        409 => "It is taken, or something else stands against it: the code says what.",
        413 => "The body is larger than 2 MiB.",
        415 => "The body is declared as another media type than those that are read here.",
        422 => "The body can be read, but breaks a rule: the errors say which.",
        429 => "Too many requests of this kind: come again after Retry-After seconds.",
        503 => {
            "Not possible at the moment, and not acknowledged: repeat it after Retry-After seconds, \
                with the same key."
        }
        _ => "An error.",
    }
}
