//! `warren-api`: one API process of a cluster.

use std::process::ExitCode;

use clap::Parser;
use warren_api::{FirstAccount, Server};
use warren_broker::Strategies;
use warren_process::{Configuration, ConfigurationArgument, Failure, Shutdown, conclude, logging};

/// An API process of a Warren cluster: HTTP and WebSockets.
///
/// It needs a PostgreSQL or MySQL database that `warren migrate` has prepared,
/// a message log (WARREN_LOG_URL) that a `warren-worker` consumes, and the same
/// WARREN_JWT_SECRET as its siblings. It changes no schema. `warren config
/// check` shows what it would run with.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    configuration: ConfigurationArgument,
}

#[tokio::main]
async fn main() -> ExitCode {
    conclude("warren-api", run(&Arguments::parse()).await)
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let configuration = Configuration::of_process(&arguments.configuration)?;
    configuration.require_cluster()?;
    let secret = configuration.require_jwt_secret()?.expose().clone();
    logging::start(&configuration)?;
    let shutdown = Shutdown::on_signals()?;
    let strategies = Strategies::start(&configuration).await?;
    let server =
        Server::bind(&configuration, &strategies, secret.as_bytes(), FirstAccount::IsAMember)
            .await?;
    announce(server.address());
    server.run(shutdown.token().clone()).await;
    strategies.finish().await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "scripts wait for this line")]
fn announce(address: std::net::SocketAddr) {
    println!("Warren is listening on http://{address}");
}
