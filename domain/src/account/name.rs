//! Names and addresses of people. A value of these types is valid.

use crate::invalid::Invalid;

/// A unique name: 3 to 32 of `a-z 0-9 _ . -`, beginning with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

/// What somebody is called: 1 to 64 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonName(String);

/// An e-mail address, in lower case. Only a mail that arrives proves more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Username {
    /// The longest, in characters.
    pub(crate) const MAX_LENGTH: usize = 32;

    /// Takes capitals too, and lowers them: a name is unique without regard to case.
    ///
    /// # Errors
    /// [`Invalid`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if !(3..=Self::MAX_LENGTH).contains(&text.len()) {
            return Err(Invalid::new("length", "a username has 3 to 32 characters"));
        }
        let lowered = text.to_ascii_lowercase();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
        if !lowered.chars().all(allowed) {
            return Err(Invalid::new(
                "characters",
                "a username has only letters a-z, digits, and the characters _ . -",
            ));
        }
        if !lowered.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(Invalid::new("start", "a username begins with a letter or a digit"));
        }
        Ok(Self(lowered))
    }
}

impl PersonName {
    /// Trims it.
    ///
    /// # Errors
    /// [`Invalid`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("control_character", "a name is one line of plain text"));
        }
        let trimmed = text.trim();
        if !(1..=64).contains(&trimmed.chars().count()) || !crate::message::is_visible(trimmed) {
            return Err(Invalid::new("length", "a name has 1 to 64 characters"));
        }
        Ok(Self(trimmed.to_owned()))
    }
}

impl Email {
    /// Checks the shape only.
    ///
    /// # Errors
    /// [`Invalid`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = Invalid::new("email", "this is not an e-mail address");
        if text.len() > 254 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(invalid);
        }
        match text.rsplit_once('@') {
            Some((local, domain)) if !local.is_empty() && domain.contains('.') => {
                Ok(Self(text.to_lowercase()))
            }
            _ => Err(invalid),
        }
    }
}

macro_rules! text {
    ($($name:ident),+) => { $(
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    )+ };
}

text!(Username, PersonName, Email);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn username_is_lowered_and_checked() {
        assert_eq!(Username::parse("Ann.B").unwrap().as_ref(), "ann.b");
        for bad in ["ab", ".ann", "änn", "a b c", "a\r\nb", &"x".repeat(33)] {
            assert!(Username::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn person_name_is_one_visible_line() {
        assert_eq!(PersonName::parse(" Åsa ").unwrap().as_ref(), "Åsa");
        for bad in ["", "  ", "a\nb", "a\0", "\u{200b}", &"x".repeat(65)] {
            assert!(PersonName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn email_has_a_local_part_and_a_domain() {
        assert_eq!(Email::parse("Ann@Example.org").unwrap().as_ref(), "ann@example.org");
        for bad in ["ann", "@example.org", "ann@localhost", "a b@example.org"] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }
}
