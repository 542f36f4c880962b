//! What must hold of what is stored: at any moment, and in the end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use uuid::Uuid;
use warren_domain::id::{ChannelId, MessageId, UserId};
use warren_domain::message::{Fingerprint, Outcome, Pending, Receipt, Rejection};
use warren_domain::port::ChannelEvents;

use crate::database::{PANIC_TEXT, REFUSED_TEXT};

/// Whether a text can never be a message.
pub(crate) fn is_poison(text: &str) -> bool {
    [REFUSED_TEXT, PANIC_TEXT].contains(&text)
}

/// Whether a send has an outcome.
pub(crate) fn is_decided(sqlite: &Connection, id: MessageId) -> bool {
    stored(sqlite, id).is_some()
}

/// Whether this content was the first under its key.
pub(crate) fn is_first(sqlite: &Connection, send: &Pending) -> bool {
    stored(sqlite, send.id).is_some_and(|(fingerprint, _)| fingerprint == send.fingerprint().0)
}

/// The outcome that a send's author is to be told.
pub(crate) fn outcome_of(sqlite: &Connection, send: &Pending) -> Option<Outcome> {
    outcome_for(sqlite, send.id, send.fingerprint())
}

/// The outcome that a receipt is to tell.
pub(crate) fn outcome(sqlite: &Connection, receipt: &Receipt) -> Option<Outcome> {
    outcome_for(sqlite, receipt.id, receipt.fingerprint)
}

fn outcome_for(sqlite: &Connection, id: MessageId, content: Fingerprint) -> Option<Outcome> {
    let (fingerprint, outcome) = stored(sqlite, id)?;
    Some(match fingerprint == content.0 {
        true => outcome,
        false => Outcome::Rejected { reason: Rejection::KeyReused },
    })
}

fn stored(sqlite: &Connection, id: MessageId) -> Option<(Uuid, Outcome)> {
    let select = "SELECT fingerprint, channel_id, seq, reason, at FROM send_outcome WHERE id = ?";
    one(sqlite, select, params![bytes(id.0)], |row| {
        let outcome = match row.get::<_, Option<i64>>(2)? {
            Some(seq) => {
                Outcome::Committed { channel_id: ChannelId(uuid(row, 1)), seq, at: time(row, 4) }
            }
            None => {
                let reason: String = row.get(3)?;
                Outcome::Rejected { reason: Rejection::from_code(&reason).expect("a reason") }
            }
        };
        Ok((uuid(row, 0), outcome))
    })
}

/// The first number that is announced and not committed as it is announced.
pub(crate) fn first_uncommitted(sqlite: &Connection, told: &ChannelEvents) -> Option<i64> {
    let is_other = |seq: i64, kind: &str| {
        kind_of(sqlite, told.channel_id, seq).is_none_or(|stored| stored != kind)
    };
    let unknown = told.events.iter().find(|event| {
        let kind = serde_json::to_value(event.kind).expect("a kind is a word");
        is_other(event.seq, kind.as_str().expect("a word"))
    });
    let reached = kind_of(sqlite, told.channel_id, told.reached_seq);
    unknown.map(|event| event.seq).or_else(|| reached.is_none().then_some(told.reached_seq))
}

/// What an event is.
pub(crate) fn kind_of(sqlite: &Connection, channel_id: ChannelId, seq: i64) -> Option<String> {
    let select = "SELECT kind FROM channel_event WHERE channel_id = ? AND seq = ?";
    one(sqlite, select, params![bytes(channel_id.0), seq], |row| row.get(0))
}

/// Whether somebody may get an event: members may, and who was one may get what was
/// before they left.
pub(crate) fn may_get(
    sqlite: &Connection,
    channel_id: ChannelId,
    user_id: UserId,
    seq: i64,
) -> bool {
    let last = |kind| last_about(sqlite, "MAX", channel_id, user_id, kind);
    let (joined, left) = (last("member_joined"), last("member_left"));
    joined.is_some() && (joined > left || left >= Some(seq))
}

/// By which event somebody joined for the first time.
pub(crate) fn first_joined(
    sqlite: &Connection,
    channel_id: ChannelId,
    user_id: UserId,
) -> Option<i64> {
    last_about(sqlite, "MIN", channel_id, user_id, "member_joined")
}

fn last_about(
    sqlite: &Connection,
    which: &str,
    channel_id: ChannelId,
    user_id: UserId,
    kind: &str,
) -> Option<i64> {
    let select = format!(
        "SELECT {which}(seq) FROM channel_event WHERE channel_id = ? AND user_id = ? AND kind = ?"
    );
    let values = params![bytes(channel_id.0), bytes(user_id.0), kind];
    one(sqlite, &select, values, |row| row.get(0)).flatten()
}

/// Somebody's channels, and where each stands.
pub(crate) fn stands_of(sqlite: &Connection, user_id: UserId) -> BTreeMap<ChannelId, i64> {
    let select = "SELECT h.channel_id, h.last_seq FROM channel_head h \
                  JOIN membership m ON m.channel_id = h.channel_id WHERE m.user_id = ?";
    let row = |row: &Row<'_>| Ok((ChannelId(uuid(row, 0)), row.get(1)?));
    all(sqlite, select, params![bytes(user_id.0)], row).into_iter().collect()
}

/// At most one row.
pub(crate) fn one<T>(
    sqlite: &Connection,
    select: &str,
    values: impl Params,
    row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Option<T> {
    let mut select = sqlite.prepare_cached(select).expect("a statement");
    select.query_row(values, row).optional().expect("a row or none")
}

/// All rows.
pub(crate) fn all<T>(
    sqlite: &Connection,
    select: &str,
    values: impl Params,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut select = sqlite.prepare_cached(select).expect("a statement");
    let rows = select.query_map(values, row).expect("rows");
    rows.collect::<Result<_, _>>().expect("what was asked for")
}

/// The id in a column.
pub(crate) fn uuid(row: &Row<'_>, place: usize) -> Uuid {
    let value = row.get_ref_unwrap(place);
    Uuid::from_slice(value.as_blob().expect("bytes")).expect("16 bytes")
}

/// The time in a column.
pub(crate) fn time(row: &Row<'_>, place: usize) -> DateTime<Utc> {
    let text: String = row.get_unwrap(place);
    text.parse().expect("a time")
}

/// An id as it is stored.
pub(crate) fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}
