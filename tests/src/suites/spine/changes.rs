//! Editing and deleting.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Person, new_key};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            edited_message_says_the_new_text_everywhere,
            what_it_said_before_is_kept_oldest_first,
            editing_to_the_same_text_changes_nothing,
            only_its_author_edits,
            two_edits_at_once_are_two_events,
            deleted_message_leaves_its_number_only,
            deleting_again_changes_nothing,
            who_keeps_order_deletes_and_others_do_not,
            deleted_message_cannot_be_edited,
            repetition_gets_the_first_answer_after_edit_and_deletion,
            archived_channel_is_not_changed,
        ]
    )
}

async fn edited_message_says_the_new_text_everywhere(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let mut socket = elsewhere.socket(&Cursors::new()).await;
    let id = ann.posted(&channel, "helo").await;
    let edited = ann.edit(&id, "hello").await.expect(200).clone();
    assert_eq!((&edited["text"], &edited["seq"]), (&json!("hello"), &json!(3)));
    let heard = socket.events_through(&channel, 4).await.pop().expect("an event");
    assert_eq!(heard["kind"], "message_edited");
    assert_eq!(heard["message"], edited);
    assert_eq!(heard["at"], edited["edited_at"]);
    assert_eq!(elsewhere.message(&id).await, edited);
    assert_eq!(elsewhere.messages(&channel, "").await, std::slice::from_ref(&edited));
    let read = elsewhere.events_after(&channel, 2).await;
    assert_eq!(read[0]["message"], edited, "the first event shows what it says now");
    assert_eq!(read[1]["message"], edited);
}

async fn what_it_said_before_is_kept_oldest_first(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let id = ann.posted(&channel, "one").await;
    let mut written = vec![ann.message(&id).await["created_at"].clone()];
    for text in ["two", "three", "four"] {
        written.push(ann.edit(&id, text).await.expect(200)["edited_at"].clone());
    }
    let expected: Vec<Value> = (1..)
        .zip(["one", "two", "three"])
        .zip(&written)
        .map(|((number, text), at)| json!({"revision": number, "text": text, "written_at": at}))
        .collect();
    assert_eq!(revisions(&bob, &id, "").await, expected);
    assert_eq!(revisions(&bob, &id, "?limit=1&after_revision=1").await, expected[1..2]);
}

async fn revisions(person: &Person, id: &str, query: &str) -> Vec<Value> {
    let answer = person.get(&format!("/v1/messages/{id}/revisions{query}")).await;
    answer.expect(200)["items"].as_array().expect("items").clone()
}

async fn editing_to_the_same_text_changes_nothing(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let id = ann.posted(&channel, "hello").await;
    let same = ann.edit(&id, "hello").await.expect(200).clone();
    assert_eq!(same, ann.message(&id).await);
    assert!(same.get("edited_at").is_none(), "{same}");
    assert_eq!(ann.channel(&channel).await["last_seq"], 3);
}

async fn only_its_author_edits(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let id = bob.posted(&channel, "mine").await;
    ann.edit(&id, "not yours").await.expect_problem(403, "not_the_author");
    bob.leave(&channel).await;
    bob.edit(&id, "out of reach").await.expect_problem(404, "not_found");
    assert_eq!(ann.message(&id).await["text"], "mine");
}

async fn two_edits_at_once_are_two_events(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let id = ann.posted(&channel, "before").await;
    let (one, other) = tokio::join!(ann.edit(&id, "one"), elsewhere.edit(&id, "other"));
    let texts = [one.expect(200)["text"].clone(), other.expect(200)["text"].clone()];
    assert_eq!(texts, ["one", "other"]);
    let kept = revisions(&ann, &id, "").await;
    let now = ann.message(&id).await["text"].clone();
    assert_eq!((kept.len(), &kept[0]["text"]), (2, &json!("before")));
    assert!(texts.contains(&kept[1]["text"]) && texts.contains(&now) && kept[1]["text"] != now);
    assert_eq!(ann.channel(&channel).await["last_seq"], 5);
}

