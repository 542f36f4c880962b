//! Direct channels: the one private chat of exactly these people. They are found
//! by their people; their names are digests of them, which no channel that
//! somebody names can have.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha224};

use crate::account::{Actor, Username};
use crate::channel::create::{Founding, found};
use crate::channel::named::people_named;
use crate::channel::{ChangeError, ChannelRef, Created, MemberRole, find};
use crate::context::Domain;
use crate::entity::channel;
use crate::id::{ChannelId, UserId};
use crate::timeline::{ChannelKind, ChannelSummary, HistoryVisibility, Person};

/// With how many others somebody has a direct channel, at most.
pub const MAX_OTHERS: usize = 8;

/// The direct channel of the actor and these people, made if there is none yet.
/// Named alone, the actor gets one of their own. All in it are equal, and who is
/// in it never changes.
///
/// # Errors
/// [`ChangeError`].
pub async fn direct(
    domain: &Domain,
    actor: &Actor,
    usernames: &[Username],
) -> Result<Created, ChangeError> {
    let mut people = people_named(domain.database.read(), usernames).await?;
    if !people.iter().any(|person| person.id == actor.id()) {
        people.insert(0, Person::from(&*actor.user));
    }
    let name = name_of(&people);
    if let Some(id) = find_by_name(domain, &name).await? {
        return known(domain, actor, id).await;
    }
    match insert(domain, actor, name.clone(), people).await {
        // Somebody else made it in between.
        Err(ChangeError::NameTaken) => match find_by_name(domain, &name).await? {
            Some(id) => known(domain, actor, id).await,
            None => Err(ChangeError::NameTaken),
        },
        made => Ok(Created::New(find(domain, actor, &ChannelRef::Id(made?)).await?)),
    }
}

async fn known(domain: &Domain, actor: &Actor, id: ChannelId) -> Result<Created, ChangeError> {
    Ok(Created::Known(find(domain, actor, &ChannelRef::Id(id)).await?))
}

async fn insert(
    domain: &Domain,
    actor: &Actor,
    name: String,
    people: Vec<Person>,
) -> Result<ChannelId, ChangeError> {
    let summary = ChannelSummary {
        id: ChannelId::generate(),
        name,
        kind: ChannelKind::Direct,
        description: None,
        created_by: Some(actor.id()),
        created_at: domain.clock.now(),
        history: HistoryVisibility::All,
        archived_at: None,
    };
    let id = summary.id;
    let people = people.into_iter().map(|person| (person, MemberRole::Member)).collect();
    let transaction = domain.database.write().await?;
    found(domain, transaction, Founding { actor_id: actor.id(), summary, people }).await?;
    Ok(id)
}

async fn find_by_name(domain: &Domain, name: &str) -> Result<Option<ChannelId>, DbErr> {
    channel::Entity::find()
        .select_only()
        .column(channel::Column::Id)
        .filter(channel::Column::Name.eq(name))
        .into_tuple::<ChannelId>()
        .one(domain.database.read())
        .await
}

/// `direct:` and 224 bits of digest: as long as a channel's name may be, and with a
/// character that no chosen name has.
fn name_of(people: &[Person]) -> String {
    let mut ids: Vec<UserId> = people.iter().map(|person| person.id).collect();
    ids.sort_unstable();
    let mut digest = Sha224::new().chain_update(b"warren.direct.v1");
    for id in ids {
        digest.update(id.0.as_bytes());
    }
    let digits = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("direct:{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::ChannelName;
    use crate::timeline::UserKind;

    fn person() -> Person {
        Person {
            id: UserId::generate(),
            username: "ann".into(),
            first_name: "Ann".into(),
            display_name: None,
            avatar_id: None,
            kind: UserKind::Human,
        }
    }

    #[test]
    fn name_depends_on_who_is_in_it_and_on_nothing_else() {
        let (ann, bob, eve) = (person(), person(), person());
        let name = name_of(&[ann.clone(), bob.clone()]);
        assert_eq!(name, name_of(&[bob.clone(), ann.clone()]));
        assert_ne!(name, name_of(&[ann.clone(), eve.clone()]));
        assert_ne!(name, name_of(std::slice::from_ref(&ann)));
        assert_ne!(name, name_of(&[ann, bob, eve]));
    }

    #[test]
    fn name_fits_and_cannot_be_chosen() {
        let name = name_of(&[person(), person()]);
        assert_eq!(name.len(), 63);
        assert!(ChannelName::parse(&name).is_err());
    }
}
