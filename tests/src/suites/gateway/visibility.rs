//! What a member may not see, no frame shows.

use std::sync::Arc;

use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Value, json};

use crate::client::{Cursors, Person};
use crate::facts;
use crate::servers::connect;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "gateway",
        [
            hidden_messages_keep_their_numbers_and_lose_their_texts,
            what_is_hidden_later_is_hidden_on_an_open_socket,
        ]
    )
}

async fn hidden_messages_keep_their_numbers_and_lose_their_texts(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    ann.say(&channel, "before bob").await;
    bob.join(&channel).await;
    let hidden = ann.say(&channel, "also hidden from bob").await;
    let shown = ann.say(&channel, "for everybody").await;
    hide_up_to(&world, &channel, &bob, hidden).await;
    let from_the_start = Cursors::from([(channel.clone(), 0)]);
    let mut socket = world.elsewhere(&bob).await.socket(&from_the_start).await;
    let told = socket.events_through(&channel, shown).await;
    let texts: Vec<Option<&str>> = told.iter().map(text_of).collect();
    assert_eq!(texts, [None, None, None, None, None, Some("for everybody")]);
    assert_eq!(without_type(told), bob.events_after(&channel, 0).await, "as REST shows it");
    let mut witness = ann.socket(&from_the_start).await;
    let everything = json!(witness.events_through(&channel, shown).await).to_string();
    assert!(everything.contains("before bob") && everything.contains("also hidden"));
    ann.say(&channel, "live").await;
    assert_eq!(text_of(&socket.event_of(&channel).await), Some("live"));
}

async fn what_is_hidden_later_is_hidden_on_an_open_socket(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    let said = ann.say(&channel, "to be cleared").await;
    assert_eq!(text_of(&socket.event_of(&channel).await), Some("to be cleared"));
    hide_up_to(&world, &channel, &ann, said).await;
    let again = json!({"type": "subscribe", "channel": channel, "after_seq": said - 1});
    socket.send(again).await;
    socket.expect_after(&channel, said - 1);
    let event = socket.event_of(&channel).await;
    assert_eq!((&event["kind"], text_of(&event)), (&json!("message_created"), None));
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

/// Hides a channel's messages up to a number from one member.
async fn hide_up_to(world: &World, channel: &str, person: &Person, number: i64) {
    let database = connect(&world.shared().await.database_url).await;
    let id = |id: &str| match database.get_database_backend() {
        DbBackend::Postgres => format!("'{id}'"),
        _ => format!("x'{}'", id.replace('-', "")),
    };
    let statement = format!(
        "UPDATE membership SET cleared_seq = {number} WHERE channel_id = {} AND user_id = {}",
        id(channel),
        id(&person.id)
    );
    let updated = database.execute_unprepared(&statement).await.expect("an update");
    assert_eq!(updated.rows_affected(), 1);
}
