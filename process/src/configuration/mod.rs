//! The configuration: defaults, then `warren.toml`, then the environment (`WARREN_…`).
//!
//! It is read and checked once, at the start; afterwards it is a value that can't be wrong.

mod address;
mod environment;
mod error;
mod file;
mod key;
mod listing;
mod mail;
mod parse;
mod reader;
mod source;
mod strategy;
mod table;
#[cfg(test)]
mod tests;
mod unknown;

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use url::Url;

pub use address::{DatabaseKind, DatabaseUrl};
pub use environment::Environment;
pub use error::ConfigurationError;
pub use key::{Form, Key, Visibility};
pub use listing::{Setting, sample};
pub use mail::{Encryption, MailSettings, SmtpUrl};
pub use parse::{LogFormat, MESSAGE_SIZE_MAXIMUM_BYTES, PARTITIONS_MAXIMUM, Rate, Switch};
pub use source::{Origin, Sources};
pub use strategy::{BusUrl, LogUrl};
pub use table::{EXAMPLE_JWT_SECRET, KEYS};

use crate::secret::Secret;
use reader::Reader;
use source::Values;

/// The argument that every program takes; flatten it into the program's own.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConfigurationArgument {
    /// Configuration file; without it WARREN_CONFIG, then ./warren.toml if that exists
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// Everything that an operator can set, checked.
///
/// Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Address and port to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Directory of the SQLite database and of generated secrets; it may not exist yet.
    pub data_dir: PathBuf,
    /// The database; by default SQLite's `warren.db` in the data directory.
    pub database_url: DatabaseUrl,
    /// The message log.
    pub log_url: LogUrl,
    /// The event bus; by default as the log.
    pub bus_url: BusUrl,
    /// How many partitions the log is to have; if absent, as the database says.
    pub partitions: Option<u32>,
    /// What signs access tokens, at least 32 bytes; if absent, one is generated in the data directory.
    pub jwt_secret: Option<Secret<String>>,
    /// The address that people type: scheme, host and port, no path.
    pub public_url: Option<Url>,
    /// How letters leave; if absent, there are none.
    pub mail: Option<MailSettings>,
    /// Origins that may open a socket, as browsers write them: `https://host[:port]`.
    pub allowed_origins: Vec<String>,
    /// Proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that may call the HTTP API, as browsers write them.
    pub cors_origins: Vec<String>,
    /// Whether rates are limited.
    pub rate_limits: Switch,
    /// How often one user or address may read.
    pub rate_reads: Rate,
    /// How often one user or address may change something.
    pub rate_writes: Rate,
    /// How often one address may ask for what hashes a password or sends a letter.
    pub rate_costly: Rate,
    /// How many sockets one person may have open at one process.
    pub sockets_per_user: usize,
    /// How many channels that are not archived one person may have made.
    pub channels_per_user: u64,
    /// The longest text of a message, in bytes of UTF-8.
    pub message_size_bytes: usize,
    /// How long a send waits for its commit, 0 to 30,000 milliseconds.
    pub commit_wait_ms: u64,
    /// Who may see how the server is, besides this machine.
    pub monitor_addresses: Vec<IpNet>,
    /// Where a worker answers for its metrics, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Which log lines are written, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log_filter: String,
    settings: Vec<Setting>,
}

impl Configuration {
    /// Reads this process's configuration: the argument, the environment, `./warren.toml`.
    ///
    /// # Errors
    /// The first setting that is unknown, unreadable or wrong.
    pub fn of_process(argument: &ConfigurationArgument) -> Result<Self, ConfigurationError> {
        Self::load(&Sources {
            config_file: argument.config.clone(),
            directory: PathBuf::from("."),
            environment: Environment::of_process()?,
        })
    }

