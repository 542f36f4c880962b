//! Log lines on stderr, as text for people or as JSON for machines.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::configuration::{Configuration, ConfigurationError, LogFormat, Origin, Setting};
use crate::secret::mask_credentials;

/// Libraries that say too much, limited unless the operator's filter names them too. lapin is
/// silent: it quotes the messages that come back, and what it has to say Warren's own links say.
/// tungstenite quotes frames, and the first one of a socket has a token in it.
const QUIET: &str = "sqlx=warn,sea_orm=warn,poem=warn,tungstenite=warn,lapin=off";

/// Starts logging for the whole process, to stderr. Nothing has to be kept; a second call
/// changes nothing.
///
/// # Errors
/// The filter is not one; a [`Configuration`] has checked that already.
pub fn start(configuration: &Configuration) -> Result<(), ConfigurationError> {
    let filter = filter(&configuration.log_filter)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(MaskedStderr);
    let started = match configuration.log_format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
    Ok(())
}

/// The same for a command, whose own words are its answer: only trouble is
/// logged, unless the operator says otherwise.
///
/// # Errors
/// As [`start`].
pub fn start_for_command(configuration: &Configuration) -> Result<(), ConfigurationError> {
    let is_default = |it: &Setting| it.name == "log" && it.origin == Origin::Default;
    let mut configuration = configuration.clone();
    if configuration.redacted().iter().any(is_default) {
        configuration.log_filter = "warn".into();
    }
    start(&configuration)
}

fn filter(text: &str) -> Result<EnvFilter, ConfigurationError> {
    EnvFilter::builder()
        .parse(format!("{QUIET},{text}"))
        .map_err(|_| ConfigurationError::new("WARREN_LOG", "must be a log filter such as info"))
}

/// Stderr, with the credentials of any URL in a line masked: the last net below a library
/// that quotes the URL that it was given.
#[derive(Debug, Clone, Copy)]
struct MaskedStderr;

impl Write for MaskedStderr {
    /// Takes a whole line at a time, as the formatter writes it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().write_all(mask_credentials(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for MaskedStderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self::Writer {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_quiet_unless_they_are_named() {
        let quiet = filter("info").unwrap().to_string();
        assert!(quiet.contains("sqlx=warn") && quiet.contains("lapin=off"), "{quiet}");
        let named = filter("info,sqlx=debug").unwrap().to_string();
        assert!(named.contains("sqlx=debug") && !named.contains("sqlx=warn"), "{named}");
    }

    #[test]
    fn wrong_filter_names_its_key() {
        assert_eq!(filter("x=loud").unwrap_err().key, "WARREN_LOG");
    }
}
