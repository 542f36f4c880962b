//! What no HTTP library would send.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Person;
use crate::facts;
use crate::world::World;

const CHUNK_BYTES: usize = 64 * 1024;
const CAP_CHUNKS: usize = 2 * 1024 * 1024 / CHUNK_BYTES;
const ANSWER: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "hostile_rest",
        [
            chunked_body_over_the_cap_is_refused_before_its_end,
            declared_body_over_the_cap_is_refused_before_its_end,
            body_shorter_than_declared_is_given_up,
            endless_bodies_leave_memory_flat,
            control_characters_in_headers_are_refused,
        ]
    )
}

/// Row 7: the answer comes although the body never ends.
async fn chunked_body_over_the_cap_is_refused_before_its_end(world: Arc<World>) {
    let ann = world.person("ann").await;
    let mut stream = begin_chunked(&ann).await;
    for _ in 0..CAP_CHUNKS {
        write_chunk(&mut stream).await.expect("the server reads up to the cap");
    }
    // One byte more: all is read, so that closing cannot overtake the answer.
    stream.write_all(b"1\r\n \r\n").await.expect("the server reads on");
    let answer = read_head(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

/// Rows 7 and 54: the head alone is enough.
async fn declared_body_over_the_cap_is_refused_before_its_end(world: Arc<World>) {
    let ann = world.person("ann").await;
    let mut stream = connect(&ann).await;
    begin(&mut stream, &ann, "Content-Length: 20971520").await;
    let answer = read_head(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

/// Row 8.
async fn body_shorter_than_declared_is_given_up(world: Arc<World>) {
    let ann = world.person("ann").await;
    let mut stream = connect(&ann).await;
    begin(&mut stream, &ann, "Content-Length: 1000").await;
    stream.write_all(br#"{"text":"hello"}"#).await.expect("write");
    let answer = read_head(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// Row 7: thirty such bodies of 8 MiB, most of each after the answer.
async fn endless_bodies_leave_memory_flat(world: Arc<World>) {
    let ann = world.person("ann").await;
    let deployment = world.shared().await;
    let before = deployment.apis[0].program.resident_bytes();
    for _ in 0..30 {
        let mut stream = begin_chunked(&ann).await;
        for _ in 0..CAP_CHUNKS * 4 {
            if write_chunk(&mut stream).await.is_err() {
                break;
            }
        }
    }
    ann.get("/livez").await.expect(200);
    let after = deployment.apis[0].program.resident_bytes();
    let grown = after.saturating_sub(before) / 1024 / 1024;
    assert!(grown < 64, "memory grew by {grown} MiB of 240 sent");
}

/// Row 35 and, for the key, row 25.
async fn control_characters_in_headers_are_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    for header in [
        "Idempotency-Key: a\rb",
        "Idempotency-Key: a\u{0}b",
        "Idempotency-Key: a\u{1}b",
        "Idempotency-Key: a\r\n b",
        "X-Anything: a\u{0}b",
    ] {
        let mut stream = connect(&ann).await;
        let body = r#"{"text":"hello"}"#;
        let request = format!(
            "POST /v1/channels/{channel}/messages HTTP/1.1\r\nHost: localhost\r\n\
             Authorization: Bearer {}\r\nContent-Type: application/json\r\n{header}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            ann.token(),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("write");
        let answer = read_head(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{header:?}: {answer}");
    }
    assert!(ann.messages(&channel, "").await.is_empty(), "nothing is stored");
}

async fn begin_chunked(person: &Person) -> TcpStream {
    let mut stream = connect(person).await;
    begin(&mut stream, person, "Transfer-Encoding: chunked").await;
    stream
}

async fn begin(stream: &mut TcpStream, person: &Person, length: &str) {
    let head = format!(
        "POST /v1/channels/public/messages HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: Bearer {}\r\nContent-Type: application/json\r\n{length}\r\n\r\n",
        person.token()
    );
    stream.write_all(head.as_bytes()).await.expect("write");
}

async fn write_chunk(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut chunk = format!("{CHUNK_BYTES:x}\r\n").into_bytes();
    chunk.resize(chunk.len() + CHUNK_BYTES, b' ');
    chunk.extend_from_slice(b"\r\n");
    stream.write_all(&chunk).await
}

async fn connect(person: &Person) -> TcpStream {
    let address = person.base.trim_start_matches("http://");
    TcpStream::connect(address).await.expect("connect")
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let reading = tokio::time::timeout(ANSWER, stream.read(&mut buffer)).await;
    let length = reading.expect("an answer in time").expect("an answer");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}