async fn deleted_message_leaves_its_number_only(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let mut socket = elsewhere.socket(&Cursors::new()).await;
    let id = ann.posted(&channel, "secret").await;
    ann.edit(&id, "still secret").await.expect(200);
    ann.react(&id, "🐇").await.expect(200);
    ann.delete_message(&id).await.expect(204);
    let deleted = elsewhere.message(&id).await;
    assert_eq!((&deleted["text"], &deleted["reactions"]), (&json!(""), &json!([])));
    assert_eq!(deleted["seq"], 3);
    assert!(deleted["deleted_at"].is_string(), "{deleted}");
    assert!(revisions(&elsewhere, &id, "").await.is_empty());
    let heard = socket.events_through(&channel, 6).await.pop().expect("an event");
    assert_eq!((&heard["kind"], &heard["message"]), (&json!("message_deleted"), &deleted));
    let everything = elsewhere.get(&format!("/v1/channels/{channel}/events")).await;
    everything.expect(200);
    assert!(!everything.text.contains("secret"), "{}", everything.text);
    assert_eq!(elsewhere.messages(&channel, "").await, [deleted]);
}

async fn deleting_again_changes_nothing(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let id = ann.posted(&channel, "hello").await;
    let (one, other) = tokio::join!(ann.delete_message(&id), elsewhere.delete_message(&id));
    one.expect(204);
    other.expect(204);
    ann.delete_message(&id).await.expect(204);
    assert_eq!(ann.channel(&channel).await["last_seq"], 4, "one event");
}

async fn who_keeps_order_deletes_and_others_do_not(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let cid = world.person("cid").await;
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let id = bob.posted(&channel, "rude").await;
    cid.delete_message(&id).await.expect_problem(404, "not_found");
    cid.join(&channel).await;
    cid.delete_message(&id).await.expect_problem(403, "not_the_author");
    ann.delete_message(&id).await.expect(204);
    let event = ann.events_after(&channel, 5).await.pop().expect("an event");
    assert_eq!((&event["kind"], &event["actor_id"]), (&json!("message_deleted"), &json!(ann.id)));
    let own = bob.posted(&channel, "sorry").await;
    bob.delete_message(&own).await.expect(204);
}

async fn deleted_message_cannot_be_edited(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let id = ann.posted(&channel, "hello").await;
    ann.delete_message(&id).await.expect(204);
    ann.edit(&id, "back again").await.expect_problem(409, "message_deleted");
    assert_eq!(ann.message(&id).await["text"], "");
}

async fn repetition_gets_the_first_answer_after_edit_and_deletion(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let key = new_key();
    let first = ann.post_message(&channel, "first", &key).await.expect(201).clone();
    let id = first["id"].as_str().expect("an id");
    let mut socket = elsewhere.socket(&Cursors::new()).await;
    ann.edit(id, "second").await.expect(200);
    repeat(&elsewhere, &mut socket, &channel, &key, &first).await;
    ann.delete_message(id).await.expect(204);
    repeat(&elsewhere, &mut socket, &channel, &key, &first).await;
    let edited = ann.post_message(&channel, "second", &key).await;
    edited.expect_problem(422, "idempotency_key_reused");
    assert_eq!(ann.messages(&channel, "").await.len(), 1);
    assert_eq!(ann.channel(&channel).await["last_seq"], 5);
}

/// The same send again, over both doors.
async fn repeat(
    person: &Person,
    socket: &mut crate::client::Socket,
    channel: &str,
    key: &str,
    first: &Value,
) {
    let again = person.post_message(channel, "first", key).await;
    assert_eq!(again.expect(201), first);
    let id = first["id"].as_str().expect("an id");
    let receipt = person.get(&format!("/v1/messages/{id}/receipt")).await;
    assert_eq!(receipt.expect(200)["seq"], first["seq"]);
    let frame = json!({"type": "send", "channel": channel, "text": "first", "key": key});
    socket.send(frame).await;
    let receipt = socket.until_type("receipt").await;
    for field in ["id", "outcome", "channel_id", "seq", "at"] {
        assert_eq!(receipt[field], first[field], "{field}");
    }
}

async fn archived_channel_is_not_changed(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let id = ann.posted(&channel, "for ever").await;
    let pinned = ann.posted(&channel, "pinned for ever").await;
    ann.react(&id, "🐇").await.expect(200);
    ann.pin(&pinned).await.expect(200);
    ann.archive(&channel).await;
    ann.edit(&id, "or not").await.expect_problem(403, "channel_archived");
    ann.delete_message(&id).await.expect_problem(403, "channel_archived");
    ann.react(&id, "🥕").await.expect_problem(403, "channel_archived");
    ann.take_back(&id, "🐇").await.expect_problem(403, "channel_archived");
    ann.pin(&id).await.expect_problem(403, "channel_archived");
    ann.unpin(&pinned).await.expect_problem(403, "channel_archived");
    assert_eq!(ann.pins(&channel).await.len(), 1);
    let message = ann.message(&id).await;
    assert_eq!(
        (&message["text"], &message["reactions"][0]["count"]),
        (&json!("for ever"), &json!(1))
    );
}
