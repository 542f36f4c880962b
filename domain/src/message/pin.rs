//! Pinning messages to their channel.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};

use crate::account::Actor;
use crate::channel::{AccessError, ChannelRef, require_member};
use crate::context::Domain;
use crate::entity::{message, pin};
use crate::id::MessageId;
use crate::message::change::{Change, ChangeError};
use crate::message::view;
use crate::timeline::{Message, MessageChange, Person};

/// How many messages of one channel can be pinned.
pub const MAX_PINS: u64 = 100;

/// A pinned message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Pin {
    /// The message; its `pinned_at` tells since when.
    pub message: Message,
    /// Who pinned it.
    pub pinned_by: Person,
}

/// The pinned messages of a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Pins {
    /// The newest pin first.
    pub pins: Vec<Pin>,
    /// The channel's newest event when they were read, or earlier.
    pub as_of_seq: i64,
}

/// Pins a message to its channel, which every member may. A pinned one stays
/// as it is.
///
/// # Errors
/// [`ChangeError`].
pub async fn pin(domain: &Domain, actor: &Actor, id: MessageId) -> Result<Message, ChangeError> {
    let change = Change::begin(domain, actor, id).await?;
    change.require_present()?;
    if change.message.pinned_at.is_some() {
        return change.give_up(domain, actor).await;
    }
    let pinned = pin::Entity::find()
        .filter(pin::Column::ChannelId.eq(change.message.channel_id))
        .count(change.transaction())
        .await?;
    if pinned >= MAX_PINS {
        return Err(ChangeError::TooManyPins);
    }
    pin::Entity::insert(pin::ActiveModel {
        channel_id: Set(change.message.channel_id),
        seq: Set(change.message.seq),
        pinned_by: Set(actor.id()),
        pinned_at: Set(change.at),
    })
    .exec_without_returning(change.transaction())
    .await?;
    let changed = message::ActiveModel { pinned_at: Set(Some(change.at)), ..change.row() };
    change.commit(domain, actor, changed, MessageChange::Pinned).await
}

/// Takes a message off its channel's pins, which every member may. One that is
/// not pinned stays as it is.
///
/// # Errors
/// [`ChangeError`].
pub async fn unpin(domain: &Domain, actor: &Actor, id: MessageId) -> Result<Message, ChangeError> {
    let change = Change::begin(domain, actor, id).await?;
    if change.message.pinned_at.is_none() {
        return change.give_up(domain, actor).await;
    }
    let key = (change.message.channel_id, change.message.seq);
    pin::Entity::delete_by_id(key).exec(change.transaction()).await?;
    let changed = message::ActiveModel { pinned_at: Set(None), ..change.row() };
    change.commit(domain, actor, changed, MessageChange::Unpinned).await
}

/// What is pinned to a channel, for a member who sees it.
///
/// # Errors
/// [`AccessError`].
pub async fn pins(
    domain: &Domain,
    actor: &Actor,
    channel: &ChannelRef,
) -> Result<Pins, AccessError> {
    let seat = require_member(domain, actor, channel).await?;
    let mut rows = pin::Entity::find()
        .filter(pin::Column::ChannelId.eq(seat.channel.summary.id))
        .filter(pin::Column::Seq.gt(seat.sight.cleared_seq))
        .order_by_asc(pin::Column::Seq)
        .limit(MAX_PINS)
        .all(domain.database.read())
        .await?;
    rows.sort_by_key(|row| std::cmp::Reverse((row.pinned_at, row.seq)));
    Ok(Pins { pins: shown(domain, actor, rows).await?, as_of_seq: seat.channel.last_seq })
}

async fn shown(domain: &Domain, actor: &Actor, rows: Vec<pin::Model>) -> Result<Vec<Pin>, DbErr> {
    let Some(channel_id) = rows.first().map(|row| row.channel_id) else { return Ok(Vec::new()) };
    let messages = message::Entity::find()
        .filter(message::Column::ChannelId.eq(channel_id))
        .filter(message::Column::Seq.is_in(rows.iter().map(|row| row.seq)))
        .all(domain.database.read())
        .await?;
    let messages = view::seen_by(domain, actor.id(), messages).await?;
    let mut messages: HashMap<i64, Message> =
        messages.into_iter().map(|message| (message.seq, message)).collect();
    let pinners = rows.iter().map(|row| row.pinned_by).collect();
    let pinners = domain.people.get(domain.database.read(), pinners).await?;
    let pin = |row: pin::Model| {
        let pinned_by = pinners.get(&row.pinned_by)?.clone();
        Some(Pin { message: messages.remove(&row.seq)?, pinned_by })
    };
    Ok(rows.into_iter().filter_map(pin).collect())
}
