//! Channel names, and how a path names a channel.

use crate::id::ChannelId;
use crate::invalid::Invalid;

/// A channel's unique name: 1 to 64 of `a-z 0-9 _ -`, not like an id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChannelName(String);

impl ChannelName {
    /// Takes capitals too, and lowers them.
    ///
    /// # Errors
    /// [`Invalid`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if !(1..=64).contains(&text.len()) {
            return Err(Invalid::new("length", "a channel's name has 1 to 64 characters"));
        }
        let lowered = text.to_ascii_lowercase();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        if !lowered.chars().all(allowed) {
            return Err(Invalid::new(
                "characters",
                "a channel's name has only letters a-z, digits, and the characters _ -",
            ));
        }
        if lowered.parse::<ChannelId>().is_ok() {
            return Err(Invalid::new("like_an_id", "a channel's name may not look like an id"));
        }
        Ok(Self(lowered))
    }
}

impl AsRef<str> for ChannelName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<ChannelName> for String {
    fn from(name: ChannelName) -> Self {
        name.0
    }
}

/// A channel as a client names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ChannelRef {
    /// By its id.
    Id(ChannelId),
    /// By its name.
    Name(ChannelName),
}

impl ChannelRef {
    /// Reads either form. `None`: no channel can be called that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(id) => Some(Self::Id(id)),
            Err(_) => ChannelName::parse(text).ok().map(Self::Name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_cannot_look_like_an_id() {
        assert!(ChannelName::parse("general-2").is_ok());
        for bad in ["", "a b", "ä", "a.b", "0192d3c4-0000-7000-8000-000000000000"] {
            assert!(ChannelName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reference_is_an_id_or_a_name_or_nothing() {
        let id = ChannelId::generate();
        assert_eq!(ChannelRef::parse(&id.to_string()), Some(ChannelRef::Id(id)));
        assert!(
            matches!(ChannelRef::parse("Rust"), Some(ChannelRef::Name(name)) if name.as_ref() == "rust")
        );
        assert_eq!(ChannelRef::parse("no such"), None);
    }
}
