//! A node without an address: its gateway, and sockets that somebody else made. The
//! simulation's door.

use std::collections::HashMap;
use std::sync::Arc;

use warren_domain::Domain;
use warren_domain::account::Actor;
use warren_domain::id::ChannelId;
use warren_domain::port::DeadLetters;
use warren_process::Configuration;

use crate::FirstAccount;
use crate::gateway::hub;
use crate::gateway::socket::{Hello, Socket, serve};
use crate::node::{Node, Within};

/// One API process that listens nowhere. Cheap to clone.
#[derive(Clone)]
pub struct HeadlessNode {
    node: Arc<Node>,
}

impl HeadlessNode {
    /// A process that has yet to [`Self::run`].
    #[must_use]
    pub fn new(
        configuration: &Configuration,
        domain: Domain,
        dead_letters: Arc<dyn DeadLetters>,
    ) -> Self {
        let node = Node::new(
            configuration,
            Within {
                domain,
                secret: &[],
                epoch: String::new(),
                first_account_owns: FirstAccount::IsAMember,
                dead_letters,
            },
        );
        Self { node: Arc::new(node) }
    }

    /// The rules, and where everything is.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.node.domain
    }

    /// Listens to the bus and checks the heads, for ever.
    pub async fn run(&self) {
        let gateway = &self.node.gateway;
        hub::run(gateway.hub.clone(), self.node.clone(), gateway.stop.clone()).await;
    }

    /// Serves a socket whose client has said hello, until it ends.
    pub async fn serve(&self, socket: impl Socket, actor: Actor, cursors: HashMap<ChannelId, i64>) {
        serve(self.node.clone(), socket, Hello { actor, cursors, epoch: None }).await;
    }
}
