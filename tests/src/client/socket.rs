//! The gateway's client.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::Coverage;

/// How long a frame may take before a test gives up.
const FRAME: Duration = Duration::from_secs(20);

/// The system makes at least a few KiB of it.
const NARROW_BYTES: u32 = 4_096;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Channel ids and the last number that a client has.
pub type Cursors = HashMap<String, i64>;

/// An open socket. Each channel's events have to be consecutive.
pub struct Socket {
    pub ready: Value,
    pub stream: Stream,
    numbers: Cursors,
    coverage: Arc<Coverage>,
}

/// Opens a socket with extra headers; an error is the server's refusal.
pub async fn raw_socket(url: &str, headers: &[(&'static str, &str)]) -> Result<Stream, Box<Error>> {
    let mut request = url.into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a header's value"));
    }
    Ok(tokio_tungstenite::connect_async(request).await?.0)
}

impl Socket {
    /// Opens a socket that has not said hello.
    pub async fn connect(base: &str, coverage: &Arc<Coverage>) -> Self {
        Self::try_connect(base, coverage).await.expect("open a socket")
    }

    /// [`Self::connect`] to a node that may be gone.
    pub async fn try_connect(base: &str, coverage: &Arc<Coverage>) -> Result<Self, Box<Error>> {
        let url = format!("{}/v1/ws", base.replacen("http", "ws", 1));
        let stream = raw_socket(&url, &[]).await?;
        let coverage = Arc::clone(coverage);
        Ok(Self { ready: Value::Null, stream, numbers: HashMap::new(), coverage })
    }

    /// [`Self::connect`] with as little room as can be for what is not read.
    pub async fn connect_narrow(base: &str, coverage: &Arc<Coverage>) -> Self {
        let address = base.trim_start_matches("http://").parse().expect("an address");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(NARROW_BYTES).expect("a small buffer");
        let connection = socket.connect(address).await.expect("connect");
        let url = format!("{}/v1/ws", base.replacen("http", "ws", 1));
        let opened = tokio_tungstenite::client_async(url, MaybeTlsStream::Plain(connection)).await;
        let (stream, coverage) = (opened.expect("open a socket").0, Arc::clone(coverage));
        Self { ready: Value::Null, stream, numbers: HashMap::new(), coverage }
    }

    /// Says hello and waits for `ready`.
    pub async fn hello(&mut self, token: &str, cursors: &Cursors) {
        self.send(json!({"type": "hello", "token": token, "cursors": cursors})).await;
        let ready = self.next().await;
        assert_eq!(ready["type"], "ready", "{ready}");
        self.begin(ready, cursors);
    }

    /// Takes the heads of a `ready` as where live delivery starts.
    pub fn begin(&mut self, ready: Value, cursors: &Cursors) {
        for channel in ready["channels"].as_array().expect("channels") {
            let id = channel["id"].as_str().expect("an id");
            let head = channel["last_seq"].as_i64().expect("a number");
            self.numbers.insert(id.to_owned(), *cursors.get(id).unwrap_or(&head));
        }
        self.ready = ready;
    }

    /// The last number seen of each channel.
    pub fn cursors(&self) -> Cursors {
        self.numbers.clone()
    }

    /// What comes next of a channel is the event after `number`.
    pub fn expect_after(&mut self, channel: &str, number: i64) {
        self.numbers.insert(channel.to_owned(), number);
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: Value) {
        self.try_send(frame).await.expect("send a frame");
    }

    /// Sends a frame on a socket that may be closed.
    pub async fn try_send(&mut self, frame: Value) -> Result<(), Box<Error>> {
        self.coverage.note_sent(&frame);
        Ok(self.stream.send(Message::text(frame.to_string())).await?)
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        let frame = tokio::time::timeout(FRAME, self.try_next()).await.expect("a frame in time");
        frame.unwrap_or_else(|end| panic!("a frame, not {end}"))
    }

    /// The next frame, or how the socket ended.
    pub async fn try_next(&mut self) -> Result<Value, String> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(self.take(&text)),
                Some(Ok(Message::Close(frame))) => return Err(format!("close {frame:?}")),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("the end".to_owned()),
            }
        }
    }

    /// The next frame for which `wanted` holds; others are passed over.
    pub async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let search = async {
            loop {
                let frame = self.next().await;
                if wanted(&frame) {
                    return frame;
                }
            }
        };
        tokio::time::timeout(FRAME * 2, search).await.expect("the wanted frame in time")
    }

    /// The next frame of a type.
    pub async fn until_type(&mut self, kind: &str) -> Value {
        self.until(|frame| frame["type"] == kind).await
    }

    /// The next event of a channel.
    pub async fn event_of(&mut self, channel: &str) -> Value {
        self.until(|frame| frame["type"] == "event" && frame["channel_id"] == channel).await
    }

    /// Everything of a channel up to the event with `number`.
    pub async fn events_through(&mut self, channel: &str, number: i64) -> Vec<Value> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Value| event["seq"].as_i64() < Some(number)) {
            events.push(self.event_of(channel).await);
        }
        events
    }

    /// The close code, when the server closes; frames before it are passed over.
    pub async fn close_code(&mut self, within: Duration) -> u16 {
        let search = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                    Some(Ok(_)) => {}
                    other => panic!("a close frame, not {other:?}"),
                }
            }
        };
        tokio::time::timeout(within, search).await.expect("closed in time")
    }

    /// Everything sent before is answered; what came until then.
    pub async fn frames_before_pong(&mut self) -> Vec<Value> {
        let nonce = uuid::Uuid::new_v4().to_string();
        self.send(json!({"type": "ping", "nonce": nonce})).await;
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["type"] == "pong" && frame["nonce"] == nonce {
                return frames;
            }
            frames.push(frame);
        }
    }

    fn take(&mut self, text: &str) -> Value {
        let frame: Value = serde_json::from_str(text).expect("a frame is JSON");
        self.coverage.note_received(&frame);
        match frame["type"].as_str() {
            Some("event") => self.follow(&frame),
            Some("resync") => {
                let id = frame["channel"]["id"].as_str().expect("a channel");
                let head = frame["channel"]["last_seq"].as_i64().expect("a number");
                self.numbers.insert(id.to_owned(), head);
            }
            _ => {}
        }
        frame
    }

    fn follow(&mut self, event: &Value) {
        let id = event["channel_id"].as_str().expect("a channel");
        let number = event["seq"].as_i64().expect("a number");
        if let Some(last) = self.numbers.insert(id.to_owned(), number) {
            assert_eq!(number, last + 1, "a gap or a repetition in {id}: {event}");
        }
    }
}
