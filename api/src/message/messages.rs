//! Messages of a channel: sending and listing them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::Request;
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use validator::Validate;
use warren_domain::id::MessageId;
use warren_domain::message::{
    self, AroundError, IdempotencyKey, Lifetime, MAX_TEXT_SIZE_BYTES, MessageText, Middle, Outcome,
    PostError, Posted, Rejection, Send, Window,
};
use warren_domain::timeline::Message;

use crate::account::accounts::sentence;
use crate::auth::Bearer;
use crate::channel::channels::reference;
use crate::http::body::{Body, invalid_value, rule};
use crate::http::edge::request_id;
use crate::http::problem::{Problem, Refused};
use crate::message::receipt::Receipt;
use crate::node::{ACCEPT_WAIT, Node};
use crate::tag::Tag;

/// What you want to say.
#[derive(Debug, Deserialize, Object, Validate)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct MessageRequest {
    /// Markdown: 1 to 16384 bytes of UTF-8 with something to see in it. A server may be
    /// set to admit less.
    #[oai(validator(
        min_length = 1,
        max_length = 16384,
        pattern = r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f][^\x00]*$"
    ))]
    #[validate(custom(function = "check_text"))]
    text: String,
    /// Delete it so many seconds after it was committed.
    #[oai(validator(minimum(value = "1"), maximum(value = "31622400")))]
    #[validate(custom(function = "check_lifetime"))]
    expires_in_s: Option<i64>,
    /// The message of this channel that it answers, which is no reply itself: to
    /// go on in a thread, give the `thread_root_id` of its replies.
    thread_root_id: Option<MessageId>,
}

/// Messages of a channel.
#[derive(Debug, Serialize, Object)]
pub(crate) struct MessageList {
    /// In ascending order.
    items: Vec<Message>,
    /// Continue with the events after this number: you miss nothing.
    as_of_seq: i64,
}

impl Example for MessageRequest {
    fn example() -> Self {
        Self {
            text: "Who took the *last* carrot? 🐇".into(),
            expires_in_s: None,
            thread_root_id: None,
        }
    }
}

#[derive(ApiResponse)]
enum PostAnswer {
    /// Committed: it has its number.
    #[oai(status = 201)]
    Committed(Body<Receipt>),
    /// Accepted: it will be committed, or rejected with a reason; ask its receipt.
    #[oai(status = 202)]
    Accepted(
        Body<Receipt>,
        /// Where its receipt is.
        #[oai(header = "Location")]
        String,
    ),
}

/// Messages of a channel.
pub(crate) struct MessagesApi;

#[OpenApi(prefix_path = "/v1", tag = "Tag::Messages")]
impl MessagesApi {
    /// Send a message
    ///
    /// Repeat it with the same `Idempotency-Key` as often as you like: it is
    /// stored once, and the answer stays the same for ever. 201 tells its number;
    /// 202 that nothing can lose it any more; 503 that nobody knows: repeat.
    #[oai(path = "/channels/:channel/messages", method = "post", operation_id = "postMessage")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of the request that is documented"
    )]
    async fn post(
        &self,
        node: Data<&Arc<Node>>,
        http: &Request,
        Bearer(actor): Bearer,
        /// The channel's id or name.
        channel: Path<String>,
        /// 1 to 128 printable ASCII characters, unique among your sends. Without
        /// one the server makes one and returns it.
        #[oai(
            name = "Idempotency-Key",
            validator(min_length = 1, max_length = 128, pattern = "^[ -~]+$")
        )]
        key: Header<Option<String>>,
        /// `respond-async` (RFC 7240): answer as soon as it is accepted.
        #[oai(name = "Prefer")]
        prefer: Header<Option<String>>,
        request: Body<MessageRequest>,
    ) -> Result<PostAnswer, Refused<400, 401, 403, 404, 413, 415, 422, 503>> {
        let key = idempotency_key(http, key.0)?;
        let started = Instant::now();
        let send = Send {
            channel: reference(&channel)?,
            text: admitted_text(&node, request.0.text)?,
            lifetime: lifetime(request.0.expires_in_s)?,
            thread_root_id: request.0.thread_root_id,
            key: key.clone(),
            request_id: request_id(http),
            deadline: started + ACCEPT_WAIT,
        };
        let posted = message::post(&node.domain, &actor, send)
            .await
            .map_err(|error| Problem::from(error).with_key(key.clone()))?;
        let wait = if responds_async(prefer.0) {
            std::time::Duration::ZERO
        } else {
            node.commit_wait.saturating_sub(started.elapsed())
        };
        Ok(answer(posted, key, wait).await?)
    }

    /// Messages of a channel
    ///
    /// The newest by default; with `after_seq` the oldest after it. Bounds
    /// combine. With `around` or `around_time`, which combine with nothing, those
    /// about one message or time. Always in ascending order.
    #[oai(path = "/channels/:channel/messages", method = "get", operation_id = "listMessages")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of the request that is documented"
    )]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The channel's id or name.
        channel: Path<String>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Only those before this number.
        #[oai(validator(minimum(value = "0")))]
        before_seq: Query<Option<i64>>,
        /// Only those after this number.
        #[oai(validator(minimum(value = "0")))]
        after_seq: Query<Option<i64>>,
        /// Only those from this time on.
        since: Query<Option<DateTime<Utc>>>,
        /// Those about this message, which is among them: half of them before it.
        around: Query<Option<MessageId>>,
        /// Those about this time: half of them before it.
        around_time: Query<Option<DateTime<Utc>>>,
    ) -> Result<Body<MessageList>, Refused<400, 401, 403, 404>> {
        let channel = reference(&channel)?;
        let window = Window {
            before_seq: before_seq.0,
            after_seq: after_seq.0,
            since: since.0,
            limit: limit.0,
        };
        let page = match middle(around.0, around_time.0, &window)? {
            Some(middle) => {
                message::around(&node.domain, &actor, &channel, middle, limit.0).await?
            }
            None => message::list(&node.domain, &actor, &channel, &window).await?,
        };
        Ok(Body(MessageList { items: page.messages, as_of_seq: page.as_of_seq }))
    }
}

