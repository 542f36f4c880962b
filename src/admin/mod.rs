//! `warren admin`: what the operator of the machine may do without an account.

mod accounts;
mod dead_letters;
mod terminal;
mod wipe;

use clap::Subcommand;
use warren_broker::Strategies;
use warren_domain::Domain;
use warren_process::{Configuration, ConfigurationArgument, Failure, logging};

use accounts::{CreateUser, Named, SetRole};
use wipe::Wipe;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make an account. Its password is asked for, or read from standard input
    /// as one line.
    CreateUser(CreateUser),
    /// Give somebody another password and end all their sessions. It is asked
    /// for, or read from standard input as one line.
    SetPassword(Named),
    /// Say what somebody may do on this server.
    SetRole(SetRole),
    /// Let nobody sign in to an account, and end all its sessions.
    Deactivate(Named),
    /// Let its owner sign in to an account again.
    Activate(Named),
    /// Look after the sends that nobody could make messages of.
    #[command(subcommand)]
    DeadLetters(dead_letters::Command),
    /// Destroy every account, channel and message, and begin anew.
    Wipe(Wipe),
}

#[derive(Debug, thiserror::Error)]
#[error("passwords cannot be hashed: {0}")]
struct HashingError(String);

pub(crate) async fn run(command: Command, argument: &ConfigurationArgument) -> Result<(), Failure> {
    let configuration = Configuration::of_process(argument)?;
    logging::start_for_command(&configuration)?;
    if let Command::Wipe(wipe) = command {
        return wipe::run(&configuration, wipe).await;
    }
    let strategies = Strategies::start(&configuration).await?;
    let domain = domain(&strategies)?;
    let done = match command {
        Command::CreateUser(user) => accounts::create_user(&domain, user).await,
        Command::SetPassword(named) => accounts::set_password(&domain, named).await,
        Command::SetRole(set) => accounts::set_role(&domain, set).await,
        Command::Deactivate(named) => accounts::deactivate(&domain, named).await,
        Command::Activate(named) => accounts::activate(&domain, named).await,
        Command::DeadLetters(command) => {
            let letters = strategies.dead_letters();
            dead_letters::run(&domain, letters.as_ref(), command).await
        }
        Command::Wipe(_) => Ok(()),
    };
    domain.finish().await;
    strategies.finish().await;
    done
}

/// The same rules as the server's, beside it: what it remembers of the database
/// it looks up again within seconds.
fn domain(strategies: &Strategies) -> Result<Domain, Failure> {
    let domain = Domain::new(
        strategies.database.clone(),
        strategies.message_log(),
        strategies.bus.clone(),
        strategies.people.clone(),
    );
    Ok(domain.map_err(HashingError)?)
}
