//! Invitations: somebody is asked to become a member, and may say no.
//!
//! A row waits for an answer as long as its invitee is no member and the channel
//! is not archived. It stays when they have become one, so that accepting twice
//! is accepting once; it goes when they leave, decline, or it is withdrawn.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef, Select,
};
use serde::{Deserialize, Serialize};

use crate::account::{Actor, Username};
use crate::channel::change::Held;
use crate::channel::membership::check_active;
use crate::channel::named::people_named;
use crate::channel::rules::{self, Deed};
use crate::channel::{
    AccessError, ChangeError, Channel, ChannelRef, MemberRole, Refusal, find, view,
};
use crate::context::Domain;
use crate::entity::{channel, channel_head, invitation, membership};
use crate::id::{ChannelId, InvitationId, UserId};
use crate::timeline::{ChannelKind, ChannelSummary, Happening, HistoryVisibility, Person};

/// Somebody is asked to become a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Of what.
    pub channel: ChannelSummary,
    /// Who is asked.
    pub user: Person,
    /// Who asks.
    pub invited_by: Person,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// What inviting somebody led to.
#[derive(Debug)]
pub enum Invited {
    /// They are asked now.
    New(Invitation),
    /// They were asked before, perhaps by somebody else, and have not answered.
    Known(Invitation),
}

/// Which part of a list of invitations to read: those made before this one, newest
/// first.
#[derive(Clone, Copy, Debug)]
pub struct InvitationPage {
    /// Where the page before ended.
    pub before: Option<InvitationId>,
    /// At most so many.
    pub limit: u64,
}

/// Asks somebody to become a member.
///
/// # Errors
/// [`ChangeError`].
pub async fn invite(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
    username: Username,
) -> Result<Invited, ChangeError> {
    let mut held = Held::lock(domain, actor, reference).await?;
    rules::check(actor, &held.channel, Deed::Invite)?;
    let people = people_named(&held.transaction, &[username]).await?;
    let user = people.into_iter().next().ok_or(ChangeError::NoSuchMember)?;
    if held.is_member(user.id).await? {
        return Err(ChangeError::AlreadyAMember);
    }
    let pending = pending()
        .filter(invitation::Column::ChannelId.eq(held.channel.summary.id))
        .filter(invitation::Column::UserId.eq(user.id));
    if let Some(row) = pending.into_model::<Row>().one(&held.transaction).await? {
        let known = with_people(domain, vec![row]).await?.pop();
        return Ok(Invited::Known(known.ok_or(ChangeError::NoSuchInvitation)?));
    }
    let invitation = Invitation {
        id: InvitationId::generate(),
        channel: held.channel.summary.clone(),
        user: user.clone(),
        invited_by: Person::from(&*actor.user),
        created_at: domain.clock.now(),
    };
    insert(&held.transaction, &invitation).await?;
    check_active(&held.transaction, vec![user.id]).await?;
    held.append(actor, Happening::MemberInvited(user));
    held.commit(domain).await?;
    Ok(Invited::New(invitation))
}

/// What the actor was asked and has not answered.
///
/// # Errors
/// If the database fails.
pub async fn invitations_of(
    domain: &Domain,
    actor: &Actor,
    page: InvitationPage,
) -> Result<Vec<Invitation>, DbErr> {
    read(domain, pending().filter(invitation::Column::UserId.eq(actor.id())), page).await
}

/// Who was asked into a channel and has not answered, for those who may ask.
///
/// # Errors
/// [`ChangeError`].
pub async fn invitations_into(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
    page: InvitationPage,
) -> Result<Vec<Invitation>, ChangeError> {
    let channel = find(domain, actor, reference).await?;
    rules::permit(actor, &channel, Deed::Invite)?;
    let into = pending().filter(invitation::Column::ChannelId.eq(channel.summary.id));
    Ok(read(domain, into, page).await?)
}

/// Becomes a member, as the actor was asked. Who has become one already stays one,
/// and nothing happens on the timeline.
///
/// # Errors
/// [`ChangeError`].
pub async fn accept(
    domain: &Domain,
    actor: &Actor,
    id: InvitationId,
) -> Result<Channel, ChangeError> {
    let (mut held, _) = lock(domain, actor, id, Side::Invitee).await?;
    let reference = held.reference();
    if held.channel.mine.role.is_none() {
        held.admit(None, vec![(Person::from(&*actor.user), MemberRole::Member)]).await?;
        held.commit(domain).await?;
    }
    Ok(find(domain, actor, &reference).await?)
}

/// Declines. Nobody is told.
///
/// # Errors
/// [`ChangeError`].
pub async fn reject(domain: &Domain, actor: &Actor, id: InvitationId) -> Result<(), ChangeError> {
    let (held, _) = lock(domain, actor, id, Side::Invitee).await?;
    if held.channel.mine.role.is_some() {
        return Err(ChangeError::NoSuchInvitation);
    }
    delete(held, domain, id).await
}

/// Takes an invitation back: one's own, or as a moderator.
///
/// # Errors
/// [`ChangeError`].
pub async fn withdraw(domain: &Domain, actor: &Actor, id: InvitationId) -> Result<(), ChangeError> {
    let (held, row) = lock(domain, actor, id, Side::Channel).await?;
    let asked_it = row.invited_by == actor.id() && held.channel.mine.role.is_some();
    if !asked_it {
        match rules::permit(actor, &held.channel, Deed::Withdraw) {
            Err(Refusal::NotAMember) => return Err(ChangeError::NoSuchInvitation),
            permitted => permitted?,
        }
    }
    if held.is_member(row.user_id).await? {
        return Err(ChangeError::NoSuchInvitation);
    }
    delete(held, domain, id).await
}

