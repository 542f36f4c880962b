//! What every request goes through, before and after its handler.

use std::sync::Arc;
use std::time::Instant;

use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response};
use poem_openapi::OperationId;
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::http::limit::Standings;
use crate::http::methods::Methods;
use crate::http::problem::Problem;
use crate::node::Node;

const REQUEST_ID: &str = "x-request-id";

/// The id that a request has, from its client or from [`edge`].
pub(crate) fn request_id(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    given.unwrap_or_default().to_owned()
}

/// Gives the request an id, runs it where its client cannot cancel it half-way,
/// and sends every failure as a problem document.
pub(crate) async fn edge<E: Endpoint + 'static>(
    endpoint: Arc<E>,
    mut request: Request,
    methods: Arc<Methods>,
) -> poem::Result<Response> {
    let id = give_id(&mut request);
    let standings = Standings::default();
    request.set_data(standings.clone());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = tracing::info_span!("request", id = ?id, %method, path = &path);
    let client = client_span(&request, &span);
    let node = request.data::<Arc<Node>>().cloned();
    let started = Instant::now();
    let work = async move { endpoint.call(request).await.map(IntoResponse::into_response) };
    let work = work.instrument(client.clone()).instrument(span);
    let result = run(&method, work).await;
    let operation = operation(&result);
    let mut response = result.unwrap_or_else(as_problem);
    let status = response.status().as_u16();
    if let Some(node) = node {
        node.watching.requests.note(operation, status, started.elapsed());
    }
    let elapsed_ms = started.elapsed().as_millis();
    client.in_scope(|| tracing::debug!(status, elapsed_ms, "answered"));
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        add_allow(&mut response, methods.of_path(&path));
    }
    add_headers(&mut response, &id);
    standings.tell(&mut response);
    Ok(response)
}

/// Which operation answered: a short list, whatever paths are asked for.
fn operation(result: &poem::Result<Response>) -> &'static str {
    let answered = match result {
        Ok(response) => response.data::<OperationId>(),
        Err(error) => error.data::<OperationId>(),
    };
    answered.map_or("none", |operation| operation.0)
}

/// A client that goes away must not drop a transaction between its commit and
/// the news of it: what changes something runs on its own.
async fn run(
    method: &Method,
    work: impl Future<Output = poem::Result<Response>> + Send + 'static,
) -> poem::Result<Response> {
    if method == Method::GET || method == Method::HEAD {
        return work.await;
    }
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(error) => Err(Problem::internal(&error).into()),
    }
}

/// Where the request comes from, for whoever debugs: at no other level is an
/// address logged.
fn client_span(request: &Request, parent: &Span) -> Span {
    let node = request.data::<Arc<Node>>();
    let address = node.and_then(|node| node.proxies.client_address(request));
    tracing::debug_span!(parent: parent, "client", address = address.map(tracing::field::display))
}

fn give_id(request: &mut Request) -> HeaderValue {
    let fits = |id: &&HeaderValue| {
        id.len() <= 128 && id.as_bytes().iter().all(|byte| (b'!'..=b'~').contains(byte))
    };
    if let Some(id) = request.headers().get(REQUEST_ID).filter(fits) {
        return id.clone();
    }
    let id = HeaderValue::from_str(&Uuid::now_v7().to_string())
        .unwrap_or(HeaderValue::from_static("none"));
    request.headers_mut().insert(REQUEST_ID, id.clone());
    id
}

fn add_headers(response: &mut Response, id: &HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id.clone());
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn add_allow(response: &mut Response, methods: Option<&str>) {
    if let Some(allow) = methods.and_then(|methods| HeaderValue::from_str(methods).ok()) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
}

/// Whatever poem and poem-openapi say themselves, in our words.
fn as_problem(error: poem::Error) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    let status = error.status();
    let problem = match status {
        StatusCode::UNAUTHORIZED => Problem::unauthenticated(),
        StatusCode::NOT_FOUND => Problem::not_found("resource"),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(status, "method_not_allowed", "This path is not used with this method.")
        }
        StatusCode::BAD_REQUEST => Problem::invalid_parameter(error.to_string()),
        _ if status.is_client_error() => Problem::new(status, "refused", error.to_string()),
        _ => Problem::internal(&UnexpectedError(error.to_string())),
    };
    problem.into_response()
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UnexpectedError(String);
