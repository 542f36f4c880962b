//! Reading messages.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select,
};

use crate::account::Actor;
use crate::channel::{AccessError, ChannelRef, Seat, require_member};
use crate::context::Domain;
use crate::database::comparable;
use crate::entity::{message, send_outcome};
use crate::id::{ChannelId, MessageId};
use crate::message::view;
use crate::timeline::Message;

/// Which messages of a channel to read. Bounds exclude the named number and
/// combine; the result is always in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Only those before this number.
    pub before_seq: Option<i64>,
    /// Only those after this number: then the oldest such, else the newest.
    pub after_seq: Option<i64>,
    /// Only those from this time on.
    pub since: Option<DateTime<Utc>>,
    /// At most so many.
    pub limit: u64,
}

/// Some messages of a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// In ascending order.
    pub messages: Vec<Message>,
    /// The channel's newest event when they were read, or earlier: continue
    /// with the events after it.
    pub as_of_seq: i64,
}

/// The messages of a channel that fall into `window`.
///
/// # Errors
/// [`AccessError`] if the actor is no member.
pub async fn list(
    domain: &Domain,
    actor: &Actor,
    channel: &ChannelRef,
    window: &Window,
) -> Result<Page, AccessError> {
    let seat = require_member(domain, actor, channel).await?;
    let mut select = messages_in(&seat);
    if let Some(seq) = window.before_seq {
        select = select.filter(message::Column::Seq.lt(seq));
    }
    if let Some(seq) = window.after_seq {
        select = select.filter(message::Column::Seq.gt(seq));
    }
    if let Some(time) = window.since {
        match first_since(domain, seat.channel.summary.id, time).await? {
            Some(seq) => select = select.filter(message::Column::Seq.gte(seq)),
            None => return Ok(Page { messages: Vec::new(), as_of_seq: seat.channel.last_seq }),
        }
    }
    let oldest_first = window.after_seq.is_some();
    let order = if oldest_first { Order::Asc } else { Order::Desc };
    let mut rows = select
        .order_by(message::Column::Seq, order)
        .limit(window.limit)
        .all(domain.database.read())
        .await?;
    if !oldest_first {
        rows.reverse();
    }
    Ok(Page {
        messages: view::seen_by(domain, actor.id(), rows).await?,
        as_of_seq: seat.channel.last_seq,
    })
}

/// The messages of a channel that somebody with this seat may see.
pub(crate) fn messages_in(seat: &Seat) -> Select<message::Entity> {
    message::Entity::find()
        .filter(message::Column::ChannelId.eq(seat.channel.summary.id))
        .filter(message::Column::Seq.gt(seat.sight.cleared_seq))
}

/// One message.
///
/// # Errors
/// [`AccessError::NotFound`] if there is none that the actor may see.
pub async fn get(domain: &Domain, actor: &Actor, id: MessageId) -> Result<Message, AccessError> {
    let (_, place) = locate(domain, actor, id).await?;
    let row = message::Entity::find_by_id(place).one(domain.database.read()).await?;
    let messages = view::seen_by(domain, actor.id(), row.into_iter().collect()).await?;
    messages.into_iter().next().ok_or(AccessError::NotFound)
}

/// Where a message is that the actor may see, and their seat there: what every
/// operation on one message begins with.
///
/// # Errors
/// [`AccessError::NotFound`] whether there is none, it is in a channel of
/// others, or it is hidden from the actor.
pub(crate) async fn locate(
    domain: &Domain,
    actor: &Actor,
    id: MessageId,
) -> Result<(Seat, (ChannelId, i64)), AccessError> {
    let outcome = send_outcome::Entity::find_by_id(id).one(domain.database.read()).await?;
    let place = outcome.and_then(|row| Some((row.channel_id, row.seq?)));
    let (channel_id, seq) = place.ok_or(AccessError::NotFound)?;
    let seat = match require_member(domain, actor, &ChannelRef::Id(channel_id)).await {
        Err(AccessError::NotAMember) => return Err(AccessError::NotFound),
        other => other?,
    };
    if !seat.sight.shows(seq) {
        return Err(AccessError::NotFound);
    }
    Ok((seat, (channel_id, seq)))
}

/// The number of a channel's first message at `time` or later. Times rise with the
/// numbers, so this bounds a page as the time does, and no message is read only to
/// find that it is too old. A query of its own: within another, MariaDB would not
/// know it for a constant to seek by.
pub(crate) async fn first_since(
    domain: &Domain,
    channel_id: ChannelId,
    time: DateTime<Utc>,
) -> Result<Option<i64>, DbErr> {
    message::Entity::find()
        .select_only()
        .column(message::Column::Seq)
        .filter(message::Column::ChannelId.eq(channel_id))
        .filter(message::Column::CreatedAt.gte(comparable(time)))
        .order_by_asc(message::Column::CreatedAt)
        .order_by_asc(message::Column::Seq)
        .into_tuple()
        .one(domain.database.read())
        .await
}
