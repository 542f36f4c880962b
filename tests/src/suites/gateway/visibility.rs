//! What a member may not see, no frame shows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Person, Socket};
use crate::facts;
use crate::world::World;

/// What a change of what one may see may take to reach an open socket.
const SOON: Duration = Duration::from_secs(10);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "gateway",
        [
            newcomer_without_history_gets_numbers_without_messages,
            newcomer_with_history_gets_everything,
            what_is_cleared_is_hidden_on_open_sockets_of_every_node,
        ]
    )
}

async fn newcomer_without_history_gets_numbers_without_messages(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    let path = format!("/v1/channels/{channel}");
    ann.patch(&path, json!({"history": "since_joining"})).await.expect(200);
    let old = ann.posted(&channel, "before bob").await;
    let bob = world.elsewhere(&bob).await;
    let mut live = bob.socket(&Cursors::new()).await;
    bob.join(&channel).await;
    assert_eq!(live.event_of(&channel).await["kind"], "member_joined");
    ann.say(&channel, "for everybody").await;
    ann.react(&old, "🐇").await.expect(200);
    let last = ann.channel(&channel).await["last_seq"].as_i64().expect("a number");
    let heard = live.events_through(&channel, last).await;
    let texts: Vec<Option<&str>> = heard.iter().map(text_of).collect();
    assert_eq!(texts, [Some("for everybody"), None]);
    assert!(heard[1].get("emoji").is_none(), "{}", heard[1]);
    let mut replay = bob.socket(&Cursors::from([(channel.clone(), 0)])).await;
    let replayed = replay.events_through(&channel, last).await;
    assert!(!json!(replayed).to_string().contains("before bob"));
    assert_eq!(without_type(replayed), bob.events_after(&channel, 0).await, "as REST shows it");
    let mut witness = ann.socket(&Cursors::from([(channel.clone(), 0)])).await;
    let everything = json!(witness.events_through(&channel, last).await).to_string();
    assert!(everything.contains("before bob") && everything.contains("🐇"));
}

async fn newcomer_with_history_gets_everything(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    let old = ann.posted(&channel, "before bob").await;
    let mut live = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    bob.join(&channel).await;
    live.event_of(&channel).await;
    ann.react(&old, "🐇").await.expect(200);
    assert_eq!(text_of(&live.event_of(&channel).await), Some("before bob"));
}

async fn what_is_cleared_is_hidden_on_open_sockets_of_every_node(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let old = ann.posted(&channel, "to be cleared").await;
    let mut here = bob.socket(&Cursors::new()).await;
    let mut there = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    let mut witness = ann.socket(&Cursors::new()).await;
    assert!(!hides_reaction(&ann, &old, &channel, &mut here).await);
    assert_eq!(text_of(&there.event_of(&channel).await), Some("to be cleared"));
    bob.post_empty(&format!("/v1/channels/{channel}/clear")).await.expect(200);
    for socket in [&mut here, &mut there] {
        let told = socket.until_type("read").await;
        assert_eq!((&told["channel_id"], &told["unread"]), (&json!(channel), &json!(0)));
        assert!(told["cleared_seq"].as_i64() >= Some(3), "{told}");
        let begun = Instant::now();
        while !hides_reaction(&ann, &old, &channel, socket).await {
            assert!(begun.elapsed() < SOON, "it is hidden by now");
        }
    }
    assert!(!hides_reaction(&ann, &old, &channel, &mut witness).await, "from bob only");
}

/// Whether a socket hides the message of an event that happens now.
async fn hides_reaction(ann: &Person, id: &str, channel: &str, socket: &mut Socket) -> bool {
    let emoji = "🥕";
    let reacted = ann.react(id, emoji).await.expect(200).clone();
    assert_eq!(reacted["reactions"][0]["emoji"], emoji);
    ann.take_back(id, emoji).await.expect(200);
    let last = ann.channel(channel).await["last_seq"].as_i64().expect("a number");
    let heard = socket.events_through(channel, last).await;
    heard.last().is_some_and(|event| event.get("message").is_none())
}

fn text_of(event: &Value) -> Option<&str> {
    event["message"]["text"].as_str()
}

fn without_type(mut events: Vec<Value>) -> Vec<Value> {
    for event in &mut events {
        event.as_object_mut().expect("an object").remove("type");
    }
    events
}
