//! The web page, built into the program, so that one file is all there is to run.

use poem::http::{Method, header};
use poem::{Endpoint, IntoResponse, Request, Response};

/// Scripts and styles only from here, and nobody frames the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; \
    img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

struct File {
    path: &'static str,
    media_type: &'static str,
    content: &'static str,
}

macro_rules! files {
    ($($path:literal, $name:literal, $media_type:literal;)+) => {
        &[$(File {
            path: $path,
            media_type: $media_type,
            content: include_str!(concat!("../../../web/", $name)),
        }),+]
    };
}

const FILES: &[File] = files! {
    "/", "index.html", "text/html; charset=utf-8";
    "/warren.css", "warren.css", "text/css; charset=utf-8";
    "/warren.svg", "warren.svg", "image/svg+xml";
    "/warren.js", "warren.js", "text/javascript; charset=utf-8";
    "/api.js", "api.js", "text/javascript; charset=utf-8";
    "/chat.js", "chat.js", "text/javascript; charset=utf-8";
    "/directory.js", "directory.js", "text/javascript; charset=utf-8";
    "/elements.js", "elements.js", "text/javascript; charset=utf-8";
    "/entry.js", "entry.js", "text/javascript; charset=utf-8";
    "/messages.js", "messages.js", "text/javascript; charset=utf-8";
    "/outbox.js", "outbox.js", "text/javascript; charset=utf-8";
    "/page.js", "page.js", "text/javascript; charset=utf-8";
    "/socket.js", "socket.js", "text/javascript; charset=utf-8";
    "/timeline.js", "timeline.js", "text/javascript; charset=utf-8";
};

/// Serves the page's files; everything else is `endpoint`'s.
pub(crate) async fn page<E: Endpoint>(
    endpoint: std::sync::Arc<E>,
    request: Request,
) -> poem::Result<Response> {
    let reads = request.method() == Method::GET || request.method() == Method::HEAD;
    match FILES.iter().find(|file| reads && file.path == request.uri().path()) {
        Some(file) => Ok(file.response()),
        None => endpoint.call(request).await.map(IntoResponse::into_response),
    }
}

impl File {
    fn response(&self) -> Response {
        Response::builder()
            .content_type(self.media_type)
            .header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::CACHE_CONTROL, "no-cache")
            .body(self.content)
    }
}
