//! Making a channel.

use sea_orm::{ActiveValue::Set, DatabaseTransaction, DbErr, EntityTrait};

use crate::account::Actor;
use crate::channel::{
    AccessError, Channel, ChannelName, ChannelRef, MemberRole, Mine, find, join, membership,
};
use crate::context::Domain;
use crate::database::{Failure, classify};
use crate::entity::channel;
use crate::id::ChannelId;
use crate::timeline::{self, ChannelKind, ChannelSummary, Happening, HistoryVisibility, Person};

/// A channel to be made.
#[derive(Clone, Debug)]
pub struct ChannelDraft {
    /// Its name.
    pub name: ChannelName,
    /// Who may see it.
    pub kind: ChannelKind,
    /// What it is for.
    pub description: Option<String>,
}

/// What creating a channel led to.
#[derive(Debug)]
pub enum Created {
    /// A new channel, owned by the actor.
    New(Channel),
    /// A public channel of that name existed: the actor is a member now.
    Joined(Channel),
}

/// Why there is no channel to be in.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The name belongs to a private or an archived channel, or a private one
    /// was asked for and the name is taken.
    #[error("the name is taken")]
    NameTaken,
    /// The database failed.
    #[error("database error while creating a channel")]
    Database(#[from] DbErr),
}

/// Makes a channel and joins the actor to it, in one transaction; or joins the
/// public channel that has the name.
///
/// # Errors
/// [`CreateError`].
pub async fn create(
    domain: &Domain,
    actor: &Actor,
    draft: ChannelDraft,
) -> Result<Created, CreateError> {
    match insert(domain, actor, &draft).await {
        Err(error) if classify(&error) == Failure::Conflict => {
            join_existing(domain, actor, draft).await
        }
        created => Ok(Created::New(created?)),
    }
}

async fn insert(domain: &Domain, actor: &Actor, draft: &ChannelDraft) -> Result<Channel, DbErr> {
    let transaction = domain.database.write().await?;
    let now = domain.clock.now();
    let summary = ChannelSummary {
        id: ChannelId::generate(),
        name: draft.name.as_ref().to_owned(),
        kind: draft.kind,
        description: draft.description.clone(),
        created_by: Some(actor.id()),
        created_at: now,
        history: HistoryVisibility::All,
        archived_at: None,
    };
    let mut timeline = timeline::Writer::create(&transaction, summary.id, now).await?;
    insert_row(&transaction, &summary).await?;
    timeline.append(summary.id, actor.id(), Happening::ChannelCreated(summary.clone()));
    let person = Person::from(&*actor.user);
    let owner = MemberRole::Owner;
    membership::insert_as(&transaction, &mut timeline, summary.id, &person, owner).await?;
    let last_seq = timeline.head(summary.id).map_or(0, |head| head.last_seq);
    domain.publish(timeline.commit(transaction).await?);
    let mine = Mine {
        role: Some(owner),
        read_seq: Some(last_seq),
        unread: Some(0),
        unread_mentions: Some(0),
        cleared_seq: Some(0),
        muted: Some(false),
    };
    Ok(Channel { summary, last_seq, mine })
}

async fn insert_row(
    transaction: &DatabaseTransaction,
    summary: &ChannelSummary,
) -> Result<(), DbErr> {
    channel::Entity::insert(channel::ActiveModel {
        id: Set(summary.id),
        name: Set(summary.name.clone()),
        kind: Set(summary.kind),
        description: Set(summary.description.clone()),
        created_by: Set(summary.created_by),
        created_at: Set(summary.created_at),
        history: Set(summary.history),
    })
    .exec_without_returning(transaction)
    .await
    .map(|_| ())
}

/// Only a name that anybody may see leads anywhere; every other taken name
/// gets one and the same answer.
async fn join_existing(
    domain: &Domain,
    actor: &Actor,
    draft: ChannelDraft,
) -> Result<Created, CreateError> {
    let reference = ChannelRef::Name(draft.name);
    let joinable = match find(domain, actor, &reference).await {
        Ok(Channel { summary, .. }) => {
            summary.kind == ChannelKind::Public && summary.archived_at.is_none()
        }
        Err(AccessError::Database(error)) => return Err(error.into()),
        Err(AccessError::NotFound | AccessError::NotAMember) => false,
    };
    if draft.kind != ChannelKind::Public || !joinable {
        return Err(CreateError::NameTaken);
    }
    match join(domain, actor, &reference).await {
        Ok(channel) => Ok(Created::Joined(channel)),
        Err(AccessError::Database(error)) => Err(error.into()),
        Err(AccessError::NotFound | AccessError::NotAMember) => Err(CreateError::NameTaken),
    }
}
