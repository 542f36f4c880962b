//! Pictures of people: any of three formats comes, one size goes.

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};
use poem::web::Data;
use poem::{IntoResponse, Request, RequestBody, Response};
use poem_openapi::param::Path;
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{
    MetaMediaType, MetaRequest, MetaResponse, MetaResponses, MetaSchemaRef, Registry,
};
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, OpenApi};
use uuid::Uuid;
use warren_domain::account::{self, AvatarError, Picture, PictureError, User};

use crate::account::accounts::sentence;
use crate::auth::Bearer;
use crate::http::body::{Body, read};
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// What a client may send; the last from one that does not tell them apart.
const READ: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "application/octet-stream"];

/// What it gets.
const SHOWN: [&str; 2] = ["image/png", "image/jpeg"];

/// A picture in the body of a request, as its client calls it. What it is in truth
/// shows when it is read.
pub(crate) struct PictureFile(Vec<u8>);

/// A picture in the body of an answer.
pub(crate) struct Shown(Picture);

#[derive(ApiResponse)]
enum Removed {
    /// There is none (any more).
    #[oai(status = 204)]
    Done,
}

/// Pictures of people.
pub(crate) struct AvatarsApi;

#[OpenApi(prefix_path = "/v1", tag = "Tag::People")]
impl AvatarsApi {
    /// Set my picture
    ///
    /// The body is the file: PNG, JPEG or WebP, at most 2 MiB and 4096 pixels a side.
    /// What lies in its middle is kept as a square of 256 pixels, and nothing else
    /// that the file says. My profile has its id, which is another each time.
    #[oai(path = "/me/avatar", method = "put", operation_id = "putAvatar")]
    async fn put(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        file: PictureFile,
    ) -> Result<Body<User>, Refused<401, 413, 415, 422>> {
        let user = account::put_avatar(&node.domain, &actor, file.0).await?;
        node.authenticator.ask_again(actor.id());
        Ok(Body(user))
    }

    /// Remove my picture
    #[oai(path = "/me/avatar", method = "delete", operation_id = "deleteAvatar")]
    async fn delete(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
    ) -> Result<Removed, Refused<401>> {
        account::remove_avatar(&node.domain, &actor).await?;
        node.authenticator.ask_again(actor.id());
        Ok(Removed::Done)
    }

    /// A picture
    ///
    /// Takes no token, as pages show pictures without one: nobody can guess the id.
    /// It may be kept for ever, since another picture has another id.
    #[oai(path = "/avatars/:id", method = "get", operation_id = "getAvatar")]
    async fn get(
        &self,
        node: Data<&Arc<Node>>,
        /// The `avatar_id` of somebody.
        id: Path<Uuid>,
    ) -> Result<Shown, Refused<400, 404>> {
        let picture =
            account::avatar(&node.domain, id.0).await.map_err(|error| Problem::internal(&error))?;
        Ok(Shown(picture.ok_or_else(|| Problem::not_found("picture"))?))
    }
}

impl<'a> ApiExtractor<'a> for PictureFile {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest { description: None, content: files(&READ), required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        let declared = request.content_type().unwrap_or_default();
        if !READ.iter().any(|read| declared.eq_ignore_ascii_case(read)) {
            let detail = format!("The body must be declared as one of {}.", READ.join(", "));
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "unsupported_media_type", detail).into());
        }
        Ok(Self(read(request, body).await?.into()))
    }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let Self(Picture { media_type, bytes }) = self;
        let mut response = Response::builder().content_type(media_type).body(bytes);
        let headers = response.headers_mut();
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(header::CACHE_CONTROL, forever);
        let inert = HeaderValue::from_static("default-src 'none'; sandbox");
        headers.insert(header::CONTENT_SECURITY_POLICY, inert);
        response
    }
}

impl ApiResponse for Shown {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The picture.",
                status: Some(200),
                status_range: None,
                content: files(&SHOWN),
                headers: vec![],
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

fn files(media_types: &[&'static str]) -> Vec<MetaMediaType> {
    let schema = || -> MetaSchemaRef { Binary::<Vec<u8>>::schema_ref() };
    let file = |content_type: &&'static str| MetaMediaType { content_type, schema: schema() };
    media_types.iter().map(file).collect()
}

impl From<AvatarError> for Problem {
    fn from(error: AvatarError) -> Self {
        let unfit = |code| Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, sentence(&error));
        match &error {
            AvatarError::Picture(PictureError::NotAPicture) => unfit("not_a_picture"),
            AvatarError::Picture(PictureError::TooLarge) => unfit("picture_too_large"),
            AvatarError::Picture(PictureError::Busy) => Self::unavailable(sentence(&error)),
            AvatarError::Deactivated => Self::unauthenticated(),
            AvatarError::Database(_) => Self::internal(&error),
        }
    }
}
