//! Accounts, by the operator.

use clap::{Args, ValueEnum};
use warren_domain::Domain;
use warren_domain::account::{
    self, Email, PersonName, Role, Signup, StandingChange, Username, change_standing,
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

#[derive(Args)]
pub(crate) struct SetRole {
    #[command(flatten)]
    named: Named,
    /// What they may do from now on.
    role: RoleName,
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
    let made = account::create_user(domain, signup, user.role.into()).await?;
    say(&format!("{} has an account now.", made.username));
    Ok(())
}

pub(super) async fn set_password(domain: &Domain, Named { name }: Named) -> Result<(), Failure> {
    let ended = account::set_password(domain, &name, new_password()?).await?;
    let (name, count) = (name.as_ref(), ended.0.len());
    say(&format!("{name} has a new password; {count} sessions were ended."));
    Ok(())
}

pub(super) async fn set_role(domain: &Domain, set: SetRole) -> Result<(), Failure> {
    let role = Role::from(set.role);
    let change = StandingChange { role: Some(role), ..StandingChange::default() };
    let (user, _) = change_standing(domain, None, &set.named.name, change).await?;
    say(&format!("{} has that role now.", user.person.username));
    Ok(())
}

pub(super) async fn deactivate(domain: &Domain, Named { name }: Named) -> Result<(), Failure> {
    let change = StandingChange { deactivated: Some(true), ..StandingChange::default() };
    let (_, ended) = change_standing(domain, None, &name, change).await?;
    let (name, count) = (name.as_ref(), ended.0.len());
    say(&format!("{name} cannot sign in any more; {count} sessions were ended."));
    Ok(())
}

pub(super) async fn activate(domain: &Domain, Named { name }: Named) -> Result<(), Failure> {
    let change = StandingChange { deactivated: Some(false), ..StandingChange::default() };
    let (user, _) = change_standing(domain, None, &name, change).await?;
    say(&format!("{} can sign in.", user.person.username));
    Ok(())
}
