//! Every operation of the API and of the socket, each in every form that has a
//! statement of its own.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::history::{DIARIST, LARGEST, MIDDLE};
use super::rooms::rooms;
use crate::client::{Call, Content, Cursors, Person, Rest, Socket, new_key, unique};
use crate::deployment::Deployment;
use crate::world::World;

/// Something that is said on the way.
pub(super) const SAID: &str = "The early bird reads no history.";

/// Does everything once; the answer is a socket that still listens.
pub(super) async fn every_operation(world: &World, deployment: &Deployment) -> Socket {
    let stranger = Rest::new(deployment.api(0), &world.coverage);
    stranger.get("/readyz").await.expect(200);
    stranger.get("/ping").await.expect(200);
    stranger.get("/healthcheck").await.expect(200);
    stranger.get("/metrics").await.expect(200);
    let ann = sign_up(&stranger).await;
    let ann = sessions_and_passwords(&ann).await;
    deployment.promote(&ann.username, "owner").await;
    let bob = Person::sign_up(&stranger, "bob").await;
    let channel = find_the_largest(&ann).await;
    let bob = people(&ann, &bob).await;
    written_beside_a_diary(&ann).await;
    channels(&ann, &bob).await;
    rooms(&ann, &bob, &channel).await;
    messages(&ann, &channel).await;
    posts(&ann, &bob, &channel).await;
    changes(&ann, &channel).await;
    threads(&ann, &channel).await;
    events(&ann, &channel).await;
    socket(&ann, &channel).await
}

/// Everything about an account and its sessions.
async fn sign_up(stranger: &Rest) -> Person {
    let password = "correct horse battery";
    let (username, email) = (unique("ann"), format!("{}@example.org", unique("ann")));
    let body = json!({"username": username, "password": password, "first_name": "Ann",
        "email": email});
    stranger.post("/v1/signup", body.clone()).await.expect(201);
    stranger.post("/v1/signup", body).await.expect_problem(409, "username_taken");
    let log_in = json!({"username": email, "password": password});
    let answer = stranger.post("/v1/login", log_in).await;
    let by_email = Person::from_session(stranger, answer.expect(200), password);
    by_email.post_empty("/v1/logout").await.expect(204);
    let log_in = json!({"username": username, "password": password});
    let answer = stranger.post("/v1/login", log_in).await;
    let by_name = Person::from_session(stranger, answer.expect(200), password);
    let token = json!({"refresh_token": by_name.refresh_token});
    let answer = stranger.post("/v1/token/refresh", token.clone()).await;
    let again = Person::from_session(stranger, answer.expect(200), password);
    let again = again.log_in_again().await;
    stranger.post("/v1/token/refresh", token).await.expect_problem(401, "invalid_refresh_token");
    again.get("/v1/me").await.expect(200);
    again
}

/// The answer is the session that is left.
async fn sessions_and_passwords(ann: &Person) -> Person {
    let other = ann.log_in_again().await;
    let page = other.get("/v1/sessions?limit=1").await;
    let cursor = page.expect(200)["next_cursor"].as_str().expect("more than a page").to_owned();
    let page = other.get(&format!("/v1/sessions?limit=1&cursor={cursor}")).await;
    let id = page.expect(200)["items"][0]["id"].as_str().expect("an id").to_owned();
    other.delete(&format!("/v1/sessions/{id}")).await.expect(204);
    other.delete("/v1/sessions").await.expect(204);
    let body = json!({"current_password": ann.password, "new_password": ann.password});
    other.put("/v1/me/password", body).await.expect(204);
    let email = other.get("/v1/me").await.expect(200)["email"].clone();
    other.post("/v1/password/forgot", json!({"email": email})).await.expect(202);
    let body = json!({"token": "unknown", "new_password": ann.password});
    other.post("/v1/password/reset", body).await.expect_problem(422, "invalid_reset_token");
    other
}

async fn find_the_largest(ann: &Person) -> String {
    let found = ann.get(&format!("/v1/channels/{LARGEST}")).await;
    let id = found.expect(200)["id"].as_str().expect("an id").to_owned();
    ann.join(&id).await;
    ann.join(&id).await;
    id
}

