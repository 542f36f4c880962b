//! What one person wrote, wherever the reader may see it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::account::Actor;
use crate::channel::{Membership, memberships_of};
use crate::context::Domain;
use crate::database::comparable;
use crate::entity::message;
use crate::id::{ChannelId, UserId};
use crate::message::view;
use crate::timeline::Message;

/// So many places are read at once: an index has all of each.
const ROUND: u64 = 1_000;

/// So many rounds make a page at most, so that who shares no channel with a busy
/// author does not have all they ever wrote looked through.
const MAX_ROUNDS: usize = 20;

/// Where a message is among those of its author: of two the greater is the newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Its channel.
    pub channel_id: ChannelId,
    /// Its number there.
    pub seq: i64,
}

impl Place {
    /// The greatest of an instant, so that it tells of no message.
    fn end_of(instant: DateTime<Utc>) -> Self {
        Self { created_at: instant, channel_id: ChannelId(Uuid::max()), seq: i64::MAX }
    }
}

/// Some of what somebody wrote.
#[derive(Debug)]
pub struct Written {
    /// The newest first.
    pub messages: Vec<Message>,
    /// Before which place there may be more.
    pub next: Option<Place>,
}

/// What somebody wrote in the channels that the actor is a member of, the newest
/// first, from the one before `before`. It is found among the newest 20,000 that
/// they wrote anywhere before that: there may be more although it is less than
/// `limit`.
///
/// The reader's memberships decide, not the database's planner: it reads places in
/// their order from the author's index, and then the chosen messages by their keys.
///
/// # Errors
/// If the database fails.
pub async fn written_by(
    domain: &Domain,
    actor: &Actor,
    author: UserId,
    before: Option<Place>,
    limit: u64,
) -> Result<Written, DbErr> {
    let mut memberships = memberships_of(domain, vec![actor.id()]).await?;
    let memberships = memberships.remove(&actor.id()).unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut chosen, mut next) = (Vec::new(), before);
    for _ in 0..MAX_ROUNDS {
        let places = places(domain, author, next).await?;
        let is_last = u64::try_from(places.len()).is_ok_and(|count| count < ROUND);
        next = places.last().copied().filter(|_| !is_last);
        chosen.extend(places.into_iter().filter(|place| is_seen(&memberships, place)));
        if is_last || chosen.len() >= limit {
            break;
        }
    }
    if chosen.len() >= limit {
        chosen.truncate(limit);
        next = chosen.last().copied();
    } else if let Some(Place { created_at: instant, .. }) = next {
        // The last place may be hidden from the reader, and its instant not read to the end.
        chosen.retain(|place| place.created_at > instant);
        next = Some(Place::end_of(instant));
    }
    Ok(Written { messages: messages_at(domain, actor, &chosen).await?, next })
}

fn is_seen(memberships: &HashMap<ChannelId, Membership>, place: &Place) -> bool {
    let membership = memberships.get(&place.channel_id);
    membership.is_some_and(|membership| membership.sight().shows(place.seq))
}

async fn places(
    domain: &Domain,
    author: UserId,
    before: Option<Place>,
) -> Result<Vec<Place>, DbErr> {
    use message::Column::{AuthorId, ChannelId as Channel, CreatedAt, Seq};
    let mut select = message::Entity::find()
        .select_only()
        .columns([CreatedAt, Channel, Seq])
        .filter(AuthorId.eq(author))
        .order_by_desc(CreatedAt)
        .order_by_desc(Channel)
        .order_by_desc(Seq)
        .limit(ROUND);
    if let Some(Place { created_at, channel_id, seq }) = before {
        let created_at = comparable(created_at);
        let earlier = Condition::any()
            .add(CreatedAt.lt(created_at))
            .add(Channel.lt(channel_id))
            .add(Channel.eq(channel_id).and(Seq.lt(seq)));
        // The first alone bounds what is read of the index.
        select = select.filter(CreatedAt.lte(created_at)).filter(earlier);
    }
    let rows = select.into_tuple().all(domain.database.read()).await?.into_iter();
    Ok(rows.map(|(created_at, channel_id, seq)| Place { created_at, channel_id, seq }).collect())
}

/// The messages at these places, in this order.
async fn messages_at(
    domain: &Domain,
    actor: &Actor,
    places: &[Place],
) -> Result<Vec<Message>, DbErr> {
    let mut channels: BTreeMap<ChannelId, Vec<i64>> = BTreeMap::new();
    for place in places {
        channels.entry(place.channel_id).or_default().push(place.seq);
    }
    let Some(at_places) = channels.into_iter().map(of_channel).reduce(ExprTrait::or) else {
        return Ok(Vec::new());
    };
    let rows = message::Entity::find().filter(at_places).all(domain.database.read()).await?;
    let mut messages = view::seen_by(domain, actor.id(), rows).await?;
    let place = |message: &Message| (message.created_at, message.channel_id, message.seq);
    messages.sort_by_key(|message| std::cmp::Reverse(place(message)));
    Ok(messages)
}

fn of_channel((channel_id, seqs): (ChannelId, Vec<i64>)) -> sea_orm::sea_query::Expr {
    message::Column::ChannelId.eq(channel_id).and(message::Column::Seq.is_in(seqs))
}
