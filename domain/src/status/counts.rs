//! How much there is.

use sea_orm::sea_query::{Alias, Expr, ExprTrait};
use sea_orm::{DbBackend, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QuerySelect};

use crate::database::Database;
use crate::entity::{channel_head, user_account};

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Accounts, of people and of bots.
    pub users: u64,
    /// Channels of every kind.
    pub channels: u64,
    /// Messages that were ever committed.
    pub messages: u64,
}

#[derive(FromQueryResult)]
struct Heads {
    channels: i64,
    messages: Option<i64>,
}

/// Counts users, channels and messages. The messages are the sum of what the
/// channels' heads say, so it reads as many rows as there are users and
/// channels: ask seldom.
///
/// # Errors
/// If the database fails.
pub async fn count(database: &Database) -> Result<Counts, DbErr> {
    let reader = database.read();
    let users = user_account::Entity::find().count(reader).await?;
    // PostgreSQL's and MariaDB's sum is a decimal.
    let integer = match database.backend() {
        DbBackend::MySql => "signed",
        _ => "bigint",
    };
    let messages = Expr::col(channel_head::Column::MessageCount).sum().cast_as(Alias::new(integer));
    let heads = channel_head::Entity::find()
        .select_only()
        .column_as(Expr::col(channel_head::Column::ChannelId).count(), "channels")
        .column_as(messages, "messages")
        .into_model::<Heads>()
        .one(reader)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("a count".into()))?;
    Ok(Counts {
        users,
        channels: heads.channels.unsigned_abs(),
        messages: heads.messages.unwrap_or(0).unsigned_abs(),
    })
}
