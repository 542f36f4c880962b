//! Versions, and what they allow.

use std::fmt;

/// A version of three numbers, without anything after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

impl Version {
    /// Reads `1.2.3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let numbers: Option<Vec<u64>> = text.split('.').map(|number| number.parse().ok()).collect();
        match numbers?.as_slice() {
            [major, minor, patch] => Some(Self { major: *major, minor: *minor, patch: *patch }),
            _ => None,
        }
    }

    /// Whether the contract of `self` may break clients of `before`: the rule of
    /// Cargo and npm, by which before 1.0 the middle number says so, and from
    /// then on the first.
    #[must_use]
    pub fn may_break(self, before: Self) -> bool {
        let series = |version: Self| match version.major {
            0 => (0, version.minor),
            major => (major, 0),
        };
        series(self) > series(before)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_is_what_allows_to_break() {
        let may_break = |new: &str, old: &str| {
            Version::parse(new).unwrap().may_break(Version::parse(old).unwrap())
        };
        assert!(may_break("0.2.0", "0.1.9"));
        assert!(may_break("1.0.0", "0.9.0"));
        assert!(may_break("2.0.0", "1.9.9"));
        assert!(!may_break("0.1.1", "0.1.0"));
        assert!(!may_break("1.1.0", "1.0.0"));
        assert!(!may_break("0.1.0", "0.1.0"));
        assert!(!may_break("0.1.0", "0.2.0"));
    }

    #[test]
    fn only_three_numbers_are_a_version() {
        assert_eq!(Version::parse("0.10.2").unwrap().to_string(), "0.10.2");
        for bad in ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.3-rc"] {
            assert!(Version::parse(bad).is_none(), "{bad}");
        }
    }
}
