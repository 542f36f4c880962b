//! A client's socket, as lean as it goes.

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// Small, since there are thousands of clients.
const BUFFER_SIZE_BYTES: usize = 4 * 1024;

/// An open socket.
pub(crate) struct ClientSocket {
    stream: WebSocketStream<TcpStream>,
}

impl ClientSocket {
    /// Opens a socket at `base`, an address like `http://127.0.0.1:8080`.
    pub(crate) async fn open(base: &str) -> Self {
        let address = base.trim_start_matches("http://");
        let connection = TcpStream::connect(address).await.expect("connect");
        connection.set_nodelay(true).expect("TCP_NODELAY");
        let configuration = WebSocketConfig::default()
            .read_buffer_size(BUFFER_SIZE_BYTES)
            .write_buffer_size(BUFFER_SIZE_BYTES);
        let url = format!("ws://{address}/v1/ws");
        let opened =
            tokio_tungstenite::client_async_with_config(url, connection, Some(configuration));
        Self { stream: opened.await.expect("open a socket").0 }
    }

    /// Opens one and says hello; returns when the server has said `ready`.
    pub(crate) async fn greeted(base: &str, token: &str) -> Self {
        let mut socket = Self::open(base).await;
        socket.feed(json!({"type": "hello", "token": token, "cursors": {}}).to_string()).await;
        socket.flush().await;
        let ready = socket.next().await.expect("a ready");
        assert!(ready.starts_with(r#"{"type":"ready""#), "{ready}");
        socket
    }

    /// Puts a frame into the buffer.
    pub(crate) async fn feed(&mut self, frame: String) {
        self.stream.feed(Message::text(frame)).await.expect("feed a frame");
    }

    /// Sends what is in the buffer.
    pub(crate) async fn flush(&mut self) {
        self.stream.flush().await.expect("flush");
    }

    /// The next text frame; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Utf8Bytes> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => return Some(text),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }
}

/// The text after `"name":"` up to the next quotation mark.
pub(crate) fn field<'a>(frame: &'a str, name: &str) -> Option<&'a str> {
    let start = frame.find(&format!("\"{name}\":\""))? + name.len() + 4;
    let rest = &frame[start..];
    rest.split('"').next()
}
