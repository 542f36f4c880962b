//! What somebody signs in with.

/// The longest that is kept, in characters.
const MAX_LENGTH: usize = 255;

/// A program as it calls itself (its `User-Agent`): one line, clipped. For
/// people to recognise their sessions by; nothing is decided by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientName(String);

impl ClientName {
    /// `None` if nothing is left to see.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let plain = text.chars().filter(|character| !character.is_control());
        let clipped: String = plain.take(MAX_LENGTH).collect();
        let clipped = clipped.trim();
        (!clipped.is_empty()).then(|| Self(clipped.to_owned()))
    }
}

impl From<ClientName> for String {
    fn from(name: ClientName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_one_line_that_fits() {
        let name = |text: &str| ClientName::of(text).map(String::from);
        assert_eq!(name(" Warren/1\r\nX: y "), Some("Warren/1X: y".into()));
        assert_eq!(name(&"ä".repeat(1000)), Some("ä".repeat(255)));
        assert_eq!(name("\t\0"), None);
    }
}
