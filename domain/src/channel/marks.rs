//! What one member has read, hidden and silenced. None of it is on the timeline,
//! and none of it takes the channel's lock: it is one row that only its member
//! changes.

use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, UpdateMany};

use crate::account::Actor;
use crate::channel::{AccessError, Channel, ChannelRef, Seat, find, require_member};
use crate::context::Domain;
use crate::entity::membership::{Column, Entity};
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
    let moved = Entity::update_many()
        .col_expr(Column::ReadSeq, Expr::value(seq))
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
    let read: Expr = CaseStatement::new()
        .case(Column::ReadSeq.lt(seq), seq)
        .finally(Expr::col(Column::ReadSeq))
        .into();
    let cleared = Entity::update_many()
        .col_expr(Column::ClearedSeq, Expr::value(seq))
        .col_expr(Column::ReadSeq, read)
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
