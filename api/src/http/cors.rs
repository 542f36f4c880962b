//! Which web pages of other origins may call the API (the Fetch standard,
//! "CORS protocol"). A page of the server's own origin needs no permission;
//! poem's middleware would refuse its POSTs, which carry an `Origin` too.

use std::sync::Arc;

use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response};

use crate::node::Node;

/// What a page may send besides what every page may.
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, Prefer, X-Request-Id";
const ALLOWED_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// What a page may read besides what every page may.
const EXPOSED_HEADERS: &str = "Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";

/// How long a browser may remember a permission: two hours are the most that
/// any browser takes.
const MAX_AGE_S: &str = "7200";

/// The origins whose pages may call the API. There is no wildcard, and no
/// credentials of the browser's own (cookies) are asked for: an access token is
/// sent by whoever has one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cors {
    origins: Vec<HeaderValue>,
}

impl Cors {
    /// These, as browsers write them: `https://chat.example.org`.
    pub(crate) fn new(origins: &[String]) -> Self {
        let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        Self { origins: origins.collect() }
    }

    /// The request's origin, if it is one of these.
    fn allowed(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        self.origins.contains(origin).then(|| origin.clone())
    }
}

/// Answers a preflight of an allowed origin, and lets its pages read every
/// answer, problems too. To another origin nothing is said: its browser then
/// keeps the answer from the page. Does nothing if no origin is configured.
pub(crate) async fn cors<E: Endpoint>(
    endpoint: Arc<E>,
    request: Request,
) -> poem::Result<Response> {
    let allowed = match request.data::<Arc<Node>>() {
        Some(node) if !node.cors.origins.is_empty() => node.cors.allowed(&request),
        _ => return endpoint.call(request).await.map(IntoResponse::into_response),
    };
    let mut response = match &allowed {
        Some(_) if is_preflight(&request) => permission(),
        _ => endpoint.get_response(request).await,
    };
    // Whoever keeps the answer keeps one for each origin.
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        insert(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    }
    Ok(response)
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The same for every path: what a page asks for beyond it, its browser refuses.
fn permission() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    insert(headers, header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
    insert(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    insert(headers, header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    response
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
