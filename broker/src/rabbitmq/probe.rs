//! Asks whether a broker that hung lately speaks again. The client gives each
//! connection a thread, and one that waits for a handshake that never comes
//! cannot be called back: against a frozen broker they would pile up.

use std::time::Duration;

use lapin::uri::AMQPUri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::session::SessionError;

/// AMQP 0-9-1, section 4.2.2: what a client says first.
const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";

const TIMEOUT: Duration = Duration::from_secs(5);

/// Returns when the broker has answered a greeting with anything at all.
pub(super) async fn probe(uri: &AMQPUri) -> Result<(), SessionError> {
    match timeout(TIMEOUT, greet(uri)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(SessionError::Broker(error.into())),
        Err(_) => Err(SessionError::Silent),
    }
}

async fn greet(uri: &AMQPUri) -> std::io::Result<u8> {
    let address = (uri.authority.host.as_str(), uri.authority.port);
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(PROTOCOL_HEADER).await?;
    stream.read_u8().await
}
