//! What a membership is, how it begins and how it ends.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::prelude::StringLen;
use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, DeriveActiveEnum, EntityTrait, EnumIter,
    JoinType, Order, QueryFilter, QueryOrder, QuerySelect, RelationDef,
};
use serde::{Deserialize, Serialize};

use crate::channel::Membership;
use crate::channel::view::membership_of;
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{channel, invitation, membership, user_account};
use crate::id::{ChannelId, UserId};
use crate::timeline::{ChannelKind, Happening, HistoryVisibility, Person, UserKind, Writer};

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

/// People who become members of one channel, none of whom is one.
pub(crate) struct Arrival {
    pub(crate) channel_id: ChannelId,
    /// What they see of what was said before.
    pub(crate) history: HistoryVisibility,
    /// Who lets them in; `None`: each comes by themselves.
    pub(crate) actor_id: Option<UserId>,
    pub(crate) people: Vec<(Person, MemberRole)>,
}

/// Somebody whose membership ends.
pub(crate) struct Departure<'a> {
    pub(crate) channel_id: ChannelId,
    /// Who ends it.
    pub(crate) actor_id: UserId,
    pub(crate) person: &'a Person,
}

/// The channels of each of these people: what their sockets are to hear, and
/// how much of it they may see.
///
/// # Errors
/// If the database fails.
pub async fn memberships_of(
    domain: &Domain,
    people: Vec<UserId>,
) -> Result<BTreeMap<UserId, HashMap<ChannelId, Membership>>, DbErr> {
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
    let mut memberships: BTreeMap<UserId, HashMap<ChannelId, Membership>> = BTreeMap::new();
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

/// At most `limit` of the channels that somebody can leave, in the order of their
/// ids: all theirs but the direct ones.
pub(crate) async fn to_leave(
    connection: &impl ConnectionTrait,
    user_id: UserId,
    limit: u64,
) -> Result<Vec<ChannelId>, DbErr> {
    channel::Entity::find()
        .select_only()
        .column(channel::Column::Id)
        .join(JoinType::InnerJoin, membership_of(user_id))
        .filter(channel::Column::Kind.ne(ChannelKind::Direct))
        .order_by_asc(channel::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await
}

/// Makes somebody a member of a channel that `timeline` holds locked.
pub(crate) async fn insert(
    transaction: &Transaction,
    timeline: &mut Writer,
    channel_id: ChannelId,
    person: &Person,
) -> Result<(), DbErr> {
    let row = channel::Entity::find_by_id(channel_id).one(transaction).await?;
    let history = row.map(|channel| channel.history).unwrap_or_default();
    let people = vec![(person.clone(), MemberRole::Member)];
    begin(transaction, timeline, Arrival { channel_id, history, actor_id: None, people }).await
}

/// Makes people members of a channel that `timeline` holds locked.
pub(crate) async fn begin(
    transaction: &Transaction,
    timeline: &mut Writer,
    arrival: Arrival,
) -> Result<(), DbErr> {
    let Arrival { channel_id, history, actor_id, people } = arrival;
    let message_count = timeline.head(channel_id).map_or(0, |head| head.message_count);
    let ids = people.iter().map(|(person, _)| person.id).collect();
    let mut rows = Vec::with_capacity(people.len());
    for (person, role) in people {
        let user_id = person.id;
        let joined = timeline
            .append(channel_id, actor_id.unwrap_or(user_id), Happening::MemberJoined(person, role))
            .ok_or_else(|| DbErr::RecordNotFound(format!("head of channel {channel_id}")))?;
        let cleared_seq = match history {
            HistoryVisibility::All => 0,
            HistoryVisibility::SinceJoining => joined.seq - 1,
        };
        rows.push(membership::ActiveModel {
            channel_id: Set(channel_id),
            user_id: Set(user_id),
            role: Set(role),
            joined_at: Set(joined.at),
            joined_seq: Set(joined.seq),
            read_seq: Set(joined.seq),
            read_count: Set(message_count),
            muted: Set(false),
            cleared_seq: Set(cleared_seq),
        });
    }
    if rows.is_empty() {
        return Ok(());
    }
    membership::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    check_active(transaction, ids).await
}

/// Who closes an account looks where it is a member while they hold its row locked,
/// and a membership waits for that row, to which it refers. So one of the two sees
/// the other, if this looks afterwards.
pub(crate) async fn check_active(
    transaction: &Transaction,
    people: Vec<UserId>,
) -> Result<(), DbErr> {
    let closed = user_account::Entity::find()
        .filter(user_account::Column::Id.is_in(people))
        .filter(user_account::Column::DeactivatedAt.is_not_null())
        .one(transaction)
        .await?;
    match closed {
        Some(row) => Err(DbErr::RecordNotFound(format!("active account {}", row.id))),
        None => Ok(()),
    }
}

/// Ends somebody's membership of a channel that `timeline` holds locked; `false`
/// if they had none. The last owner is followed by the moderator who has been
/// there longest, else by the member who has: a channel that has people has
/// somebody who may care for it. The successor comes first on the timeline, so
/// that at no number the channel is without an owner.
pub(crate) async fn end(
    transaction: &Transaction,
    timeline: &mut Writer,
    departure: Departure<'_>,
) -> Result<bool, DbErr> {
    let Departure { channel_id, actor_id, person } = departure;
    let Some(row) = find(transaction, channel_id, person.id).await? else { return Ok(false) };
    if row.role == MemberRole::Owner
        && let Some((next, successor)) = first_but(transaction, channel_id, person.id).await?
        && next.role != MemberRole::Owner
    {
        set_role(transaction, channel_id, successor.id, MemberRole::Owner).await?;
        let happening = Happening::MemberUpdated(successor, MemberRole::Owner);
        timeline.append(channel_id, actor_id, happening);
    }
    membership::Entity::delete_by_id((channel_id, person.id)).exec(transaction).await?;
    // Who was invited into it once is not invited into it again by leaving.
    invitation::Entity::delete_many()
        .filter(invitation::Column::ChannelId.eq(channel_id))
        .filter(invitation::Column::UserId.eq(person.id))
        .exec(transaction)
        .await?;
    timeline.append(channel_id, actor_id, Happening::MemberLeft(person.clone()));
    Ok(true)
}

/// Somebody's membership, if they have one.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<Option<membership::Model>, DbErr> {
    membership::Entity::find_by_id((channel_id, user_id)).one(connection).await
}

/// Sets what a member may do.
pub(crate) async fn set_role(
    transaction: &Transaction,
    channel_id: ChannelId,
    user_id: UserId,
    role: MemberRole,
) -> Result<(), DbErr> {
    membership::Entity::update_many()
        .col_expr(membership::Column::Role, Expr::value(role))
        .filter(membership::Column::ChannelId.eq(channel_id))
        .filter(membership::Column::UserId.eq(user_id))
        .exec(transaction)
        .await
        .map(|_| ())
}

/// Of the people in a channel who can sign in, all but one, the one who may do
/// most; of several the one who has been there longest.
pub(crate) async fn first_but(
    connection: &impl ConnectionTrait,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<Option<(membership::Model, Person)>, DbErr> {
    let role = |role: MemberRole| membership::Column::Role.eq(role);
    let rank: Expr = CaseStatement::new()
        .case(role(MemberRole::Owner), 0)
        .case(role(MemberRole::Moderator), 1)
        .finally(2)
        .into();
    let row = membership::Entity::find()
        .join(JoinType::InnerJoin, its_user())
        .select_also(user_account::Entity)
        .filter(membership::Column::ChannelId.eq(channel_id))
        .filter(membership::Column::UserId.ne(user_id))
        .filter(user_account::Column::DeactivatedAt.is_null())
        .filter(user_account::Column::Kind.eq(UserKind::Human))
        .order_by(rank, Order::Asc)
        .order_by_asc(membership::Column::JoinedSeq)
        .limit(1)
        .one(connection)
        .await?;
    let person = |user: user_account::Model| Person::from(&crate::account::User::from(user));
    Ok(row.and_then(|(member, user)| Some((member, person(user?)))))
}

/// `membership (user_id)` → `user_account (id)`.
pub(crate) fn its_user() -> RelationDef {
    membership::Entity::belongs_to(user_account::Entity)
        .from(membership::Column::UserId)
        .to(user_account::Column::Id)
        .into()
}
