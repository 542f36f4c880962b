//! Who is there, and who is typing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Person, Socket};
use crate::deployment::{Combination, Options};
use crate::facts;
use crate::program::Signal;
use crate::world::World;

/// Idle sockets, for the memory that one takes.
const IDLE: u64 = 1_000;
const IDLE_SIZE_BYTES: u64 = 32 * 1024;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = facts!(
        world,
        "gateway",
        [
            who_shares_a_channel_is_told_who_comes_and_goes,
            typing_reaches_the_others_every_three_seconds_at_most,
            typing_needs_a_membership,
            ref_comes_back_in_the_answer,
            idle_sockets_take_little_memory,
        ]
    );
    if world.combination != Combination::Embedded {
        trials.extend(facts!(world, "gateway", [people_of_a_killed_node_go_offline]));
    }
    trials
}

async fn who_shares_a_channel_is_told_who_comes_and_goes(world: Arc<World>) {
    let [ann, bob, carol] = three_alone(&world).await;
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let mut there = ann.socket(&Cursors::new()).await;
    let mut apart = carol.socket(&Cursors::new()).await;
    let bob = world.elsewhere(&bob).await;
    let mut here = bob.socket(&Cursors::new()).await;
    assert_eq!(presence_of(&mut here, &ann).await["status"], "online");
    assert_eq!(presence_of(&mut there, &bob).await["status"], "online");
    let mut late = ann.socket(&Cursors::new()).await;
    assert_eq!(presence_of(&mut late, &bob).await["status"], "online", "after ready");
    carol.join(&channel).await;
    assert_eq!(presence_of(&mut here, &carol).await["status"], "online", "a newcomer");
    assert_eq!(presence_of(&mut apart, &bob).await["status"], "online", "to the newcomer");
    carol.leave(&channel).await;
    drop(here);
    let gone = presence_of(&mut there, &bob).await;
    assert_eq!(gone["status"], "offline");
    assert!(gone["last_seen_at"].is_string(), "{gone}");
    let apart = json!(apart.frames_before_pong().await).to_string();
    assert!(!apart.contains("offline"), "no word to who shares no channel: {apart}");
}

async fn people_of_a_killed_node_go_offline(world: Arc<World>) {
    let deployment = world.deploy(Options::default()).await;
    let ann = world.person_on(&deployment, "ann").await;
    let bob = world.person_on(&deployment, "bob").await.at_node(deployment.api(1));
    let mut there = ann.socket(&Cursors::new()).await;
    let _lost = bob.socket(&Cursors::new()).await;
    assert_eq!(presence_of(&mut there, &bob).await["status"], "online");
    deployment.apis[1].program.signal(Signal::Kill);
    let killed = Instant::now();
    assert_eq!(presence_of(&mut there, &bob).await["status"], "offline");
    println!("offline {:?} after the kill", killed.elapsed());
    assert!(killed.elapsed() <= Duration::from_secs(20), "{:?}", killed.elapsed());
}

async fn typing_reaches_the_others_every_three_seconds_at_most(world: Arc<World>) {
    let [ann, bob, _] = three_alone(&world).await;
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let mut typist = ann.socket(&Cursors::new()).await;
    let mut again = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    let mut reader = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    let typing = async {
        loop {
            typist.send(json!({"type": "typing", "channel": channel})).await;
            again.send(json!({"type": "typing", "channel": channel})).await;
            typist.frames_before_pong().await;
        }
    };
    let reading = async {
        let mut times = Vec::new();
        for _ in 0..3 {
            let frame = reader.until_type("typing").await;
            assert_eq!(
                (&frame["user"]["id"], &frame["channel_id"]),
                (&json!(ann.id), &json!(channel))
            );
            times.push(Instant::now());
        }
        times
    };
    let times = tokio::select! {
        () = typing => unreachable!(),
        times = reading => times,
    };
    for pair in times.windows(2) {
        let apart = pair[1].duration_since(pair[0]);
        assert!(apart >= Duration::from_millis(2_900), "{apart:?}");
    }
    for socket in [&mut typist, &mut again] {
        let frames = socket.frames_before_pong().await;
        assert!(frames.iter().all(|frame| frame["type"] != "typing"), "{frames:?}");
    }
}

async fn typing_needs_a_membership(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let private = ann.create_channel("private").await;
    let public = ann.create_channel("public").await;
    let mut socket = bob.socket(&Cursors::new()).await;
    for (channel, code) in [(private, "not_found"), (public, "not_a_member")] {
        socket.send(json!({"type": "typing", "channel": channel, "ref": channel})).await;
        let error = socket.until_type("error").await;
        assert_eq!((&error["code"], &error["ref"]), (&json!(code), &json!(channel)));
    }
}

async fn ref_comes_back_in_the_answer(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    let longest = "r".repeat(128);
    for kind in ["unsubscribe", "subscribe", "typing"] {
        socket.send(json!({"type": kind, "channel": channel, "ref": longest})).await;
        assert_eq!(socket.until_type("done").await["ref"], longest.as_str(), "{kind}");
        socket.send(json!({"type": kind, "channel": "nowhere", "ref": kind})).await;
        let error = socket.until_type("error").await;
        assert_eq!((&error["code"], &error["ref"]), (&json!("not_found"), &json!(kind)));
        socket.send(json!({"type": kind, "channel": 7, "ref": kind})).await;
        let error = socket.until_type("error").await;
        assert_eq!((&error["code"], &error["ref"]), (&json!("malformed_frame"), &json!(kind)));
    }
    let long = "r".repeat(129);
    socket.send(json!({"type": "typing", "channel": channel, "ref": long})).await;
    let error = socket.until_type("error").await;
    assert_eq!((&error["code"], error.get("ref")), (&json!("malformed_frame"), None));
}

async fn idle_sockets_take_little_memory(world: Arc<World>) {
    let options = Options::default().with("WARREN_SOCKETS_PER_USER", "2000");
    let deployment = world.deploy(options).await;
    let ann = world.person_on(&deployment, "ann").await;
    let mut open: Vec<Socket> = Vec::new();
    for _ in 0..50 {
        open.push(ann.socket(&Cursors::new()).await);
    }
    let program = &deployment.apis[0].program;
    let before = program.resident_bytes();
    for _ in 0..IDLE {
        open.push(ann.socket(&Cursors::new()).await);
    }
    let each = program.resident_bytes().saturating_sub(before) / IDLE;
    println!("an idle socket takes {} KiB", each / 1024);
    assert!(each <= IDLE_SIZE_BYTES, "{each} bytes");
}

/// Three people who share no channel.
async fn three_alone(world: &World) -> [Person; 3] {
    let people =
        [world.person("ann").await, world.person("bob").await, world.person("carol").await];
    for person in &people {
        person.leave("public").await;
    }
    people
}

async fn presence_of(socket: &mut Socket, person: &Person) -> Value {
    let id = person.id.clone();
    socket.until(|frame| frame["type"] == "presence" && frame["user_id"] == id.as_str()).await
}
