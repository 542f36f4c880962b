//! `warren admin`: what the owner of the machine may do without an account.

use std::io::{BufRead, IsTerminal, stdin};

use clap::{Args, Subcommand};
use warren_domain::Invalid;
use warren_domain::account::{
    Email, Password, Passwords, PersonName, Signup, Username, create_owner,
};
use warren_domain::database::Database;
use warren_domain::schema;
use warren_process::configuration::DatabaseKind;
use warren_process::{Configuration, ConfigurationArgument, DataDirectory, Failure, logging};

use crate::say;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make the account that owns the server. The password is read from
    /// standard input, one line.
    CreateOwner(CreateOwner),
}

#[derive(Args)]
pub(crate) struct CreateOwner {
    /// The unique name: 3 to 32 of a-z 0-9 _ . -
    #[arg(long)]
    username: String,
    /// What others call them.
    #[arg(long)]
    first_name: String,
    /// Their family name.
    #[arg(long)]
    last_name: Option<String>,
    /// Where mail reaches them.
    #[arg(long)]
    email: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum AdminError {
    #[error("--{0}: {1}")]
    Argument(&'static str, Invalid),
    #[error("{0}")]
    Passwords(String),
}

pub(crate) async fn run(command: Command, argument: &ConfigurationArgument) -> Result<(), Failure> {
    let configuration = Configuration::of_process(argument)?;
    logging::start(&configuration)?;
    match command {
        Command::CreateOwner(owner) => create(&configuration, owner).await,
    }
}

async fn create(configuration: &Configuration, owner: CreateOwner) -> Result<(), Failure> {
    let signup = signup(owner)?;
    let _directory = match configuration.database_url.kind() {
        DatabaseKind::Sqlite => Some(DataDirectory::open(&configuration.data_dir)?),
        DatabaseKind::Postgres | DatabaseKind::Mysql => None,
    };
    let database = Database::connect(configuration.database_url.expose()).await?;
    schema::check(&database, configuration.partitions)
        .await
        .map_err(|error| Failure::configuration(&error))?;
    let passwords = Passwords::new().map_err(AdminError::Passwords)?;
    let user = create_owner(&database, &passwords, signup).await?;
    database.close().await;
    say(&format!("{} owns the server now.", user.username));
    Ok(())
}

fn signup(owner: CreateOwner) -> Result<Signup, Failure> {
    let wrong = |name| move |invalid| AdminError::Argument(name, invalid);
    let username = Username::parse(&owner.username).map_err(wrong("username"))?;
    let first_name = PersonName::parse(&owner.first_name).map_err(wrong("first-name"))?;
    let last_name = owner.last_name.as_deref().map(PersonName::parse).transpose();
    let email = owner.email.as_deref().map(Email::parse).transpose();
    Ok(Signup {
        username,
        first_name,
        last_name: last_name.map_err(wrong("last-name"))?,
        email: email.map_err(wrong("email"))?,
        password: read_password()?,
    })
}

#[expect(clippy::print_stderr, reason = "a prompt is not a log line")]
fn read_password() -> Result<Password, Failure> {
    if stdin().is_terminal() {
        eprintln!("Password (8 to 256 characters; it is shown as you type):");
    }
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    Ok(Password::parse(password)
        .map_err(|invalid| AdminError::Argument("password (standard input)", invalid))?)
}
