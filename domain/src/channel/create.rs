//! Making a channel.

use std::collections::HashSet;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, JoinType, PaginatorTrait, QueryFilter,
    QuerySelect,
};

use crate::account::{Actor, Username};
use crate::channel::change::Held;
use crate::channel::membership::{self, Arrival};
use crate::channel::named::people_named;
use crate::channel::{
    AccessError, ChangeError, Channel, ChannelName, ChannelRef, MemberRole, find, view,
};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{channel, channel_head, membership as row};
use crate::id::{ChannelId, UserId};
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
    /// What newcomers see of what was said before.
    pub history: HistoryVisibility,
    /// Who is a member from the start, besides its maker.
    pub members: Vec<Username>,
}

/// What creating a channel led to.
#[derive(Debug)]
pub enum Created {
    /// A new channel.
    New(Channel),
    /// It existed: the actor is a member of it now.
    Known(Channel),
}

/// Makes a channel, with the actor as its owner, in one transaction; or joins the
/// public channel that has the name, and adds the draft's members to it.
///
/// # Errors
/// [`ChangeError`].
pub async fn create(
    domain: &Domain,
    actor: &Actor,
    draft: ChannelDraft,
) -> Result<Created, ChangeError> {
    let summary = ChannelSummary {
        id: ChannelId::generate(),
        name: draft.name.as_ref().to_owned(),
        kind: draft.kind,
        description: draft.description.clone(),
        created_by: Some(actor.id()),
        created_at: domain.clock.now(),
        history: draft.history,
        archived_at: None,
    };
    let reference = ChannelRef::Id(summary.id);
    match insert(domain, actor, summary, &draft.members).await {
        Err(ChangeError::NameTaken) => join_existing(domain, actor, draft).await,
        made => {
            made?;
            Ok(Created::New(find(domain, actor, &reference).await?))
        }
    }
}

async fn insert(
    domain: &Domain,
    actor: &Actor,
    summary: ChannelSummary,
    members: &[Username],
) -> Result<(), ChangeError> {
    let transaction = domain.database.write().await?;
    let others = people_named(&transaction, members).await?;
    let maker = Person::from(&*actor.user);
    let others = others.into_iter().filter(|person| person.id != maker.id);
    let others = others.map(|person| (person, MemberRole::Member));
    let people = std::iter::once((maker.clone(), MemberRole::Owner)).chain(others).collect();
    found(domain, transaction, Founding { actor_id: maker.id, summary, people }).await
}

/// A channel that begins with these people in it.
pub(crate) struct Founding {
    pub(crate) actor_id: UserId,
    pub(crate) summary: ChannelSummary,
    pub(crate) people: Vec<(Person, MemberRole)>,
}

/// Makes a channel and commits.
///
/// # Errors
/// [`ChangeError::NameTaken`], [`ChangeError::TooMany`], or of the database.
pub(crate) async fn found(
    domain: &Domain,
    transaction: Transaction,
    founding: Founding,
) -> Result<(), ChangeError> {
    let Founding { actor_id, summary, people } = founding;
    let (channel_id, history) = (summary.id, summary.history);
    let mut timeline =
        timeline::Writer::create(&transaction, channel_id, summary.created_at).await?;
    insert_row(&transaction, &summary).await.map_err(ChangeError::of_name)?;
    check_room(&transaction, actor_id, domain.limits.channels_per_user).await?;
    timeline.append(channel_id, actor_id, Happening::ChannelCreated(summary));
    let arrival = Arrival { channel_id, history, actor_id: Some(actor_id), people };
    membership::begin(&transaction, &mut timeline, arrival).await?;
    domain.publish(timeline.commit(transaction).await?);
    Ok(())
}

/// Refuses one channel too many: the new one is counted. Of requests at the same time
/// none sees the others', so that they may leave a few more.
async fn check_room(
    transaction: &Transaction,
    maker: UserId,
    limit: u64,
) -> Result<(), ChangeError> {
    let made = channel::Entity::find()
        .join(JoinType::InnerJoin, view::its_head())
        .filter(channel::Column::CreatedBy.eq(maker))
        .filter(channel_head::Column::ArchivedAt.is_null())
        .count(transaction)
        .await?;
    if made > limit { Err(ChangeError::TooMany(limit)) } else { Ok(()) }
}

async fn insert_row(transaction: &Transaction, summary: &ChannelSummary) -> Result<(), DbErr> {
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
) -> Result<Created, ChangeError> {
    if draft.kind != ChannelKind::Public {
        return Err(ChangeError::NameTaken);
    }
    let mut held = match Held::lock(domain, actor, &ChannelRef::Name(draft.name)).await {
        Err(AccessError::NotFound | AccessError::NotAMember) => return Err(ChangeError::NameTaken),
        held => held?,
    };
    let summary = &held.channel.summary;
    if summary.kind != ChannelKind::Public || summary.archived_at.is_some() {
        return Err(ChangeError::NameTaken);
    }
    let reference = held.reference();
    let mut others = people_named(&held.transaction, &draft.members).await?;
    others.retain(|person| person.id != actor.id());
    if held.channel.mine.role.is_none() {
        held.admit(None, vec![(Person::from(&*actor.user), MemberRole::Member)]).await?;
    }
    // Whoever is in a public channel may bring others.
    let present = present(&held, &others).await?;
    others.retain(|person| !present.contains(&person.id));
    let others = others.into_iter().map(|person| (person, MemberRole::Member)).collect();
    held.admit(Some(actor.id()), others).await?;
    held.commit(domain).await?;
    Ok(Created::Known(find(domain, actor, &reference).await?))
}

/// Which of these people are members.
async fn present(held: &Held, people: &[Person]) -> Result<HashSet<UserId>, DbErr> {
    let ids = row::Entity::find()
        .select_only()
        .column(row::Column::UserId)
        .filter(row::Column::ChannelId.eq(held.channel.summary.id))
        .filter(row::Column::UserId.is_in(people.iter().map(|person| person.id)))
        .into_tuple::<UserId>()
        .all(&held.transaction)
        .await?;
    Ok(ids.into_iter().collect())
}
