//! The server that takes Warren's letters.

use std::fmt;

use url::{Host, Url};

use super::address::{parse_server, shown};
use crate::secret::Secret;

/// How letters leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// The server that takes them.
    pub smtp_url: SmtpUrl,
    /// From whom they are: `Name <address>` or an address.
    pub from: String,
    /// Where their links lead.
    pub public_url: Url,
}

/// An SMTP server. `Debug` and `Display` show no credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    url: Secret<Url>,
    encryption: Encryption,
}

/// How the connection to it is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte: `smtps://`.
    Tls,
    /// STARTTLS, and nothing is said without it: `smtp://`.
    StartTls,
    /// Not at all: `smtp://…?tls=off`, for a relay on this machine.
    Off,
}

impl SmtpUrl {
    /// The URL with its password.
    pub fn expose(&self) -> &Url {
        self.url.expose()
    }

    /// How the connection is protected.
    pub fn encryption(&self) -> Encryption {
        self.encryption
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if !(text.starts_with("smtp://") || text.starts_with("smtps://")) {
            return Err("must begin with smtp:// or smtps://".into());
        }
        let url = parse_server(text)?;
        let encryption = encryption(&url)?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err("must name a host, as in smtps://USER:PASSWORD@HOST".into());
        }
        if url.username().is_empty() != url.password().is_none() {
            return Err("must have a user and a password, or neither".into());
        }
        if encryption == Encryption::Off && url.password().is_some() && !is_this_machine(&url) {
            return Err("would send its password unencrypted; leave out tls=off".into());
        }
        Ok(Self { url: Secret::new(url), encryption })
    }
}

/// From whom letters are; that it is an address is checked by whoever writes one.
pub(super) fn from(text: &str) -> Result<String, String> {
    let text = text.trim();
    let usage = "must be an address, such as Warren <warren@example.org>";
    if !text.contains('@') || text.chars().any(char::is_control) {
        return Err(usage.into());
    }
    Ok(text.to_owned())
}

fn encryption(url: &Url) -> Result<Encryption, String> {
    let usage = "may have no parameter but tls=off, and that only with smtp://";
    let mut parameters = url.query_pairs();
    match (url.scheme(), parameters.next(), parameters.next()) {
        ("smtps", None, None) => Ok(Encryption::Tls),
        ("smtp", None, None) => Ok(Encryption::StartTls),
        ("smtp", Some((name, value)), None) if name == "tls" && value == "off" => {
            Ok(Encryption::Off)
        }
        _ => Err(usage.into()),
    }
}

fn is_this_machine(url: &Url) -> bool {
    // The scheme is none that the URL standard parses hosts for: addresses are names to it.
    match url.host_str().map(Host::parse) {
        Some(Ok(Host::Domain(name))) => name == "localhost",
        Some(Ok(Host::Ipv4(address))) => address.is_loopback(),
        Some(Ok(Host::Ipv6(address))) => address.is_loopback(),
        Some(Err(_)) | None => false,
    }
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&shown(self.url.expose()))
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_is_protected_unless_said_otherwise() {
        let encryption = |text: &str| SmtpUrl::parse(text).unwrap().encryption();
        assert_eq!(encryption("smtps://u:p@mail.example.org"), Encryption::Tls);
        assert_eq!(encryption("smtp://u:p@mail.example.org:587"), Encryption::StartTls);
        assert_eq!(encryption("smtp://127.0.0.1:25?tls=off"), Encryption::Off);
        assert_eq!(encryption("smtp://u:p@[::1]:25?tls=off"), Encryption::Off);
        assert!(SmtpUrl::parse("smtp://u:p@mail.example.org?tls=off").is_err());
    }
}
