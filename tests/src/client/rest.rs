//! The REST client.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::{Answer, Coverage};

const DEADLINE: Duration = Duration::from_secs(60);

/// A client of one API node, with or without a token.
#[derive(Clone)]
pub struct Rest {
    pub base: String,
    pub token: Option<String>,
    pub coverage: Arc<Coverage>,
    http: reqwest::Client,
}

/// A request.
pub struct Call<'a> {
    pub method: &'a str,
    /// With its query.
    pub path: &'a str,
    pub content: Content,
    pub headers: &'a [(&'a str, &'a str)],
}

/// A request's body.
#[derive(Clone)]
pub enum Content {
    None,
    Json(Value),
    /// A media type and bytes.
    Bytes(&'static str, Vec<u8>),
    /// JSON in chunks, without a Content-Length.
    Chunks(Vec<Vec<u8>>),
}

impl Rest {
    /// A client without a token.
    pub fn new(base: &str, coverage: &Arc<Coverage>) -> Self {
        Self::with(base, coverage, reqwest::Client::builder())
    }

    /// A client without a token at this address of the machine.
    pub fn from_address(base: &str, coverage: &Arc<Coverage>, address: IpAddr) -> Self {
        Self::with(base, coverage, reqwest::Client::builder().local_address(address))
    }

    fn with(base: &str, coverage: &Arc<Coverage>, http: reqwest::ClientBuilder) -> Self {
        let http = http.timeout(DEADLINE).build().expect("an HTTP client");
        Self { base: base.to_owned(), token: None, coverage: Arc::clone(coverage), http }
    }

    /// The same client with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client at another node.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Call { method: "GET", path, content: Content::None, headers: &[] }).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Call { method: "POST", path, content: Content::Json(body), headers: &[] }).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Call { method: "PUT", path, content: Content::Json(body), headers: &[] }).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Call { method: "PATCH", path, content: Content::Json(body), headers: &[] }).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Call { method: "DELETE", path, content: Content::None, headers: &[] }).await
    }

    /// POST without a body.
    pub async fn post_empty(&self, path: &str) -> Answer {
        self.call(Call { method: "POST", path, content: Content::None, headers: &[] }).await
    }

    /// PUT without a body.
    pub async fn put_empty(&self, path: &str) -> Answer {
        self.call(Call { method: "PUT", path, content: Content::None, headers: &[] }).await
    }

    /// POST with any bytes as JSON.
    pub async fn post_raw(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let content = Content::Bytes("application/json", body.into());
        self.call(Call { method: "POST", path, content, headers: &[] }).await
    }

    /// Any request; there has to be an answer, and it has to be as documented.
    pub async fn call(&self, call: Call<'_>) -> Answer {
        let (method, path) = (call.method.to_owned(), call.path.to_owned());
        let answer = self.try_call(call).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// Any request; the node may be gone.
    pub async fn try_call(&self, call: Call<'_>) -> reqwest::Result<Answer> {
        let (method, path) = (call.method, call.path);
        let answer = self.try_ask(call).await?;
        self.coverage.note_answer(method, path, answer.status, &answer.json);
        Ok(answer)
    }

    /// Any request, whoever answers it: what a proxy says is in no document.
    pub async fn ask(&self, call: Call<'_>) -> Answer {
        let (method, path) = (call.method.to_owned(), call.path.to_owned());
        let answer = self.try_ask(call).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    async fn try_ask(&self, call: Call<'_>) -> reqwest::Result<Answer> {
        let (method, path) = (call.method, call.path);
        let response = self.request(call).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        let request = format!("{method} {path}");
        let answer = Answer { status, headers, bytes, text, json, request };
        answer.check_problem();
        Ok(answer)
    }

    fn request(&self, call: Call<'_>) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(call.method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{}", self.base, call.path));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        match call.content {
            Content::None => request,
            Content::Json(body) => request.json(&body),
            Content::Bytes(media_type, bytes) => {
                request.header("content-type", media_type).body(bytes)
            }
            Content::Chunks(chunks) => {
                let chunks = chunks.into_iter().map(Ok::<_, std::io::Error>);
                let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
                request.header("content-type", "application/json").body(body)
            }
        }
    }
}