/// The answer is another Bob: this one is gone in the end.
async fn people(ann: &Person, bob: &Person) -> Person {
    let page = ann.get("/v1/users?limit=1").await;
    let cursor = page.expect(200)["next_cursor"].as_str().expect("more than a page").to_owned();
    for query in [format!("limit=1&cursor={cursor}"), format!("query={}", bob.username)] {
        ann.get(&format!("/v1/users?{query}")).await.expect(200);
    }
    ann.get(&format!("/v1/users/{}", bob.username)).await.expect(200);
    let email = format!("{}@example.org", bob.username);
    bob.patch("/v1/me", json!({"last_name": "Roe"})).await.expect(200);
    let body = json!({"password": bob.password, "email": email});
    bob.put("/v1/me/email", body).await.expect(200);
    bob.say("public", "so that there is something of his").await;
    let path = format!("/v1/users/{}", bob.username);
    for list in ["channels", "messages"] {
        let page = bob.get(&format!("{path}/{list}?limit=1")).await.expect(200).clone();
        let cursor = page["next_cursor"].as_str().expect("a full page").to_owned();
        ann.get(&format!("{path}/{list}?limit=1&cursor={cursor}")).await.expect(200);
    }
    ann.delete("/v1/me/avatar").await.expect(204);
    let absent = uuid::Uuid::new_v4();
    ann.get(&format!("/v1/avatars/{absent}")).await.expect_problem(404, "not_found");
    for deactivated in [true, false] {
        ann.patch(&path, json!({"deactivated": deactivated})).await.expect(200);
    }
    ann.patch(&path, json!({"role": "owner"})).await.expect(200);
    let bob = bob.log_in_again().await;
    let content = Content::Json(json!({"password": bob.password}));
    bob.call(Call { method: "DELETE", path: "/v1/me", content, headers: &[] }).await.expect(204);
    Person::sign_up(&bob.rest, "bob").await
}

/// What somebody wrote where others are, among very much that ann may not see.
async fn written_beside_a_diary(ann: &Person) {
    let (diarist, count) = DIARIST;
    let path = format!("/v1/users/{diarist}/messages?limit=200");
    let (mut cursor, mut pages, mut seen) = (String::new(), 0, BTreeSet::new());
    loop {
        let page = ann.get(&format!("{path}{cursor}")).await.expect(200).clone();
        let items = page["items"].as_array().expect("a list");
        let mut ids = items.iter().map(|message| message["id"].as_str().expect("an id").to_owned());
        assert!(ids.all(|id| seen.insert(id)), "nothing comes twice");
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (2, count));
}

async fn channels(ann: &Person, bob: &Person) {
    let path = "/v1/channels/browse?query=history&limit=10";
    for path in ["/v1/channels/browse", path] {
        let page = ann.get(path).await;
        let cursor = page.expect(200)["next_cursor"].as_str().expect("more than a page").to_owned();
        let query = if path.contains('?') { "&" } else { "?" };
        ann.get(&format!("{path}{query}cursor={cursor}")).await.expect(200);
    }
    let name = unique("room");
    let body = json!({"name": name, "kind": "public"});
    ann.post("/v1/channels", body.clone()).await.expect(201);
    bob.post("/v1/channels", body).await.expect(200);
    bob.channel(&name).await;
    bob.leave(&name).await;
    let members = ann.get(&format!("/v1/channels/{LARGEST}/members?limit=100")).await;
    let cursor = members.expect(200)["next_cursor"].as_str().expect("more than a page").to_owned();
    let path = format!("/v1/channels/{LARGEST}/members?limit=100&cursor={cursor}");
    ann.get(&path).await.expect(200);
    ann.get("/v1/channels").await.expect(200);
}

/// Every combination of the bounds.
async fn messages(ann: &Person, channel: &str) {
    let since = ["", "&since=2000-01-01T00:00:00Z", "&since=2999-01-01T00:00:00Z"];
    let middle = format!("&since={MIDDLE}");
    for since in since.into_iter().chain([middle.as_str()]) {
        for after in ["", "&after_seq=0", "&after_seq=30000"] {
            for before in ["", "&before_seq=100", "&before_seq=49000"] {
                ann.messages(channel, &format!("?limit=50{before}{after}{since}")).await;
            }
        }
    }
    let newest = ann.messages(channel, "").await;
    let id = newest[0]["id"].as_str().expect("an id");
    ann.get(&format!("/v1/messages/{id}")).await.expect(200);
    ann.get(&format!("/v1/messages/{id}/receipt")).await.expect_problem(404, "not_found");
}

/// A post, its repetition, another text under its key, and its repetition by
/// somebody who is no member any more.
async fn posts(ann: &Person, bob: &Person, channel: &str) {
    bob.join(channel).await;
    let key = new_key();
    let posted = bob.post_message(channel, "mine", &key).await;
    let id = posted.expect(201)["id"].as_str().expect("an id").to_owned();
    bob.post_message(channel, "mine", &key).await.expect(201);
    let other = bob.post_message(channel, "another", &key).await;
    other.expect_problem(422, "idempotency_key_reused");
    bob.get(&format!("/v1/messages/{id}")).await.expect(200);
    bob.get(&format!("/v1/messages/{id}/receipt")).await.expect(200);
    bob.leave(channel).await;
    bob.post_message(channel, "mine", &key).await.expect(201);
    bob.post_message(channel, "mine", &new_key()).await.expect_problem(403, "not_a_member");
    let many = (0..20).map(|index| async move { ann.say(channel, &format!("{index}")).await });
    futures_util::future::join_all(many).await;
}

