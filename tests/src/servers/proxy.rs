//! A link that can be cut, and that can hold back what one side says.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const BUFFER_SIZE: usize = 16 * 1024;

/// Forwards connections to a server on loopback until it is cut.
pub struct Proxy {
    port: u16,
    link: Arc<Link>,
    task: JoinHandle<()>,
}

/// One of the two directions.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    ToServer,
    ToClient,
}

struct Link {
    is_whole: watch::Sender<bool>,
    to_server: watch::Sender<bool>,
    to_client: watch::Sender<bool>,
    connections: Mutex<BTreeMap<u64, CancellationToken>>,
}

impl Proxy {
    /// Begins to forward to `target`.
    pub async fn start(target: u16) -> Self {
        let port = super::port::free();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("listen");
        let link = Arc::new(Link {
            is_whole: watch::Sender::new(true),
            to_server: watch::Sender::new(true),
            to_client: watch::Sender::new(true),
            connections: Mutex::default(),
        });
        let task = tokio::spawn(serve(listener, target, Arc::clone(&link)));
        Self { port, link, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection and lets none live. What was held back is lost.
    pub fn cut(&self) {
        self.link.is_whole.send_replace(false);
        for connection in self.link.connections.lock().unwrap().values() {
            connection.cancel();
        }
    }

    /// Ends one of `in_every` connections, by chance; how many.
    pub fn cut_some(&self, in_every: usize, chance: &mut StdRng) -> usize {
        let connections = self.link.connections.lock().unwrap();
        let connections: Vec<_> = connections.values().collect();
        let count = connections.len().div_ceil(in_every);
        connections.sample(chance, count).for_each(|connection| connection.cancel());
        count
    }

    /// From now on nothing goes this way; connections stay open.
    pub fn hold_back(&self, way: Way) {
        self.link.gate(way).send_replace(false);
    }

    /// Forwards again, both ways.
    pub fn mend(&self) {
        self.link.to_server.send_replace(true);
        self.link.to_client.send_replace(true);
        self.link.is_whole.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

impl Link {
    fn gate(&self, way: Way) -> &watch::Sender<bool> {
        match way {
            Way::ToServer => &self.to_server,
            Way::ToClient => &self.to_client,
        }
    }

    async fn forward(&self, client: TcpStream, target: u16) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else {
            return;
        };
        let ((from_client, to_client), (from_server, to_server)) =
            (client.into_split(), server.into_split());
        // Whichever side ends first, the other is told by the end of both.
        tokio::select! {
            _ = pump(from_client, to_server, self.to_server.subscribe()) => {}
            _ = pump(from_server, to_client, self.to_client.subscribe()) => {}
        }
    }
}

async fn serve(listener: TcpListener, target: u16, link: Arc<Link>) {
    let mut number = 0;
    while let Ok((client, _)) = listener.accept().await {
        let cancel = CancellationToken::new();
        number += 1;
        link.connections.lock().unwrap().insert(number, cancel.clone());
        // After it was entered: a cut either finds it, or is seen here.
        if !*link.is_whole.borrow() {
            cancel.cancel();
        }
        let link = Arc::clone(&link);
        tokio::spawn(async move {
            cancel.run_until_cancelled(link.forward(client, target)).await;
            link.connections.lock().unwrap().remove(&number);
        });
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut is_open: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let count = from.read(&mut buffer).await?;
        // The gate lives as long as the link does.
        let _ = is_open.wait_for(|open| *open).await;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
    }
}
