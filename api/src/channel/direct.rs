//! Direct channels.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use validator::Validate;
use warren_domain::channel::{self, Channel, Created, MAX_OTHERS};

use crate::auth::Bearer;
use crate::channel::named::{check_usernames, naming, usernames};
use crate::http::body::Body;
use crate::http::problem::Refused;
use crate::node::Node;
use crate::tag::Tag;

/// With whom to talk.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct DirectRequest {
    /// The usernames of 1 to 8 others; your own alone, for a channel with yourself.
    #[oai(validator(min_items = 1, max_items = 8))]
    #[validate(custom(function = "check_others"))]
    usernames: Vec<String>,
}

impl Example for DirectRequest {
    fn example() -> Self {
        Self { usernames: vec!["bob".into()] }
    }
}

#[derive(ApiResponse)]
enum DirectAnswer {
    /// You had it already.
    #[oai(status = 200)]
    Known(Body<Channel>),
    /// It is new.
    #[oai(status = 201)]
    Made(Body<Channel>),
}

/// Direct channels.
pub(crate) struct DirectApi;

#[OpenApi(prefix_path = "/v1/direct-channels", tag = "Tag::Channels")]
impl DirectApi {
    /// The private chat of exactly these people
    ///
    /// There is one for them, whoever asks first. Who is in it never changes. Its maker
    /// has made one more channel, of which there may be so many.
    #[oai(path = "/", method = "post", operation_id = "openDirectChannel")]
    async fn open(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        request: Body<DirectRequest>,
    ) -> Result<DirectAnswer, Refused<400, 401, 403, 413, 415, 422>> {
        let others = usernames("usernames", &request.0.usernames)?;
        let opened = channel::direct(&node.domain, &actor, &others).await;
        Ok(match opened.map_err(|error| naming(error, "usernames"))? {
            Created::New(channel) => DirectAnswer::Made(Body(channel)),
            Created::Known(channel) => DirectAnswer::Known(Body(channel)),
        })
    }
}

fn check_others(names: &[String]) -> Result<(), validator::ValidationError> {
    check_usernames(names, 1..=MAX_OTHERS)
}
