//! The door of the gateway: `GET /v1/ws` becomes a socket (RFC 6455).

use std::sync::Arc;
use std::time::Duration;

use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::web::Data;
use poem::{Body, IntoResponse, OnUpgrade, Request, Response, Upgraded, handler};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::gateway::cork::Cork;
use crate::gateway::socket;
use crate::http::problem::Problem;
use crate::node::Node;

/// The largest frame and the largest message that a client may send, in bytes.
const MAX_MESSAGE_SIZE_BYTES: usize = 64 * 1024;

/// What is read at once: it is kept for each socket, and people's messages are short.
const READ_BUFFER_SIZE_BYTES: usize = 2 * 1024;

/// Each frame is handed to the cork as soon as it is made: the WebSocket's own buffer keeps
/// its room for as long as the socket lasts.
const WRITE_BUFFER_SIZE_BYTES: usize = 0;

/// How long a client may take to take what it is told last.
const LAST_WORD_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest message of the server's, in bytes: the `ready` of somebody in
/// thousands of channels. The writer waits for a slow reader after each message,
/// so that more than one is never buffered.
const MAX_WRITE_BUFFER_SIZE_BYTES: usize = 16 * 1024 * 1024;

/// Opens a socket.
#[handler]
pub(crate) async fn open(node: Data<&Arc<Node>>, request: &Request) -> Response {
    match upgrade(&node, request) {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

fn upgrade(node: &Arc<Node>, request: &Request) -> Result<Response, Problem> {
    if request.uri().query().is_some() {
        return Err(Problem::invalid_parameter(
            "The socket takes no parameters: an address is logged in many places, so a token in it \
             is a secret no more. Say hello with it.",
        ));
    }
    if !node.origins.admit(request) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "Pages of this origin may not open a socket here.",
        ));
    }
    let key = websocket_key(request.headers())
        .ok_or_else(|| Problem::invalid_parameter("This is the address of a WebSocket."))?;
    let upgrade = request
        .take_upgrade()
        .map_err(|_| Problem::invalid_parameter("This connection cannot become a WebSocket."))?;
    let (tracked, node) = (node.clone(), node.clone());
    tracked.gateway.tasks.spawn(async move {
        // Boxed: a socket does not keep the room that only its beginning needs.
        if let Some(mut web_socket) = Box::pin(established(upgrade)).await {
            socket::run(node, &mut web_socket).await;
            // The WebSocket writes its answer to a goodbye, and does not flush it.
            let _ = timeout(LAST_WORD_TIMEOUT, web_socket.get_mut().flush()).await;
        }
    });
    Ok(switching_protocols(&derive_accept_key(key.as_bytes())))
}

/// The socket, unless its client is gone already.
async fn established(upgrade: OnUpgrade) -> Option<WebSocketStream<Cork<Upgraded>>> {
    let connection = upgrade.await.ok()?;
    let connection = Cork::new(connection);
    Some(WebSocketStream::from_raw_socket(connection, Role::Server, Some(configuration())).await)
}

/// The client's key, if the headers ask for a WebSocket of version 13.
fn websocket_key(headers: &HeaderMap) -> Option<&HeaderValue> {
    let has = |name: header::HeaderName, word: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    let asks = has(header::UPGRADE, "websocket")
        && has(header::CONNECTION, "upgrade")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asks)
}

fn switching_protocols(accept: &str) -> Response {
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty())
}

fn configuration() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_SIZE_BYTES)
        .write_buffer_size(WRITE_BUFFER_SIZE_BYTES)
        .max_write_buffer_size(MAX_WRITE_BUFFER_SIZE_BYTES)
        .max_message_size(Some(MAX_MESSAGE_SIZE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_SIZE_BYTES))
}
