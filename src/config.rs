//! `warren config`: what the server would run with.

use clap::Subcommand;
use warren_process::{Configuration, ConfigurationArgument, Failure};

use crate::say;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check the configuration and show every setting with where it comes
    /// from. Secrets are not shown. Exits with 78 if something is wrong.
    Check,
}

pub(crate) fn run(command: Command, argument: &ConfigurationArgument) -> Result<(), Failure> {
    match command {
        Command::Check => {
            let configuration = Configuration::of_process(argument)?;
            for setting in configuration.redacted() {
                say(&setting.to_string());
            }
            Ok(())
        }
    }
}
