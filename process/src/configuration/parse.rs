//! From text to meaning, one function for each kind of value.
//!
//! Every error completes the sentence that the key begins, and quotes nothing of the value.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::table::EXAMPLE_JWT_SECRET;
use crate::secret::Secret;

/// The shortest signing secret, in bytes: the output size of HMAC-SHA256 (RFC 7518, 3.2).
const JWT_SECRET_MINIMUM_BYTES: usize = 32;

/// The longest wait for a commit, in milliseconds.
const COMMIT_WAIT_MAXIMUM_MS: u64 = 30_000;

/// The most partitions of a log: each costs a queue and a consumer in every worker.
pub const PARTITIONS_MAXIMUM: u32 = 256;

/// More sockets of one person are no limit any more.
const SOCKETS_MAXIMUM: usize = 100_000;

/// More channels of one person are no limit any more.
const CHANNELS_MAXIMUM: u64 = 1_000_000;

/// The longest text that the database's columns and clients' checks are made for.
pub const MESSAGE_SIZE_MAXIMUM_BYTES: usize = 16 * 1024;

/// A higher rate is no limit any more.
const RATE_MAXIMUM: u32 = 1_000_000;

/// Something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// In force.
    On,
    /// Not in force.
    Off,
}

/// How often something may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many times at once after a pause.
    pub burst: u32,
    /// How many times a second for long.
    pub per_second: u32,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.trim().parse().map_err(|_| {
        "must be an IP address and a port from 0 to 65535, such as 127.0.0.1:8080".into()
    })
}

pub(super) fn jwt_secret(text: &str) -> Result<Secret<String>, String> {
    if text == EXAMPLE_JWT_SECRET {
        return Err("is the documentation's example; make one with openssl rand -base64 48".into());
    }
    if text.len() < JWT_SECRET_MINIMUM_BYTES {
        return Err(format!("must have at least {JWT_SECRET_MINIMUM_BYTES} bytes"));
    }
    Ok(Secret::new(text.to_owned()))
}

pub(super) fn public_url(text: &str) -> Result<Url, String> {
    web_root(text).ok_or_else(|| {
        "must be an http or https URL without a path, such as https://chat.example.org".into()
    })
}

pub(super) fn origins(items: &[String]) -> Result<Vec<String>, String> {
    items
        .iter()
        .map(|item| web_root(item).map(|url| url.origin().ascii_serialization()))
        .collect::<Option<_>>()
        .ok_or_else(|| "must be origins such as https://www.example.org, each in full".into())
}

pub(super) fn proxies(items: &[String]) -> Result<Vec<IpNet>, String> {
    networks(items, "anyone could pose as another")
}

pub(super) fn monitors(items: &[String]) -> Result<Vec<IpNet>, String> {
    networks(items, "anyone could look")
}

fn networks(items: &[String], harm: &str) -> Result<Vec<IpNet>, String> {
    let networks: Option<Vec<IpNet>> = items.iter().map(|item| network(item)).collect();
    let networks =
        networks.ok_or_else(|| "must be IP addresses or networks such as 10.0.0.0/8".to_owned())?;
    if networks.iter().any(|network| network.prefix_len() == 0) {
        return Err(format!("must not contain a network of all addresses: {harm}"));
    }
    Ok(networks)
}

pub(super) fn switch(text: &str) -> Result<Switch, String> {
    match text.trim() {
        "on" | "true" => Ok(Switch::On),
        "off" | "false" => Ok(Switch::Off),
        _ => Err("must be on or off".into()),
    }
}

pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let number = |text: &str| text.trim().parse().ok().filter(|n| (1..=RATE_MAXIMUM).contains(n));
    text.split_once('/')
        .and_then(|(burst, per_second)| {
            Some(Rate { burst: number(burst)?, per_second: number(per_second)? })
        })
        .ok_or_else(|| {
            format!("must be burst/per-second such as 100/20, each from 1 to {RATE_MAXIMUM}")
        })
}

pub(super) fn commit_wait_ms(text: &str) -> Result<u64, String> {
    whole(text, 0..=COMMIT_WAIT_MAXIMUM_MS)
}

pub(super) fn sockets_per_user(text: &str) -> Result<usize, String> {
    whole(text, 1..=SOCKETS_MAXIMUM)
}

pub(super) fn channels_per_user(text: &str) -> Result<u64, String> {
    whole(text, 1..=CHANNELS_MAXIMUM)
}

pub(super) fn message_size_bytes(text: &str) -> Result<usize, String> {
    whole(text, 1..=MESSAGE_SIZE_MAXIMUM_BYTES)
}

pub(super) fn partitions(text: &str) -> Result<u32, String> {
    whole(text, 1..=PARTITIONS_MAXIMUM)
}

fn whole<T: FromStr + PartialOrd + Display>(
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text.trim() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json".into()),
    }
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("must be a log filter such as info or info,warren_worker=debug".into()),
    }
}

/// A URL of nothing but scheme, host and port.
fn web_root(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    let is_root = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    (is_web && is_anonymous && is_root).then_some(url)
}

fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.into());
    }
    text.parse::<IpNet>().ok().map(|network| network.trunc())
}
