//! How a program ends: one line on stderr and an exit code that supervisors can act on.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use crate::configuration::ConfigurationError;
use crate::secret::mask_credentials;

/// The exit code of a program that was not configured rightly: `EX_CONFIG` of sysexits(3).
/// Starting it again changes nothing, so a supervisor should not.
pub const EXIT_CONFIGURATION: u8 = 78;

/// The exit code of any other failure; starting again may help.
pub const EXIT_FAILURE: u8 = 1;

/// Why a program ends without success.
///
/// Made from any error by `?`; an error that is or comes from a [`ConfigurationError`] gives
/// [`EXIT_CONFIGURATION`], every other one [`EXIT_FAILURE`].
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// A failure that the operator's configuration or setup is the reason for, such as a
    /// schema that was not migrated.
    pub fn configuration(error: &(dyn Error + 'static)) -> Self {
        Self { code: EXIT_CONFIGURATION, message: in_one_line(error) }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The error and its sources, in one line, without credentials.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let code = if is_configuration(&error) { EXIT_CONFIGURATION } else { EXIT_FAILURE };
        Self { code, message: in_one_line(&error) }
    }
}

/// Ends a `main`: prints `program: error` to stderr if there is one, and gives the exit code.
pub fn conclude(program: &str, result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else {
        return ExitCode::SUCCESS;
    };
    // If stderr is closed, the exit code still says it.
    let _ = writeln!(std::io::stderr(), "{program}: {}", failure.message);
    ExitCode::from(failure.code)
}

fn is_configuration(error: &(dyn Error + 'static)) -> bool {
    let mut current = Some(error);
    while let Some(error) = current {
        if error.is::<ConfigurationError>() {
            return true;
        }
        current = error.source();
    }
    false
}

fn in_one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    mask_credentials(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("can't start\nat all")]
    struct Outer(#[source] Box<dyn Error + Send + Sync>);

    #[test]
    fn configuration_error_exits_with_78_however_deep() {
        let inner = ConfigurationError::new("WARREN_LISTEN", "must be an address");
        assert_eq!(Failure::from(inner.clone()).code(), EXIT_CONFIGURATION);
        let outer = Failure::from(Outer(Box::new(inner)));
        assert_eq!(outer.code(), EXIT_CONFIGURATION);
        assert_eq!(outer.message(), "can't start at all: WARREN_LISTEN must be an address");
    }

    #[test]
    fn other_errors_exit_with_1_and_without_credentials() {
        let refused = io::Error::other("refused by postgres://u:hunter2@h/d");
        let failure = Failure::from(Outer(Box::new(refused)));
        assert_eq!(failure.code(), EXIT_FAILURE);
        assert_eq!(failure.message(), "can't start at all: refused by postgres://***@h/d");
    }

    #[test]
    fn main_gets_the_code_of_its_failure() {
        let equal = |code: ExitCode, number: u8| {
            assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(number)));
        };
        equal(conclude("test", Ok(())), 0);
        equal(conclude("test", Err(io::Error::other("x").into())), EXIT_FAILURE);
        equal(conclude("test", Err(Failure::configuration(&io::Error::other("x")))), 78);
    }
}
