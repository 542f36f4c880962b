//! A send on its way to the database: what the message log carries.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Builder;

use crate::id::{ChannelId, MessageId, UserId};
use crate::message::Lifetime;

/// The newest payload version that this program reads. A field that changes what a
/// send means raises the number of the payloads that have it: who cannot read it
/// must wait. Others keep it, and decoding ignores those it does not know.
pub const PAYLOAD_VERSION: u32 = 2;

/// The payloads that any program reads: a text, and nothing about it.
const PLAIN_VERSION: u32 = 1;

/// The largest payload the log takes, in bytes. The longest text, escaped in
/// the worst way JSON allows, stays below it.
pub const MAX_PAYLOAD_SIZE_BYTES: usize = 128 * 1024;

/// A message that was allowed to be sent and is not yet committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Derived from author and key, so that every retry carries the same id.
    pub id: MessageId,
    /// Where it goes; also the partition key.
    pub channel_id: ChannelId,
    /// Who sends it.
    pub author_id: UserId,
    /// What is said.
    pub text: String,
    /// How long it stays, from its commit on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<Lifetime>,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_root_id: Option<MessageId>,
    /// The request it came with: follows the message through the logs.
    pub request_id: String,
}

impl Pending {
    /// What makes two sends "the same": see [`Fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut digest = Sha256::new()
            .chain_update(b"warren.fingerprint.v1")
            .chain_update(self.channel_id.0.as_bytes())
            .chain_update(self.text.as_bytes());
        // What is absent is not in it: a send has the same digest in every version. No
        // text has a NUL, so none ends like these.
        if let Some(root_id) = self.thread_root_id {
            digest = digest.chain_update(b"\0thread").chain_update(root_id.0.as_bytes());
        }
        if let Some(lifetime) = self.expires_in_s {
            let seconds = i64::from(lifetime).to_be_bytes();
            digest = digest.chain_update(b"\0expires").chain_update(seconds);
        }
        Fingerprint(uuid::Uuid::from_bytes(leading(&digest.finalize())))
    }

    /// The version of its payload: the lowest in which it means the same.
    #[must_use]
    pub fn version(&self) -> u32 {
        match (self.thread_root_id, self.expires_in_s) {
            (None, None) => PLAIN_VERSION,
            _ => PAYLOAD_VERSION,
        }
    }

    /// The log's payload: versioned JSON.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let versioned = Versioned { v: self.version(), body: self };
        // Strings, uuids and a number always serialise; an empty payload would be set aside.
        serde_json::to_vec(&versioned).unwrap_or_default().into()
    }

    /// Reads a payload of the log.
    ///
    /// # Errors
    /// [`Undecodable::NewerVersion`] if a newer program wrote it (wait, don't
    /// discard), [`Undecodable::Malformed`] if nothing ever will read it.
    pub fn decode(payload: &[u8]) -> Result<Self, Undecodable> {
        if payload.len() > MAX_PAYLOAD_SIZE_BYTES {
            return Err(Undecodable::Malformed(format!(
                "payload of {} bytes exceeds the limit of {MAX_PAYLOAD_SIZE_BYTES}",
                payload.len()
            )));
        }
        let version: Version = parse(payload)?;
        if version.v > PAYLOAD_VERSION {
            return Err(Undecodable::NewerVersion(version.v));
        }
        parse(payload)
    }
}

/// Why a payload of the log could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Undecodable {
    /// Written by a newer program: its partition waits for an upgrade.
    #[error("payload version {0} is newer than this program reads ({PAYLOAD_VERSION})")]
    NewerVersion(u32),
    /// Not a payload of any version.
    #[error("malformed payload: {0}")]
    Malformed(String),
}

/// Tells a retry from another message under the same key: a digest of what
/// was sent and where. 128 bits: only its own author could search a collision.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sea_orm::DeriveValueType,
)]
#[serde(transparent)]
pub struct Fingerprint(pub uuid::Uuid);

impl MessageId {
    /// The id of the send that `author` makes under `key`: a UUIDv8 (RFC 9562)
    /// of 90 bits of digest and a 32-bit tag by which [`Self::belongs_to`]
    /// recognises the author before any row exists.
    #[must_use]
    pub fn derive(author: UserId, key: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(b"warren.message.v1")
            .chain_update(author.0.as_bytes())
            .chain_update(key.as_bytes())
            .finalize();
        let head = *Builder::from_custom_bytes(leading(&digest)).into_uuid().as_bytes();
        Self(with_tag(head, author))
    }

    /// Whether this id was derived for `author` (or is one in 2^32 by chance).
    #[must_use]
    pub fn belongs_to(self, author: UserId) -> bool {
        self.0 == with_tag(*self.0.as_bytes(), author)
    }
}

#[derive(Serialize)]
struct Versioned<'a> {
    v: u32,
    #[serde(flatten)]
    body: &'a Pending,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

