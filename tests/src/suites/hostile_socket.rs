//! Hostile input over the socket; each test names its row of
//! docs/hostile-inputs.md.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use libtest_mimic::Trial;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{Cursors, Person, Socket, raw_socket};
use crate::deployment::Options;
use crate::facts;
use crate::world::World;

const SOON: Duration = Duration::from_secs(10);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "hostile_socket",
        [
            foreign_origin_is_refused,
            token_in_the_url_is_refused,
            oversized_frame_closes_1009,
            invalid_utf8_closes_1007,
            binary_frame_closes_1003,
            unmasked_frame_closes_1002,
            thousand_frames_a_second_are_slowed_down_then_closed_1008,
            thousand_sockets_of_one_person_are_refused_above_the_cap,
            pings_without_pongs_end_at_the_timeout,
            private_channel_cannot_be_subscribed,
            silence_instead_of_hello_closes_after_ten_seconds,
            hello_with_a_bad_token_closes_1008,
            orderly_stop_closes_1001,
        ]
    )
}

/// Row 36.
async fn foreign_origin_is_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let url = url_of(&ann);
    for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
        assert_eq!(refusal(&url, &[("Origin", origin)]).await, 403, "{origin}");
    }
    let own = ann.base.clone();
    assert!(raw_socket(&url, &[("Origin", &own)]).await.is_ok(), "its own origin may");
    assert!(raw_socket(&url, &[]).await.is_ok(), "what is no browser may");
}

/// Row 38.
async fn token_in_the_url_is_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let url = format!("{}?token={}", url_of(&ann), ann.token());
    assert_eq!(refusal(&url, &[]).await, 400);
}

/// Row 39.
async fn oversized_frame_closes_1009(world: Arc<World>) {
    let mut socket = open(&world).await;
    let huge = json!({"type": "ping", "nonce": "n".repeat(64 * 1024)});
    let _ = socket.try_send(huge).await;
    assert_eq!(socket.close_code(SOON).await, 1009);
}

/// Row 40.
async fn invalid_utf8_closes_1007(world: Arc<World>) {
    let mut socket = open(&world).await;
    let frame = Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true);
    socket.stream.send(Message::Frame(frame)).await.expect("send");
    assert_eq!(socket.close_code(SOON).await, 1007);
}

/// Row 41.
async fn binary_frame_closes_1003(world: Arc<World>) {
    let mut socket = open(&world).await;
    let bytes = json!({"type": "ping"}).to_string().into_bytes();
    socket.stream.send(Message::binary(bytes)).await.expect("send");
    assert_eq!(socket.close_code(SOON).await, 1003);
}

/// Row 42.
async fn unmasked_frame_closes_1002(world: Arc<World>) {
    let mut socket = open(&world).await;
    write_raw(&mut socket, b"\x81\x0f{\"type\":\"ping\"}").await;
    assert_eq!(socket.close_code(SOON).await, 1002);
}