    /// Reads a configuration from the given sources and nothing else but the files they name.
    ///
    /// # Errors
    /// The first setting that is unknown, unreadable or wrong.
    pub fn load(sources: &Sources) -> Result<Self, ConfigurationError> {
        let mut reader = Reader::new(Values::read(sources)?);
        let listen = reader.required(&table::LISTEN, parse::listen)?;
        let data_dir = reader.required(&table::DATA_DIR, |text| Ok(PathBuf::from(text)))?;
        let in_data_dir = || DatabaseUrl::in_data_directory(&data_dir);
        let database_url = reader.address(&table::DATABASE_URL, DatabaseUrl::parse, in_data_dir)?;
        let log_url = reader.address(&table::LOG_URL, LogUrl::parse, || LogUrl::InProcess)?;
        let bus_url = reader.address(&table::BUS_URL, BusUrl::parse, || log_url.bus())?;
        let partitions = reader.optional(&table::PARTITIONS, parse::partitions)?;
        let jwt_secret = reader.optional(&table::JWT_SECRET, parse::jwt_secret)?;
        let public_url = reader.optional(&table::PUBLIC_URL, parse::public_url)?;
        let mail = mail_settings(&mut reader, public_url.as_ref())?;
        Ok(Self {
            partitions,
            jwt_secret,
            public_url,
            mail,
            allowed_origins: reader.list(&table::ALLOWED_ORIGINS, parse::origins)?,
            trusted_proxies: reader.list(&table::TRUSTED_PROXIES, parse::proxies)?,
            cors_origins: reader.list(&table::CORS_ORIGINS, parse::origins)?,
            rate_limits: reader.required(&table::RATE_LIMITS, parse::switch)?,
            rate_reads: reader.required(&table::RATE_READS, parse::rate)?,
            rate_writes: reader.required(&table::RATE_WRITES, parse::rate)?,
            rate_costly: reader.required(&table::RATE_COSTLY, parse::rate)?,
            sockets_per_user: reader.required(&table::SOCKETS_PER_USER, parse::sockets_per_user)?,
            channels_per_user: reader
                .required(&table::CHANNELS_PER_USER, parse::channels_per_user)?,
            message_size_bytes: reader
                .required(&table::MESSAGE_SIZE_BYTES, parse::message_size_bytes)?,
            commit_wait_ms: reader.required(&table::COMMIT_WAIT_MS, parse::commit_wait_ms)?,
            monitor_addresses: reader.list(&table::MONITOR_ADDRESSES, parse::monitors)?,
            metrics_listen: reader.optional(&table::METRICS_LISTEN, parse::listen)?,
            log_format: reader.required(&table::LOG_FORMAT, parse::log_format)?,
            log_filter: reader.required(&table::LOG, parse::log_filter)?,
            listen,
            data_dir,
            database_url,
            log_url,
            bus_url,
            settings: reader.into_settings(),
        })
    }

    /// Every key with the value in force and its origin, without secrets, in the table's order.
    pub fn redacted(&self) -> &[Setting] {
        &self.settings
    }

    /// Checks what API and worker processes need in order to share one chat.
    ///
    /// # Errors
    /// The database, the log or the bus is one that only a single process can use.
    pub fn require_cluster(&self) -> Result<(), ConfigurationError> {
        let refuse = |key: &Key, message: &str| {
            let alone = "or run warren serve, which needs nothing else";
            Err(ConfigurationError::new(key.variable(), format!("{message}, {alone}")))
        };
        if self.database_url.kind() == DatabaseKind::Sqlite {
            let message = "must name a postgres:// or mysql:// database, \
                           because SQLite serves one process only";
            return refuse(&table::DATABASE_URL, message);
        }
        if self.log_url == LogUrl::InProcess {
            let message = "must be amqp://, because in-process reaches no other process";
            return refuse(&table::LOG_URL, message);
        }
        if self.bus_url == BusUrl::InProcess {
            let message = "must be amqp://, because in-process reaches no other process";
            return refuse(&table::BUS_URL, message);
        }
        Ok(())
    }

    /// The signing secret, which several API processes must have in common.
    ///
    /// # Errors
    /// None is configured.
    pub fn require_jwt_secret(&self) -> Result<&Secret<String>, ConfigurationError> {
        let message = "must be set, to the same value on every API process: \
                       a token of one must be good at the others";
        let missing = || ConfigurationError::new(table::JWT_SECRET.variable(), message);
        self.jwt_secret.as_ref().ok_or_else(missing)
    }
}

/// A letter without a sender is refused everywhere, and one whose link leads nowhere helps nobody.
fn mail_settings(
    reader: &mut Reader,
    public_url: Option<&Url>,
) -> Result<Option<MailSettings>, ConfigurationError> {
    let smtp_url = reader.optional_address(&table::SMTP_URL, SmtpUrl::parse)?;
    let from = reader.optional(&table::SMTP_FROM, mail::from)?;
    let Some(smtp_url) = smtp_url else {
        return Ok(None);
    };
    let missing = |key: &Key| {
        let message = format!("must be set where {} is", table::SMTP_URL.variable());
        ConfigurationError::new(key.variable(), message)
    };
    let from = from.ok_or_else(|| missing(&table::SMTP_FROM))?;
    let public_url = public_url.cloned().ok_or_else(|| missing(&table::PUBLIC_URL))?;
    Ok(Some(MailSettings { smtp_url, from, public_url }))
}
