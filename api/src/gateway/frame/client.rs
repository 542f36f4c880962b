//! What a client says. Each frame is read strictly: an unknown field, or one of
//! another type, makes it no frame.

use std::collections::HashMap;

use poem_openapi::types::ToJSON;
use poem_openapi::{Object, Union};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use warren_domain::id::{ChannelId, MessageId};

/// The longest `ref`, in characters.
const MAX_REFERENCE_LENGTH: usize = 128;

/// What a client says.
#[derive(Debug, Deserialize, Union)]
#[serde(tag = "type", rename_all = "snake_case")]
#[oai(one_of, discriminator_name = "type", rename_all = "snake_case")]
pub(crate) enum ClientFrame {
    Hello(HelloFrame),
    Send(SendFrame),
    Edit(EditFrame),
    Delete(DeleteFrame),
    React(ReactFrame),
    Read(ReadFrame),
    Subscribe(SubscribeFrame),
    Unsubscribe(UnsubscribeFrame),
    Typing(TypingFrame),
    Ping(PingFrame),
}

impl ClientFrame {
    /// Serde would also take a list of a frame's values, in their order.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let frame = serde_json::from_str(text)?;
        match text.trim_ascii_start().starts_with('{') {
            true => Ok(frame),
            false => Err(serde_json::Error::custom("a frame is an object")),
        }
    }
}

/// What a client's frame says, with every field that it could have.
///
/// # Errors
/// It is no frame.
pub fn read_client_frame(text: &str) -> Result<Value, serde_json::Error> {
    Ok(ClientFrame::parse(text)?.to_json().unwrap_or_default())
}

/// Who it is, and what it has. Must be the first frame, within 10 s.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct HelloFrame {
    /// An access token; or give a ticket.
    pub(crate) token: Option<String>,
    /// A ticket from `createSocketTicket`, which works once; or give a token.
    pub(crate) ticket: Option<String>,
    /// By channel id, the number of the last event that the client has.
    #[serde(default)]
    #[oai(default)]
    pub(crate) cursors: HashMap<ChannelId, i64>,
    /// The epoch of the cursors, as `ready` told it.
    pub(crate) epoch: Option<String>,
}

/// Says something. Repeat it with the same key until its receipt is final.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendFrame {
    /// The channel's id or name.
    pub(crate) channel: String,
    /// Markdown: 1 to 16384 bytes of UTF-8 with something to see in it. A server may be
    /// set to admit less.
    #[oai(validator(min_length = 1, max_length = 16384))]
    pub(crate) text: String,
    /// Delete it so many seconds after it was committed.
    #[oai(validator(minimum(value = "1"), maximum(value = "31622400")))]
    pub(crate) expires_in_s: Option<i64>,
    /// The message of this channel that it answers, which is no reply itself: to
    /// go on in a thread, give the `thread_root_id` of its replies.
    pub(crate) thread_root_id: Option<MessageId>,
    /// 1 to 128 printable ASCII characters, unique among one's sends. Without one
    /// the server makes one and tells it.
    #[oai(validator(min_length = 1, max_length = 128))]
    pub(crate) key: Option<String>,
}

/// Gives a message of one's own another text.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditFrame {
    /// The message's id.
    pub(crate) id: MessageId,
    /// Markdown: 1 to 16384 bytes of UTF-8 with something to see in it. A server may be
    /// set to admit less.
    #[oai(validator(min_length = 1, max_length = 16384))]
    pub(crate) text: String,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", deserialize_with = "short")]
    #[oai(rename = "ref", validator(max_length = 128))]
    pub(crate) reference: Option<String>,
}

/// Deletes a message of one's own, or as one who keeps order there.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteFrame {
    /// The message's id.
    pub(crate) id: MessageId,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", deserialize_with = "short")]
    #[oai(rename = "ref", validator(max_length = 128))]
    pub(crate) reference: Option<String>,
}

/// Reacts to a message, or takes a reaction back.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReactFrame {
    /// The message's id.
    pub(crate) id: MessageId,
    /// One emoji; or `:name:` with 1 to 32 of `a-z 0-9 _ + -`.
    pub(crate) emoji: String,
    /// `true`: takes it back.
    #[serde(default)]
    #[oai(default)]
    pub(crate) remove: bool,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", deserialize_with = "short")]
    #[oai(rename = "ref", validator(max_length = 128))]
    pub(crate) reference: Option<String>,
}

/// Moves one's read marker. All of one's sockets are told by `read`.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadFrame {
    /// The channel's id or name.
    pub(crate) channel: String,
    /// The number of the last event that one has seen.
    #[oai(validator(minimum(value = "0")))]
    pub(crate) seq: i64,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", deserialize_with = "short")]
    #[oai(rename = "ref", validator(max_length = 128))]
    pub(crate) reference: Option<String>,
}

/// Hears a channel of one's own (again).
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscribeFrame {
    /// The channel's id or name.
    pub(crate) channel: String,
    /// After this number; without it, from now.
    pub(crate) after_seq: Option<i64>,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", deserialize_with = "short")]
    #[oai(rename = "ref", validator(max_length = 128))]
    pub(crate) reference: Option<String>,
}

/// Hears a channel no more on this socket; one stays a member.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnsubscribeFrame {
    /// The channel's id or name.
    pub(crate) channel: String,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", deserialize_with = "short")]
    #[oai(rename = "ref", validator(max_length = 128))]
    pub(crate) reference: Option<String>,
}

/// Tells the others that one is writing. Repeat it every four seconds meanwhile;
/// it is told every three at most.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypingFrame {
    /// The channel's id or name.
    pub(crate) channel: String,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", deserialize_with = "short")]
    #[oai(rename = "ref", validator(max_length = 128))]
    pub(crate) reference: Option<String>,
}

/// Asks for a `pong`.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct PingFrame {
    /// Comes back in the answer.
    pub(crate) nonce: Option<String>,
}

/// As much of a frame that cannot be understood as its refusal repeats.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Referred {
    #[serde(default, rename = "ref", deserialize_with = "short")]
    pub(crate) reference: Option<String>,
}

fn short<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let reference = Option::<String>::deserialize(deserializer)?;
    match reference {
        Some(long) if long.chars().count() > MAX_REFERENCE_LENGTH => {
            Err(serde::de::Error::custom("a ref has at most 128 characters"))
        }
        short => Ok(short),
    }
}
