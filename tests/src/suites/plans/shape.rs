//! Statements without their values, and those that must be among them.

use std::collections::BTreeSet;

use super::LOGGED;
use crate::wait::eventually;

/// Statements that every tour of the operations leads to, by words that stand in
/// them in this order.
const EXPECTED: &[(&str, &[&str])] = &[
    ("writing messages", &["INSERT INTO \"message\""]),
    ("writing events", &["INSERT INTO \"channel_event\""]),
    ("writing outcomes", &["INSERT INTO \"send_outcome\""]),
    ("locking heads", &["FROM \"channel_head\"", " IN (", "ORDER BY \"channel_head\""]),
    ("advancing heads", &["UPDATE \"channel_head\" SET", "CASE"]),
    ("outcomes of a batch", &["FROM \"send_outcome\"", "\"id\" IN ("]),
    ("outcome of a send", &["FROM \"send_outcome\"", "\"id\" = ?"]),
    ("newest messages", &["FROM \"message\"", "\"seq\" > ? ORDER BY", "DESC LIMIT"]),
    ("messages before a number", &["FROM \"message\"", "\"seq\" < ? ORDER BY", "DESC LIMIT"]),
    ("messages after a number", &["FROM \"message\"", "\"seq\" > ? ORDER BY", "ASC LIMIT"]),
    ("the first since a time", &["FROM \"message\"", "\"created_at\" >= ?"]),
    ("messages since a time", &["FROM \"message\"", "\"seq\" >= ? ORDER BY", "LIMIT"]),
    ("a message", &["FROM \"message\"", "\"seq\" = ?"]),
    ("events", &["FROM \"channel_event\" LEFT JOIN \"message\"", "\"seq\" > ?", "LIMIT"]),
    ("a channel", &["FROM \"mention\"", "\"channel\".\"name\" = ?"]),
    ("own channels", &["FROM \"mention\"", "\"membership\".\"user_id\" = ? ORDER BY"]),
    ("public channels", &["FROM \"mention\"", "\"archived_at\" IS NULL", "LIMIT"]),
    ("members", &["FROM \"membership\"", "\"user_id\" > ?", "LIMIT"]),
    ("heads of a node", &["SELECT \"channel_head\".\"channel_id\", \"channel_head\".\"last_seq\""]),
    ("memberships of a node", &["FROM \"membership\"", "\"user_id\" IN ("]),
    ("sessions of a node", &["FROM \"session\"", "\"id\" IN ("]),
    ("members of a watched channel", &["SELECT \"membership\".\"user_id\" FROM", "LIMIT"]),
    ("a ticket", &["FROM \"socket_ticket\"", "\"token_hash\" = ?"]),
    ("redeeming a ticket", &["DELETE FROM \"socket_ticket\""]),
    ("leaving", &["DELETE FROM \"membership\""]),
    ("who may post", &["SELECT \"channel\".\"id\", \"channel\".\"kind\", \"membership\".\"role\""]),
    ("changing a channel", &["UPDATE \"channel\" SET \"name\""]),
    ("archiving", &["UPDATE \"channel_head\" SET \"archived_at\""]),
    ("people by name", &["FROM \"user_account\"", "\"username\" IN ("]),
    ("people from a name on", &["FROM \"user_account\"", "\"username\" > ?", "LIMIT"]),
    ("people by the beginning of a name", &["FROM \"user_account\"", "LOWER(", "LIMIT"]),
    ("changing a profile", &["UPDATE \"user_account\" SET", "\"first_name\" = ?"]),
    ("changing a standing", &["UPDATE \"user_account\" SET", "\"role\" = ?"]),
    ("another owner", &["FROM \"user_account\"", "\"role\" = ?", "\"id\" <> ?"]),
    ("channels to leave", &["SELECT \"channel\".\"id\"", "\"kind\" <> ?", "LIMIT"]),
    ("deleting sessions", &["DELETE FROM \"session\"", "\"user_id\" = ?"]),
    ("somebody's channels", &["\"id\" IN (SELECT \"channel_id\" FROM \"membership\"", "LIMIT"]),
    ("what somebody wrote", &["SELECT \"message\".\"created_at\"", "\"author_id\" = ?", "LIMIT"]),
    ("and before that", &["SELECT \"message\".\"created_at\"", "\"created_at\" <= ?", "LIMIT"]),
    ("a picture", &["FROM \"avatar\"", "\"id\" = ?"]),
    ("removing a picture", &["DELETE FROM \"avatar\""]),
    ("a successor", &["FROM \"membership\"", "\"user_id\" <> ?", "CASE", "LIMIT"]),
    ("appointing", &["UPDATE \"membership\" SET \"role\""]),
    ("reading", &["UPDATE \"membership\" SET \"read_seq\""]),
    ("clearing", &["UPDATE \"membership\" SET \"cleared_seq\""]),
    ("muting", &["UPDATE \"membership\" SET \"muted\""]),
    ("who else is in direct channels", &["FROM \"membership\"", "\"channel_id\" IN (", "<> ?"]),
    ("a direct channel", &["SELECT \"channel\".\"id\" FROM \"channel\"", "\"name\" = ?"]),
    ("inviting", &["INSERT INTO \"invitation\""]),
    ("own invitations", &["JOIN \"invitation\"", "\"invitation\".\"user_id\" = ?", "LIMIT"]),
    ("a channel's invitations", &["JOIN \"invitation\"", "\"invitation\".\"channel_id\" = ?"]),
    ("an invitation", &["FROM \"invitation\"", "\"id\" = ?"]),
    ("answering", &["DELETE FROM \"invitation\"", "\"id\" = ?"]),
    ("listing a process", &["INSERT INTO \"node\""]),
    ("refreshing", &["UPDATE \"refresh_token\""]),
    ("own sessions", &["FROM \"session\"", "\"id\" < ?", "ORDER BY \"session\".\"id\" DESC"]),
    ("ending sessions", &["UPDATE \"session\" SET \"ended_at\"", "\"user_id\" = ?"]),
    ("last seen", &["UPDATE \"user_account\" SET \"last_seen_at\"", " IN ("]),
    ("a token for a new password", &["INSERT INTO \"password_reset\""]),
    ("editing", &["UPDATE \"message\" SET \"text\" = ?, \"edited_at\""]),
    ("last revision", &["FROM \"message_revision\"", "ORDER BY", "DESC LIMIT"]),
    ("keeping a revision", &["INSERT INTO \"message_revision\""]),
    ("revisions", &["FROM \"message_revision\"", "\"revision\" > ?", "LIMIT"]),
    ("reacting", &["INSERT INTO \"reaction\""]),
    ("who reacted", &["FROM \"reaction\"", "\"emoji\" = ?", "\"user_id\" > ?", "LIMIT"]),
    ("counting reactions", &["UPDATE \"message\" SET \"reactions\""]),
    ("own reactions", &["FROM \"reaction\"", "\"emoji\" IN (", "\"user_id\" = ?"]),
    ("deleting", &["UPDATE \"message\" SET \"text\" = ?, \"deleted_at\""]),
    ("counting pins", &["SELECT COUNT(*)", "FROM \"pin\""]),
    ("pins", &["FROM \"pin\"", "\"seq\" > ?", "LIMIT"]),
    ("pinned messages", &["FROM \"message\"", "\"seq\" IN ("]),
    ("writing mentions", &["INSERT INTO \"mention\""]),
    ("mentioned people", &["\"username\", \"user_account\".\"id\" FROM", "\"username\" IN ("]),
    ("writing expiries", &["INSERT INTO \"message_expiry\""]),
    ("what has expired", &["FROM \"message_expiry\"", "\"expires_at\" <= ? ORDER BY", "LIMIT"]),
    ("expired messages", &["FROM \"message\"", "\"seq\" IN (", "\"expires_at\" <= ?"]),
    ("what can be answered", &["FROM \"send_outcome\" INNER JOIN \"message\"", "\"id\" IN ("]),
    ("writing replies", &["INSERT INTO \"thread_reply\""]),
    ("counting replies", &["UPDATE \"message\" SET \"reply_count\" = (CASE"]),
    ("replies", &["JOIN \"thread_reply\"", "\"thread_reply\".\"seq\" > ?", "LIMIT"]),
    ("the last reply", &["JOIN \"thread_reply\"", "ORDER BY", "DESC LIMIT"]),
    ("forgetting mentions", &["DELETE FROM \"mention\""]),
];

