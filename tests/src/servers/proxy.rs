//! A link that can be cut, or made to carry nothing in one direction.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const CHUNK_SIZE_BYTES: usize = 16 * 1024;

/// Forwards connections to a server on loopback until it is cut.
pub struct Proxy {
    port: u16,
    state: Arc<watch::Sender<State>>,
    task: JoinHandle<()>,
}

/// What the link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Whole,
    /// The server hears nothing more; its clients hear everything.
    Muted,
    Cut,
}

impl Proxy {
    /// Begins to forward to `target`.
    pub async fn start(target: u16) -> Self {
        let port = super::port::free();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("listen");
        let state = Arc::new(watch::Sender::new(State::Whole));
        let task = tokio::spawn(serve(listener, target, Arc::clone(&state)));
        Self { port, state, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection and lets none live.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Keeps from the server what its clients say from now on. A cut throws it away.
    pub fn mute(&self) {
        self.state.send_replace(State::Muted);
    }

    /// Forwards again.
    pub fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, target: u16, state: Arc<watch::Sender<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        let (mut cut, spoken) = (state.subscribe(), state.subscribe());
        tokio::spawn(async move {
            tokio::select! {
                () = forward(client, target, spoken) => {}
                _ = cut.wait_for(|state| *state == State::Cut) => {}
            }
        });
    }
}

async fn forward(client: TcpStream, target: u16, state: watch::Receiver<State>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let answers = async {
        let _ = copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::join!(answers, speak(&mut from_client, &mut to_server, state));
}

/// What the client says, as long as the server may hear it.
async fn speak(
    client: &mut OwnedReadHalf,
    server: &mut OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut chunk = vec![0; CHUNK_SIZE_BYTES];
    while let Ok(count @ 1..) = client.read(&mut chunk).await {
        if state.wait_for(|state| *state != State::Muted).await.is_err() {
            return;
        }
        if server.write_all(&chunk[..count]).await.is_err() {
            return;
        }
    }
    let _ = server.shutdown().await;
}
