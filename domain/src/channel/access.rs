//! Who may see a channel, and who may write to it.

use std::time::Duration;

use moka::sync::Cache;
use sea_orm::{ColumnTrait, DbErr, QueryFilter};

use crate::account::Actor;
use crate::channel::view::{self, Row};
use crate::channel::{Channel, ChannelRef, MemberRole};
use crate::context::Domain;
use crate::entity::channel;
use crate::id::{ChannelId, UserId};
use crate::timeline::{ChannelKind, ChannelSummary};

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
    let row = row(domain, actor.id(), reference).await?.ok_or(AccessError::NotFound)?;
    if row.kind != ChannelKind::Public && row.role.is_none() {
        return Err(AccessError::NotFound);
    }
    Ok(row.into())
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
/// outdated one does no harm: the committer checks again, under the lock.
#[derive(Clone)]
pub struct AccessCache {
    members: Cache<(UserId, ChannelRef), ChannelId>,
}

impl Default for AccessCache {
    fn default() -> Self {
        let members =
            Cache::builder().max_capacity(100_000).time_to_live(Duration::from_secs(10)).build();
        Self { members }
    }
}

impl AccessCache {
    pub(crate) fn forget(&self, user_id: UserId, channel: &ChannelSummary) {
        self.members.invalidate(&(user_id, ChannelRef::Id(channel.id)));
        if let Some(by_name) = ChannelRef::parse(&channel.name) {
            self.members.invalidate(&(user_id, by_name));
        }
    }
}

/// The channel that a send goes to; or, with the reason why it may not, the
/// channel that it would have gone to, if there is one.
pub(crate) async fn find_for_post(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<ChannelId, (AccessError, Option<ChannelId>)> {
    let key = (actor.id(), reference.clone());
    if let Some(id) = domain.access.members.get(&key) {
        return Ok(id);
    }
    let row = row(domain, actor.id(), reference).await.map_err(|error| (error.into(), None))?;
    match row {
        None => Err((AccessError::NotFound, None)),
        Some(row) if row.role.is_some() => {
            domain.access.members.insert(key, row.id);
            Ok(row.id)
        }
        Some(row) if row.kind == ChannelKind::Public => {
            Err((AccessError::NotAMember, Some(row.id)))
        }
        Some(row) => Err((AccessError::NotFound, Some(row.id))),
    }
}

async fn row(
    domain: &Domain,
    reader: UserId,
    reference: &ChannelRef,
) -> Result<Option<Row>, DbErr> {
    let condition = match reference {
        ChannelRef::Id(id) => channel::Column::Id.eq(*id),
        ChannelRef::Name(name) => channel::Column::Name.eq(name.as_ref()),
    };
    let seen = view::seen_by(reader).filter(condition);
    seen.into_model::<Row>().one(domain.database.read()).await
}
