//! The connections of an API process: accepted until the process is to stop,
//! then let go so that no request gets lost.
//!
//! A proxy keeps connections open and sends its next request on one of them. If
//! the server closes it in that very moment, the proxy cannot know whether the
//! request was read, and must fail what is not safe to repeat. So it is the
//! proxy that closes: the server answers what comes with `Connection: close`,
//! and leaves a proxy's idle connections open for longer than the proxy does.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use poem::http::uri::Scheme;
use poem::http::{self, HeaderValue, StatusCode, Version, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, IntoResponse, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warren_process::shutdown::drain;

use crate::http::client_address::TrustedProxies;
use crate::http::problem::Problem;

/// How long requests under way may take after the stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a proxy's idle connections stay open then: longer than a proxy
/// keeps them. nginx/warren/upstream.conf says 4 s.
const PROXY_GRACE: Duration = Duration::from_secs(6);

/// Before accepting again after an error: of descriptors, usually.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Of an HTTP/2 request, in bytes.
const MAX_HEADER_LIST_SIZE_BYTES: u32 = 16 * 1024;

/// What the connections of a process share.
pub(crate) struct Connections<E> {
    /// What answers.
    pub application: E,
    /// Whose idle connections outlive the stop for a while.
    pub proxies: TrustedProxies,
    /// The process is to stop.
    pub stop: CancellationToken,
}

impl<E> Connections<E>
where
    E: Endpoint + 'static,
    E::Output: IntoResponse,
{
    /// Serves until the stop, then answers what is under way; what takes longer
    /// than 10 s is cut off.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let (connections, tasks, over) =
            (Arc::new(self), TaskTracker::new(), CancellationToken::new());
        let begin = |(stream, peer)| {
            let served = connections.clone().connection(stream, peer);
            tasks.spawn(over.clone().run_until_cancelled_owned(served));
        };
        while let Some(accepted) = connections.accept(&listener).await {
            begin(accepted);
        }
        last_accepted(listener).into_iter().for_each(begin);
        if let Err(error) = drain(&tasks, DRAIN).await {
            tracing::warn!(%error, "connections are cut off");
        }
        over.cancel();
    }

    /// The next connection; none once the process is to stop.
    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return None,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(accepted) => return Some(accepted),
                Err(error) => tracing::warn!(%error, "a connection was not accepted"),
            }
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // Without it a small frame waits for the acknowledgement of the last one.
        let _ = stream.set_nodelay(true);
        let Ok(local) = stream.local_addr() else { return };
        let service = service_fn(|request| {
            let connections = self.clone();
            async move {
                let response = connections.answer(request, local, peer).await;
                Ok::<http::Response<_>, Infallible>(response.into())
            }
        });
        let builder = builder();
        let mut connection =
            pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = self.may_close(peer) => connection.as_mut().graceful_shutdown(),
        }
        // A client that broke off needs no more.
        let _ = connection.await;
    }

    /// The process is to stop, and nothing more will come on an idle connection.
    async fn may_close(&self, peer: SocketAddr) {
        self.stop.cancelled().await;
        if self.proxies.contains(peer.ip()) {
            tokio::time::sleep(PROXY_GRACE).await;
        }
    }

    async fn answer(
        &self,
        request: http::Request<Incoming>,
        local: SocketAddr,
        peer: SocketAddr,
    ) -> Response {
        let (version, upgrades) =
            (request.version(), request.headers().contains_key(header::UPGRADE));
        let mut response = if upgrades && self.stop.is_cancelled() {
            going_away()
        } else {
            let (local, peer) = (LocalAddr(local.into()), RemoteAddr(peer.into()));
            self.application.get_response((request, local, peer, Scheme::HTTP).into()).await
        };
        let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if self.stop.is_cancelled() && version < Version::HTTP_2 && !switches {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_header_list_size(MAX_HEADER_LIST_SIZE_BYTES);
    builder
}

/// A socket opened now would be closed at once: a proxy takes this to another node.
fn going_away() -> Response {
    Problem::unavailable("This process stops. Another one, or this one soon, opens the socket.")
        .into_response()
}

/// Closes the listener; the connections that were established and not yet
/// accepted, whose requests may be under way. The runtime would tell of them
/// later than the system.
fn last_accepted(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let accept_all = |listener: TcpListener| -> io::Result<Vec<_>> {
        let (listener, mut accepted) = (listener.into_std()?, Vec::new());
        while let Ok((stream, peer)) = listener.accept() {
            stream.set_nonblocking(true)?;
            accepted.push((TcpStream::from_std(stream)?, peer));
        }
        Ok(accepted)
    };
    accept_all(listener).unwrap_or_default()
}