fn parse<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Undecodable> {
    serde_json::from_slice(payload).map_err(|error| Undecodable::Malformed(error.to_string()))
}

fn leading(digest: &[u8]) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (byte, source) in bytes.iter_mut().zip(digest) {
        *byte = *source;
    }
    bytes
}

/// Replaces the last four bytes of an id by its author's tag.
fn with_tag(id: [u8; 16], author: UserId) -> uuid::Uuid {
    let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = id;
    let head = [a, b, c, d, e, f, g, h, i, j, k, l];
    let tag = Sha256::new()
        .chain_update(b"warren.author.v1")
        .chain_update(author.0.as_bytes())
        .chain_update(head)
        .finalize();
    let mut bytes = [0; 16];
    for (byte, source) in bytes.iter_mut().zip(head.iter().chain(tag.iter())) {
        *byte = *source;
    }
    uuid::Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn pending() -> Pending {
        let author_id = UserId::generate();
        Pending {
            id: MessageId::derive(author_id, "k"),
            channel_id: ChannelId::generate(),
            author_id,
            text: "hello 🐇".into(),
            expires_in_s: None,
            thread_root_id: None,
            request_id: "r".into(),
        }
    }

    #[test]
    fn decode_returns_what_encode_wrote() {
        let pending = pending();
        let reply = Pending {
            thread_root_id: Some(pending.id),
            expires_in_s: Lifetime::parse(60).ok(),
            ..pending.clone()
        };
        for pending in [pending, reply] {
            assert_eq!(Pending::decode(&pending.encode()), Ok(pending));
        }
    }

    #[test]
    fn what_is_absent_is_not_in_the_payload() {
        let payload: serde_json::Value = serde_json::from_slice(&pending().encode()).unwrap();
        for name in ["thread_root_id", "expires_in_s"] {
            assert!(payload.get(name).is_none(), "{payload}");
        }
        assert_eq!(payload["v"], 1);
    }

    /// An older program would take it for a plain message.
    #[test]
    fn what_changes_the_meaning_raises_the_version() {
        let reply = Pending { thread_root_id: Some(pending().id), ..pending() };
        let brief = Pending { expires_in_s: Lifetime::parse(60).ok(), ..pending() };
        for pending in [reply, brief] {
            let payload: serde_json::Value = serde_json::from_slice(&pending.encode()).unwrap();
            assert_eq!(payload["v"], 2);
        }
    }

    #[test]
    fn newer_version_is_told_from_garbage() {
        assert_eq!(Pending::decode(br#"{"v":3,"new":1}"#), Err(Undecodable::NewerVersion(3)));
        assert!(matches!(Pending::decode(b"\xff\x00"), Err(Undecodable::Malformed(_))));
        assert!(matches!(Pending::decode(b"[1]"), Err(Undecodable::Malformed(_))));
    }

    #[test]
    fn unknown_fields_of_the_same_version_are_ignored() {
        let mut value: serde_json::Value = serde_json::from_slice(&pending().encode()).unwrap();
        value["added_later"] = true.into();
        assert!(Pending::decode(value.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn retry_has_the_same_id_and_another_author_has_not() {
        let (one, other) = (UserId::generate(), UserId::generate());
        let id = MessageId::derive(one, "key");
        assert_eq!(id, MessageId::derive(one, "key"));
        assert_ne!(id, MessageId::derive(other, "key"));
        assert!(id.belongs_to(one));
        assert!(!id.belongs_to(other));
        assert_eq!(id.0.get_version_num(), 8);
    }

    #[test]
    fn fingerprint_depends_on_everything_that_is_said() {
        let one = pending();
        let again = Pending { request_id: "another".into(), ..one.clone() };
        assert_eq!(one.fingerprint(), again.fingerprint());
        let others = [
            Pending { text: "b".into(), ..one.clone() },
            Pending { channel_id: ChannelId::generate(), ..one.clone() },
            Pending { expires_in_s: Lifetime::parse(60).ok(), ..one.clone() },
            Pending { thread_root_id: Some(one.id), ..one.clone() },
            Pending { thread_root_id: Some(MessageId::derive(one.author_id, "l")), ..one.clone() },
        ];
        let all: HashSet<Fingerprint> =
            others.iter().chain([&one]).map(Pending::fingerprint).collect();
        assert_eq!(all.len(), 6);
    }

    /// Sends are known by it for ever.
    #[test]
    fn fingerprint_of_a_plain_message_is_as_ever() {
        let channel_id = ChannelId(uuid::uuid!("77617272-656e-8000-8000-000000000001"));
        let pending = Pending { channel_id, ..pending() };
        let known = uuid::uuid!("aae7acb3-d6f0-3f20-3c21-5998ba94e963");
        assert_eq!(pending.fingerprint(), Fingerprint(known));
    }
}
