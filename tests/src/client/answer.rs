//! An HTTP answer.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// Status, headers and body of an answer; the body also as text, and parsed if it is
/// JSON.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    pub text: String,
    pub json: Value,
    /// The request, for messages.
    pub request: String,
}

impl Answer {
    /// The JSON body.
    ///
    /// # Panics
    /// If the status is another.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{} answered {}", self.request, self.text);
        &self.json
    }

    /// # Panics
    /// If the answer is not this problem.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> &Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{} answered {}", self.request, self.text);
        body
    }

    /// The problem names `field` among its errors.
    #[track_caller]
    pub fn expect_invalid(&self, field: &str) {
        let body = self.expect_problem(422, "validation_failed");
        let errors = body["errors"].as_array().expect("errors");
        let named = errors.iter().any(|error| error["field"] == field);
        assert!(named, "{} did not name {field}: {}", self.request, self.text);
    }

    /// A header's text, empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Every error is a problem document (RFC 9457) that agrees with its
    /// status; but a node that is not ready, or not well, answers with what it
    /// found.
    pub(super) fn check_problem(&self) {
        let reports = ["GET /readyz", "GET /healthcheck"].contains(&self.request.as_str());
        if self.status < 400 || (reports && self.status == 503) {
            return;
        }
        let (request, body) = (&self.request, &self.json);
        let media_type = self.header("content-type");
        assert!(media_type.starts_with("application/problem+json"), "{request}: {media_type:?}");
        assert_eq!(body["status"], self.status, "{request}: {}", self.text);
        for field in ["type", "title", "code", "detail"] {
            assert!(body[field].is_string(), "{request}: no {field} in {}", self.text);
        }
        for error in body["errors"].as_array().into_iter().flatten() {
            for field in ["field", "code", "message"] {
                assert!(error[field].is_string(), "{request}: no {field} in {error}");
            }
        }
        if self.status == 429 {
            assert!(!self.header("retry-after").is_empty(), "{request}: 429 without Retry-After");
        }
        if self.status == 503 && body["code"] != "internal_error" {
            assert!(!self.header("retry-after").is_empty(), "{request}: 503 without Retry-After");
        }
    }
}
