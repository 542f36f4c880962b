//! How long a message stays.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;

/// From a second to a leap year, counted from the commit on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Lifetime(u32);

impl Lifetime {
    /// The longest, in seconds.
    pub const MAX_S: u32 = 366 * 24 * 60 * 60;

    /// So many seconds.
    ///
    /// # Errors
    /// [`Invalid`] names the broken rule.
    pub fn parse(seconds: i64) -> Result<Self, Invalid> {
        let seconds = u32::try_from(seconds).ok().filter(|s| (1..=Self::MAX_S).contains(s));
        let out_of_range = Invalid::new("range", "a message stays from 1 to 31622400 seconds");
        seconds.map(Self).ok_or(out_of_range)
    }

    pub(crate) fn delta(self) -> TimeDelta {
        TimeDelta::seconds(self.0.into())
    }
}

impl TryFrom<i64> for Lifetime {
    type Error = Invalid;

    fn try_from(seconds: i64) -> Result<Self, Invalid> {
        Self::parse(seconds)
    }
}

impl From<Lifetime> for i64 {
    fn from(lifetime: Lifetime) -> Self {
        lifetime.0.into()
    }
}
