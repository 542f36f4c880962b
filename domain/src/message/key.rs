//! The key under which a send may be repeated.

use uuid::Uuid;

use crate::invalid::Invalid;

/// What a client calls a send, so that it can repeat it: 1 to 128 visible
/// ASCII characters, unique among the sends of one author.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Takes a client's key.
    ///
    /// # Errors
    /// [`Invalid`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if !(1..=128).contains(&text.len()) {
            return Err(Invalid::new("length", "an idempotency key has 1 to 128 characters"));
        }
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Invalid::new(
                "characters",
                "an idempotency key has only printable ASCII characters",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// A key for a client that gave none.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::new_v4().to_string())
    }
}

impl AsRef<str> for IdempotencyKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_short_and_printable() {
        assert!(IdempotencyKey::parse("a key").is_ok());
        for bad in ["", "a\nb", "ä", &"x".repeat(129)] {
            assert!(IdempotencyKey::parse(bad).is_err(), "{bad:?}");
        }
    }
}
