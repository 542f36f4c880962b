//! Which strategy stands behind a port, chosen by a URL's scheme.

use std::fmt;

use url::Url;

use super::address::{parse_server, shown};
use crate::secret::Secret;

/// Which message log. `Debug` and `Display` show no credentials.
#[derive(Clone, PartialEq, Eq)]
pub enum LogUrl {
    /// A queue into a committer in the same process.
    InProcess,
    /// RabbitMQ. The URL may carry `namespace` as a parameter of Warren's own.
    Amqp(Secret<Url>),
}

/// Which event bus. `Debug` and `Display` show no credentials.
#[derive(Clone, PartialEq, Eq)]
pub enum BusUrl {
    /// A broadcast within the process.
    InProcess,
    /// RabbitMQ. The URL may carry `namespace` as a parameter of Warren's own.
    Amqp(Secret<Url>),
}

impl LogUrl {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match scheme(text) {
            "in-process" => Ok(Self::InProcess),
            "amqp" => parse_server(text.trim()).map(|url| Self::Amqp(Secret::new(url))),
            "kafka" | "amqps" => Err(not_built_in(scheme(text))),
            _ => Err("must be in-process or begin with amqp://".into()),
        }
    }

    /// The bus that goes with this log where none is named.
    pub(super) fn bus(&self) -> BusUrl {
        match self {
            Self::InProcess => BusUrl::InProcess,
            Self::Amqp(url) => BusUrl::Amqp(url.clone()),
        }
    }
}

impl BusUrl {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match scheme(text) {
            "in-process" => Ok(Self::InProcess),
            "amqp" => parse_server(text.trim()).map(|url| Self::Amqp(Secret::new(url))),
            "kafka" | "amqps" | "postgres" | "postgresql" => Err(not_built_in(scheme(text))),
            _ => Err("must be in-process or begin with amqp://".into()),
        }
    }
}

impl fmt::Display for LogUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.bus(), formatter)
    }
}

impl fmt::Debug for LogUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Display for BusUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InProcess => formatter.write_str("in-process"),
            Self::Amqp(url) => formatter.write_str(&shown(url.expose())),
        }
    }
}

impl fmt::Debug for BusUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What stands before the first `:`, or the whole text of a strategy that needs no address.
fn scheme(text: &str) -> &str {
    text.trim().split(':').next().unwrap_or_default()
}

fn not_built_in(scheme: &str) -> String {
    format!("names {scheme}://, which is not built in yet; use in-process or amqp://")
}
