//! A bare socket server: whatever one client says goes to all. One task and one queue
//! position for each socket; a frame is made once, and all that is ready is flushed once.

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// As Warren's sockets have.
const READ_BUFFER_SIZE_BYTES: usize = 2 * 1024;
const WRITE_BUFFER_SIZE_BYTES: usize = 4 * 1024;

/// Frames that a slow reader may be behind.
const QUEUE_LENGTH: usize = 4_096;

/// Serves until it is killed.
pub(crate) async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let address = listener.local_addr().expect("an address");
    println!("Warren is listening on http://{address}");
    let frames = broadcast::Sender::new(QUEUE_LENGTH);
    loop {
        let (connection, _) = listener.accept().await.expect("accept");
        connection.set_nodelay(true).expect("TCP_NODELAY");
        tokio::spawn(converse(connection, frames.clone()));
    }
}

async fn converse(connection: TcpStream, frames: broadcast::Sender<Utf8Bytes>) {
    let configuration = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_SIZE_BYTES)
        .write_buffer_size(WRITE_BUFFER_SIZE_BYTES);
    let accepted =
        tokio_tungstenite::accept_async_with_config(connection, Some(configuration)).await;
    let Ok(mut socket) = accepted else { return };
    let mut news = frames.subscribe();
    loop {
        tokio::select! {
            frame = news.recv() => {
                let frame = frame.expect("nobody reads so slowly");
                if tell(&mut socket, frame, &mut news).await.is_err() {
                    return;
                }
            }
            said = socket.next() => match said {
                Some(Ok(Message::Text(text))) => drop(frames.send(text)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

/// Sends a frame, and what else is there already.
async fn tell(
    socket: &mut WebSocketStream<TcpStream>,
    first: Utf8Bytes,
    news: &mut broadcast::Receiver<Utf8Bytes>,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    socket.feed(Message::Text(first)).await?;
    loop {
        match news.try_recv() {
            Ok(frame) => socket.feed(Message::Text(frame)).await?,
            Err(TryRecvError::Empty) => return socket.flush().await,
            Err(error) => panic!("nobody reads so slowly: {error}"),
        }
    }
}