/// From where somebody comes to an invitation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Invitee,
    Channel,
}

/// Locks the channel of an invitation that the actor may know of.
async fn lock(
    domain: &Domain,
    actor: &Actor,
    id: InvitationId,
    side: Side,
) -> Result<(Held, invitation::Model), ChangeError> {
    let known = |row: &invitation::Model| side == Side::Channel || row.user_id == actor.id();
    let row = find_row(domain.database.read(), id).await?.filter(known);
    let channel_id = row.ok_or(ChangeError::NoSuchInvitation)?.channel_id;
    let held = match Held::lock_unseen(domain, actor, channel_id).await {
        Err(AccessError::NotFound) => return Err(ChangeError::NoSuchInvitation),
        held => held?,
    };
    // Again, as it may have been answered until the lock was had.
    let row = find_row(&held.transaction, id).await?.ok_or(ChangeError::NoSuchInvitation)?;
    let visible = side == Side::Invitee || held.channel.is_visible();
    if !visible || held.channel.summary.archived_at.is_some() {
        return Err(ChangeError::NoSuchInvitation);
    }
    Ok((held, row))
}

async fn find_row(
    connection: &impl ConnectionTrait,
    id: InvitationId,
) -> Result<Option<invitation::Model>, DbErr> {
    invitation::Entity::find_by_id(id).one(connection).await
}

async fn insert(connection: &impl ConnectionTrait, made: &Invitation) -> Result<(), DbErr> {
    invitation::Entity::insert(invitation::ActiveModel {
        id: Set(made.id),
        channel_id: Set(made.channel.id),
        user_id: Set(made.user.id),
        invited_by: Set(made.invited_by.id),
        created_at: Set(made.created_at),
    })
    .exec_without_returning(connection)
    .await
    .map(|_| ())
}

async fn delete(held: Held, domain: &Domain, id: InvitationId) -> Result<(), ChangeError> {
    invitation::Entity::delete_by_id(id).exec(&held.transaction).await?;
    Ok(held.commit(domain).await?)
}

/// An invitation and its channel, as one row.
#[derive(FromQueryResult)]
struct Row {
    invitation_id: InvitationId,
    user_id: UserId,
    invited_by: UserId,
    invited_at: DateTime<Utc>,
    id: ChannelId,
    name: String,
    kind: ChannelKind,
    description: Option<String>,
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
    history: HistoryVisibility,
}

/// The invitations that wait for an answer: filter them.
fn pending() -> Select<channel::Entity> {
    channel::Entity::find()
        .column_as(invitation::Column::Id, "invitation_id")
        .columns([invitation::Column::UserId, invitation::Column::InvitedBy])
        .column_as(invitation::Column::CreatedAt, "invited_at")
        .join(JoinType::InnerJoin, view::its_head())
        .join(JoinType::InnerJoin, its_invitation())
        .join(JoinType::LeftJoin, membership_of_invitee())
        .filter(channel_head::Column::ArchivedAt.is_null())
        .filter(membership::Column::UserId.is_null())
}

async fn read(
    domain: &Domain,
    mut select: Select<channel::Entity>,
    page: InvitationPage,
) -> Result<Vec<Invitation>, DbErr> {
    if let Some(id) = page.before {
        select = select.filter(invitation::Column::Id.lt(id));
    }
    let rows = select
        .order_by_desc(invitation::Column::Id)
        .limit(page.limit)
        .into_model::<Row>()
        .all(domain.database.read())
        .await?;
    with_people(domain, rows).await
}

async fn with_people(domain: &Domain, rows: Vec<Row>) -> Result<Vec<Invitation>, DbErr> {
    let ids = rows.iter().flat_map(|row| [row.user_id, row.invited_by]).collect();
    let people = domain.people.get(domain.database.read(), ids).await?;
    let invitation = |row: Row| {
        let user = people.get(&row.user_id)?.clone();
        let invited_by = people.get(&row.invited_by)?.clone();
        Some(row.with(user, invited_by))
    };
    Ok(rows.into_iter().filter_map(invitation).collect())
}

impl Row {
    fn with(self, user: Person, invited_by: Person) -> Invitation {
        let channel = ChannelSummary {
            id: self.id,
            name: self.name,
            kind: self.kind,
            description: self.description,
            created_by: self.created_by,
            created_at: self.created_at,
            history: self.history,
            archived_at: None,
        };
        let (id, created_at) = (self.invitation_id, self.invited_at);
        Invitation { id, channel, user, invited_by, created_at }
    }
}

/// `channel (id)` → `invitation (channel_id)`.
fn its_invitation() -> RelationDef {
    channel::Entity::belongs_to(invitation::Entity)
        .from(channel::Column::Id)
        .to(invitation::Column::ChannelId)
        .into()
}

/// `invitation (channel_id, user_id)` → `membership (channel_id, user_id)`.
fn membership_of_invitee() -> RelationDef {
    invitation::Entity::belongs_to(membership::Entity)
        .from(invitation::Column::ChannelId)
        .to(membership::Column::ChannelId)
        .on_condition(|invitations, memberships| {
            Condition::all().add(
                Expr::col((invitations, invitation::Column::UserId))
                    .equals((memberships, membership::Column::UserId)),
            )
        })
        .into()
}
