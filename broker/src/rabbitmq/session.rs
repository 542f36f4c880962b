//! One connection, from its handshake to its first error.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, Event};
use tokio_util::sync::CancellationToken;
use warren_domain::port::LogError;

use super::settings::RabbitSettings;
use super::topology::Topology;

/// What a healthy broker does in milliseconds; longer means it hangs.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);

/// A live connection. Ends once, for everybody.
#[derive(Clone, Debug)]
pub(super) struct Session {
    connection: Arc<Connection>,
    over: CancellationToken,
}

impl Session {
    /// Connects to the first node that answers.
    pub(super) async fn connect_to_any(
        settings: &RabbitSettings,
        name: &str,
    ) -> Result<Self, SessionError> {
        let mut last = SessionError::Absent;
        for node in settings.nodes() {
            match Self::connect(node, name).await {
                Ok(session) => return Ok(session),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Declares the topology. Idempotent.
    pub(super) async fn declare(&self, topology: &Topology) -> Result<(), SessionError> {
        let channel = self.channel().await?;
        self.bounded(topology.declare(&channel)).await
    }

    /// Connects to a node, or gives up in time.
    pub(super) async fn connect(node: &AMQPUri, name: &str) -> Result<Self, SessionError> {
        let properties =
            ConnectionProperties::default().with_connection_name(format!("warren {name}").into());
        let connecting = Connection::connect_uri(node.clone(), properties);
        let connection = within_timeout(connecting).await?;
        Ok(Self { connection: Arc::new(connection), over: CancellationToken::new() })
    }

    /// A new channel of this connection.
    pub(super) async fn channel(&self) -> Result<Channel, SessionError> {
        self.bounded(self.connection.create_channel()).await
    }

    /// Runs an operation that neither outlives the session nor hangs: the
    /// client may leave it unresolved when the connection dies under it.
    pub(super) async fn bounded<T>(
        &self,
        operation: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, SessionError> {
        tokio::select! {
            biased;
            () = self.over.cancelled() => Err(SessionError::Over),
            done = within_timeout(operation) => done,
        }
    }

    /// Ends the session: its users and its link notice, and a new one begins.
    pub(super) fn end(&self) {
        self.over.cancel();
    }

    /// Returns when the session has ended.
    pub(super) async fn over(&self) {
        self.over.cancelled().await;
    }

    /// Whether it has.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Whether the broker takes no publications now, for want of memory or disk.
    pub(super) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Waits for the first error of the connection or of any of its channels,
    /// and says what it was.
    pub(super) async fn failure(&self) -> String {
        let events = self.connection.events_listener();
        // Only what happens after the line above is told.
        if !self.connection.status().connected() {
            return "connection lost".into();
        }
        tokio::select! {
            () = self.over.cancelled() => "ended after an error in use".into(),
            error = first_error(events) => error,
        }
    }

    /// Ends the session and says goodbye to the broker, if it still listens.
    pub(super) async fn close(&self) {
        self.over.cancel();
        if self.connection.status().connected() {
            // If it fails, the broker finds out by itself: nothing depends on it.
            let _ = within_timeout(self.connection.close(200, "closing".into())).await;
        }
    }
}

/// Why something could not be done in a session.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("the broker says: {0}")]
    Broker(#[from] lapin::Error),
    #[error("the broker did not answer in time")]
    Silent,
    #[error("the connection was lost")]
    Over,
    #[error("no connection to the broker")]
    Absent,
}

impl From<SessionError> for LogError {
    fn from(error: SessionError) -> Self {
        Self { reason: error.to_string() }
    }
}

async fn first_error(events: impl Stream<Item = Event>) -> String {
    let mut events = pin!(events);
    while let Some(event) = events.next().await {
        if let Event::Error(error) = event {
            return error.to_string();
        }
    }
    "connection closed".into()
}

async fn within_timeout<T>(
    operation: impl Future<Output = lapin::Result<T>>,
) -> Result<T, SessionError> {
    let done = tokio::time::timeout(OPERATION_TIMEOUT, operation).await;
    Ok(done.map_err(|_| SessionError::Silent)??)
}
