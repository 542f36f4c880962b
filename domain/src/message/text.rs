//! What a message may say.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::invalid::Invalid;

/// The longest text, in bytes of UTF-8, that any server may admit.
pub const MAX_TEXT_SIZE_BYTES: usize = 16 * 1024;

/// A text that may be sent: visible, not too long, without NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageText(String);

impl MessageText {
    /// Keeps the text as it is, to the byte. `max_size_bytes` is what this server
    /// admits: [`Limits::message_size_bytes`](crate::Limits::message_size_bytes).
    ///
    /// # Errors
    /// [`Invalid`] names the broken rule.
    pub fn parse(text: String, max_size_bytes: usize) -> Result<Self, Invalid> {
        if text.len() > max_size_bytes {
            let message = format!("a message has at most {max_size_bytes} bytes");
            return Err(Invalid::new("too_long", message));
        }
        if text.contains('\0') {
            return Err(Invalid::new("nul", "a message has no NUL character"));
        }
        if !is_visible(&text) {
            return Err(Invalid::new("empty", "a message says something"));
        }
        Ok(Self(text))
    }
}

impl From<MessageText> for String {
    fn from(text: MessageText) -> Self {
        text.0
    }
}

/// Whether there is anything to see: more than white space, control and
/// format characters (zero-width space, bidi marks).
pub(crate) fn is_visible(text: &str) -> bool {
    text.chars().any(|c| {
        !c.is_whitespace()
            && !matches!(c.general_category(), GeneralCategory::Control | GeneralCategory::Format)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<MessageText, Invalid> {
        MessageText::parse(text.into(), MAX_TEXT_SIZE_BYTES)
    }

    #[test]
    fn invisible_texts_are_refused() {
        for bad in ["", " \n\t", "\u{200b}", "\u{202e}\u{2066}", "a\0b"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn length_is_counted_in_bytes() {
        assert!(parse(&"x".repeat(MAX_TEXT_SIZE_BYTES)).is_ok());
        assert_eq!(parse(&"x".repeat(MAX_TEXT_SIZE_BYTES + 1)).unwrap_err().code, "too_long");
        assert!(parse(&"🐇".repeat(4096)).is_ok());
        assert!(parse(&"🐇".repeat(4097)).is_err());
    }
}
