//! What holds for every operation, taken from the document itself.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Call, Content, Operation, Rest, Specification, unique};
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);

/// The largest body that is read.
const BODY_CAP_BYTES: usize = 2 * 1024 * 1024;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "contract",
        [
            operations_are_named_tagged_and_described,
            operations_refuse_strangers_and_bad_tokens,
            bodies_that_are_no_json_are_refused,
            bodies_of_another_media_type_are_refused,
            bodies_above_the_cap_are_refused,
            invalid_values_are_refused_field_by_field,
            impossible_parameters_are_refused,
            unknown_paths_and_methods_are_problems,
        ]
    )
}

async fn operations_are_named_tagged_and_described(_world: Arc<World>) {
    let specification = Specification::get();
    let paths = specification.document["paths"].as_object().expect("paths");
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("an item") {
            let place = format!("{method} {path}");
            assert!(operation["operationId"].is_string(), "{place}: no operationId");
            assert!(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "{place}");
            let description = operation["summary"].as_str().or(operation["description"].as_str());
            assert!(description.is_some_and(|text| !text.is_empty()), "{place}: no description");
        }
    }
}

/// Hostile input 31 has the forged tokens.
async fn operations_refuse_strangers_and_bad_tokens(world: Arc<World>) {
    let stranger = world.stranger(0).await;
    let authenticated = Specification::get().operations.iter();
    for operation in authenticated.filter(|operation| operation.is_authenticated) {
        for client in [&stranger, &stranger.with_token("nonsense")] {
            let answer = client.call(call(operation, "public", body_of(operation))).await;
            answer.expect_problem(401, "unauthenticated");
        }
    }
}

async fn bodies_that_are_no_json_are_refused(world: Arc<World>) {
    for_each_body(&world, 400, "malformed_body", |_| json_bytes(b"{\"text\":")).await;
}

/// Hostile input 10.
async fn bodies_of_another_media_type_are_refused(world: Arc<World>) {
    let plain = |operation: &Operation| {
        let Content::Json(body) = body_of(operation) else { panic!("a body") };
        Content::Bytes("text/plain", body.to_string().into_bytes())
    };
    for_each_body(&world, 415, "unsupported_media_type", plain).await;
}

/// Hostile input 7, with a declared length. The server answers without reading
/// the rest and closes; a client that is still writing then may miss the
/// answer, and asks again.
async fn bodies_above_the_cap_are_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let operations = Specification::get().operations.iter();
    for operation in operations.filter(|operation| operation.has_json_body) {
        let answer = eventually("an answer before the end", WITHIN, async || {
            let body = json_bytes(&vec![b' '; BODY_CAP_BYTES + 1]);
            ann.try_call(call(operation, "public", body)).await.ok()
        })
        .await;
        answer.expect_problem(413, "body_too_large");
    }
}

async fn for_each_body(
    world: &World,
    status: u16,
    code: &str,
    content: impl Fn(&Operation) -> Content,
) {
    let ann = world.person("ann").await;
    let operations = Specification::get().operations.iter();
    for operation in operations.filter(|operation| operation.has_json_body) {
        let answer = ann.call(call(operation, "public", content(operation))).await;
        answer.expect_problem(status, code);
    }
}

async fn invalid_values_are_refused_field_by_field(world: Arc<World>) {
    let ann = world.person("ann").await;
    let operations = Specification::get().operations.iter();
    for operation in operations.filter(|operation| operation.has_json_body) {
        let Some((field, body)) = invalid_body_of(operation) else { continue };
        let answer = ann.call(call(operation, "public", Content::Json(body))).await;
        answer.expect_invalid(field);
    }
}

async fn impossible_parameters_are_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    for path in [
        "/v1/channels/browse?limit=0",
        "/v1/channels/public/members?limit=0",
        "/v1/channels/public/invitations?limit=0",
        "/v1/channels/public/messages?limit=0",
        "/v1/invitations?limit=0",
        "/v1/channels/public/events?limit=0",
        "/v1/channels/public/events?wait_s=31",
        "/v1/channels/public/events?after_seq=-1",
        "/v1/messages/not-an-id",
        "/v1/messages/not-an-id/receipt",
        "/v1/sessions?limit=201",
        "/v1/users?limit=0",
        "/v1/users/nobody/channels?limit=0",
        "/v1/users/nobody/channels?cursor=x",
        "/v1/users/nobody/messages?limit=0",
        "/v1/users/nobody/messages?cursor=x",
        "/v1/messages/not-an-id/revisions",
        "/v1/messages/not-an-id/replies",
    ] {
        ann.get(path).await.expect_problem(400, "invalid_parameter");
    }
    for path in ["/v1/sessions/not-an-id", "/v1/messages/not-an-id", "/v1/messages/not-an-id/pin"] {
        ann.delete(path).await.expect_problem(400, "invalid_parameter");
    }
    ann.put_empty("/v1/messages/not-an-id/pin").await.expect_problem(400, "invalid_parameter");
    let absent = uuid::Uuid::now_v7();
    ann.get(&format!("/v1/messages/{absent}")).await.expect_problem(404, "not_found");
    ann.get(&format!("/v1/messages/{absent}/receipt")).await.expect_problem(404, "not_found");
}

