//! Passwords: Argon2id, and never more of it at once than the machine bears.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::account::session::random_token;
use crate::invalid::Invalid;
use crate::workshop::{WorkError, Workshop};

/// OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// How many may wait for a free core before others are turned away.
const MAX_WAITING: usize = 64;

/// A password that may be hashed: 8 to 256 characters.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Checks the length before any work is done.
    ///
    /// # Errors
    /// [`Invalid`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        // A character has at most four bytes: don't count a megabyte.
        if text.len() > 4 * 256 || !(8..=256).contains(&text.chars().count()) {
            return Err(Invalid::new("length", "a password has 8 to 256 characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// One that nobody knows.
    pub(crate) fn random() -> Self {
        Self(random_token())
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password(redacted)")
    }
}

/// Hashes and verifies: one password per core at once, the rest wait in a bounded
/// line.
#[derive(Clone)]
pub struct Passwords {
    workshop: Workshop,
    nobodys_hash: Arc<str>,
}

/// Why there is no hash, or no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too many are waiting.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hash in the database is none, or the machine has no memory left.
    #[error("password hash: {0}")]
    Hash(String),
}

impl Passwords {
    /// A pool for the whole process.
    ///
    /// # Errors
    /// If this machine cannot hash at all.
    pub fn new() -> Result<Self, String> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            workshop: Workshop::new(cores, MAX_WAITING),
            nobodys_hash: hash_now("nobody's password")?.into(),
        })
    }

    pub(crate) async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        self.run(move || hash_now(&password.0)).await
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash
    /// (no such user) it works just as long and says no.
    pub(crate) async fn verify(
        &self,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobodys_hash.to_string());
        let matches = self.run(move || verify_now(&password.0, &hash)).await?;
        Ok(matches && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, PasswordError> {
        match self.workshop.run(work).await {
            Ok(done) => done.map_err(PasswordError::Hash),
            Err(WorkError::Busy) => Err(PasswordError::Busy),
            Err(WorkError::Died(text)) => Err(PasswordError::Hash(text)),
        }
    }
}

fn argon2() -> Result<Argon2<'static>, String> {
    let parameters = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

fn hash_now(password: &str) -> Result<String, String> {
    let hash = argon2()?.hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> Result<bool, String> {
    let parsed = PasswordHash::new(hash).map_err(|error| error.to_string())?;
    Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let passwords = Passwords::new().unwrap();
        let right = Password::parse("correct horse").unwrap();
        let wrong = Password::parse("battery staple").unwrap();
        let hash = passwords.hash(right.clone()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(right.clone(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(wrong, Some(hash)).await.unwrap());
        assert!(!passwords.verify(right, None).await.unwrap());
    }

    #[test]
    fn length_is_checked_and_debug_shows_nothing() {
        assert!(Password::parse("1234567").is_err());
        assert!(Password::parse(&"x".repeat(1_000_000)).is_err());
        assert!(!format!("{:?}", Password::parse("secret-secret").unwrap()).contains("secret"));
    }
}