async fn answer(
    mut posted: Posted,
    key: IdempotencyKey,
    wait: std::time::Duration,
) -> Result<PostAnswer, Problem> {
    match posted.accepted.outcome_within(wait).await {
        Some(Outcome::Rejected { reason }) => Err(Problem::from(reason).with_key(key)),
        Some(outcome @ Outcome::Committed { .. }) => {
            Ok(PostAnswer::Committed(Body(Receipt::settled(posted.id, Some(key), outcome))))
        }
        None => {
            let location = format!("/v1/messages/{}/receipt", posted.id);
            Ok(PostAnswer::Accepted(Body(Receipt::accepted(posted.id, Some(key))), location))
        }
    }
}

/// A header that is there but unreadable must not become a fresh key.
fn idempotency_key(http: &Request, key: Option<String>) -> Result<IdempotencyKey, Problem> {
    match key {
        Some(text) => IdempotencyKey::parse(&text)
            .map_err(|invalid| Problem::invalid_parameter(format!("Idempotency-Key: {invalid}."))),
        None if http.headers().contains_key("idempotency-key") => {
            Err(Problem::invalid_parameter("Idempotency-Key: only printable ASCII characters."))
        }
        None => Ok(IdempotencyKey::generate()),
    }
}

fn responds_async(prefer: Option<String>) -> bool {
    let prefer = prefer.unwrap_or_default();
    prefer.split(',').any(|preference| preference.trim().eq_ignore_ascii_case("respond-async"))
}

/// What the page is about, if it is about something.
fn middle(
    message: Option<MessageId>,
    time: Option<DateTime<Utc>>,
    window: &Window,
) -> Result<Option<Middle>, Problem> {
    let bounded =
        window.before_seq.is_some() || window.after_seq.is_some() || window.since.is_some();
    match (message, time) {
        (None, None) => Ok(None),
        (Some(id), None) if !bounded => Ok(Some(Middle::Message(id))),
        (None, Some(time)) if !bounded => Ok(Some(Middle::Time(time))),
        _ => Err(Problem::invalid_parameter(
            "A page about a message or a time has no other bound than `limit`.",
        )),
    }
}

fn page_limit() -> u64 {
    50
}

pub(crate) fn check_text(text: &str) -> Result<(), validator::ValidationError> {
    rule(MessageText::parse(text.to_owned(), MAX_TEXT_SIZE_BYTES))
}

fn check_lifetime(seconds: i64) -> Result<(), validator::ValidationError> {
    rule(Lifetime::parse(seconds))
}

/// How long a message is to stay, if not for ever.
pub(crate) fn lifetime(seconds: Option<i64>) -> Result<Option<Lifetime>, Problem> {
    seconds.map(Lifetime::parse).transpose().map_err(invalid_value)
}

/// A text that this server admits: it may be set to less than the contract says.
///
/// # Errors
/// 422.
pub(crate) fn admitted_text(node: &Node, text: String) -> Result<MessageText, Problem> {
    let parsed = MessageText::parse(text, node.domain.limits.message_size_bytes);
    parsed.map_err(|invalid| {
        let detail = format!("Text: {invalid}.");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", detail)
    })
}

impl From<PostError> for Problem {
    fn from(error: PostError) -> Self {
        match &error {
            PostError::NotFound => Self::not_found("channel"),
            PostError::NotAMember => {
                Self::new(StatusCode::FORBIDDEN, "not_a_member", sentence(&error))
            }
            PostError::NotAcknowledged(reason) => {
                tracing::warn!(%reason, "a send was not acknowledged");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "not_acknowledged",
                    "Nobody knows whether the message was taken. Repeat it with the same key.",
                )
            }
            PostError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<AroundError> for Problem {
    fn from(error: AroundError) -> Self {
        match error {
            AroundError::Access(error) => error.into(),
            AroundError::NoSuchMessage => Self::not_found("message in this channel"),
            AroundError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(reason: Rejection) -> Self {
        match reason {
            Rejection::ChannelNotFound => Self::not_found("channel"),
            Rejection::ChannelArchived => Self::new(
                StatusCode::FORBIDDEN,
                "channel_archived",
                "The channel is archived: it can be read, not written to.",
            ),
            Rejection::NotAMember => Self::new(
                StatusCode::FORBIDDEN,
                "not_a_member",
                "You were not a member of this channel when the message came to be committed.",
            ),
            Rejection::ThreadNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "thread_not_found",
                "There is no such message in this channel to answer. Neither one that is deleted \
                 nor a reply can be: to go on in a thread, give the `thread_root_id` of its replies.",
            ),
            Rejection::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "You sent something else under this key before.",
            ),
            Rejection::SetAside => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "set_aside",
                "The message could not be processed; the server's operator can see why.",
            ),
        }
    }
}
