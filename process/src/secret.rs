//! Values that must never be printed, and text that might contain one.

use std::borrow::Cow;
use std::fmt;

/// What is shown in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// A value that shows itself only where it is asked for by [`Secret::expose`].
///
/// `Debug` and `Display` write [`REDACTED`], so a struct that holds one may be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. The caller takes care that it is not written anywhere.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

/// Replaces the credentials of every URL within a text by `***`.
///
/// A net below the other measures: the text of a driver's error may quote the URL that it
/// was given. Text without a URL is returned as it is, without a copy.
pub fn mask_credentials(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        masked.push_str(before);
        masked.push_str("://");
        rest = without_credentials(after, &mut masked);
    }
    masked.push_str(rest);
    Cow::Owned(masked)
}

/// Skips what stands before the last `@` of the word that `text` begins with.
fn without_credentials<'a>(text: &'a str, masked: &mut String) -> &'a str {
    let word = text
        .split(|character: char| character.is_whitespace() || character == '"')
        .next()
        .unwrap_or_default();
    let this_url = word.split("://").next().unwrap_or_default();
    match this_url.rsplit_once('@') {
        None => text,
        Some((credentials, _)) => {
            masked.push_str("***");
            text.get(credentials.len()..).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_shows_nothing_of_itself() {
        let secret = Secret::new(String::from("hunter2"));
        assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn credentials_of_every_url_are_masked() {
        let text = "no amqp://a:p@ss@one:5672/x nor \"postgres://b:q@two/y\" at e@mail";
        assert_eq!(
            mask_credentials(text),
            "no amqp://***@one:5672/x nor \"postgres://***@two/y\" at e@mail"
        );
    }

    #[test]
    fn text_without_credentials_is_unchanged() {
        for text in ["plain", "open http://127.0.0.1:8080 now", "://", "@ ://"] {
            assert_eq!(mask_credentials(text), text);
        }
    }
}
