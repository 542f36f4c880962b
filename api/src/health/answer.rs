//! How the server is, for programs and for people.

use poem::http::{HeaderValue, StatusCode, header};
use poem::web::Accept;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::Type;

use crate::health::page::page;
use crate::health::report::{Health, HealthStatus};

const JSON: &str = "application/json";
const HTML: &str = "text/html";

/// The page's own style, and nothing else.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// The report, as JSON, or as a page for whoever prefers one.
pub(crate) struct HealthAnswer {
    health: Health,
    as_page: bool,
}

impl HealthAnswer {
    /// A page if it is asked for before JSON and before just anything.
    pub(crate) fn new(health: Health, accept: &Accept) -> Self {
        let known =
            accept.0.iter().find(|media| [HTML, JSON, "*/*"].contains(&media.essence_str()));
        Self { health, as_page: known.is_some_and(|media| media.essence_str() == HTML) }
    }

    fn status(&self) -> StatusCode {
        match self.health.status {
            HealthStatus::Ok | HealthStatus::Degraded => StatusCode::OK,
            HealthStatus::Down => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for HealthAnswer {
    fn into_response(self) -> Response {
        let response = Response::builder().status(self.status()).header(header::VARY, "accept");
        if self.as_page {
            let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
            return response
                .content_type("text/html; charset=utf-8")
                .header(header::CONTENT_SECURITY_POLICY, policy)
                .body(page(&self.health));
        }
        response.content_type(JSON).body(serde_json::to_vec(&self.health).unwrap_or_default())
    }
}

impl ApiResponse for HealthAnswer {
    fn meta() -> MetaResponses {
        let response = |status, description| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![
                MetaMediaType { content_type: JSON, schema: Health::schema_ref() },
                MetaMediaType { content_type: HTML, schema: html() },
            ],
            headers: vec![],
        };
        MetaResponses {
            responses: vec![
                response(200, "The server works; `degraded` if somebody should look at it."),
                response(503, "The server does not work: the reasons say why."),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        Health::register(registry);
    }
}

fn html() -> MetaSchemaRef {
    String::schema_ref()
}
