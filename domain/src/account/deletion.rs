//! Going for good: what was said stays, who said it is forgotten.

use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::password_change::{Confirmed, confirm, withdraw_resets};
use crate::account::session_list::{Ended, end_all, tell};
use crate::account::standing::{other_owner_exists, owns};
use crate::account::{Actor, ConfirmError, Password, PasswordError, Role, User, Username, avatar};
use crate::channel::PUBLIC_CHANNEL_ID;
use crate::channel::membership::{self, Departure};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{invitation, session, user_account};
use crate::id::UserId;
use crate::timeline::{Person, Publication, Writer};

/// So many channels are left by one transaction, which keeps their writers waiting.
const LEFT_AT_ONCE: u64 = 50;

/// Why an account is still there.
#[derive(Debug, thiserror::Error)]
pub enum DeletionError {
    /// Its password was not confirmed.
    #[error(transparent)]
    Confirm(#[from] ConfirmError),
    /// The server would have no owner.
    #[error("the server's last owner stays: make somebody else one first")]
    LastOwner,
}

impl From<DbErr> for DeletionError {
    fn from(error: DbErr) -> Self {
        Self::Confirm(error.into())
    }
}

impl From<PasswordError> for DeletionError {
    fn from(error: PasswordError) -> Self {
        Self::Confirm(error.into())
    }
}

/// Deletes the actor's account: their names, address, password, picture, sessions
/// and memberships are gone, their username is free. Their messages, and their
/// chats with others, stay under an account that nobody can sign in to.
///
/// The last transaction does all of it. Who is in very many channels leaves some
/// in transactions before; should it end there, they are still signed in, and
/// repeating it goes on.
///
/// # Errors
/// [`DeletionError`]; the account is as it was then, but for channels left already.
pub async fn delete_account(
    domain: &Domain,
    actor: &Actor,
    password: &str,
) -> Result<Ended, DeletionError> {
    let confirmed = confirm(domain, actor, password).await?;
    let nobody = Nobody::new(domain).await?;
    loop {
        match step(domain, actor.id(), &confirmed, &nobody).await? {
            Step::Left(publication) => domain.publish(publication),
            Step::Missed => {}
            Step::Gone(publication, ended) => {
                domain.publish(publication);
                domain.person_changed(actor.id());
                return Ok(tell(domain, ended));
            }
        }
    }
}

/// What one transaction did.
enum Step {
    /// Some channels were left; there are more.
    Left(Publication),
    /// Nothing: they became a member of another channel meanwhile.
    Missed,
    /// That was all.
    Gone(Publication, Ended),
}

/// What remains where somebody was.
struct Nobody {
    username: String,
    password_hash: String,
}

impl Nobody {
    /// With a name that nobody has, and the hash of a password that nobody knows.
    async fn new(domain: &Domain) -> Result<Self, PasswordError> {
        let mut username = format!("deleted-{:032x}", rand::random::<u128>());
        username.truncate(Username::MAX_LENGTH);
        let password_hash = domain.passwords.hash(Password::random()).await?;
        Ok(Self { username, password_hash })
    }

    fn in_place_of(&self, row: user_account::Model) -> user_account::Model {
        user_account::Model {
            username: self.username.clone(),
            email: None,
            first_name: "Deleted user".into(),
            last_name: None,
            role: Role::Member,
            password_hash: self.password_hash.clone(),
            display_name: None,
            avatar_id: None,
            ..row
        }
    }
}

/// Holds the head of `public` whether it is left or not: who owns the server is
/// changed under it.
async fn step(
    domain: &Domain,
    user_id: UserId,
    confirmed: &Confirmed,
    nobody: &Nobody,
) -> Result<Step, DeletionError> {
    let channels = membership::to_leave(domain.database.read(), user_id, LEFT_AT_ONCE).await?;
    let is_last = u64::try_from(channels.len()).is_ok_and(|count| count < LEFT_AT_ONCE);
    let transaction = domain.database.write().await?;
    let now = domain.clock.now();
    let heads = channels.iter().copied().chain([PUBLIC_CHANNEL_ID]).collect();
    let mut timeline = Writer::lock(&transaction, heads, now).await?;
    let row = confirmed.still_holds(&transaction).await?;
    if owns(&row) && !other_owner_exists(&transaction, user_id).await? {
        return Err(DeletionError::LastOwner);
    }
    // Who may yet stay keeps their name in the events.
    let mut row = if is_last { nobody.in_place_of(row) } else { row };
    let person = Person::from(&User::from(row.clone()));
    for channel_id in channels {
        let departure = Departure { channel_id, actor_id: user_id, person: &person };
        membership::end(&transaction, &mut timeline, departure).await?;
        domain.access.forget(user_id, channel_id);
    }
    if !is_last {
        return Ok(Step::Left(timeline.commit(transaction).await?));
    }
    if !membership::to_leave(&transaction, user_id, 1).await?.is_empty() {
        return Ok(Step::Missed);
    }
    row.deactivated_at = Some(now);
    let ended = end_all(&transaction, user_id, None, now).await?;
    forget(&transaction, row).await?;
    Ok(Step::Gone(timeline.commit(transaction).await?, ended))
}

/// Writes who is there now, and deletes what only whoever was there needed. The
/// tokens and tickets of a session go with it.
async fn forget(transaction: &Transaction, row: user_account::Model) -> Result<(), DbErr> {
    withdraw_resets(transaction, row.id).await?;
    avatar::forget(transaction, row.id).await?;
    invitation::Entity::delete_many()
        .filter(invitation::Column::UserId.eq(row.id))
        .exec(transaction)
        .await?;
    session::Entity::delete_many()
        .filter(session::Column::UserId.eq(row.id))
        .exec(transaction)
        .await?;
    user_account::Entity::update(user_account::ActiveModel::from(row).reset_all())
        .exec(transaction)
        .await
        .map(|_| ())
}