/// Everything that can happen to a message, and what changes nothing.
async fn changes(ann: &Person, channel: &str) {
    let id = ann.posted(channel, "to be changed").await;
    for text in ["changed", "for @all and @nobody", "for @all and @nobody"] {
        ann.edit(&id, text).await.expect(200);
    }
    ann.get(&format!("/v1/messages/{id}/revisions?after_revision=1")).await.expect(200);
    for emoji in ["🥕", "🐇", "🐇"] {
        ann.react(&id, emoji).await.expect(200);
    }
    ann.get(&format!("/v1/messages/{id}/reactions/%F0%9F%A5%95")).await.expect(200);
    ann.messages(channel, "").await;
    ann.take_back(&id, "🐇").await.expect(200);
    ann.take_back(&id, "🐇").await.expect(200);
    for _ in 0..2 {
        ann.pin(&id).await.expect(200);
        ann.pins(channel).await;
    }
    for _ in 0..2 {
        ann.unpin(&id).await.expect(200);
    }
    for middle in [format!("around={id}"), format!("around_time={MIDDLE}")] {
        ann.messages(channel, &format!("?{middle}")).await;
    }
    ann.delete_message(&id).await.expect(204);
    ann.delete_message(&id).await.expect(204);
    let short = json!({"text": "soon gone", "expires_in_s": 1});
    ann.post(&format!("/v1/channels/{channel}/messages"), short).await.expect(201);
}

/// The long thread under the first message: reading on, and another last reply.
async fn threads(ann: &Person, channel: &str) {
    let first = ann.messages(channel, "?after_seq=0&limit=1").await;
    let root = first[0]["id"].as_str().expect("an id");
    let page = ann.get(&format!("/v1/messages/{root}/replies")).await;
    let cursor = page.expect(200)["next_cursor"].as_str().expect("more than a page").to_owned();
    assert_eq!(ann.replies(root, &format!("?cursor={cursor}")).await.len(), 50);
    let last = ann.replied(channel, root, "me too").await;
    ann.delete_message(&last).await.expect(204);
}

async fn events(ann: &Person, channel: &str) {
    for after in [0, 25_000] {
        let path = format!("/v1/channels/{channel}/events?after_seq={after}&limit=200");
        ann.get(&path).await.expect(200);
    }
    let last = ann.channel(channel).await["last_seq"].as_i64().expect("a number");
    let path = format!("/v1/channels/{channel}/events?after_seq={last}&wait_s=20");
    // What comes next may be another's: that a message's time is over.
    let (answer, _) = tokio::join!(ann.get(&path), ann.say(channel, SAID));
    assert_eq!(answer.expect(200)["items"][0]["seq"], last + 1);
}

/// Says hello with cursors from which a page and more is replayed, sends, and
/// hears what happens then.
async fn socket(ann: &Person, channel: &str) -> Socket {
    let last = ann.channel(channel).await["last_seq"].as_i64().expect("a number");
    let mut socket = ann.socket(&Cursors::from([(channel.to_owned(), last - 250)])).await;
    assert_eq!(socket.events_through(channel, last).await.len(), 250);
    let key = new_key();
    socket.send(json!({"type": "send", "channel": channel, "text": "hello", "key": key})).await;
    let receipt = socket.until_type("receipt").await;
    assert_eq!(receipt["outcome"], "committed", "{receipt}");
    change_over(&mut socket, channel, &receipt["id"]).await;
    open_with_a_ticket(ann).await;
    let joined = ann.create_channel("public").await;
    let said = ann.say(&joined, "live").await;
    socket.events_through(&joined, said).await;
    socket
}

/// Everything that a socket changes.
async fn change_over(socket: &mut Socket, channel: &str, id: &Value) {
    for mut frame in [
        json!({"type": "edit", "id": id, "text": "hello, all"}),
        json!({"type": "react", "id": id, "emoji": "🐇"}),
        json!({"type": "react", "id": id, "emoji": "🐇", "remove": true}),
        json!({"type": "delete", "id": id}),
        json!({"type": "read", "channel": channel, "seq": i64::MAX}),
        json!({"type": "typing", "channel": channel}),
    ] {
        frame["ref"] = json!("tour");
        socket.send(frame).await;
        assert_eq!(socket.until_type("done").await["ref"], "tour");
    }
}

async fn open_with_a_ticket(ann: &Person) {
    let answer = ann.post_empty("/v1/ws/ticket").await;
    let ticket = answer.expect(201)["ticket"].clone();
    let mut socket = Socket::connect(&ann.base, &ann.coverage).await;
    socket.send(json!({"type": "hello", "ticket": ticket})).await;
    assert_eq!(socket.next().await["type"], "ready");
}
