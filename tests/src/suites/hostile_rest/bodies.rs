//! Bodies that are not what they should be.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::json;

use crate::client::{Answer, Call, Content, Person, unique};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "hostile_rest",
        [
            truncated_or_empty_body_is_malformed,
            types_are_not_coerced,
            unknown_field_is_refused_and_never_applied,
            duplicate_key_is_refused,
            deep_nesting_is_refused,
            limits_outside_their_range_are_refused,
            forged_or_foreign_cursor_is_refused,
            message_of_a_foreign_channel_is_as_absent,
        ]
    )
}

/// Rows 1 and 2.
async fn truncated_or_empty_body_is_malformed(world: Arc<World>) {
    for body in [r#"{"text":"hel"#, r#"{"text":"hello""#, "{", "", " ", "null", "[]", "\"text\""] {
        refused(&world, body.as_bytes()).await;
    }
}

/// Row 3.
async fn types_are_not_coerced(world: Arc<World>) {
    for value in ["123", "true", "null", "[\"hello\"]", "{}", "1.5"] {
        refused(&world, format!(r#"{{"text":{value}}}"#).as_bytes()).await;
    }
    // The values of an object in the order of its fields.
    for list in [r#"["hello"]"#, r#"["hello",null,null]"#] {
        refused(&world, list.as_bytes()).await;
    }
    let ann = world.person("ann").await;
    let list = Content::Bytes("application/json", b"[null, null]".to_vec());
    let call = Call { method: "PATCH", path: "/v1/me", content: list, headers: &[] };
    ann.call(call).await.expect_problem(400, "malformed_body");
}

/// Row 4.
async fn unknown_field_is_refused_and_never_applied(world: Arc<World>) {
    refused(&world, br#"{"text":"hello","is_admin":true}"#).await;
    let stranger = world.stranger(0).await;
    let username = unique("eve");
    let body = json!({"username": username, "password": "correct horse", "first_name": "Eve",
        "role": "admin", "is_admin": true});
    stranger.post("/v1/signup", body).await.expect_problem(400, "malformed_body");
    let login = json!({"username": username, "password": "correct horse"});
    stranger.post("/v1/login", login).await.expect_problem(401, "invalid_credentials");
}

/// Row 5.
async fn duplicate_key_is_refused(world: Arc<World>) {
    refused(&world, br#"{"text":"one","text":"two"}"#).await;
    refused(&world, br#"{"text":"one","t\u0065xt":"two"}"#).await;
}

/// Row 6.
async fn deep_nesting_is_refused(world: Arc<World>) {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let nested = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        refused(&world, format!(r#"{{"text":{nested}}}"#).as_bytes()).await;
        refused(&world, nested.as_bytes()).await;
    }
    world.stranger(0).await.get("/livez").await.expect(200);
}

/// Row 15.
async fn limits_outside_their_range_are_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    for limit in ["-1", "0", "201", "9223372036854775808", "1e2", "0x10", "%00"] {
        for list in ["public/messages", "public/events", "public/members", "browse"] {
            let answer = ann.get(&format!("/v1/channels/{list}?limit={limit}")).await;
            answer.expect_problem(400, "invalid_parameter");
        }
    }
    let answer = ann.get("/v1/channels/public/events?after_seq=9223372036854775808").await;
    answer.expect_problem(400, "invalid_parameter");
}

/// Row 16.
async fn forged_or_foreign_cursor_is_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let id = uuid::Uuid::now_v7().to_string();
    let channels = next_cursor(&ann, "browse").await;
    let members = next_cursor(&ann, "public/members").await;
    let mut lists: Vec<(String, &str)> = vec![
        ("/v1/channels/browse".to_owned(), &members),
        ("/v1/channels/public/members".to_owned(), &channels),
    ];
    lists.extend(other_lists(&ann).await.into_iter().map(|list| (list, channels.as_str())));
    for (list, foreign) in lists {
        for cursor in ["", "x", "public", "%00", "..%2F..", "%27%3B--", "%FF%FE", &id, foreign] {
            let answer = ann.get(&format!("{list}?cursor={cursor}")).await;
            answer.expect_problem(400, "invalid_parameter");
        }
    }
}

/// Every other list that has pages.
async fn other_lists(ann: &Person) -> Vec<String> {
    let channel = ann.create_channel("public").await;
    let message = ann.posted(&channel, "hello").await;
    ann.react(&message, "🐇").await.expect(200);
    vec![
        "/v1/sessions".to_owned(),
        "/v1/invitations".to_owned(),
        "/v1/users".to_owned(),
        format!("/v1/channels/{channel}/invitations"),
        format!("/v1/messages/{message}/replies"),
        format!("/v1/messages/{message}/reactions/%F0%9F%90%87"),
        format!("/v1/users/{}/channels", ann.username),
        format!("/v1/users/{}/messages", ann.username),
    ]
}

async fn next_cursor(ann: &Person, list: &str) -> String {
    ann.create_channel("public").await;
    let page = ann.get(&format!("/v1/channels/{list}?limit=1")).await;
    let cursor = page.expect(200)["next_cursor"].as_str().expect("more").to_owned();
    let next = ann.get(&format!("/v1/channels/{list}?limit=1&cursor={cursor}")).await;
    next.expect(200);
    cursor
}

/// Row 17.
async fn message_of_a_foreign_channel_is_as_absent(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    let answer = ann.post_message(&channel, "for nobody else", "k").await;
    let id = answer.expect(201)["id"].as_str().expect("an id").to_owned();
    let absent = uuid::Uuid::now_v7().to_string();
    for (method, suffix) in OF_A_MESSAGE {
        let ask = async |id: &str| -> Answer {
            let path = format!("/v1/messages/{id}{suffix}");
            let content = match method {
                "PATCH" => Content::Json(json!({"text": "mine now"})),
                _ => Content::None,
            };
            bob.call(Call { method, path: &path, content, headers: &[] }).await
        };
        let (hidden, missing) = (ask(&id).await, ask(&absent).await);
        hidden.expect_problem(404, "not_found");
        assert_eq!(hidden.json, missing.json, "{method} {suffix}");
    }
    assert_eq!(ann.events_after(&channel, 0).await.len(), 3, "nothing happened to it");
}

/// Every operation on one message.
const OF_A_MESSAGE: [(&str, &str); 10] = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/receipt"),
    ("GET", "/revisions"),
    ("GET", "/replies"),
    ("PUT", "/reactions/%F0%9F%90%87"),
    ("DELETE", "/reactions/%F0%9F%90%87"),
    ("PUT", "/pin"),
    ("DELETE", "/pin"),
];

async fn refused(world: &World, body: &[u8]) {
    let (ann, channel) = speaker(world).await;
    let answer = ann.post_raw(&format!("/v1/channels/{channel}/messages"), body).await;
    answer.expect_problem(400, "malformed_body");
    assert!(ann.messages(&channel, "").await.is_empty(), "nothing is stored");
}

async fn speaker(world: &World) -> (Person, String) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    (ann, channel)
}
