//! A page about one message, or about one time.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::account::Actor;
use crate::channel::{AccessError, ChannelRef, Seat, require_member};
use crate::context::Domain;
use crate::entity::{message, send_outcome};
use crate::id::MessageId;
use crate::message::history::{Page, first_since, messages_in};
use crate::message::view;

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Middle {
    /// This message, which is on the page.
    Message(MessageId),
    /// The first message at this time or later.
    Time(DateTime<Utc>),
}

/// Why there is no such page.
#[derive(Debug, thiserror::Error)]
pub enum AroundError {
    /// The actor is no member of the channel.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The message is not in this channel, or the actor may not see it.
    #[error("there is no such message in this channel")]
    NoSuchMessage,
    /// The database failed.
    #[error("database error while reading messages")]
    Database(#[from] sea_orm::DbErr),
}

/// At most `limit` messages of a channel in ascending order, half of them
/// before `middle`, the others from it on.
///
/// # Errors
/// [`AroundError`].
pub async fn around(
    domain: &Domain,
    actor: &Actor,
    channel: &ChannelRef,
    middle: Middle,
    limit: u64,
) -> Result<Page, AroundError> {
    let seat = require_member(domain, actor, channel).await?;
    let middle = number_of(domain, &seat, middle).await?;
    let before = messages_in(&seat)
        .filter(message::Column::Seq.lt(middle))
        .order_by_desc(message::Column::Seq)
        .limit(limit / 2)
        .all(domain.database.read())
        .await?;
    let from_it_on = messages_in(&seat)
        .filter(message::Column::Seq.gte(middle))
        .order_by_asc(message::Column::Seq)
        .limit(limit - before.len() as u64)
        .all(domain.database.read())
        .await?;
    let rows = before.into_iter().rev().chain(from_it_on).collect();
    Ok(Page {
        messages: view::seen_by(domain, actor.id(), rows).await?,
        as_of_seq: seat.channel.last_seq,
    })
}

async fn number_of(domain: &Domain, seat: &Seat, middle: Middle) -> Result<i64, AroundError> {
    let channel_id = seat.channel.summary.id;
    match middle {
        Middle::Message(id) => {
            let outcome = send_outcome::Entity::find_by_id(id).one(domain.database.read()).await?;
            outcome
                .filter(|outcome| outcome.channel_id == channel_id)
                .and_then(|outcome| outcome.seq)
                .filter(|seq| seat.sight.shows(*seq))
                .ok_or(AroundError::NoSuchMessage)
        }
        // After the last message the page shows the last ones.
        Middle::Time(time) => Ok(first_since(domain, channel_id, time).await?.unwrap_or(i64::MAX)),
    }
}
