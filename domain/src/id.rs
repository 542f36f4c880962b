//! Identifiers. Each kind of thing has its own type, so that a user's id can
//! never be passed where a channel's is meant.

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            Serialize, Deserialize, DeriveValueType,
        )]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(poem_openapi::NewType))]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl TryFromU64 for $name {
            /// No database gives out our ids.
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            /// Takes the hyphenated form only: one thing has one spelling.
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse::<uuid::fmt::Hyphenated>().map(|id| Self(id.into_uuid()))
            }
        }
    };
}

identifier!(
    /// A person, a bot or a visitor.
    UserId
);
identifier!(
    /// A channel of any kind.
    ChannelId
);
identifier!(
    /// A signed-in session: what a refresh token and its access tokens belong to.
    SessionId
);
identifier!(
    /// A message; also names its send before the message exists.
    MessageId
);

identifier!(
    /// An invitation into a channel.
    InvitationId
);

macro_rules! time_ordered {
    ($($name:ident),+) => { $(
        impl $name {
            /// A new id (UUIDv7): ids made later sort later, which keeps indexes compact.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }
    )+ };
}

time_ordered!(UserId, ChannelId, SessionId, InvitationId);
