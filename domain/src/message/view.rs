//! Rows become messages as one reader sees them.

use sea_orm::DbErr;

use crate::context::Domain;
use crate::entity::message;
use crate::id::UserId;
use crate::message::reaction;
use crate::timeline::Message;

/// The messages of these rows, in their order, for somebody who may see them:
/// with their authors, and which reactions are the reader's own.
pub(crate) async fn seen_by(
    domain: &Domain,
    reader: UserId,
    rows: Vec<message::Model>,
) -> Result<Vec<Message>, DbErr> {
    let authors = rows.iter().map(|row| row.author_id).collect();
    let people = domain.people.get(domain.database.read(), authors).await?;
    let message = |row: message::Model| {
        let author = people.get(&row.author_id)?.clone();
        Some(Message::of(row, author))
    };
    let mut messages: Vec<Message> = rows.into_iter().filter_map(message).collect();
    reaction::mark_own(domain, reader, &mut messages).await?;
    Ok(messages)
}
