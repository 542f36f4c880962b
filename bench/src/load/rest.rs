//! Sending over HTTP: each send under way has a connection of its own.

use std::time::Instant;

use tokio::task::JoinHandle;

use super::sender::{Durable, One, Span};
use crate::stage;

/// A task for each send that may be under way.
pub(super) fn spawn(one: &One, span: Span) -> Vec<JoinHandle<Durable>> {
    let http = reqwest::Client::builder().tcp_nodelay(true).build().expect("an HTTP client");
    (0..one.window).map(|_| tokio::spawn(run(http.clone(), one.clone(), span))).collect()
}

async fn run(http: reqwest::Client, one: One, span: Span) -> Durable {
    let url = |channel| format!("{}/v1/channels/{channel}/messages", one.base);
    let mut urls = one.channels.iter().map(url).cycle();
    let body = stage::body();
    let mut durable = Durable::default();
    while !span.is_over() {
        let sent = Instant::now();
        let request = http
            .post(urls.next().expect("a channel"))
            .bearer_auth(&one.token)
            .header("content-type", "application/json")
            .body(body.clone());
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        assert_eq!(status, 201, "{text}");
        span.note(&mut durable, sent);
    }
    durable
}
