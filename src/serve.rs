//! `warren serve`: everything in one process.

use warren_api::{FirstAccount, Server};
use warren_broker::Strategies;
use warren_process::configuration::DatabaseKind;
use warren_process::{
    Configuration, ConfigurationArgument, DataDirectory, Failure, Secret, Shutdown, logging,
};
use warren_worker::{Schedule, Worker};

use crate::{migrate, say};

pub(crate) async fn run(argument: &ConfigurationArgument) -> Result<(), Failure> {
    let configuration = Configuration::of_process(argument)?;
    logging::start(&configuration)?;
    let shutdown = Shutdown::on_signals()?;
    // Held until the end: it keeps a second process away.
    let directory = DataDirectory::open(&configuration.data_dir)?;
    migrate::migrate(&configuration).await?;
    let strategies = Strategies::start(&configuration).await?;
    let (worker, schedule) = (Worker::new(&strategies), Schedule::new(&strategies));
    let secret = token_secret(&configuration, &directory)?;
    let first_account = match configuration.database_url.kind() {
        // Whoever names a public address or a proxy serves others through it.
        DatabaseKind::Sqlite
            if configuration.public_url.is_none() && configuration.trusted_proxies.is_empty() =>
        {
            FirstAccount::OwnsTheServer
        }
        DatabaseKind::Sqlite | DatabaseKind::Postgres | DatabaseKind::Mysql => {
            FirstAccount::IsAMember
        }
    };
    let server =
        Server::bind(&configuration, &strategies, secret.expose().as_bytes(), first_account)
            .await?;
    say(&format!("Warren is listening on http://{}", server.address()));
    say("Open that address in a browser. Ctrl-C stops the server.");
    // A worker that fails takes the edge with it: half a server is none.
    let stop = shutdown.token().clone();
    let working = async { worker.run(stop.clone()).await.inspect_err(|_| stop.cancel()) };
    let ((), (), worked) =
        tokio::join!(server.run(stop.clone()), schedule.run(stop.clone()), working);
    strategies.finish().await;
    worked?;
    Ok(())
}

fn token_secret(
    configuration: &Configuration,
    directory: &DataDirectory,
) -> Result<Secret<String>, Failure> {
    match &configuration.jwt_secret {
        Some(secret) => Ok(secret.clone()),
        None => Ok(directory.secret_file("jwt-secret")?),
    }
}
