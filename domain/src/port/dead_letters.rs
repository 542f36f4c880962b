//! The dead letters: what the log delivered and nobody could make a message of,
//! kept for people to look at.

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::LogError;

/// All of them.
#[async_trait]
pub trait DeadLetters: Send + Sync + 'static {
    /// How many there are.
    ///
    /// # Errors
    /// [`LogError`] if they cannot be reached.
    async fn count(&self) -> Result<u64, LogError>;

    /// Begins to look at them, one after the other. Those that are looked at
    /// are hidden from other readers until this one is dropped.
    ///
    /// # Errors
    /// [`LogError`] if they cannot be reached.
    async fn open(&self) -> Result<Box<dyn DeadLetterReader>, LogError>;
}

/// Looks at the dead letters. Dropped, it leaves all that it did not remove.
#[async_trait]
pub trait DeadLetterReader: Send {
    /// The next of those that were there when this reader was opened.
    ///
    /// # Errors
    /// [`LogError`] when the link is lost: everything stays.
    async fn next(&mut self) -> Result<Option<DeadLetter>, LogError>;

    /// Removes for good the letter that was looked at last.
    ///
    /// # Errors
    /// [`LogError`] if it may still be there.
    async fn remove(&mut self) -> Result<(), LogError>;
}

/// A payload that could not become a message, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The send's id, if it has a readable one.
    pub message_id: Option<Uuid>,
    /// Why it was set aside.
    pub reason: String,
    /// When, if that is known.
    pub set_aside_at: Option<DateTime<Utc>>,
    /// The partition that it came from, if there are several.
    pub partition: Option<u32>,
    /// As the log delivered it.
    pub payload: Bytes,
}

impl DeadLetter {
    /// The name by which people speak of it: the send's id; without one, an id
    /// made of the payload.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.message_id.unwrap_or_else(|| {
            let digest = Sha256::digest(&self.payload);
            let leading = digest.first_chunk::<16>().copied().unwrap_or_default();
            Builder::from_custom_bytes(leading).into_uuid()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_without_an_id_is_named_by_its_payload() {
        let letter = |payload: &'static [u8], message_id| DeadLetter {
            message_id,
            reason: String::new(),
            set_aside_at: None,
            partition: None,
            payload: Bytes::from_static(payload),
        };
        assert_eq!(letter(b"a", None).id(), letter(b"a", None).id());
        assert_ne!(letter(b"a", None).id(), letter(b"b", None).id());
        let id = Uuid::new_v4();
        assert_eq!(letter(b"a", Some(id)).id(), id);
    }
}
