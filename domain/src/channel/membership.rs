//! Joining, leaving, and who is there.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::prelude::StringLen;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, DeriveActiveEnum,
    EntityTrait, EnumIter, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};

use crate::account::Actor;
use crate::channel::{AccessError, Channel, ChannelRef, Membership, find, require_member};
use crate::context::Domain;
use crate::entity::membership;
use crate::id::{ChannelId, UserId};
use crate::timeline::{self, Happening, Person};

/// What a member may do in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Enum))]
#[cfg_attr(feature = "openapi", oai(rename_all = "snake_case"))]
pub enum MemberRole {
    /// Made the channel, or was given it.
    Owner,
    /// Keeps order: invites, removes, edits the channel, pins, deletes messages.
    Moderator,
    /// Reads and writes.
    Member,
}

/// A member of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Member {
    /// Who.
    pub user: Person,
    /// What they may do here.
    pub role: MemberRole,
    /// Since when.
    pub joined_at: DateTime<Utc>,
}

/// Joins a public channel. Who is a member already joins nothing, and nothing
/// happens on the timeline.
///
/// # Errors
/// [`AccessError`].
pub async fn join(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<Channel, AccessError> {
    let channel = find(domain, actor, reference).await?;
    if channel.mine.role.is_some() {
        return Ok(channel);
    }
    let channel_id = channel.summary.id;
    let transaction = domain.database.write().await?;
    let mut timeline =
        timeline::Writer::lock(&transaction, vec![channel_id], domain.clock.now()).await?;
    let archived = timeline.head(channel_id).is_none_or(|head| head.archived_at.is_some());
    if archived {
        return Err(AccessError::NotFound);
    }
    // Looked up again under the lock: another request of the same person may have joined.
    if !is_member(&transaction, channel_id, actor.id()).await? {
        let person = Person::from(&*actor.user);
        insert(&transaction, &mut timeline, channel_id, &person).await?;
    }
    domain.publish(timeline.commit(transaction).await?);
    find(domain, actor, reference).await
}

/// Leaves a channel. Who is no member of a channel they may see leaves nothing.
///
/// # Errors
/// [`AccessError`].
pub async fn unsubscribe(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<(), AccessError> {
    let channel = find(domain, actor, reference).await?;
    let channel_id = channel.summary.id;
    let transaction = domain.database.write().await?;
    let mut timeline =
        timeline::Writer::lock(&transaction, vec![channel_id], domain.clock.now()).await?;
    if is_member(&transaction, channel_id, actor.id()).await? {
        membership::Entity::delete_by_id((channel_id, actor.id())).exec(&transaction).await?;
        let person = Person::from(&*actor.user);
        timeline.append(channel_id, actor.id(), Happening::MemberLeft(person));
    }
    domain.publish(timeline.commit(transaction).await?);
    domain.access.forget(actor.id(), &channel.summary);
    Ok(())
}

/// The members of a channel in the order of their ids, from the one after
/// `after`, for a member.
///
/// # Errors
/// [`AccessError`].
pub async fn members(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
    after: Option<UserId>,
    limit: u64,
) -> Result<Vec<Member>, AccessError> {
    let seat = require_member(domain, actor, reference).await?;
    let mut select = membership::Entity::find()
        .filter(membership::Column::ChannelId.eq(seat.channel.summary.id))
        .order_by_asc(membership::Column::UserId)
        .limit(limit);
    if let Some(after) = after {
        select = select.filter(membership::Column::UserId.gt(after));
    }
    let rows = select.all(domain.database.read()).await?;
    let ids = rows.iter().map(|row| row.user_id).collect();
    let mut people = domain.people.get(domain.database.read(), ids).await?;
    let member = |row: membership::Model| {
        let user = people.remove(&row.user_id)?;
        Some(Member { user, role: row.role, joined_at: row.joined_at })
    };
    Ok(rows.into_iter().filter_map(member).collect())
}

/// The channels of each of these people: what their sockets are to hear, and
/// how much of it they may see.
///
/// # Errors
/// If the database fails.
pub async fn memberships_of(
    domain: &Domain,
    people: Vec<UserId>,
) -> Result<HashMap<UserId, HashMap<ChannelId, Membership>>, DbErr> {
    let rows = membership::Entity::find()
        .select_only()
        .columns([
            membership::Column::UserId,
            membership::Column::ChannelId,
            membership::Column::JoinedSeq,
            membership::Column::ClearedSeq,
        ])
        .filter(membership::Column::UserId.is_in(people))
        .into_tuple::<(UserId, ChannelId, i64, i64)>()
        .all(domain.database.read())
        .await?;
    let mut memberships: HashMap<UserId, HashMap<ChannelId, Membership>> = HashMap::new();
    for (user_id, channel_id, joined_seq, cleared_seq) in rows {
        let membership = Membership { joined_seq, cleared_seq };
        memberships.entry(user_id).or_default().insert(channel_id, membership);
    }
    Ok(memberships)
}

/// At most `limit` members of a channel, whoever asks.
///
/// # Errors
/// If the database fails.
pub async fn first_members(
    domain: &Domain,
    channel_id: ChannelId,
    limit: u64,
) -> Result<Vec<UserId>, DbErr> {
    membership::Entity::find()
        .select_only()
        .column(membership::Column::UserId)
        .filter(membership::Column::ChannelId.eq(channel_id))
        .limit(limit)
        .into_tuple::<UserId>()
        .all(domain.database.read())
        .await
}

/// Makes somebody a member of a channel that `timeline` holds locked.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    timeline: &mut timeline::Writer,
    channel_id: ChannelId,
    person: &Person,
) -> Result<(), DbErr> {
    insert_as(transaction, timeline, channel_id, person, MemberRole::Member).await
}

/// As [`insert`], with a role.
pub(crate) async fn insert_as(
    transaction: &DatabaseTransaction,
    timeline: &mut timeline::Writer,
    channel_id: ChannelId,
    person: &Person,
    role: MemberRole,
) -> Result<(), DbErr> {
    let Some(joined) =
        timeline.append(channel_id, person.id, Happening::MemberJoined(person.clone(), role))
    else {
        return Err(DbErr::RecordNotFound(format!("head of channel {channel_id}")));
    };
    membership::Entity::insert(membership::ActiveModel {
        channel_id: Set(channel_id),
        user_id: Set(person.id),
        role: Set(role),
        joined_at: Set(joined.at),
        joined_seq: Set(joined.seq),
        read_seq: Set(joined.seq),
        muted: Set(false),
        cleared_seq: Set(0),
    })
    .exec_without_returning(transaction)
    .await
    .map(|_| ())
}

async fn is_member(
    connection: &impl ConnectionTrait,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<bool, DbErr> {
    Ok(membership::Entity::find_by_id((channel_id, user_id)).one(connection).await?.is_some())
}
