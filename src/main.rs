//! The `warren` command: everything in one process, and everything that is
//! done to a server rather than by it.

mod admin;
mod config;
mod doctor;
mod migrate;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use warren_process::{ConfigurationArgument, Failure, conclude};

/// Warren, a self-hosted chat server: nothing lost, nothing doubled, nothing
/// out of order.
///
/// `warren serve` is all that one machine needs. A cluster runs `warren
/// migrate` once per version, then any number of `warren-api` and
/// `warren-worker` processes. Settings come from warren.toml and WARREN_…
/// variables; `warren config check` shows them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    configuration: ConfigurationArgument,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything in this process: the page, the API, the sockets, the
    /// committer. Prepares its database by itself.
    Serve,
    /// Bring the database to this version's schema. Safe to run twice, or by
    /// two at once.
    Migrate,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Look at everything that the server needs, and say what is to be done.
    /// Exits with 0 if nothing is missing.
    Doctor,
    /// Administer a server from its machine.
    #[command(subcommand)]
    Admin(admin::Command),
    /// Print the OpenAPI document. Needs nothing else.
    Openapi,
    /// Print the AsyncAPI document of the socket. Needs nothing else.
    Asyncapi,
}

#[tokio::main]
async fn main() -> ExitCode {
    conclude("warren", run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let configuration = &arguments.configuration;
    match arguments.command {
        Command::Serve => serve::run(configuration).await,
        Command::Migrate => migrate::run(configuration).await,
        Command::Config(command) => config::run(command, configuration),
        Command::Doctor => doctor::run(configuration).await,
        Command::Admin(command) => admin::run(command, configuration).await,
        Command::Openapi => {
            say(&warren_api::openapi_document());
            Ok(())
        }
        Command::Asyncapi => {
            say(&warren_api::asyncapi_document());
            Ok(())
        }
    }
}

/// What was asked for goes to standard output; everything else is logged.
#[expect(clippy::print_stdout, reason = "the one place where a command answers")]
fn say(text: &str) {
    println!("{}", text.trim_end());
}
