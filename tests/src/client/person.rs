//! Somebody with an account.

use std::ops::Deref;

use serde_json::{Value, json};

use super::{Answer, Call, Content, Cursors, Rest, Socket};

/// A signed-in person; dereferences to the REST client with their token.
#[derive(Clone)]
pub struct Person {
    pub rest: Rest,
    pub id: String,
    pub username: String,
    pub password: String,
    pub refresh_token: String,
}

/// So often a send is repeated, each time for as long as the server waits.
const MAX_REPETITIONS: usize = 15;

/// A new idempotency key.
pub fn new_key() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A name that no other test uses; also fit for a channel.
pub fn unique(prefix: &str) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{prefix}-{}", &random[..10])
}

fn reaction(id: &str, emoji: &str) -> String {
    let emoji: String = url::form_urlencoded::byte_serialize(emoji.as_bytes()).collect();
    format!("/v1/messages/{id}/reactions/{emoji}")
}

/// Posts under one key until it is committed: a machine that runs all tests at once
/// may answer 202 first.
async fn committed(post: impl AsyncFn(&str) -> Answer) -> Value {
    let key = new_key();
    for _ in 0..MAX_REPETITIONS {
        let answer = post(&key).await;
        if answer.status != 202 {
            return answer.expect(201).clone();
        }
    }
    panic!("it is accepted for ever, and not committed");
}

impl Deref for Person {
    type Target = Rest;

    fn deref(&self) -> &Rest {
        &self.rest
    }
}

impl Person {
    /// Signs up somebody new, called `name`.
    pub async fn sign_up(rest: &Rest, name: &str) -> Self {
        let (username, password) = (unique(name), "correct horse battery".to_owned());
        let body = json!({"username": username, "password": password, "first_name": name});
        let answer = rest.post("/v1/signup", body).await;
        Self::from_session(rest, answer.expect(201), &password)
    }

