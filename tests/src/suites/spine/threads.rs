//! Answering messages.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Content, Cursors, Person, new_key};
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            reply_stands_in_its_channel_and_in_its_thread,
            replies_come_in_pages_in_their_order,
            replies_at_once_are_all_counted,
            repeated_reply_is_counted_once,
            reply_and_message_under_one_key_are_two_sends,
            reply_to_what_is_on_its_way_follows_it,
            what_cannot_be_answered_is_as_absent,
            hidden_message_is_not_answered_and_shows_no_replies,
            deleted_reply_is_counted_no_more,
            deleted_message_keeps_its_replies,
        ]
    )
}

async fn room(world: &World) -> (Person, Person, String) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    (ann, bob, channel)
}

/// How many answer a message, and since when nobody has.
async fn thread(person: &Person, root: &str) -> (i64, Option<Value>) {
    let message = person.message(root).await;
    let count = message["reply_count"].as_i64().expect("a number");
    (count, message.get("last_reply_at").cloned())
}

fn ids_of(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["id"].as_str().expect("an id")).collect()
}

async fn reply_stands_in_its_channel_and_in_its_thread(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let root = ann.posted(&channel, "Who took the last carrot?").await;
    let elsewhere = world.elsewhere(&bob).await;
    let mut socket = elsewhere.socket(&Cursors::new()).await;
    let id = bob.replied(&channel, &root, "Not me.").await;
    let reply = elsewhere.message(&id).await;
    assert_eq!((&reply["thread_root_id"], &reply["seq"]), (&json!(root), &json!(5)));
    let heard = socket.event_of(&channel).await;
    assert_eq!((&heard["kind"], &heard["message"]), (&json!("message_created"), &reply));
    let stands = json!({"root_id": root, "root_seq": 4, "reply_count": 1, "last_reply_at": reply["created_at"]});
    assert_eq!(heard["thread"], stands);
    assert_eq!(elsewhere.events_after(&channel, 4).await[0]["thread"], stands);
    assert_eq!(thread(&elsewhere, &root).await, (1, Some(reply["created_at"].clone())));
    assert_eq!(elsewhere.replies(&root, "").await, std::slice::from_ref(&reply));
    assert_eq!(elsewhere.messages(&channel, "?after_seq=4").await, [reply]);
    assert!(elsewhere.replies(&id, "").await.is_empty());
}

