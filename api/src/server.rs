//! One API process, from its first connection to its last.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warren_broker::Strategies;
use warren_domain::message::MAX_TEXT_SIZE_BYTES;
use warren_domain::{Domain, Limits};
use warren_process::{Configuration, MESSAGE_SIZE_MAXIMUM_BYTES};

use crate::health::while_listed;
use crate::http::connections::Connections;
use crate::node::{Node, Within};
use crate::routes::application;

/// A process that listens and is ready to serve.
pub struct Server {
    node: Arc<Node>,
    listener: TcpListener,
    address: SocketAddr,
}

/// Why a process does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The machine refuses to hash passwords.
    #[error("passwords cannot be hashed: {0}")]
    Passwords(String),
}

impl Server {
    /// Binds the address. The secret signs access tokens; with
    /// `first_account_owns` the first account from this machine owns the server.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn bind(
        configuration: &Configuration,
        strategies: &Strategies,
        secret: &[u8],
        first_account_owns: FirstAccount,
    ) -> Result<Self, ServeError> {
        let address = configuration.listen;
        let listen = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let domain = Domain::new(
            strategies.database.clone(),
            strategies.message_log(),
            strategies.bus.clone(),
            strategies.people.clone(),
        )
        .map_err(ServeError::Passwords)?
        .with_post_office(strategies.post_office.clone())
        .with_limits(limits(configuration));
        let node = Node::new(
            configuration,
            Within {
                domain,
                secret,
                epoch: strategies.facts.epoch.clone(),
                first_account_owns,
                dead_letters: strategies.dead_letters(),
            },
        );
        Ok(Self { node: Arc::new(node), listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then drains: requests under way are answered,
    /// sockets closed with 1001, what was done announced. It takes 15 s at most.
    pub async fn run(self, stop: CancellationToken) {
        self.node.gateway.start(&self.node);
        let gateway_closes = async {
            stop.cancelled().await;
            self.node.gateway.close().await;
        };
        let connections = Connections {
            application: application(self.node.clone()),
            proxies: self.node.proxies.clone(),
            stop: stop.clone(),
        };
        let both = async { tokio::join!(connections.serve(self.listener), gateway_closes) };
        while_listed(&self.node, both).await;
        self.node.domain.finish().await;
    }
}

// What operators may set is what the rules know.
const _: () = assert!(MESSAGE_SIZE_MAXIMUM_BYTES == MAX_TEXT_SIZE_BYTES);

fn limits(configuration: &Configuration) -> Limits {
    Limits {
        channels_per_user: configuration.channels_per_user,
        message_size_bytes: configuration.message_size_bytes,
    }
}

/// Whether the first account, signed up on this machine, owns the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstAccount {
    /// One process on one's own machine: yes.
    OwnsTheServer,
    /// A cluster: no; `warren admin create-owner` says who does.
    IsAMember,
}
