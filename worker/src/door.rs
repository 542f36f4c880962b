//! Where a worker answers those who watch it: `/livez` and `/metrics`.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use warren_process::{Configuration, Monitors, figures};

use crate::holdings::Holdings;
use crate::metrics::Metrics;

/// A monitor asks, is answered and goes.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Before accepting again after an error: of descriptors, usually.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An address that is listened to, and who may ask there.
pub struct Door {
    listener: TcpListener,
    monitors: Monitors,
}

/// Why nobody can ask.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} (WARREN_METRICS_LISTEN)")]
pub struct DoorError {
    address: SocketAddr,
    source: io::Error,
}

impl Door {
    /// Listens, if the configuration says where.
    ///
    /// # Errors
    /// [`DoorError`] if the address is taken or not ours.
    pub async fn bind(configuration: &Configuration) -> Result<Option<Self>, DoorError> {
        let Some(address) = configuration.metrics_listen else { return Ok(None) };
        let listening = async {
            let listener = TcpListener::bind(address).await?;
            tracing::info!(address = %listener.local_addr()?, "answers monitors");
            Ok(listener)
        };
        let listener = listening.await.map_err(|source| DoorError { address, source })?;
        let monitors = Monitors::new(configuration.monitor_addresses.clone());
        Ok(Some(Self { listener, monitors }))
    }

    /// Answers until `stop`.
    pub(crate) async fn answer(
        self,
        metrics: Arc<Metrics>,
        holdings: Arc<Holdings>,
        stop: CancellationToken,
    ) {
        let answering = Arc::new(Answering { metrics, holdings });
        let accepting = async {
            loop {
                match self.listener.accept().await {
                    Ok((stream, peer)) if self.monitors.admit(peer.ip()) => {
                        let served = answering.clone().serve(stream);
                        tokio::spawn(timeout(CONNECTION_TIMEOUT, served));
                    }
                    // To everybody else there is nothing to see, and nothing to hold open.
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, "a monitor's connection was not accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        stop.run_until_cancelled(accepting).await;
    }
}

struct Answering {
    metrics: Arc<Metrics>,
    holdings: Arc<Holdings>,
}

impl Answering {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(|request| {
            let answer = self.answer(&request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let mut connection = http1::Builder::new();
        let connection = connection.timer(TokioTimer::new());
        if let Err(error) = connection.serve_connection(TokioIo::new(stream), service).await {
            tracing::debug!(%error, "a monitor's connection broke");
        }
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<String> {
        let known = request.method() == Method::GET;
        match request.uri().path() {
            "/livez" if known => respond("application/json", r#"{"status":"ok"}"#.into()),
            "/metrics" if known => {
                let text = self.metrics.expose(self.holdings.list().len());
                respond(figures::MEDIA_TYPE, text.unwrap_or_default())
            }
            _ => {
                let mut absent = respond("text/plain", "There is nothing here.\n".into());
                *absent.status_mut() = StatusCode::NOT_FOUND;
                absent
            }
        }
    }
}

fn respond(media_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(media_type));
    response
}
