//! `warren-worker`: one worker process of a cluster.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use warren_broker::Strategies;
use warren_process::{Configuration, ConfigurationArgument, Failure, Shutdown, conclude, logging};
use warren_worker::{Door, Schedule, Worker};

/// A worker process of a Warren cluster: commits what the message log holds.
///
/// Start as many as you like: they share the log's partitions evenly, and when
/// one dies the others take over within seconds. It needs the same
/// WARREN_DATABASE_URL and WARREN_LOG_URL as the `warren-api` processes, and a
/// database that `warren migrate` has prepared. It changes no schema.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    configuration: ConfigurationArgument,
    /// What this worker does, comma-separated.
    #[arg(long, value_delimiter = ',', default_value = "commit,schedule")]
    roles: Vec<Role>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Commit messages to the database.
    Commit,
    /// Delete messages whose time is over.
    Schedule,
}

#[tokio::main]
async fn main() -> ExitCode {
    conclude("warren-worker", run(&Arguments::parse()).await)
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let configuration = Configuration::of_process(&arguments.configuration)?;
    configuration.require_cluster()?;
    logging::start(&configuration)?;
    let shutdown = Shutdown::on_signals()?;
    let strategies = Strategies::start(&configuration).await?;
    tracing::info!(roles = ?arguments.roles, "working");
    let has = |role| arguments.roles.contains(&role);
    let door = match has(Role::Commit) {
        true => Door::bind(&configuration).await?,
        false => None,
    };
    let (worker, schedule) = (Worker::new(&strategies).behind(door), Schedule::new(&strategies));
    let stop = shutdown.token();
    let committing = async {
        match has(Role::Commit) {
            // Half a worker is none: a supervisor starts both anew.
            true => worker.run(stop.clone()).await.inspect_err(|_| stop.cancel()),
            false => Ok(()),
        }
    };
    let scheduling = async {
        if has(Role::Schedule) {
            schedule.run(stop.clone()).await;
        }
    };
    let (committed, ()) = tokio::join!(committing, scheduling);
    committed?;
    strategies.finish().await;
    Ok(())
}
