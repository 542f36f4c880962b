//! An event on its way to everybody who watches its channel.

use tokio_tungstenite::tungstenite::Utf8Bytes;
use warren_domain::channel::Sight;
use warren_domain::id::UserId;
use warren_domain::timeline::{Event, EventKind};

use crate::gateway::frame::ServerFrame;

/// An event, encoded once for everybody who may see its message, and once for each
/// that see less. Cloning it copies no text.
#[derive(Clone, Debug)]
pub(crate) struct EventFrame {
    pub(crate) seq: i64,
    /// Whose membership ends with this event.
    pub(crate) leaver: Option<UserId>,
    /// Whose membership begins with this event.
    pub(crate) joiner: Option<UserId>,
    text: Utf8Bytes,
    /// For those from whom its message is hidden, or else its thread's beginning.
    veiled: [Option<Veiled>; 2],
}

/// An event for those from whom a message is hidden.
#[derive(Clone, Debug)]
struct Veiled {
    hidden_seq: i64,
    text: Utf8Bytes,
}

impl EventFrame {
    /// The frame as a member with this sight gets it.
    pub(crate) fn seen_with(&self, sight: Sight) -> Utf8Bytes {
        let mut veiled = self.veiled.iter().flatten();
        let veiled = veiled.find(|veiled| !sight.shows(veiled.hidden_seq));
        veiled.map_or(&self.text, |veiled| &veiled.text).clone()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.text.len()
            + self.veiled.iter().flatten().map(|veiled| veiled.text.len()).sum::<usize>()
    }

    #[cfg(test)]
    pub(crate) fn for_test(seq: i64) -> Self {
        Self {
            seq,
            leaver: None,
            joiner: None,
            text: Utf8Bytes::from_static("{}"),
            veiled: [None, None],
        }
    }
}

impl From<Event> for EventFrame {
    fn from(event: Event) -> Self {
        let whom = |kind| event.user.as_ref().filter(|_| event.kind == kind).map(|user| user.id);
        let (leaver, joiner) = (whom(EventKind::MemberLeft), whom(EventKind::MemberJoined));
        let veiled = |hidden_seq: Option<i64>, less: fn(Event) -> Event| {
            let text = |hidden_seq| {
                let text = ServerFrame::Event(less(event.clone())).encode();
                Veiled { hidden_seq, text }
            };
            hidden_seq.map(text)
        };
        let veiled = [
            veiled(event.message_seq(), Event::without_message),
            veiled(event.root_seq(), Event::without_thread),
        ];
        Self { seq: event.seq, leaver, joiner, veiled, text: ServerFrame::Event(event).encode() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "77617272-656e-8000-8000-000000000001";

    fn reaction_to(message_seq: i64) -> EventFrame {
        frame_of(json!({"seq": message_seq}), json!({"emoji": "🐇"}))
    }

    /// An event about a message, each with these fields.
    fn frame_of(of_message: Value, of_event: Value) -> EventFrame {
        let author = json!({"id": ID, "username": "ann", "first_name": "Ann", "kind": "human"});
        let at = "2026-01-01T00:00:00Z";
        let mut message = json!({"id": ID, "channel_id": ID, "author": author, "text": "a secret",
            "created_at": at});
        let mut event = json!({"channel_id": ID, "seq": 9, "kind": "reaction_added",
            "actor_id": ID, "at": at});
        let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
        message.as_object_mut().unwrap().extend(fields(of_message));
        event.as_object_mut().unwrap().extend(fields(of_event));
        event["message"] = message;
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

    #[test]
    fn who_may_not_see_what_is_answered_is_not_told_of_its_thread() {
        let thread = json!({"root_id": ID, "root_seq": 3, "reply_count": 40});
        let frame = frame_of(json!({"seq": 5}), json!({"thread": thread}));
        let seen = |cleared_seq| {
            let text = frame.seen_with(Sight { cleared_seq });
            let event = serde_json::from_str::<Value>(&text).unwrap();
            (event.get("message").is_some(), event.get("thread").is_some())
        };
        assert_eq!([seen(2), seen(3), seen(5)], [(true, true), (true, false), (false, false)]);
    }
}
