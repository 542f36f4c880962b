//! Signing in.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::{
    ClientName, Email, Password, PasswordError, SessionTokens, User, Username, last_seen, row,
    session,
};
use crate::context::Domain;
use crate::entity::user_account;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such user, or another password: the same answer, after the same time.
    #[error("the name or the password is wrong")]
    InvalidCredentials,
    /// The password is right, but an administrator closed the account.
    #[error("this account is deactivated")]
    Deactivated,
    /// Too many sign in at once.
    #[error("too many people sign in at once")]
    Busy,
    /// The stored hash could not be read.
    #[error("password check failed: {0}")]
    Hash(String),
    /// The database failed.
    #[error("database error at login")]
    Database(#[from] DbErr),
}

/// Signs in by username or e-mail address and begins a session.
///
/// # Errors
/// [`LoginError`].
pub async fn login(
    domain: &Domain,
    name: &str,
    password: &str,
    client: Option<ClientName>,
) -> Result<SessionTokens, LoginError> {
    // What breaks the rules is nobody's password; don't hash a megabyte to find out.
    let password = Password::parse(password).map_err(|_| LoginError::InvalidCredentials)?;
    let row = find(domain, name).await?;
    let hash = row.as_ref().map(|row| row.password_hash.clone());
    let matches = domain.passwords.verify(password, hash).await?;
    let (true, Some(row)) = (matches, row) else {
        return Err(LoginError::InvalidCredentials);
    };
    begin(domain, row, client).await
}

/// Begins a session unless the password was changed or the account closed while
/// the password was being checked: either ends all sessions, so none may follow.
async fn begin(
    domain: &Domain,
    checked: user_account::Model,
    client: Option<ClientName>,
) -> Result<SessionTokens, LoginError> {
    let transaction = domain.database.write().await?;
    let row = row::lock(&transaction, checked.id).await?;
    let row = row.filter(|row| row.password_hash == checked.password_hash);
    let row = row.ok_or(LoginError::InvalidCredentials)?;
    if row.deactivated_at.is_some() {
        return Err(LoginError::Deactivated);
    }
    let now = domain.clock.now();
    let tokens = session::begin(&transaction, User::from(row), client, now).await?;
    transaction.commit().await?;
    last_seen::notice(domain, tokens.user.id);
    Ok(tokens)
}

/// What is no name is nobody's; databases differ in what they make of it (NUL,
/// spaces at the end).
async fn find(domain: &Domain, name: &str) -> Result<Option<user_account::Model>, DbErr> {
    let named = match (Email::parse(name), Username::parse(name)) {
        (Ok(email), _) => user_account::Column::Email.eq(email.as_ref()),
        (_, Ok(username)) => user_account::Column::Username.eq(username.as_ref()),
        _ => return Ok(None),
    };
    user_account::Entity::find().filter(named).one(domain.database.read()).await
}

impl From<PasswordError> for LoginError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            PasswordError::Hash(text) => Self::Hash(text),
        }
    }
}
