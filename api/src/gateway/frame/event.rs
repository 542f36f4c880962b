//! An event on its way to everybody who watches its channel.

use tokio_tungstenite::tungstenite::Utf8Bytes;
use warren_domain::channel::Sight;
use warren_domain::id::UserId;
use warren_domain::timeline::{Event, EventKind};

use crate::gateway::frame::ServerFrame;

/// An event, encoded once for everybody who may see its message and once for
/// everybody who may not. Cloning it copies no text.
#[derive(Clone, Debug)]
pub(crate) struct EventFrame {
    pub(crate) seq: i64,
    /// Whose membership ends with this event.
    pub(crate) leaver: Option<UserId>,
    /// Whose membership begins with this event.
    pub(crate) joiner: Option<UserId>,
    text: Utf8Bytes,
    veiled: Option<Veiled>,
}

/// An event without the message that it is about.
#[derive(Clone, Debug)]
struct Veiled {
    message_seq: i64,
    text: Utf8Bytes,
}

impl EventFrame {
    /// The frame as a member with this sight gets it.
    pub(crate) fn seen_with(&self, sight: Sight) -> Utf8Bytes {
        match &self.veiled {
            Some(veiled) if !sight.shows(veiled.message_seq) => veiled.text.clone(),
            _ => self.text.clone(),
        }
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.text.len() + self.veiled.as_ref().map_or(0, |veiled| veiled.text.len())
    }

    #[cfg(test)]
    pub(crate) fn for_test(seq: i64) -> Self {
        Self { seq, leaver: None, joiner: None, text: Utf8Bytes::from_static("{}"), veiled: None }
    }
}

impl From<Event> for EventFrame {
    fn from(event: Event) -> Self {
        let whom = |kind| event.user.as_ref().filter(|_| event.kind == kind).map(|user| user.id);
        let (leaver, joiner) = (whom(EventKind::MemberLeft), whom(EventKind::MemberJoined));
        let veiled = event.message_seq().map(|message_seq| {
            let text = ServerFrame::Event(event.clone().without_message()).encode();
            Veiled { message_seq, text }
        });
        Self { seq: event.seq, leaver, joiner, veiled, text: ServerFrame::Event(event).encode() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "77617272-656e-8000-8000-000000000001";

    fn reaction_to(message_seq: i64) -> EventFrame {
        let author = json!({"id": ID, "username": "ann", "first_name": "Ann", "kind": "human"});
        let at = "2026-01-01T00:00:00Z";
        let message = json!({"id": ID, "channel_id": ID, "seq": message_seq, "author": author,
            "text": "a secret", "created_at": at});
        let event = json!({"channel_id": ID, "seq": 9, "kind": "reaction_added",
            "actor_id": ID, "at": at, "message": message, "emoji": "🐇"});
        EventFrame::from(serde_json::from_value::<Event>(event).unwrap())
    }

    #[test]
    fn who_may_not_see_a_message_gets_its_events_number_only() {
        let frame = reaction_to(5);
        let seen = |cleared_seq| {
            let text = frame.seen_with(Sight { cleared_seq });
            serde_json::from_str::<Value>(&text).unwrap()
        };
        assert_eq!(seen(4)["message"]["text"], "a secret");
        let hidden = json!({"type": "event", "channel_id": ID, "seq": 9,
            "kind": "reaction_added", "actor_id": ID, "at": "2026-01-01T00:00:00Z"});
        assert_eq!(seen(5), hidden);
        assert_eq!(seen(i64::MAX), hidden);
    }
}