    /// Somebody from the answer of signup or login.
    pub fn from_session(rest: &Rest, session: &Value, password: &str) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            rest: rest.with_token(&text(&session["access_token"])),
            id: text(&session["user"]["id"]),
            username: text(&session["user"]["username"]),
            password: password.to_owned(),
            refresh_token: text(&session["refresh_token"]),
        }
    }

    /// The same person in a session of its own.
    pub async fn log_in_again(&self) -> Self {
        let body = json!({"username": self.username, "password": self.password});
        let answer = self.rest.post("/v1/login", body).await;
        Self::from_session(&self.rest, answer.expect(200), &self.password)
    }

    /// The same session at another node.
    #[must_use]
    pub fn at_node(&self, base: &str) -> Self {
        Self { rest: self.rest.at(base), ..self.clone() }
    }

    /// Their access token.
    pub fn token(&self) -> &str {
        self.rest.token.as_deref().expect("a signed-in person")
    }

    /// A new channel of the given kind; the answer is its id.
    pub async fn create_channel(&self, kind: &str) -> String {
        let body = json!({"name": unique("room"), "kind": kind});
        let answer = self.post("/v1/channels", body).await;
        answer.expect(201)["id"].as_str().expect("an id").to_owned()
    }

    /// Joins a public channel.
    pub async fn join(&self, channel: &str) {
        self.post_empty(&format!("/v1/channels/{channel}/join")).await.expect(200);
    }

    /// Leaves a channel.
    pub async fn leave(&self, channel: &str) {
        self.post_empty(&format!("/v1/channels/{channel}/unsubscribe")).await.expect(204);
    }

    /// Lets somebody into a channel.
    pub async fn add(&self, channel: &str, person: &Self) {
        let path = format!("/v1/channels/{channel}/members");
        self.post(&path, json!({"username": person.username})).await.expect(201);
    }

    /// Says what somebody may do in a channel; the answer may be a refusal.
    pub async fn appoint(&self, channel: &str, person: &Self, role: &str) -> Answer {
        let path = format!("/v1/channels/{channel}/members/{}/role", person.username);
        self.put(&path, json!({"role": role})).await
    }

    /// Archives a channel of one's own.
    pub async fn archive(&self, channel: &str) {
        self.delete(&format!("/v1/channels/{channel}")).await.expect(204);
    }

    /// Posts under a key.
    pub async fn post_message(&self, channel: &str, text: &str, key: &str) -> Answer {
        self.post_with(channel, text, &[("Idempotency-Key", key)]).await
    }

    /// Posts with headers of one's own.
    pub async fn post_with(&self, channel: &str, text: &str, headers: &[(&str, &str)]) -> Answer {
        let path = format!("/v1/channels/{channel}/messages");
        let content = Content::Json(json!({"text": text}));
        self.call(Call { method: "POST", path: &path, content, headers }).await
    }

    /// Posts, and it is committed; the answer is its number.
    pub async fn say(&self, channel: &str, text: &str) -> i64 {
        let receipt = committed(async |key| self.post_message(channel, text, key).await).await;
        receipt["seq"].as_i64().expect("a number")
    }

    /// Posts, and it is committed; the answer is its id.
    pub async fn posted(&self, channel: &str, text: &str) -> String {
        let receipt = committed(async |key| self.post_message(channel, text, key).await).await;
        receipt["id"].as_str().expect("an id").to_owned()
    }

    /// Answers a message under a key.
    pub async fn post_reply(&self, channel: &str, root: &str, text: &str, key: &str) -> Answer {
        let path = format!("/v1/channels/{channel}/messages");
        let content = Content::Json(json!({"text": text, "thread_root_id": root}));
        let headers: &[(&str, &str)] = &[("Idempotency-Key", key)];
        self.call(Call { method: "POST", path: &path, content, headers }).await
    }

    /// Answers a message, and it is committed; the answer is its id.
    pub async fn replied(&self, channel: &str, root: &str, text: &str) -> String {
        let receipt = committed(async |key| self.post_reply(channel, root, text, key).await).await;
        receipt["id"].as_str().expect("an id").to_owned()
    }

    /// The items of a page of what answers a message.
    pub async fn replies(&self, id: &str, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/v1/messages/{id}/replies{query}")).await;
        answer.expect(200)["items"].as_array().expect("items").clone()
    }

    /// A message as this person sees it.
    pub async fn message(&self, id: &str) -> Value {
        self.get(&format!("/v1/messages/{id}")).await.expect(200).clone()
    }

    /// Gives a message another text.
    pub async fn edit(&self, id: &str, text: &str) -> Answer {
        self.patch(&format!("/v1/messages/{id}"), json!({"text": text})).await
    }

    /// Deletes a message.
    pub async fn delete_message(&self, id: &str) -> Answer {
        self.delete(&format!("/v1/messages/{id}")).await
    }

    /// Reacts to a message.
    pub async fn react(&self, id: &str, emoji: &str) -> Answer {
        self.put_empty(&reaction(id, emoji)).await
    }

    /// Takes a reaction back.
    pub async fn take_back(&self, id: &str, emoji: &str) -> Answer {
        self.delete(&reaction(id, emoji)).await
    }

    /// Pins a message.
    pub async fn pin(&self, id: &str) -> Answer {
        self.put_empty(&format!("/v1/messages/{id}/pin")).await
    }

    /// Takes a message off the pins.
    pub async fn unpin(&self, id: &str) -> Answer {
        self.delete(&format!("/v1/messages/{id}/pin")).await
    }

    /// What is pinned to a channel.
    pub async fn pins(&self, channel: &str) -> Vec<Value> {
        let answer = self.get(&format!("/v1/channels/{channel}/pins")).await;
        answer.expect(200)["items"].as_array().expect("items").clone()
    }

    /// The channel as this person sees it.
    pub async fn channel(&self, channel: &str) -> Value {
        self.get(&format!("/v1/channels/{channel}")).await.expect(200).clone()
    }

    /// The items of a page of messages.
    pub async fn messages(&self, channel: &str, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/v1/channels/{channel}/messages{query}")).await;
        answer.expect(200)["items"].as_array().expect("items").clone()
    }

    /// Every event above a number.
    pub async fn events_after(&self, channel: &str, after: i64) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), after);
        loop {
            let path = format!("/v1/channels/{channel}/events?after_seq={after}&limit=200");
            let answer = self.get(&path).await;
            let page = answer.expect(200)["items"].as_array().expect("items").clone();
            let Some(last) = page.last() else {
                return events;
            };
            after = last["seq"].as_i64().expect("a number");
            events.extend(page);
        }
    }

    /// An open socket that has said hello.
    pub async fn socket(&self, cursors: &Cursors) -> Socket {
        let mut socket = Socket::connect(&self.base, &self.coverage).await;
        socket.hello(self.token(), cursors).await;
        socket
    }
}