/// What a statement over many rows says again and again.
const REPETITIONS: [(&str, &str); 2] = [("?, ?", "?"), ("(?), (?)", "(?)")];

/// A statement with `?` for every value and every list of values, so that those
/// that differ in nothing else are one.
pub(super) fn shape(statement: &str) -> String {
    let mut shape = String::new();
    let mut characters = statement.chars().peekable();
    while let Some(character) = characters.next() {
        shape.push(if character == '$' { '?' } else { character });
        while character == '$' && characters.next_if(char::is_ascii_digit).is_some() {}
    }
    for (repeated, once) in REPETITIONS {
        while shape.contains(repeated) {
            shape = shape.replace(repeated, once);
        }
    }
    shape
}

/// Waits until every expected statement is among those that were executed.
pub(super) async fn all_expected(executed: impl Fn() -> BTreeSet<String>) {
    let all = eventually("every expected statement is executed", LOGGED * 2, async || {
        missing(&executed()).is_empty().then_some(())
    });
    if tokio::time::timeout(LOGGED, all).await.is_err() {
        panic!("not executed within {LOGGED:?}: {:?}", missing(&executed()));
    }
}

/// Those of the expected statements that are not among `shapes`.
fn missing(shapes: &BTreeSet<String>) -> Vec<&'static str> {
    let is_missing = |words: &[&str]| !shapes.iter().any(|shape| follow_each_other(shape, words));
    EXPECTED.iter().filter(|(_, words)| is_missing(words)).map(|(name, _)| *name).collect()
}

fn follow_each_other(text: &str, words: &[&str]) -> bool {
    let mut rest = text;
    words.iter().all(|word| match rest.split_once(word) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}
