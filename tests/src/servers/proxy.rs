//! A link that can be cut.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Forwards connections to a server on loopback until it is cut.
pub struct Proxy {
    port: u16,
    is_whole: Arc<watch::Sender<bool>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Begins to forward to `target`.
    pub async fn start(target: u16) -> Self {
        let port = super::port::free();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("listen");
        let is_whole = Arc::new(watch::Sender::new(true));
        let task = tokio::spawn(serve(listener, target, Arc::clone(&is_whole)));
        Self { port, is_whole, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection and lets none live.
    pub fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    /// Forwards again.
    pub fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, target: u16, is_whole: Arc<watch::Sender<bool>>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut is_whole = is_whole.subscribe();
        tokio::spawn(async move {
            let forward = async {
                if let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await {
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            };
            tokio::select! {
                () = forward => {}
                _ = is_whole.wait_for(|whole| !whole) => {}
            }
        });
    }
}
