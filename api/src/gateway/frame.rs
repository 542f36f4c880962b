//! The frames of the socket: JSON text, one object each.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use warren_domain::account::User;
use warren_domain::channel::Channel;
use warren_domain::id::{ChannelId, UserId};
use warren_domain::timeline::{Event, EventKind};

use crate::problem::Problem;
use crate::receipt::Receipt;

/// What a client says first.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Greeting {
    /// Who it is, and what it has.
    Hello {
        token: String,
        #[serde(default)]
        cursors: HashMap<ChannelId, i64>,
        epoch: Option<String>,
    },
}

/// What a client says later.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ClientFrame {
    Send { channel: String, text: String, key: Option<String> },
    Subscribe { channel: String, after_seq: Option<i64> },
    Unsubscribe { channel: String },
    Ping { nonce: Option<String> },
}

/// What the server says, besides events.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ServerFrame {
    /// Who you are and where your channels stand; live from here.
    Ready { me: User, epoch: String, channels: Vec<Channel> },
    /// A cursor that was worthless, and where the channel stands.
    Resync { channel: Channel, reason: ResyncReason },
    /// What became of a send.
    Receipt {
        key: String,
        #[serde(flatten)]
        receipt: Receipt,
    },
    /// What was refused, and why.
    Error {
        code: String,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// The answer to a ping.
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        nonce: Option<String>,
    },
}

/// Why a cursor is worthless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResyncReason {
    /// The database was restored since.
    Epoch,
    /// The channel has no such number (yet).
    Ahead,
}

impl ServerFrame {
    pub(crate) fn error(problem: Problem) -> Self {
        Self::Error { code: problem.code, message: problem.detail, key: problem.idempotency_key }
    }

    pub(crate) fn encode(&self) -> Utf8Bytes {
        encode(self)
    }
}

/// An event, encoded once for everybody. Cloning it copies no text.
#[derive(Clone, Debug)]
pub(crate) struct EventFrame {
    pub(crate) seq: i64,
    /// Whose membership ends with this event.
    pub(crate) leaver: Option<UserId>,
    pub(crate) text: Utf8Bytes,
}

impl EventFrame {
    pub(crate) fn size_bytes(&self) -> usize {
        self.text.len()
    }

    #[cfg(test)]
    pub(crate) fn for_test(seq: i64) -> Self {
        Self { seq, leaver: None, text: Utf8Bytes::from_static("{}") }
    }
}

impl From<&Event> for EventFrame {
    fn from(event: &Event) -> Self {
        #[derive(Serialize)]
        struct Typed<'a> {
            r#type: &'static str,
            #[serde(flatten)]
            event: &'a Event,
        }
        let left = event.user.as_ref().filter(|_| event.kind == EventKind::MemberLeft);
        Self {
            seq: event.seq,
            leaver: left.map(|user| user.id),
            text: encode(&Typed { r#type: "event", event }),
        }
    }
}

fn encode(frame: &impl Serialize) -> Utf8Bytes {
    // Strings, numbers, ids and times always serialise.
    serde_json::to_string(frame).unwrap_or_default().into()
}
