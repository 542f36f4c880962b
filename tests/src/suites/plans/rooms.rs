//! What is done to channels and to who is in them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::client::{Person, unique};

/// Does everything once; `channel` has a long history.
pub(super) async fn rooms(ann: &Person, bob: &Person, channel: &str) {
    changes(ann, bob).await;
    marks(ann, channel).await;
    talks(ann, bob).await;
}

/// A channel from its making until it is archived, with invitations into it.
async fn changes(ann: &Person, bob: &Person) {
    let name = unique("room");
    let body = json!({"name": name, "kind": "private", "members": [bob.username]});
    let made = ann.post("/v1/channels", body).await;
    let channel = made.expect(201)["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/channels/{channel}");
    ann.delete(&format!("{path}/members/{}", bob.username)).await.expect(204);
    for answer in ["reject", "accept"] {
        let invitations = format!("{path}/invitations");
        let body = json!({"username": bob.username});
        let invitation = ann.post(&invitations, body.clone()).await;
        let id = invitation.expect(201)["id"].as_str().expect("an id").to_owned();
        ann.post(&invitations, body).await.expect(200);
        for cursor in ["", &cursor_of(&format!("invitations:{id}"))] {
            ann.get(&format!("{invitations}?limit=1{cursor}")).await.expect(200);
            bob.get(&format!("/v1/invitations?limit=1{cursor}")).await.expect(200);
        }
        let answered = bob.post_empty(&format!("/v1/invitations/{id}/{answer}")).await;
        assert!(answered.status < 300, "{}", answered.text);
    }
    ann.appoint(&channel, bob, "moderator").await.expect(200);
    let change = json!({"name": unique("renamed"), "description": "x", "history": "since_joining"});
    ann.patch(&path, change).await.expect(200);
    ann.leave(&channel).await;
    bob.add(&channel, ann).await;
    bob.delete(&path).await.expect(204);
}

async fn marks(ann: &Person, channel: &str) {
    let path = format!("/v1/channels/{channel}");
    ann.say(channel, "something to read").await;
    ann.put(&format!("{path}/read"), json!({"seq": 1_000_000})).await.expect(200);
    ann.put(&format!("{path}/mute"), json!({"muted": true})).await.expect(200);
    let room = ann.create_channel("public").await;
    ann.post_empty(&format!("/v1/channels/{room}/clear")).await.expect(200);
}

async fn talks(ann: &Person, bob: &Person) {
    for status in [201, 200] {
        let body = json!({"usernames": [bob.username]});
        ann.post("/v1/direct-channels", body).await.expect(status);
    }
    ann.get("/v1/channels").await.expect(200);
}

/// Where a page ended that ended with this.
fn cursor_of(key: &str) -> String {
    format!("&cursor={}", URL_SAFE_NO_PAD.encode(key))
}