/// Row 43. Others on the same node are heard as before.
async fn thousand_frames_a_second_are_slowed_down_then_closed_1008(world: Arc<World>) {
    let options = Options::default().with("WARREN_RATE_LIMITS", "on");
    let deployment = world.deploy(options).await;
    let ann = world.person_on(&deployment, "ann").await;
    let bob = world.person_on(&deployment, "bob").await;
    let mut hasty = ann.socket(&Cursors::new()).await;
    let mut calm = bob.socket(&Cursors::new()).await;
    let begun = Instant::now();
    let flood = async {
        let (mut sink, mut stream) = (&mut hasty.stream).split();
        let writing = async {
            let ping = Message::text(json!({"type": "ping"}).to_string());
            while sink.send(ping.clone()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let reading = async {
            let mut pongs = 0;
            loop {
                match stream.next().await {
                    Some(Ok(Message::Text(_))) => pongs += 1,
                    Some(Ok(Message::Close(Some(frame)))) => return (pongs, frame.code.into()),
                    Some(Ok(_)) => {}
                    other => panic!("a close frame, not {other:?}"),
                }
            }
        };
        tokio::select! {
            () = writing => panic!("nobody said why"),
            answered = reading => answered,
        }
    };
    let within = Duration::from_secs(40);
    let (pongs, code): (u32, u16) =
        tokio::time::timeout(within, flood).await.expect("closed in time");
    assert_eq!(code, 1008);
    let elapsed = begun.elapsed();
    assert!(elapsed >= SOON && pongs <= 2_000, "{pongs} heard in {elapsed:?}");
    assert!(pongs >= 250, "a burst is heard at once: {pongs}");
    calm.frames_before_pong().await;
}

/// Row 48.
async fn thousand_sockets_of_one_person_are_refused_above_the_cap(world: Arc<World>) {
    let deployment = world.deploy(Options::default()).await;
    let ann = world.person_on(&deployment, "ann").await;
    let mut open = Vec::new();
    for _ in 0..50 {
        open.push(ann.socket(&Cursors::new()).await);
    }
    for _ in 50..1_000 {
        let mut refused = Socket::connect(&ann.base, &ann.coverage).await;
        refused.send(json!({"type": "hello", "token": ann.token()})).await;
        assert_eq!(refused.next().await["code"], "too_many_sockets");
        assert_eq!(refused.close_code(SOON).await, 1008);
    }
    for socket in &mut open {
        socket.frames_before_pong().await;
    }
    drop(open.pop());
    let room = crate::wait::eventually("room for another", SOON, async || {
        let mut socket = Socket::connect(&ann.base, &ann.coverage).await;
        socket.send(json!({"type": "hello", "token": ann.token()})).await;
        (socket.next().await["type"] == "ready").then_some(socket)
    });
    room.await;
    world.person_on(&deployment, "bob").await.socket(&Cursors::new()).await;
}

/// Row 44: whoever answers none of the server's pings is let go, however many
/// pings of their own they sent.
async fn pings_without_pongs_end_at_the_timeout(world: Arc<World>) {
    let mut socket = open(&world).await;
    let ping = [0x89, 0x80, 0, 0, 0, 0];
    write_raw(&mut socket, &ping.repeat(20_000)).await;
    let ended = async {
        let mut buffer = vec![0; 4096];
        while raw(&mut socket).read(&mut buffer).await.is_ok_and(|length| length > 0) {}
    };
    tokio::time::timeout(Duration::from_secs(120), ended).await.expect("it is closed in time");
    open(&world).await.frames_before_pong().await;
}

/// Row 45.
async fn private_channel_cannot_be_subscribed(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let private = ann.create_channel("private").await;
    let public = ann.create_channel("public").await;
    let mut socket = bob.socket(&Cursors::new()).await;
    let mut witness = ann.socket(&Cursors::new()).await;
    for (channel, code) in [(&private, "not_found"), (&public, "not_a_member")] {
        let frame = json!({"type": "subscribe", "channel": channel, "after_seq": 0});
        socket.send(frame).await;
        assert_eq!(socket.until_type("error").await["code"], code);
        ann.say(channel, "for members").await;
        witness.event_of(channel).await;
    }
    let frames = socket.frames_before_pong().await;
    let heard = json!(frames).to_string();
    assert!(!heard.contains(&private) && !heard.contains(&public), "{heard}");
}

/// Row 47.
async fn silence_instead_of_hello_closes_after_ten_seconds(world: Arc<World>) {
    let ann = world.person("ann").await;
    let begun = Instant::now();
    let mut socket = Socket::connect(&ann.base, &ann.coverage).await;
    assert_eq!(socket.close_code(Duration::from_secs(20)).await, 1008);
    assert!(begun.elapsed() >= Duration::from_secs(9), "{:?}", begun.elapsed());
}

/// Row 31, at this door.
async fn hello_with_a_bad_token_closes_1008(world: Arc<World>) {
    let ann = world.person("ann").await;
    let mut socket = Socket::connect(&ann.base, &ann.coverage).await;
    socket.send(json!({"type": "hello", "token": "nonsense"})).await;
    let error = socket.next().await;
    assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("unauthenticated")));
    assert_eq!(socket.close_code(SOON).await, 1008);
}

/// Fault 16.
async fn orderly_stop_closes_1001(world: Arc<World>) {
    let deployment = world.deploy(Options::default()).await;
    let ann = world.person_on(&deployment, "ann").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    let program = &deployment.apis[0].program;
    program.signal(crate::program::Signal::Terminate);
    assert_eq!(socket.close_code(SOON).await, 1001);
    let within = Duration::from_secs(30);
    let ended = crate::wait::eventually("it ends", within, async || program.exit_status()).await;
    assert!(ended.success(), "{ended}");
}

async fn open(world: &World) -> Socket {
    world.person("ann").await.socket(&Cursors::new()).await
}

fn url_of(person: &Person) -> String {
    format!("{}/v1/ws", person.base.replacen("http", "ws", 1))
}

async fn refusal(url: &str, headers: &[(&'static str, &str)]) -> u16 {
    match raw_socket(url, headers).await.map_err(|error| *error) {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("a refusal, not {:?}", other.map(drop)),
    }
}

fn raw(socket: &mut Socket) -> &mut tokio::net::TcpStream {
    match socket.stream.get_mut() {
        MaybeTlsStream::Plain(stream) => stream,
        _ => panic!("a plain connection"),
    }
}

async fn write_raw(socket: &mut Socket, bytes: &[u8]) {
    raw(socket).write_all(bytes).await.expect("write");
}
