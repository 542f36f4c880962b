//! What people react with.

use crate::invalid::Invalid;

/// The longest name between the colons, in characters.
const MAX_NAME_LENGTH: usize = 32;

/// One emoji, fully qualified (Unicode UTS #51); or, in colons, the name of
/// one that Unicode does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emoji(String);

impl Emoji {
    /// Takes an emoji of Unicode, or a `:name:`. What means the same becomes the
    /// same: a heart with or without its variation selector, and `:heart:`.
    ///
    /// # Errors
    /// [`Invalid`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if let Some(emoji) = emojis::get(text) {
            return Ok(Self(emoji.as_str().to_owned()));
        }
        let name = text.strip_prefix(':').and_then(|text| text.strip_suffix(':'));
        let Some(name) = name.filter(|name| is_name(name)) else {
            return Err(Invalid::new(
                "emoji",
                "a reaction is one emoji, or :name: with 1 to 32 of a-z 0-9 _ + -",
            ));
        };
        let known = emojis::get_by_shortcode(name).map(|emoji| emoji.as_str());
        Ok(Self(known.unwrap_or(text).to_owned()))
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'+' | b'-')
    };
    (1..=MAX_NAME_LENGTH).contains(&name.len()) && name.bytes().all(allowed)
}

impl AsRef<str> for Emoji {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Emoji> for String {
    fn from(emoji: Emoji) -> Self {
        emoji.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        Emoji::parse(text).ok().map(String::from)
    }

    #[test]
    fn spellings_of_one_emoji_are_one() {
        for heart in ["\u{2764}\u{fe0f}", "\u{2764}", ":heart:"] {
            assert_eq!(parsed(heart).as_deref(), Some("\u{2764}\u{fe0f}"), "{heart:?}");
        }
        assert_eq!(parsed(":+1:").as_deref(), Some("👍"));
    }

    #[test]
    fn sequences_are_one_emoji() {
        for emoji in ["👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "👍🏽", "1️⃣", "🇩🇪"]
        {
            assert_eq!(parsed(emoji).as_deref(), Some(emoji));
        }
    }

    #[test]
    fn unknown_names_stay_as_they_are() {
        assert_eq!(parsed(":party_carrot-2:").as_deref(), Some(":party_carrot-2:"));
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!(":{}:", "x".repeat(33));
        for bad in ["", "a", "1", "👍👍", "::", ":", ":A:", ":a b:", "heart", "\u{fe0f}", &long]
        {
            assert_eq!(parsed(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_emoji_fits_its_column() {
        assert!(emojis::iter().all(|emoji| emoji.as_str().len() <= 64));
    }
}
