//! Telling the others that one is writing.

use crate::account::Actor;
use crate::channel::access::find_for_post;
use crate::channel::{AccessError, ChannelRef};
use crate::context::Domain;
use crate::port::Ephemeral;
use crate::timeline::Person;

/// Tells whoever watches a channel that the actor is writing there. It is stored
/// nowhere.
///
/// # Errors
/// [`AccessError`] if they could not send there.
pub async fn typing(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<(), AccessError> {
    let channel_id = find_for_post(domain, actor, reference).await.map_err(|(error, _)| error)?;
    domain.announce(Ephemeral::Typing { channel_id, user: Person::from(&*actor.user) });
    Ok(())
}
