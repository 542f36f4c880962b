//! The gateway: everybody who watches a channel gets each of its events, in
//! order, once.
//!
//! Nothing is queued per socket. Each watched channel keeps a ring of its
//! newest frames ([`stream`]); each socket keeps one cursor per channel and
//! pulls what comes after it: from the ring if it is quick, from the database
//! if it was away or is slow ([`cursor`]). So resuming, live delivery and
//! catching up are one path, and a slow reader costs nobody else anything.
//!
//! The bus only makes it quick. What it loses is found by arithmetic, and by
//! the heads check ([`hub`]).

mod change;
mod cork;
mod cursor;
mod door;
mod frame;
mod headless;
mod hub;
mod inbox;
mod obey;
mod outbox;
mod pace;
mod presence;
mod sending;
mod signal;
mod socket;
mod stream;
mod ticket;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warren_domain::Domain;
use warren_domain::database::DbErr;
use warren_domain::id::ChannelId;

pub(crate) use door::open;
pub use frame::read_client_frame;
pub(crate) use frame::{ClientFrame, ServerFrame};
pub use headless::HeadlessNode;
use hub::Hub;
pub(crate) use hub::Limits;
use signal::Signal;
use stream::Pull;
pub(crate) use ticket::TicketsApi;

/// How long sockets may take to end once the server stops.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(8);

/// The sockets of one API process, and what they watch.
pub(crate) struct Gateway {
    hub: Arc<Hub>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Gateway {
    /// Without any socket yet.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            hub: Arc::new(Hub::new(limits)),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Begins to listen to the bus and to check the heads. Sockets may be
    /// opened before.
    pub(crate) fn start(&self, node: &Arc<crate::node::Node>) {
        self.tasks.spawn(hub::run(self.hub.clone(), node.clone(), self.stop.clone()));
    }

    /// How many sockets have said hello and are open.
    pub(crate) fn sockets(&self) -> u64 {
        self.hub.sockets()
    }

    /// Closes every socket with 1001 and waits for their ends, for a while.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(CLOSE_TIMEOUT, self.tasks.wait()).await.is_err() {
            tracing::warn!("some sockets did not end in time");
        }
    }

    /// Returns once the channel has an event after `seq`, or after `wait`, or
    /// when the gateway closes.
    pub(crate) async fn wait_past(
        &self,
        domain: &Domain,
        channel: ChannelId,
        seq: i64,
        wait: Duration,
    ) {
        let signal = Arc::new(Signal::default());
        let arrival = async {
            let watches = self.hub.watch(domain, &[channel], &signal).await?;
            while watches.iter().any(|watch| matches!(watch.pull(seq), Pull::UpToDate)) {
                signal.news().await;
            }
            Ok::<(), DbErr>(())
        };
        tokio::select! {
            _ = tokio::time::timeout(wait, arrival) => {}
            () = self.stop.cancelled() => {}
        }
    }
}
