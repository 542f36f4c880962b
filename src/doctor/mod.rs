//! `warren doctor`: looks at everything that the server needs, as it would
//! itself, and says what to do about what is missing.

mod database;
mod machine;
mod services;

use std::error::Error;

use warren_process::{Configuration, ConfigurationArgument, Failure, logging};

use crate::say;

#[derive(Debug, thiserror::Error)]
#[error("{0} of these checks failed")]
struct Unwell(usize);

pub(crate) async fn run(argument: &ConfigurationArgument) -> Result<(), Failure> {
    let configuration = Configuration::of_process(argument)?;
    logging::start_for_command(&configuration)?;
    let mut report = Report::default();
    check_configuration(&configuration, &mut report);
    machine::check(&configuration, &mut report);
    let partitions = database::check(&configuration, &mut report).await;
    services::check(&configuration, partitions, &mut report).await;
    match report.failed {
        0 => Ok(()),
        failed => Err(Unwell(failed).into()),
    }
}

/// What is wrong with a single setting has been said by now.
fn check_configuration(configuration: &Configuration, report: &mut Report) {
    const WHAT: &str = "configuration";
    match (configuration.require_cluster(), configuration.require_jwt_secret()) {
        (Ok(()), Ok(_)) => report.ok(WHAT, "fit for a cluster"),
        (Ok(()), Err(error)) => report.warn(WHAT, format!("warren-api will not start: {error}")),
        (Err(_), _) => report.ok(WHAT, "fit for warren serve, one process"),
    }
}

/// What was found, a line each, printed at once: the next look may take long.
#[derive(Default)]
struct Report {
    failed: usize,
}

impl Report {
    fn ok(&self, what: &str, text: impl AsRef<str>) {
        print("ok", what, text.as_ref());
    }

    /// It works, and somebody should do something about it.
    fn warn(&self, what: &str, text: impl AsRef<str>) {
        print("warning", what, text.as_ref());
    }

    fn fail(&mut self, what: &str, text: impl AsRef<str>) {
        self.failed += 1;
        print("failed", what, text.as_ref());
    }
}

fn print(verdict: &str, what: &str, text: &str) {
    say(&format!("{verdict:<8} {what:<15} {text}"));
}

/// An error and its sources, in one line, without credentials.
fn reason(error: impl Error + 'static) -> String {
    Failure::from(error).message().to_owned()
}
