//! Beginning anew: nothing of the old server stays, in the database or the
//! message log.

use clap::Args;
use warren_domain::database::Database;
use warren_domain::schema::{self, SchemaError};
use warren_domain::status;
use warren_process::configuration::DatabaseKind;
use warren_process::{Configuration, DataDirectory, Failure};

use super::terminal::is_answered;
use crate::{migrate, say};

#[derive(Args)]
pub(crate) struct Wipe {
    /// Do not ask for the database's name.
    #[arg(long)]
    yes_wipe_everything: bool,
    /// Even while processes of the server seem to live.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, thiserror::Error)]
enum WipeError {
    #[error(
        "{0} lives; stop every process of the server first, or add --force if it is gone for sure"
    )]
    Alive(String),
    #[error("nobody knows whether the server runs; add --force if it does not")]
    Unknown(#[source] SchemaError),
    #[error("nothing was wiped: that is not the database's name")]
    NotConfirmed,
}

pub(super) async fn run(configuration: &Configuration, wipe: Wipe) -> Result<(), Failure> {
    let _directory = match configuration.database_url.kind() {
        // Whoever runs has it locked, and no force takes it away.
        DatabaseKind::Sqlite => Some(DataDirectory::open(&configuration.data_dir)?),
        DatabaseKind::Postgres | DatabaseKind::Mysql if wipe.force => None,
        DatabaseKind::Postgres | DatabaseKind::Mysql => {
            refuse_while_alive(configuration).await?;
            None
        }
    };
    let name = configuration.database_url.name();
    let question = format!(
        "This destroys every account, channel and message in {}.\nType {name} to go on:",
        configuration.database_url
    );
    if !wipe.yes_wipe_everything && !is_answered(&question, name)? {
        return Err(WipeError::NotConfirmed.into());
    }
    // The log first: what waits there must not come back into the new database.
    warren_broker::clear_log(configuration).await?;
    migrate::begin_anew(configuration).await?;
    say(&format!("{name} is new: nobody has an account, nothing was ever said."));
    Ok(())
}

async fn refuse_while_alive(configuration: &Configuration) -> Result<(), Failure> {
    let database = Database::connect(configuration.database_url.expose()).await?;
    let alive = match schema::check(&database, None).await {
        Ok(_) => status::alive(&database).await?,
        Err(SchemaError::TooOld { found: 0 }) => Vec::new(),
        Err(error) => return Err(WipeError::Unknown(error).into()),
    };
    database.close().await;
    match alive.into_iter().next() {
        Some(name) => Err(WipeError::Alive(name).into()),
        None => Ok(()),
    }
}
