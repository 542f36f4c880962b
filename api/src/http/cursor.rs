//! Where a page of a list ended, as clients carry it: opaque, and good for one
//! kind of list only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::http::problem::Problem;

/// A kind of list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Of channels.
    Channels,
    /// Of a channel's members.
    Members,
    /// Of one's sessions.
    Sessions,
    /// Of invitations, of somebody or into a channel.
    Invitations,
    /// Of people.
    Users,
    /// Of what answers a message.
    Replies,
    /// Of who reacted to a message.
    Reactors,
    /// Of somebody's channels.
    UserChannels,
    /// Of what somebody wrote.
    UserMessages,
}

impl ListKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Channels,
        Self::Members,
        Self::Sessions,
        Self::Invitations,
        Self::Users,
        Self::Replies,
        Self::Reactors,
        Self::UserChannels,
        Self::UserMessages,
    ];

    fn mark(self) -> &'static str {
        match self {
            Self::Channels => "channels:",
            Self::Members => "members:",
            Self::Sessions => "sessions:",
            Self::Invitations => "invitations:",
            Self::Users => "users:",
            Self::Replies => "replies:",
            Self::Reactors => "reactors:",
            Self::UserChannels => "user-channels:",
            Self::UserMessages => "user-messages:",
        }
    }

    /// The cursor for a list that continues after `key`.
    #[must_use]
    pub fn cursor(self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{key}", self.mark()))
    }

    /// The cursor for what follows a full page; `None` after the last one.
    pub(crate) fn next<T>(self, items: &[T], limit: u64, key: fn(&T) -> String) -> Option<String> {
        let full = u64::try_from(items.len()).is_ok_and(|count| count >= limit);
        items.last().filter(|_| full).map(|last| self.cursor(&key(last)))
    }

    /// The key in a cursor, as `parse` reads it.
    ///
    /// # Errors
    /// 400 if this list gave out no such cursor.
    pub fn read<T>(
        self,
        cursor: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Problem> {
        let text =
            URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let key = text.as_deref().and_then(|text| text.strip_prefix(self.mark()));
        key.and_then(parse).ok_or_else(|| {
            Problem::invalid_parameter("The cursor is none that this list gave out.")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_is_good_for_its_own_list_only() {
        let cursor = ListKind::Channels.cursor("general");
        let read = |kind: ListKind, text: &str| kind.read(text, |key| Some(key.to_owned()));
        assert_eq!(read(ListKind::Channels, &cursor).unwrap(), "general");
        assert!(read(ListKind::Members, &cursor).is_err());
        for forged in ["", "x", "general", "%", "Y2hhbm5lbHM"] {
            assert!(read(ListKind::Channels, forged).is_err(), "{forged}");
        }
    }
}
