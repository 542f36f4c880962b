//! JSON bodies, read strictly: at most 2 MiB, each field of its own type, no
//! unknown field, no field twice. (The payload of poem-openapi coerces types,
//! keeps the last of two fields and reads without a bound.)

use std::fmt::Display;
use std::time::Duration;

use poem::error::ReadBodyError;
use poem::http::{StatusCode, header};
use poem::{IntoResponse, Request, RequestBody, Response};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{
    MetaMediaType, MetaRequest, MetaResponse, MetaResponses, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use validator::Validate;

use crate::http::problem::{FieldError, Problem};

/// The largest body, in bytes.
const MAX_SIZE_BYTES: usize = 2 * 1024 * 1024;

/// How long a client may take to send it.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// A JSON body: of a request, read and validated; or of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Body<T>(pub T);

impl<T: Type> Payload for Body<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        let media_type = content_type.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case(Self::CONTENT_TYPE)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + DeserializeOwned + Validate> ParsePayload for Body<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let bytes = read(request, body).await?;
        let value: T = parse(&bytes)?;
        value.validate().map_err(|errors| invalid(&errors))?;
        Ok(Self(value))
    }
}

impl<'a, T: Type + DeserializeOwned + Validate> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: Self::CONTENT_TYPE,
                schema: Self::schema_ref(),
            }],
            required: Self::IS_REQUIRED,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        if !request.content_type().is_some_and(Self::check_content_type) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body must be declared as Content-Type: application/json.",
            )
            .into());
        }
        <Self as ParsePayload>::from_request(request, body).await
    }
}

impl<T: Type + Serialize + Send> IntoResponse for Body<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => Response::builder().content_type(Self::CONTENT_TYPE).body(json),
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

impl<T: Type + Serialize + Send> ApiResponse for Body<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "Done.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: Self::CONTENT_TYPE,
                    schema: Self::schema_ref(),
                }],
                headers: vec![],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// Serde would also take a list of an object's values, in the order of its fields.
fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Problem> {
    let value = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    match json.trim_ascii_start().first() {
        Some(b'{') => Ok(value),
        _ => Err(malformed(&"it is no object")),
    }
}

/// All of a body, if it is no larger than allowed and comes in time.
pub(crate) async fn read(
    request: &Request,
    body: &mut RequestBody,
) -> Result<bytes::Bytes, Problem> {
    if declared_size(request).is_some_and(|size| size > MAX_SIZE_BYTES) {
        return Err(too_large());
    }
    let unreadable = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, "malformed_body", detail);
    let body = body.take().map_err(|_| unreadable("The body was read before."))?;
    match tokio::time::timeout(READ_TIMEOUT, body.into_bytes_limit(MAX_SIZE_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(ReadBodyError::PayloadTooLarge)) => Err(too_large()),
        Ok(Err(_)) => Err(unreadable("The body ended early or is not framed as declared.")),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "The body did not arrive in time.",
        )),
    }
}

fn declared_size(request: &Request) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is larger than 2 MiB.")
}

fn malformed(error: &dyn Display) -> Problem {
    let detail = format!("The body is not the JSON that is expected: {error}.");
    Problem::new(StatusCode::BAD_REQUEST, "malformed_body", detail)
}

fn invalid(errors: &validator::ValidationErrors) -> Problem {
    let field_errors = errors.field_errors();
    let mut list: Vec<FieldError> = field_errors
        .iter()
        .flat_map(|(field, errors)| errors.iter().map(move |error| (field, error)))
        .map(|(field, error)| FieldError {
            field: field.to_string(),
            code: error.code.to_string(),
            message: error.message.as_deref().unwrap_or("is not valid").to_owned(),
        })
        .collect();
    list.sort_by(|one, other| one.field.cmp(&other.field));
    Problem::invalid_fields(list)
}

/// Turns a rule of the domain into one of `validator`.
pub(crate) fn rule<T>(
    parsed: Result<T, warren_domain::Invalid>,
) -> Result<(), validator::ValidationError> {
    parsed.map(drop).map_err(|invalid| {
        validator::ValidationError::new(invalid.code).with_message(invalid.message)
    })
}

/// A value that was validated when it was read, and is refused all the same.
pub(crate) fn invalid_value(invalid: warren_domain::Invalid) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", invalid.message)
}
