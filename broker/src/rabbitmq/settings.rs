//! Where the broker is, checked once.

use std::fmt;
use std::num::NonZeroU32;

use lapin::uri::{AMQPScheme, AMQPUri};
use url::Url;

use super::topology::Topology;

/// Whoever falls silent for twice this long is taken for dead, and another
/// worker gets its partitions.
const HEARTBEAT_S: u16 = 5;

/// What everything is named by unless the URL says otherwise.
const DEFAULT_NAMESPACE: &str = "warren";

/// A broker, and the names used in it.
#[derive(Clone)]
pub struct RabbitSettings {
    /// The broker's nodes, at least one.
    nodes: Vec<AMQPUri>,
    namespace: String,
    partitions: NonZeroU32,
}

impl RabbitSettings {
    /// Reads `amqp://user:password@host:port/vhost?namespace=name`. All names
    /// in the broker begin with the namespace (default `warren`), so that
    /// several installations can share one virtual host. `host` may be several, with
    /// commas between them: the nodes of one broker, which listen on the same port.
    ///
    /// # Errors
    /// [`InvalidRabbitUrl`] in one sentence, without the URL: it holds a password.
    pub fn parse(url: &str, partitions: NonZeroU32) -> Result<Self, InvalidRabbitUrl> {
        let mut url = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
        let namespace = take_namespace(&mut url)?;
        // The parser's own message may quote the URL.
        let mut uri: AMQPUri =
            url.as_str().parse().map_err(|_| invalid("it is no AMQP address"))?;
        if uri.scheme != AMQPScheme::AMQP {
            return Err(invalid("only amqp:// is supported"));
        }
        if uri.vhost.is_empty() {
            uri.vhost = "/".into();
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        let hosts: Vec<String> = uri.authority.host.split(',').map(str::to_owned).collect();
        if hosts.iter().any(String::is_empty) {
            return Err(invalid("a host between the commas has no name"));
        }
        let nodes = hosts.into_iter().map(|host| with_host(&uri, host)).collect();
        Ok(Self { nodes, namespace, partitions })
    }

    /// The names that these settings lead to.
    #[must_use]
    pub fn topology(&self) -> Topology {
        Topology::new(self.namespace.clone(), self.partitions)
    }

    /// Where its nodes are. All of them have everything.
    pub(super) fn nodes(&self) -> &[AMQPUri] {
        &self.nodes
    }
}

/// Host and port: as much of a node's address as a log may hold.
pub(super) fn address(node: &AMQPUri) -> String {
    format!("{}:{}", node.authority.host, node.authority.port)
}

fn with_host(uri: &AMQPUri, host: String) -> AMQPUri {
    let mut uri = uri.clone();
    uri.authority.host = host;
    uri
}

impl fmt::Debug for RabbitSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RabbitSettings")
            .field("nodes", &self.nodes.iter().map(address).collect::<Vec<_>>())
            .field("namespace", &self.namespace)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

/// The URL of a broker cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid broker url: {reason}")]
pub struct InvalidRabbitUrl {
    reason: String,
}

fn invalid(reason: impl Into<String>) -> InvalidRabbitUrl {
    InvalidRabbitUrl { reason: reason.into() }
}

/// Takes our own parameter out of the query; the rest is the client's.
fn take_namespace(url: &mut Url) -> Result<String, InvalidRabbitUrl> {
    let (ours, theirs): (Vec<_>, Vec<_>) =
        url.query_pairs().into_owned().partition(|(name, _)| name == "namespace");
    url.set_query(None);
    if !theirs.is_empty() {
        url.query_pairs_mut().extend_pairs(theirs);
    }
    let mut values = ours.into_iter().map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Ok(DEFAULT_NAMESPACE.into()),
        (Some(namespace), None) if is_name(&namespace) => Ok(namespace),
        (Some(_), None) => Err(invalid("namespace must be 1 to 64 of a-z, 0-9, '-', '_', '.'")),
        (Some(_), Some(_)) => Err(invalid("namespace is given twice")),
    }
}

/// Short enough for AMQP's 255-byte names with whatever is appended, and not
/// in the broker's own `amq.` space.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
    };
    (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with("amq.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<RabbitSettings, InvalidRabbitUrl> {
        RabbitSettings::parse(url, NonZeroU32::MIN)
    }

    #[test]
    fn namespace_is_taken_out_of_the_url() {
        let settings = parse("amqp://u:p@h:1/v?namespace=x-1&heartbeat=7").unwrap();
        assert_eq!(settings.namespace, "x-1");
        assert_eq!(settings.nodes[0].query.heartbeat, Some(7));
        assert_eq!(settings.nodes[0].vhost, "v");
    }

    #[test]
    fn defaults_are_those_of_a_fresh_broker() {
        for url in ["amqp://localhost", "amqp://localhost/"] {
            let settings = parse(url).unwrap();
            assert_eq!(settings.namespace, "warren");
            assert_eq!(settings.nodes[0].vhost, "/");
            assert_eq!(settings.nodes[0].query.heartbeat, Some(HEARTBEAT_S));
        }
    }

    #[test]
    fn hosts_between_commas_are_nodes_with_the_rest_in_common() {
        let settings = parse("amqp://u:p@one,127.0.0.2,three:7/v?namespace=x").unwrap();
        let addresses: Vec<String> = settings.nodes.iter().map(address).collect();
        assert_eq!(addresses, ["one:7", "127.0.0.2:7", "three:7"]);
        assert!(settings.nodes.iter().all(|node| node.vhost == "v"));
        assert!(settings.nodes.iter().all(|node| node.authority.userinfo.password == "p"));
    }

    #[test]
    fn errors_and_debug_output_hold_no_password() {
        for url in [
            "amqp://u:secret@",
            "amqp://u:secret@h:port",
            "amqps://u:secret@h",
            "http://u:secret@h",
            "amqp:u:secret",
            "amqp://u:secret@h?namespace=",
            "amqp://u:secret@h?namespace=a/b",
            "amqp://u:secret@h?namespace=amq.x",
            "amqp://u:secret@h?namespace=a&namespace=b",
            "amqp://u:secret@h?heartbeat=soon",
            "amqp://u:secret@one,,two",
            "amqp://u:secret@one:1,two:2",
        ] {
            let error = parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
        let settings = parse("amqp://u:secret@h").unwrap();
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
