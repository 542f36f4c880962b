//! Which web pages may open a socket (RFC 6455, section 10.2): browsers send
//! cookies and stored secrets along from any page, so the server must ask.

use poem::Request;
use poem::http::header;

/// The origins that are let in, besides the server's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    allowed: Vec<String>,
}

impl Origins {
    /// These, as browsers write them: `https://chat.example.org`.
    pub(crate) fn new(allowed: impl IntoIterator<Item = String>) -> Self {
        Self { allowed: allowed.into_iter().collect() }
    }

    /// Whether the request comes from the server's own page, from an allowed
    /// origin, or from no browser at all.
    #[must_use]
    pub(crate) fn admit(&self, request: &Request) -> bool {
        let Some(origin) = request.headers().get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        if self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
            return true;
        }
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let own = origin.split_once("://").map(|(_, authority)| authority);
        own.is_some() && own == host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, origin: Option<&str>) -> Request {
        let mut builder = Request::builder().header("host", host);
        if let Some(origin) = origin {
            builder = builder.header("origin", origin);
        }
        builder.finish()
    }

    #[test]
    fn own_and_allowed_origins_are_admitted_and_no_other() {
        let origins = Origins::new(["https://chat.example.org".to_owned()]);
        assert!(origins.admit(&request("localhost:8080", None)));
        assert!(origins.admit(&request("localhost:8080", Some("http://localhost:8080"))));
        assert!(origins.admit(&request("10.0.0.1", Some("https://chat.example.org"))));
        for foreign in ["https://evil.example", "null", "http://localhost:8081", "localhost:8080"] {
            assert!(!origins.admit(&request("localhost:8080", Some(foreign))), "{foreign}");
        }
    }
}
