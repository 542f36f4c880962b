//! Changing a channel: one transaction, which locks its head, looks again at
//! what the actor may do, and publishes what it has committed.

use sea_orm::DbErr;

use crate::account::Actor;
use crate::channel::access::look_up;
use crate::channel::membership::{self, Arrival, Departure};
use crate::channel::{AccessError, Channel, ChannelRef, MemberRole, Refusal, find};
use crate::context::Domain;
use crate::database::{Failure, Transaction, classify};
use crate::id::{ChannelId, UserId};
use crate::timeline::{self, ChannelSummary, Happening, Person};

/// Why a channel was not changed. Nothing was stored then.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The actor gets nowhere with it.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The actor sees it, but may not do this to it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The name is another channel's, which the actor may not know of.
    #[error("the name is taken")]
    NameTaken,
    /// The actor has made as many channels as one person may.
    #[error("you have made {0} channels that are not archived, as many as one person may")]
    TooMany(u64),
    /// The channel would have no owner.
    #[error("the channel's last owner stays its owner: make somebody else one first")]
    LastOwner,
    /// Nobody of that name is a member.
    #[error("there is no such member")]
    NoSuchMember,
    /// Somebody who is a member cannot be invited.
    #[error("they are a member already")]
    AlreadyAMember,
    /// There is no such invitation (any more), or not for the actor.
    #[error("there is no such invitation")]
    NoSuchInvitation,
    /// Nobody has these usernames, or not any more.
    #[error("nobody here is called {}", .0.join(", "))]
    UnknownPeople(Vec<String>),
}

impl From<DbErr> for ChangeError {
    fn from(error: DbErr) -> Self {
        Self::Access(error.into())
    }
}

impl ChangeError {
    /// What it means that writing a channel's row failed.
    pub(crate) fn of_name(error: DbErr) -> Self {
        match classify(&error) {
            Failure::Conflict => Self::NameTaken,
            Failure::Transient | Failure::Data => error.into(),
        }
    }
}

/// A channel whose head a transaction holds locked. Dropped without
/// [`Held::commit`], nothing has happened.
pub(crate) struct Held {
    pub(crate) transaction: Transaction,
    pub(crate) timeline: timeline::Writer,
    /// As the actor sees it under the lock: it stays so until the commit.
    pub(crate) channel: Channel,
}

impl Held {
    /// Locks a channel that the actor may see.
    pub(crate) async fn lock(
        domain: &Domain,
        actor: &Actor,
        reference: &ChannelRef,
    ) -> Result<Self, AccessError> {
        // First without the lock, so that strangers keep no writer waiting.
        let id = find(domain, actor, reference).await?.summary.id;
        let held = Self::lock_unseen(domain, actor, id).await?;
        if held.channel.is_visible() { Ok(held) } else { Err(AccessError::NotFound) }
    }

    /// Locks a channel that the actor has other business with than seeing it.
    pub(crate) async fn lock_unseen(
        domain: &Domain,
        actor: &Actor,
        id: ChannelId,
    ) -> Result<Self, AccessError> {
        let transaction = domain.database.write().await?;
        let timeline = timeline::Writer::lock(&transaction, vec![id], domain.clock.now()).await?;
        let channel = look_up(&transaction, actor, &ChannelRef::Id(id)).await?;
        Ok(Self { transaction, timeline, channel: channel.ok_or(AccessError::NotFound)? })
    }

    pub(crate) fn reference(&self) -> ChannelRef {
        ChannelRef::Id(self.channel.summary.id)
    }

    /// Gives what the actor does its number.
    pub(crate) fn append(&mut self, actor: &Actor, happening: Happening) {
        self.timeline.append(self.channel.summary.id, actor.id(), happening);
    }

    /// Whether somebody is a member.
    pub(crate) async fn is_member(&self, user_id: UserId) -> Result<bool, DbErr> {
        let row = membership::find(&self.transaction, self.channel.summary.id, user_id).await?;
        Ok(row.is_some())
    }

    /// Makes people members, who are none yet. `by` is who lets them in, unless each
    /// comes by themselves.
    pub(crate) async fn admit(
        &mut self,
        by: Option<UserId>,
        people: Vec<(Person, MemberRole)>,
    ) -> Result<(), DbErr> {
        let ChannelSummary { id: channel_id, history, .. } = self.channel.summary;
        let arrival = Arrival { channel_id, history, actor_id: by, people };
        membership::begin(&self.transaction, &mut self.timeline, arrival).await
    }

    /// Ends somebody's membership, if they have one.
    pub(crate) async fn dismiss(&mut self, actor: &Actor, person: &Person) -> Result<(), DbErr> {
        let channel_id = self.channel.summary.id;
        let departure = Departure { channel_id, actor_id: actor.id(), person };
        membership::end(&self.transaction, &mut self.timeline, departure).await.map(drop)
    }

    /// Commits, and tells the nodes.
    pub(crate) async fn commit(self, domain: &Domain) -> Result<(), DbErr> {
        domain.publish(self.timeline.commit(self.transaction).await?);
        Ok(())
    }
}