async fn replies_come_in_pages_in_their_order(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let root = ann.posted(&channel, "Count to five.").await;
    let other = ann.posted(&channel, "Something else").await;
    let mut ids = Vec::new();
    for number in 1..=5 {
        ids.push(bob.replied(&channel, &root, &format!("{number}")).await);
        bob.replied(&channel, &other, "Besides").await;
    }
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ann.get(&format!("/v1/messages/{root}/replies?limit=2{cursor}")).await;
        let page = page.expect(200);
        assert_eq!(page["as_of_seq"], 15);
        read.extend(page["items"].as_array().expect("items").clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(ids_of(&read), ids);
    let foreign = ann.get("/v1/channels/public/members?limit=1").await;
    let foreign = foreign.expect(200)["next_cursor"].as_str().expect("more").to_owned();
    for cursor in ["", "x", &foreign] {
        let answer = ann.get(&format!("/v1/messages/{root}/replies?cursor={cursor}")).await;
        answer.expect_problem(400, "invalid_parameter");
    }
}

async fn replies_at_once_are_all_counted(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let bob = world.elsewhere(&bob).await;
    let roots = [ann.posted(&channel, "one").await, ann.posted(&channel, "other").await];
    let mut socket = ann.socket(&Cursors::new()).await;
    let replies = (0..40).map(|number| {
        let person = if number % 2 == 0 { &ann } else { &bob };
        person.replied(&channel, &roots[number / 20], "me too")
    });
    join_all(replies).await;
    let heard = socket.events_through(&channel, 45).await;
    for root in &roots {
        let threads = heard.iter().map(|event| &event["thread"]);
        let counts: Vec<&Value> = threads
            .filter(|thread| thread["root_id"] == root.as_str())
            .map(|thread| &thread["reply_count"])
            .collect();
        assert_eq!(counts, (1..=20).collect::<Vec<_>>());
        let last = bob.replies(root, "").await.pop().expect("a reply");
        assert_eq!(thread(&bob, root).await, (20, Some(last["created_at"].clone())));
    }
}

async fn repeated_reply_is_counted_once(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let root = ann.posted(&channel, "Once?").await;
    let key = new_key();
    let elsewhere = world.elsewhere(&bob).await;
    let nodes = [&bob, &elsewhere].into_iter().cycle().take(20);
    let answers = join_all(nodes.map(|node| node.post_reply(&channel, &root, "Once.", &key))).await;
    let first = answers[0].expect(201);
    assert!(answers.iter().all(|answer| answer.expect(201) == first));
    assert_eq!(thread(&ann, &root).await.0, 1);
    ann.delete_message(&root).await.expect(204);
    bob.leave(&channel).await;
    assert_eq!(bob.post_reply(&channel, &root, "Once.", &key).await.expect(201), first);
    assert_eq!(ann.replies(&root, "").await.len(), 1);
}

async fn reply_and_message_under_one_key_are_two_sends(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let roots = [ann.posted(&channel, "one").await, ann.posted(&channel, "other").await];
    let key = new_key();
    bob.post_reply(&channel, &roots[0], "same", &key).await.expect(201);
    for other in [
        bob.post_reply(&channel, &roots[1], "same", &key).await,
        bob.post_message(&channel, "same", &key).await,
    ] {
        other.expect_problem(422, "idempotency_key_reused");
    }
    assert_eq!(thread(&ann, &roots[1]).await, (0, None));
}

/// Whether both are in one batch or in two.
async fn reply_to_what_is_on_its_way_follows_it(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    for _ in 0..10 {
        let root = accepted(&ann, &channel, json!({"text": "first"})).await;
        let reply = json!({"text": "second", "thread_root_id": root});
        let replies =
            [accepted(&ann, &channel, reply.clone()).await, accepted(&ann, &channel, reply).await];
        for id in &replies {
            let path = format!("/v1/messages/{id}/receipt");
            let receipt = eventually("it is settled", Duration::from_secs(10), async || {
                let receipt = ann.get(&path).await.expect(200).clone();
                (receipt["outcome"] != "pending").then_some(receipt)
            });
            assert_eq!(receipt.await["outcome"], "committed");
        }
        let read = ann.replies(&root, "").await;
        assert_eq!(ids_of(&read), replies);
        assert_eq!(thread(&ann, &root).await, (2, Some(read[1]["created_at"].clone())));
    }
}

/// Sends without waiting for the outcome; the answer is its id.
async fn accepted(person: &Person, channel: &str, body: Value) -> String {
    let path = format!("/v1/channels/{channel}/messages");
    let (content, headers) = (Content::Json(body), &[("Prefer", "respond-async")]);
    let answer = person.call(Call { method: "POST", path: &path, content, headers }).await;
    assert!(matches!(answer.status, 201 | 202), "{}", answer.text);
    answer.json["id"].as_str().expect("an id").to_owned()
}

async fn what_cannot_be_answered_is_as_absent(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let deleted = ann.posted(&channel, "gone").await;
    ann.delete_message(&deleted).await.expect(204);
    let reply = ann.replied(&channel, &ann.posted(&channel, "root").await, "reply").await;
    let other = bob.create_channel("private").await;
    let elsewhere = bob.posted(&other, "elsewhere").await;
    let absent = uuid::Uuid::now_v7().to_string();
    let before = ann.channel(&channel).await["last_seq"].clone();
    let mut problems = Vec::new();
    for root in [&deleted, &reply, &elsewhere, &absent] {
        let key = new_key();
        let refused = bob.post_reply(&channel, root, "to nowhere", &key).await;
        let mut problem = refused.expect_problem(404, "thread_not_found").clone();
        assert_eq!(problem["idempotency_key"], key.as_str());
        problem["idempotency_key"] = Value::Null;
        problems.push(problem);
        let again = bob.post_reply(&channel, root, "to nowhere", &key).await;
        assert_eq!(again.expect(404)["idempotency_key"], key.as_str());
    }
    assert!(problems.iter().all(|problem| *problem == problems[0]), "{problems:?}");
    assert_eq!(ann.channel(&channel).await["last_seq"], before, "nothing happened");
}

async fn hidden_message_is_not_answered_and_shows_no_replies(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let path = format!("/v1/channels/{channel}");
    ann.patch(&path, json!({"history": "since_joining"})).await.expect(200);
    let root = ann.posted(&channel, "before eve").await;
    ann.replied(&channel, &root, "also before eve").await;
    let eve = world.person("eve").await;
    eve.join(&channel).await;
    bob.replied(&channel, &root, "before bob cleared it").await;
    bob.post_empty(&format!("{path}/clear")).await.expect(200);
    let late: Answer = ann.post_reply(&channel, &root, "for everybody", &new_key()).await;
    let late = late.expect(201)["id"].clone();
    for person in [&bob, &world.elsewhere(&eve).await] {
        let refused = person.post_reply(&channel, &root, "blind", &new_key()).await;
        refused.expect_problem(404, "thread_not_found");
        let replies = person.get(&format!("/v1/messages/{root}/replies")).await;
        replies.expect_problem(404, "not_found");
        let seen = person.messages(&channel, "").await.pop().expect("a message");
        assert_eq!((&seen["id"], &seen["thread_root_id"]), (&late, &json!(root)));
        let events = person.events_after(&channel, 0).await;
        let told = events.iter().any(|event| event.get("thread").is_some());
        assert!(!told, "nobody is told of a thread whose beginning is hidden: {events:?}");
    }
    assert_eq!(ann.replies(&root, "").await.len(), 3);
}

async fn deleted_reply_is_counted_no_more(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let root = ann.posted(&channel, "root").await;
    let mut replies = Vec::new();
    for text in ["first", "second", "third"] {
        let id = bob.replied(&channel, &root, text).await;
        replies.push(bob.message(&id).await);
    }
    let mut socket = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    let second = Some(replies[1]["created_at"].clone());
    for (index, stands) in [(2, (2, second.clone())), (0, (1, second)), (1, (0, None))] {
        bob.delete_message(replies[index]["id"].as_str().expect("an id")).await.expect(204);
        assert_eq!(thread(&ann, &root).await, stands);
        let told = socket.event_of(&channel).await["thread"].clone();
        assert_eq!(told["root_id"], root.as_str());
        assert_eq!((told["reply_count"].as_i64(), told.get("last_reply_at")), {
            let (count, at) = &stands;
            (Some(*count), at.as_ref())
        });
    }
    let left = ann.replies(&root, "").await;
    assert_eq!(left, ann.messages(&channel, "?after_seq=4").await, "they stand where they stood");
    assert!(left.iter().all(|reply| reply["deleted_at"].is_string() && reply["text"] == ""));
    bob.replied(&channel, &root, "fourth").await;
    assert_eq!(thread(&ann, &root).await.0, 1);
}

async fn deleted_message_keeps_its_replies(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let root = ann.posted(&channel, "root").await;
    let (first, second) =
        (bob.replied(&channel, &root, "1").await, bob.replied(&channel, &root, "2").await);
    ann.delete_message(&root).await.expect(204);
    let read = bob.replies(&root, "").await;
    assert_eq!(read, [bob.message(&first).await, bob.message(&second).await]);
    assert_eq!(read[1]["text"], "2");
    assert_eq!(thread(&bob, &root).await, (2, Some(read[1]["created_at"].clone())));
    bob.delete_message(&second).await.expect(204);
    assert_eq!(thread(&bob, &root).await, (1, Some(read[0]["created_at"].clone())));
}
