//! Accounts, by the operator.

use clap::{Args, ValueEnum};
use warren_domain::Domain;
use warren_domain::account::{
    self, Email, PersonName, Role, Signup, Username, create_user as create,
};
use warren_process::Failure;

use super::terminal::new_password;
use crate::say;

#[derive(Args)]
pub(crate) struct CreateUser {
    /// The unique name: 3 to 32 of a-z 0-9 _ . -
    #[arg(value_parser = Username::parse)]
    name: Username,
    /// What they may do on this server.
    #[arg(long, default_value = "member")]
    role: RoleName,
    /// What others call them, if not by the unique name.
    #[arg(long, value_parser = PersonName::parse)]
    first_name: Option<PersonName>,
    /// Their family name.
    #[arg(long, value_parser = PersonName::parse)]
    last_name: Option<PersonName>,
    /// Where mail reaches them.
    #[arg(long, value_parser = Email::parse)]
    email: Option<Email>,
}

/// Somebody.
#[derive(Args)]
pub(crate) struct Named {
    /// Their unique name.
    #[arg(value_parser = Username::parse)]
    name: Username,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    /// Owns the server.
    Owner,
    /// Helps the owner: manages people and channels.
    Admin,
    /// Uses it.
    Member,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Owner => Self::Owner,
            RoleName::Admin => Self::Admin,
            RoleName::Member => Self::Member,
        }
    }
}

pub(super) async fn create_user(domain: &Domain, user: CreateUser) -> Result<(), Failure> {
    let called_by_name = || PersonName::parse(user.name.as_ref());
    let signup = Signup {
        first_name: user.first_name.map_or_else(called_by_name, Ok)?,
        username: user.name,
        last_name: user.last_name,
        email: user.email,
        password: new_password()?,
    };
    let made = create(domain, signup, user.role.into()).await?;
    say(&format!("{} has an account now.", made.username));
    Ok(())
}

pub(super) async fn set_password(domain: &Domain, Named { name }: Named) -> Result<(), Failure> {
    let ended = account::set_password(domain, &name, new_password()?).await?;
    let (name, count) = (name.as_ref(), ended.0.len());
    say(&format!("{name} has a new password; {count} sessions were ended."));
    Ok(())
}
