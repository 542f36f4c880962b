//! What nginx itself answers, and what it adds to answers.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ask, person, visitor};
use crate::client::{Call, Content};
use crate::facts;
use crate::world::World;

const ANSWER: Duration = Duration::from_secs(30);
const CHUNK_BYTES: usize = 64 * 1024;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "proxy",
        [
            body_above_the_cap_is_refused,
            length_together_with_chunks_is_refused,
            what_nginx_answers_itself_is_a_problem_document,
            every_answer_has_the_security_headers_once,
            large_answers_are_compressed,
            request_id_is_kept_if_it_is_one,
            nothing_but_a_socket_is_upgraded,
        ]
    )
}

/// Row 7, declared and in chunks.
async fn body_above_the_cap_is_refused(world: Arc<World>) {
    let ann = person(&world, "ann").await;
    let path = "/v1/channels/public/messages";
    let large = vec![b' '; 2 * 1024 * 1024 + 1];
    ann.post_raw(path, large.clone()).await.expect_problem(413, "body_too_large");
    let content = Content::Chunks(large.chunks(CHUNK_BYTES).map(<[u8]>::to_vec).collect());
    let answer = ann.call(Call { method: "POST", path, content, headers: &[] }).await;
    answer.expect_problem(413, "body_too_large");
}

/// Row 9.
async fn length_together_with_chunks_is_refused(world: Arc<World>) {
    let answer = raw(
        &world,
        "POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("\"code\":\"malformed_request\""), "{answer}");
}

async fn what_nginx_answers_itself_is_a_problem_document(world: Arc<World>) {
    let rest = visitor(&world).await;
    ask(&rest, "GET", "/assets/missing.js", &[]).await.expect_problem(404, "not_found");
    let answer = ask(&rest, "POST", "/", &[]).await;
    answer.expect_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET, HEAD");
    let long = "x".repeat(16 * 1024);
    let answer = raw(&world, &format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 414 ") && answer.contains("uri_too_long"), "{answer}");
    let answer = ask(&rest, "GET", "/v1/me", &[("X-Long", &"x".repeat(16 * 1024))]).await;
    answer.expect_problem(431, "headers_too_large");
    for malformed in ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        let answer = raw(&world, malformed).await;
        assert!(answer.contains("application/problem+json"), "{malformed:?}: {answer}");
        assert!(answer.contains("\"type\":\"about:blank\""), "{malformed:?}: {answer}");
    }
}

async fn every_answer_has_the_security_headers_once(world: Arc<World>) {
    let rest = visitor(&world).await;
    for (path, status) in [
        ("/", 200),
        ("/warren.js", 200),
        ("/v1/me", 401),
        ("/docs", 200),
        ("/openapi.json", 200),
        ("/missing", 404),
        ("/assets/missing", 404),
    ] {
        let answer = ask(&rest, "GET", path, &[]).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("permissions-policy", "camera=()"),
            ("content-security-policy", "frame-ancestors 'none'"),
            ("cache-control", "no-"),
            ("x-request-id", ""),
        ] {
            assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{path}: {name}");
            assert!(answer.header(name).contains(value), "{path}: {name}");
        }
        let server = answer.header("server");
        assert!(!server.contains(|letter: char| letter.is_ascii_digit()), "{path}: {server}");
    }
}

async fn large_answers_are_compressed(world: Arc<World>) {
    let rest = visitor(&world).await;
    for path in ["/", "/chat.js", "/warren.css", "/openapi.json", "/docs"] {
        let plain = ask(&rest, "GET", path, &[]).await;
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let packed = ask(&rest, "GET", path, &[("Accept-Encoding", "gzip")]).await;
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert!(packed.header("vary").contains("Accept-Encoding"), "{path}");
    }
}

async fn request_id_is_kept_if_it_is_one(world: Arc<World>) {
    let rest = visitor(&world).await;
    let long = "x".repeat(129);
    for path in ["/v1/me", "/"] {
        let kept = ask(&rest, "GET", path, &[("X-Request-Id", "mine-1")]).await;
        assert_eq!(kept.header("x-request-id"), "mine-1", "{path}");
        let other = ask(&rest, "GET", path, &[("X-Request-Id", &long)]).await;
        let given = other.header("x-request-id");
        assert!(given.len() == 32 && given != long, "{path}: {given}");
    }
}

/// A connection to the API must not become what nginx does not understand.
async fn nothing_but_a_socket_is_upgraded(world: Arc<World>) {
    for (path, protocol) in [("/v1/me", "websocket"), ("/v1/ws", "h2c"), ("/livez", "h2c")] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let answer = raw(&world, &request).await;
        assert!(!answer.starts_with("HTTP/1.1 101 "), "{path} {protocol}: {answer}");
    }
}

/// What comes back at first for bytes that no HTTP library would send.
async fn raw(world: &World, request: &str) -> String {
    let address = world.site().await.base.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.expect("connect");
    stream.write_all(request.as_bytes()).await.expect("write");
    let mut buffer = vec![0; 8192];
    let reading = tokio::time::timeout(ANSWER, stream.read(&mut buffer)).await;
    let length = reading.expect("an answer in time").expect("an answer");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}
