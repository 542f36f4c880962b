//! Who is in a channel, and what others do about it.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::account::{Actor, Username};
use crate::channel::change::Held;
use crate::channel::named::{people_named, person_named};
use crate::channel::rules::{self, Deed};
use crate::channel::{
    AccessError, ChangeError, ChannelRef, Member, MemberRole, membership, require_member,
    unsubscribe,
};
use crate::context::Domain;
use crate::entity::membership as row;
use crate::id::UserId;
use crate::timeline::{Happening, Person};

/// What adding somebody led to.
#[derive(Debug)]
pub enum Added {
    /// They are a member now.
    New(Member),
    /// They were one before, and nothing happened.
    Known(Member),
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
    let mut select = row::Entity::find()
        .filter(row::Column::ChannelId.eq(seat.channel.summary.id))
        .order_by_asc(row::Column::UserId)
        .limit(limit);
    if let Some(after) = after {
        select = select.filter(row::Column::UserId.gt(after));
    }
    let rows = select.all(domain.database.read()).await?;
    let ids = rows.iter().map(|row| row.user_id).collect();
    let mut people = domain.people.get(domain.database.read(), ids).await?;
    let member = |row: row::Model| Some(Member::of(people.remove(&row.user_id)?, &row));
    Ok(rows.into_iter().filter_map(member).collect())
}

/// Makes somebody a member, without asking them.
///
/// # Errors
/// [`ChangeError`].
pub async fn add_member(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
    username: Username,
) -> Result<Added, ChangeError> {
    let mut held = Held::lock(domain, actor, reference).await?;
    rules::check(actor, &held.channel, Deed::Invite)?;
    let people = people_named(&held.transaction, &[username]).await?;
    let person = people.into_iter().next().ok_or(ChangeError::NoSuchMember)?;
    if let Some(member) = held.member(&person).await? {
        return Ok(Added::Known(member));
    }
    held.admit(Some(actor.id()), vec![(person.clone(), MemberRole::Member)]).await?;
    let member = held.member(&person).await?.ok_or(ChangeError::NoSuchMember)?;
    held.commit(domain).await?;
    Ok(Added::New(member))
}

/// Ends somebody's membership. Who is no member is removed already. Removing
/// oneself is leaving.
///
/// # Errors
/// [`ChangeError`].
pub async fn remove_member(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
    username: &Username,
) -> Result<(), ChangeError> {
    if actor.user.username == username.as_ref() {
        return unsubscribe(domain, actor, reference).await;
    }
    let mut held = Held::lock(domain, actor, reference).await?;
    rules::check(actor, &held.channel, Deed::Remove(MemberRole::Member))?;
    let person =
        person_named(&held.transaction, username).await?.ok_or(ChangeError::NoSuchMember)?;
    let Some(member) = held.member(&person).await? else { return Ok(()) };
    rules::check(actor, &held.channel, Deed::Remove(member.role))?;
    held.dismiss(actor, &person).await?;
    let channel_id = held.channel.summary.id;
    held.commit(domain).await?;
    domain.access.forget(person.id, channel_id);
    Ok(())
}

/// Says what a member may do from now on. Who hands a channel over makes
/// somebody else an owner, and then themselves what they like: one owner stays.
///
/// # Errors
/// [`ChangeError`].
pub async fn appoint(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
    username: &Username,
    role: MemberRole,
) -> Result<Member, ChangeError> {
    let mut held = Held::lock(domain, actor, reference).await?;
    rules::check(actor, &held.channel, Deed::Appoint)?;
    let person =
        person_named(&held.transaction, username).await?.ok_or(ChangeError::NoSuchMember)?;
    let member = held.member(&person).await?.ok_or(ChangeError::NoSuchMember)?;
    if member.role == role {
        return Ok(member);
    }
    let channel_id = held.channel.summary.id;
    if member.role == MemberRole::Owner {
        let other = membership::first_but(&held.transaction, channel_id, person.id).await?;
        if other.is_none_or(|(row, _)| row.role != MemberRole::Owner) {
            return Err(ChangeError::LastOwner);
        }
    }
    membership::set_role(&held.transaction, channel_id, person.id, role).await?;
    held.append(actor, Happening::MemberUpdated(person, role));
    held.commit(domain).await?;
    Ok(Member { role, ..member })
}

impl Member {
    fn of(user: Person, row: &row::Model) -> Self {
        Self { user, role: row.role, joined_at: row.joined_at }
    }
}

impl Held {
    /// Somebody as a member, if they are one.
    async fn member(&self, person: &Person) -> Result<Option<Member>, DbErr> {
        let row = membership::find(&self.transaction, self.channel.summary.id, person.id).await?;
        Ok(row.map(|row| Member::of(person.clone(), &row)))
    }
}
