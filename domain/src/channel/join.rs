//! Joining and leaving, by oneself.

use crate::account::Actor;
use crate::channel::change::Held;
use crate::channel::{ChangeError, Channel, ChannelRef, MemberRole, Refusal, find};
use crate::context::Domain;
use crate::timeline::{ChannelKind, Person};

/// Joins a public channel. Who is a member already joins nothing, and nothing
/// happens on the timeline.
///
/// # Errors
/// [`ChangeError`].
pub async fn join(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<Channel, ChangeError> {
    let channel = find(domain, actor, reference).await?;
    if channel.mine.role.is_some() {
        return Ok(channel);
    }
    let mut held = Held::lock(domain, actor, reference).await?;
    if held.channel.summary.archived_at.is_some() {
        return Err(Refusal::Archived.into());
    }
    let reference = held.reference();
    // Under the lock: another request of the same person may have joined.
    if held.channel.mine.role.is_none() {
        held.admit(None, vec![(Person::from(&*actor.user), MemberRole::Member)]).await?;
        held.commit(domain).await?;
    }
    Ok(find(domain, actor, &reference).await?)
}

/// Leaves a channel, archived or not. Who is no member of a channel they may see
/// leaves nothing.
///
/// # Errors
/// [`ChangeError`].
pub async fn unsubscribe(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<(), ChangeError> {
    let mut held = Held::lock(domain, actor, reference).await?;
    if held.channel.summary.kind == ChannelKind::Direct {
        return Err(Refusal::Direct.into());
    }
    held.dismiss(actor, &Person::from(&*actor.user)).await?;
    let channel_id = held.channel.summary.id;
    held.commit(domain).await?;
    domain.access.forget(actor.id(), channel_id);
    Ok(())
}