async fn unknown_paths_and_methods_are_problems(world: Arc<World>) {
    let rest: Rest = world.stranger(0).await;
    rest.get("/v1/nothing").await.expect_problem(404, "not_found");
    let request =
        Call { method: "DELETE", path: "/v1/login", content: Content::None, headers: &[] };
    let answer = rest.call(request).await;
    answer.expect_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
}

fn call<'a>(operation: &'a Operation, channel: &str, content: Content) -> Call<'a> {
    let path = operation.path.replace("{channel}", channel).replace("{username}", "nobody");
    let id = uuid::Uuid::now_v7().to_string();
    let path = path.replace("{id}", &id).replace("{emoji}", "%F0%9F%90%87").leak();
    Call { method: &operation.method, path, content, headers: &[] }
}

fn json_bytes(bytes: &[u8]) -> Content {
    Content::Bytes("application/json", bytes.to_vec())
}

fn body_of(operation: &Operation) -> Content {
    Content::Json(match operation.id.as_str() {
        "signup" => json!({"username": unique("zoe"), "password": "correct horse",
            "first_name": "Zoe"}),
        "login" => json!({"username": "zoe", "password": "correct horse"}),
        "refreshToken" => json!({"refresh_token": "unknown"}),
        "changePassword" => json!({"current_password": "correct horse",
            "new_password": "another horse"}),
        "updateMe" => json!({"last_name": "Roe"}),
        "updateUser" => json!({"role": "member"}),
        "deleteMe" | "changeEmail" => json!({"password": "correct horse"}),
        "forgotPassword" => json!({"email": "nobody@example.org"}),
        "resetPassword" => json!({"token": "unknown", "new_password": "another horse"}),
        "createChannel" => json!({"name": unique("room")}),
        "postMessage" | "editMessage" => json!({"text": "hello"}),
        "updateChannel" => json!({"description": "Rabbits"}),
        "openDirectChannel" => json!({"usernames": ["nobody"]}),
        "addMember" | "inviteMember" => json!({"username": "nobody"}),
        "setMemberRole" => json!({"role": "member"}),
        "markRead" => json!({"seq": 1}),
        "muteChannel" => json!({"muted": true}),
        _ => return Content::None,
    })
}

/// `None`: no value of the right type is invalid.
fn invalid_body_of(operation: &Operation) -> Option<(&'static str, Value)> {
    Some(match operation.id.as_str() {
        "signup" => (
            "username",
            json!({"username": "!", "password": "correct horse",
            "first_name": "Zoe"}),
        ),
        "login" => ("password", json!({"username": "zoe", "password": "p".repeat(257)})),
        "refreshToken" => ("refresh_token", json!({"refresh_token": "r".repeat(129)})),
        "changePassword" => {
            ("new_password", json!({"current_password": "correct horse", "new_password": "short"}))
        }
        "deleteMe" | "changeEmail" => ("password", json!({"password": "p".repeat(257)})),
        "updateMe" => ("display_name", json!({"display_name": "An\nn"})),
        "forgotPassword" => ("email", json!({"email": "nobody"})),
        "resetPassword" => ("new_password", json!({"token": "unknown", "new_password": "short"})),
        "createChannel" => ("name", json!({"name": "Not A Name"})),
        "postMessage" | "editMessage" => ("text", json!({"text": ""})),
        "updateChannel" => ("description", json!({"description": "r".repeat(1025)})),
        "openDirectChannel" => ("usernames", json!({"usernames": []})),
        "addMember" | "inviteMember" => ("username", json!({"username": "!"})),
        "markRead" => ("seq", json!({"seq": -1})),
        "updateUser" | "setMemberRole" | "muteChannel" => return None,
        other => panic!("{other} has a body: say here what is invalid in it"),
    })
}
