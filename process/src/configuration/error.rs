//! Why a configuration was refused.

use std::fmt;

/// A setting that Warren will not start with.
///
/// Its `Display` is one sentence that begins with the key, without the final full stop and
/// without the refused value, which could be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationError {
    /// The key as the operator wrote it: `WARREN_LISTEN`, `DATABASE_URL`, `listen`.
    pub key: String,
    /// What is wrong with it, beginning with a verb: "must be …".
    pub message: String,
}

impl ConfigurationError {
    /// An error about `key`; the message continues the sentence that the key begins.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.key, self.message)
    }
}

impl std::error::Error for ConfigurationError {}
