//! A queue of this node's own, there whenever the broker is.

use std::time::Duration;

use tokio::sync::watch;
use tracing::debug;

use super::Tasks;
use super::link::Link;
use super::session::{Session, SessionError};
use super::subscription::Subscription;
use super::topology::{Topology, declare_node_queue};

/// How many messages may be under way to this node, and how many it takes at once.
const PREFETCH: u16 = 512;

/// Before the next attempt in a session that is otherwise well.
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// What a node's queue is for.
#[derive(Clone, Debug)]
pub(super) struct NodeQueue {
    /// A word of its name.
    pub(super) purpose: &'static str,
    /// The exchange whose every message it gets.
    pub(super) exchange: Option<String>,
}

/// What its reader is told.
pub(super) trait Listener: Send + 'static {
    /// The queue is consumed from now on; what was published before is not in it.
    fn connected(&mut self);

    /// A message arrived. Must not block.
    fn received(&mut self, payload: &[u8]);
}

impl NodeQueue {
    /// Consumes the queue in the background in every session of `link`, and
    /// tells its present name, by which others reach it.
    pub(super) fn listen(
        self,
        link: Link,
        topology: Topology,
        listener: impl Listener,
        tasks: &Tasks,
    ) -> watch::Receiver<Option<String>> {
        let (name, names) = watch::channel(None);
        tasks.spawn(self.run(link, topology, listener, name));
        names
    }

    async fn run(
        self,
        link: Link,
        topology: Topology,
        mut listener: impl Listener,
        name: watch::Sender<Option<String>>,
    ) {
        while let Some(session) = link.session().await {
            let queue = topology.node_queue(self.purpose);
            let ended = self.consume(&session, &queue, &mut listener, &name).await;
            name.send_replace(None);
            if let Err(error) = ended {
                debug!(purpose = self.purpose, %error, "node queue lost");
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }

    /// Runs until the first error.
    async fn consume(
        &self,
        session: &Session,
        queue: &str,
        listener: &mut impl Listener,
        name: &watch::Sender<Option<String>>,
    ) -> Result<(), SessionError> {
        let channel = session.channel().await?;
        let exchange = self.exchange.as_deref();
        session.bounded(declare_node_queue(&channel, queue, exchange)).await?;
        let mut subscription =
            Subscription::open(session.clone(), channel, queue, PREFETCH).await?;
        name.send_replace(Some(queue.into()));
        listener.connected();
        loop {
            let deliveries = subscription.take(PREFETCH.into()).await?;
            for delivery in &deliveries {
                listener.received(&delivery.data);
            }
            if let Some(last) = deliveries.last() {
                subscription.acknowledge(last.delivery_tag).await?;
            }
        }
    }
}
