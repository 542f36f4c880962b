//! Signing up.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use crate::account::{
    ClientName, Email, Password, PasswordError, PersonName, Role, SessionTokens, User, Username,
    session,
};
use crate::channel::{PUBLIC_CHANNEL_ID, membership};
use crate::context::Domain;
use crate::database::{Failure, Transaction, classify};
use crate::entity::user_account;
use crate::id::UserId;
use crate::timeline::{self, Person, UserKind};

/// What somebody signs up with.
#[derive(Clone, Debug)]
pub struct Signup {
    /// Their unique name.
    pub username: Username,
    /// Their password.
    pub password: Password,
    /// What they are called.
    pub first_name: PersonName,
    /// Their family name.
    pub last_name: Option<PersonName>,
    /// Where mail reaches them.
    pub email: Option<Email>,
}

/// Whether this signup may make the server's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerClaim {
    /// The first account becomes the owner: it comes from the machine itself.
    IfFirst,
    /// It becomes a member, first or not.
    Never,
}

/// Why nobody was signed up.
#[derive(Debug, thiserror::Error)]
pub enum SignupError {
    /// The name belongs to somebody.
    #[error("the username is taken")]
    UsernameTaken,
    /// The address belongs to somebody.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Too many sign up at once.
    #[error("too many people sign up at once")]
    Busy,
    /// No hash could be made.
    #[error("password hashing failed: {0}")]
    Hash(String),
    /// The database failed.
    #[error("database error at signup")]
    Database(#[from] DbErr),
}

/// Makes an account, joins it to `public` and begins its first session, in one
/// transaction.
///
/// # Errors
/// [`SignupError`]; nothing was stored then.
pub async fn signup(
    domain: &Domain,
    signup: Signup,
    claim: OwnerClaim,
    client: Option<ClientName>,
) -> Result<SessionTokens, SignupError> {
    // Before a second of hashing; the unique indexes decide.
    check_free(domain, &signup).await?;
    let hash = domain.passwords.hash(signup.password.clone()).await?;
    match store(domain, &signup, Store { hash, claim, client }).await {
        Err(error) if classify(&error) == Failure::Conflict => {
            check_free(domain, &signup).await?;
            Err(SignupError::UsernameTaken)
        }
        other => Ok(other?),
    }
}

pub(super) async fn check_free(domain: &Domain, signup: &Signup) -> Result<(), SignupError> {
    let reader = domain.database.read();
    let by_name = user_account::Column::Username.eq(signup.username.as_ref());
    if user_account::Entity::find().filter(by_name).count(reader).await? > 0 {
        return Err(SignupError::UsernameTaken);
    }
    if let Some(email) = &signup.email {
        let by_email = user_account::Column::Email.eq(email.as_ref());
        if user_account::Entity::find().filter(by_email).count(reader).await? > 0 {
            return Err(SignupError::EmailTaken);
        }
    }
    Ok(())
}

/// What there is to store besides what was typed.
struct Store {
    hash: String,
    claim: OwnerClaim,
    client: Option<ClientName>,
}

/// The lock on the head of `public`, taken first, puts signups in a row: of two
/// concurrent first ones, the second sees the first.
async fn store(
    domain: &Domain,
    signup: &Signup,
    Store { hash, claim, client }: Store,
) -> Result<SessionTokens, DbErr> {
    let transaction = domain.database.write().await?;
    let now = domain.clock.now();
    let mut timeline = timeline::Writer::lock(&transaction, vec![PUBLIC_CHANNEL_ID], now).await?;
    let role = role(&transaction, claim).await?;
    let user = insert(&transaction, &mut timeline, signup.row(hash, role, now)).await?;
    let tokens = session::begin(&transaction, user, client, now).await?;
    let publication = timeline.commit(transaction).await?;
    domain.publish(publication);
    Ok(tokens)
}

async fn role(transaction: &Transaction, claim: OwnerClaim) -> Result<Role, DbErr> {
    let first = claim == OwnerClaim::IfFirst
        && user_account::Entity::find().one(transaction).await?.is_none();
    Ok(if first { Role::Owner } else { Role::Member })
}

impl Signup {
    /// The account as it is to be.
    pub(super) fn row(
        &self,
        password_hash: String,
        role: Role,
        now: DateTime<Utc>,
    ) -> user_account::Model {
        user_account::Model {
            id: UserId::generate(),
            username: self.username.as_ref().to_owned(),
            email: self.email.clone().map(String::from),
            first_name: self.first_name.as_ref().to_owned(),
            last_name: self.last_name.clone().map(String::from),
            kind: UserKind::Human,
            role,
            password_hash,
            created_at: now,
            display_name: None,
            avatar_id: None,
            last_seen_at: Some(now),
            deactivated_at: None,
        }
    }
}

/// Stores an account and makes it a member of `public`, whose head `timeline`
/// holds.
pub(super) async fn insert(
    transaction: &Transaction,
    timeline: &mut timeline::Writer,
    row: user_account::Model,
) -> Result<User, DbErr> {
    user_account::Entity::insert(user_account::ActiveModel::from(row.clone()).reset_all())
        .exec_without_returning(transaction)
        .await?;
    let user = User::from(row);
    membership::insert(transaction, timeline, PUBLIC_CHANNEL_ID, &Person::from(&user)).await?;
    Ok(user)
}

impl From<PasswordError> for SignupError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            PasswordError::Hash(text) => Self::Hash(text),
        }
    }
}
