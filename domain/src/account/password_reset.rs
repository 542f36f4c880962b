//! A new password, by who gets the account's mail.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::account::password_change::{set, withdraw_resets};
use crate::account::session::{digest, random_token};
use crate::account::session_list::{Ended, end_all, tell};
use crate::account::{Email, Password, PasswordError, row};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{password_reset, user_account};
use crate::port::{Letter, MailError, PostOffice};

/// How long a token is good for.
const LIFETIME: Duration = Duration::hours(1);

/// One account gets no second letter before this has passed, on no node.
const BETWEEN_LETTERS: Duration = Duration::minutes(1);

/// So many requests may be worked on at once by a node; more are turned away.
const MAX_UNDER_WAY: usize = 64;

/// The letters to those who forgot their password.
#[derive(Clone)]
pub(crate) struct ForgottenPasswords {
    post_office: Option<PostOffice>,
    places: Arc<Semaphore>,
}

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum ForgotError {
    /// No mail server is configured.
    #[error("this server sends no mail; ask an administrator for a new password")]
    NotConfigured,
    /// Too many ask at once.
    #[error("too many people ask for a new password at once")]
    Busy,
}

/// Why a password was not reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The token is unknown, was used, or is too old: the same answer.
    #[error("the token is not valid, or not any more")]
    InvalidToken,
    /// Too many passwords are being hashed.
    #[error("too many passwords are set at once")]
    Busy,
    /// No hash could be made.
    #[error("password hashing failed: {0}")]
    Hash(String),
    /// The database failed.
    #[error("database error while resetting a password")]
    Database(#[from] DbErr),
}

/// Why a letter was not sent. Nobody is told but the log.
#[derive(Debug, thiserror::Error)]
enum LetterError {
    #[error("database error")]
    Database(#[from] DbErr),
    #[error(transparent)]
    Mail(#[from] MailError),
}

impl Default for ForgottenPasswords {
    fn default() -> Self {
        Self::new(None)
    }
}

impl ForgottenPasswords {
    pub(crate) fn new(post_office: Option<PostOffice>) -> Self {
        Self { post_office, places: Arc::new(Semaphore::new(MAX_UNDER_WAY)) }
    }
}

/// Sends a letter with a token to the account with this address, if there is
/// one. Returns before that is known: neither the answer nor its time tells.
///
/// # Errors
/// [`ForgotError`], which depends on nothing but the server.
pub fn forgot_password(domain: &Domain, email: Email) -> Result<(), ForgotError> {
    let post_office = domain.forgotten.post_office.clone().ok_or(ForgotError::NotConfigured)?;
    let places = domain.forgotten.places.clone();
    let place = places.try_acquire_owned().map_err(|_| ForgotError::Busy)?;
    let work = remind(domain.clone(), post_office, email, place);
    domain.spawn(work);
    Ok(())
}

/// Sets a new password by a token from a letter, which works once. All sessions
/// of the account end.
///
/// # Errors
/// [`ResetError`]; nothing was changed then.
pub async fn reset_password(
    domain: &Domain,
    token: &str,
    new: Password,
) -> Result<Ended, ResetError> {
    let hash = digest(token);
    // Before a hash is made: strangers get none.
    let known =
        password_reset::Entity::find_by_id(hash.clone()).one(domain.database.read()).await?;
    let user_id = known.ok_or(ResetError::InvalidToken)?.user_id;
    let password_hash = domain.passwords.hash(new).await?;
    let transaction = domain.database.write().await?;
    let now = domain.clock.now();
    let account = row::lock(&transaction, user_id).await?;
    let open = account.is_some_and(|account| account.deactivated_at.is_none());
    if !open || !use_up(&transaction, hash, now).await? {
        return Err(ResetError::InvalidToken);
    }
    set(&transaction, user_id, password_hash).await?;
    let ended = end_all(&transaction, user_id, None, now).await?;
    transaction.commit().await?;
    Ok(tell(domain, ended))
}

async fn remind(
    domain: Domain,
    post_office: PostOffice,
    email: Email,
    _place: OwnedSemaphorePermit,
) {
    let sent = async {
        if let Some(letter) = write(&domain, &post_office, email).await? {
            post_office.mail.send(letter).await?;
        }
        Ok::<(), LetterError>(())
    };
    match sent.await {
        Ok(()) => {}
        Err(LetterError::Mail(MailError::Recipient(reason))) => {
            tracing::warn!(reason, "a letter for a forgotten password was refused");
        }
        Err(error) => tracing::error!(%error, "a letter for a forgotten password was not sent"),
    }
}

/// Issues a token and writes the letter that brings it. `None` if nobody has the
/// address, or somebody was written to just now.
async fn write(
    domain: &Domain,
    post_office: &PostOffice,
    email: Email,
) -> Result<Option<Letter>, DbErr> {
    let by_email = user_account::Column::Email.eq(email.as_ref());
    let found = user_account::Entity::find().filter(by_email).one(domain.database.read()).await?;
    let Some(found) = found else { return Ok(None) };
    let transaction = domain.database.write().await?;
    let now = domain.clock.now();
    // Locked: of two requests at once, on whatever nodes, the second sees the first.
    let account = row::lock(&transaction, found.id).await?.filter(|account| {
        account.deactivated_at.is_none() && account.email.as_deref() == Some(email.as_ref())
    });
    let Some(account) = account else { return Ok(None) };
    let recent = password_reset::Entity::find()
        .filter(password_reset::Column::UserId.eq(account.id))
        .filter(password_reset::Column::IssuedAt.gt(now - BETWEEN_LETTERS))
        .one(&transaction)
        .await?;
    if recent.is_some() {
        return Ok(None);
    }
    let token = issue(&transaction, &account, now).await?;
    transaction.commit().await?;
    Ok(Some(letter(post_office, &account.username, &token, email)))
}

/// Replaces whatever token the account had.
async fn issue(
    transaction: &Transaction,
    account: &user_account::Model,
    now: DateTime<Utc>,
) -> Result<String, DbErr> {
    withdraw_resets(transaction, account.id).await?;
    let token = random_token();
    password_reset::Entity::insert(password_reset::ActiveModel {
        token_hash: Set(digest(&token)),
        user_id: Set(account.id),
        issued_at: Set(now),
        expires_at: Set(now + LIFETIME),
    })
    .exec_without_returning(transaction)
    .await?;
    Ok(token)
}

/// The token stands behind the `#`, which browsers send to no server.
fn letter(post_office: &PostOffice, username: &str, token: &str, to: Email) -> Letter {
    let url = &post_office.public_url;
    let text = format!(
        "Somebody asked for a new password of the account {username} at\n{url}.\n\n\
         To choose one, open this address within an hour. It works once:\n\n\
         {url}/#reset-password={token}\n\n\
         If you did not ask for it, do nothing: your password stays as it is.\n"
    );
    Letter { to, subject: "Choose a new password".into(), text }
}

/// `false` if the token was used or is too old.
async fn use_up(
    transaction: &Transaction,
    hash: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let used = password_reset::Entity::delete_many()
        .filter(password_reset::Column::TokenHash.eq(hash))
        .filter(password_reset::Column::ExpiresAt.gt(now))
        .exec(transaction)
        .await?;
    Ok(used.rows_affected == 1)
}

impl From<PasswordError> for ResetError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            PasswordError::Hash(text) => Self::Hash(text),
        }
    }
}
