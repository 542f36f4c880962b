//! What one member has read, hidden and silenced. None of it is on the timeline,
//! and none of it takes the channel's lock: it is one row that only its member
//! changes.

use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, UpdateMany};

use crate::account::Actor;
use crate::channel::{AccessError, Channel, ChannelRef, Seat, find, require_member};
use crate::context::Domain;
use crate::entity::membership::{Column, Entity};
use crate::entity::message;
use crate::id::ChannelId;
use crate::port::Ephemeral;

/// Moves the actor's read marker to the event with this number, or to the newest
/// one if there is none yet. It never moves back.
///
/// # Errors
/// [`AccessError`].
pub async fn mark_read(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
    seq: i64,
) -> Result<Channel, AccessError> {
    let seat = require_member(domain, actor, reference).await?;
    let seq = seq.min(seat.channel.last_seq);
    if seat.channel.mine.read_seq >= Some(seq) {
        return Ok(seat.channel);
    }
    let count = messages_up_to(domain, seat.channel.summary.id, seq).await?;
    let moved = Entity::update_many()
        .col_expr(Column::ReadSeq, Expr::value(seq))
        .col_expr(Column::ReadCount, Expr::value(count))
        .filter(Column::ReadSeq.lt(seq));
    write(domain, actor, &seat, moved).await
}

/// Hides everything that was said until now from the actor, and only from them.
/// Idempotent.
///
/// # Errors
/// [`AccessError`].
pub async fn clear(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<Channel, AccessError> {
    let seat = require_member(domain, actor, reference).await?;
    let seq = seat.channel.last_seq;
    if seat.channel.mine.cleared_seq >= Some(seq) {
        return Ok(seat.channel);
    }
    let count = messages_up_to(domain, seat.channel.summary.id, seq).await?;
    // Both rise with the number up to which one has read: the greater pair is the later one.
    let cleared = Entity::update_many()
        .col_expr(Column::ClearedSeq, Expr::value(seq))
        .col_expr(Column::ReadSeq, at_least(Column::ReadSeq, seq))
        .col_expr(Column::ReadCount, at_least(Column::ReadCount, count))
        .filter(Column::ClearedSeq.lt(seq));
    write(domain, actor, &seat, cleared).await
}

/// Says whether the actor wants to hear nothing of a channel. Idempotent.
///
/// # Errors
/// [`AccessError`].
pub async fn mute(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
    muted: bool,
) -> Result<Channel, AccessError> {
    let seat = require_member(domain, actor, reference).await?;
    if seat.channel.mine.muted == Some(muted) {
        return Ok(seat.channel);
    }
    let changed = Entity::update_many()
        .col_expr(Column::Muted, Expr::value(muted))
        .filter(Column::Muted.ne(muted));
    write(domain, actor, &seat, changed).await
}

/// How many messages a channel had when it reached `seq`: one seek in the primary
/// key, so that counting unread messages is a subtraction.
async fn messages_up_to(domain: &Domain, channel_id: ChannelId, seq: i64) -> Result<i64, DbErr> {
    let last = message::Entity::find()
        .select_only()
        .column(message::Column::Ordinal)
        .filter(message::Column::ChannelId.eq(channel_id))
        .filter(message::Column::Seq.lte(seq))
        .order_by_desc(message::Column::Seq)
        .limit(1)
        .into_tuple::<i64>()
        .one(domain.database.read())
        .await?;
    Ok(last.unwrap_or(0))
}

fn at_least(column: Column, value: i64) -> Expr {
    CaseStatement::new().case(column.lt(value), value).finally(Expr::col(column)).into()
}

/// Changes the actor's membership, and tells their other clients if that changed
/// anything.
async fn write(
    domain: &Domain,
    actor: &Actor,
    seat: &Seat,
    change: UpdateMany<Entity>,
) -> Result<Channel, AccessError> {
    let channel_id = seat.channel.summary.id;
    let transaction = domain.database.write().await?;
    let written = change
        .filter(Column::ChannelId.eq(channel_id))
        .filter(Column::UserId.eq(actor.id()))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    let channel = find(domain, actor, &ChannelRef::Id(channel_id)).await?;
    if written.rows_affected > 0 {
        let mine = channel.mine.clone();
        domain.announce(Ephemeral::Read { user_id: actor.id(), channel_id, mine });
    }
    Ok(channel)
}
