//! Who may see a channel, and who may write to it.

use std::time::Duration;

use moka::sync::Cache;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, QueryFilter,
    QuerySelect,
};
use tokio::time::Instant;

use crate::account::Actor;
use crate::channel::view::{self, Row};
use crate::channel::{Channel, ChannelRef, MemberRole};
use crate::context::Domain;
use crate::entity::{channel, membership};
use crate::id::{ChannelId, UserId};
use crate::timeline::ChannelKind;

/// A member's place in a channel.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The channel as they see it.
    pub channel: Channel,
    /// What they may do in it.
    pub role: MemberRole,
    /// What they may see of its past.
    pub sight: Sight,
}

/// What of a channel's past one member may see. Everything that shows messages
/// asks it: pages, single messages, events, frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Messages with numbers up to this one are hidden.
    pub cleared_seq: i64,
}

/// As much of somebody's membership as decides what reaches them. Of two
/// readings of the same person in the same channel the greater is the later:
/// who joins again does so by a higher number, and what was cleared stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// The number of the event that made them a member.
    pub joined_seq: i64,
    /// Messages with numbers up to this one are hidden from them.
    pub cleared_seq: i64,
}

impl Membership {
    /// What the member may see.
    #[must_use]
    pub fn sight(self) -> Sight {
        Sight { cleared_seq: self.cleared_seq }
    }
}

impl Sight {
    /// What somebody sees who is no member: no message.
    pub const NOTHING: Self = Self { cleared_seq: i64::MAX };

    /// Whether the message with this number may be seen.
    #[must_use]
    pub fn shows(self, message_seq: i64) -> bool {
        message_seq > self.cleared_seq
    }
}

/// Why an actor gets nowhere with a channel.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// There is none, or they may not know that there is: the same answer.
    #[error("there is no such channel")]
    NotFound,
    /// They may see it, but have not joined it.
    #[error("you are not a member of this channel")]
    NotAMember,
    /// The database failed.
    #[error("database error while looking up a channel")]
    Database(#[from] DbErr),
}

/// Finds a channel that the actor may see: a public one, or their own.
///
/// # Errors
/// [`AccessError`].
pub async fn find(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<Channel, AccessError> {
    let channel = look_up(domain.database.read(), actor, reference).await?;
    channel.filter(Channel::is_visible).ok_or(AccessError::NotFound)
}

/// A channel as the actor would see it, whether they may or not; on a transaction
/// it is what that has locked.
pub(crate) async fn look_up(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<Option<Channel>, DbErr> {
    let seen = view::seen_by(actor.id()).filter(named(reference));
    let row = seen.into_model::<Row>().one(connection).await?;
    let mut channels: Vec<Channel> = row.map(Channel::from).into_iter().collect();
    view::show_members(connection, actor.id(), &mut channels).await?;
    Ok(channels.pop())
}

/// Finds a channel that the actor is a member of: what every read and write of
/// its contents begins with.
///
/// # Errors
/// [`AccessError`].
pub async fn require_member(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<Seat, AccessError> {
    let channel = find(domain, actor, reference).await?;
    let role = channel.mine.role.ok_or(AccessError::NotAMember)?;
    let sight = Sight { cleared_seq: channel.mine.cleared_seq.unwrap_or(0) };
    Ok(Seat { channel, role, sight })
}

/// Memberships seen lately on this node, for the first check of a send. An
/// outdated one does no harm: the committer checks again, under the lock. They
/// are remembered by the channel's id only, as its name may become another's; and
/// with the time, by tokio's clock, which a simulation can pause.
#[derive(Clone)]
pub struct AccessCache {
    members: Cache<(UserId, ChannelId), Instant>,
}

/// How long a membership is believed.
const BELIEVED: Duration = Duration::from_secs(10);

impl Default for AccessCache {
    fn default() -> Self {
        Self { members: Cache::new(100_000) }
    }
}

impl AccessCache {
    fn knows(&self, user_id: UserId, channel_id: ChannelId) -> bool {
        self.members.get(&(user_id, channel_id)).is_some_and(|seen| seen.elapsed() < BELIEVED)
    }

    pub(crate) fn forget(&self, user_id: UserId, channel_id: ChannelId) {
        self.members.invalidate(&(user_id, channel_id));
    }
}

/// What decides whether a send may begin.
#[derive(FromQueryResult)]
struct Door {
    id: ChannelId,
    kind: ChannelKind,
    role: Option<MemberRole>,
}

/// The channel that a send goes to; or, with the reason why it may not, the
/// channel that it would have gone to, if there is one.
pub(crate) async fn find_for_post(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<ChannelId, (AccessError, Option<ChannelId>)> {
    if let ChannelRef::Id(id) = reference
        && domain.access.knows(actor.id(), *id)
    {
        return Ok(*id);
    }
    let door = door(domain, actor.id(), reference).await;
    match door.map_err(|error| (error.into(), None))? {
        None => Err((AccessError::NotFound, None)),
        Some(door) if door.role.is_some() => {
            domain.access.members.insert((actor.id(), door.id), Instant::now());
            Ok(door.id)
        }
        Some(door) if door.kind == ChannelKind::Public => {
            Err((AccessError::NotAMember, Some(door.id)))
        }
        Some(door) => Err((AccessError::NotFound, Some(door.id))),
    }
}

async fn door(
    domain: &Domain,
    reader: UserId,
    reference: &ChannelRef,
) -> Result<Option<Door>, DbErr> {
    channel::Entity::find()
        .select_only()
        .columns([channel::Column::Id, channel::Column::Kind])
        .column(membership::Column::Role)
        .join(JoinType::LeftJoin, view::membership_of(reader))
        .filter(named(reference))
        .into_model::<Door>()
        .one(domain.database.read())
        .await
}

fn named(reference: &ChannelRef) -> Expr {
    match reference {
        ChannelRef::Id(id) => channel::Column::Id.eq(*id),
        ChannelRef::Name(name) => channel::Column::Name.eq(name.as_ref()),
    }
}
