//! Asking people to become members, and their answers.

use std::sync::Arc;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Answer, Cursors, Person};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            invited_person_accepts_and_is_a_member,
            inviting_again_is_the_same_invitation,
            declined_invitation_is_gone_and_may_come_again,
            invitation_is_withdrawn_by_its_author_and_by_moderators,
            invitation_of_somebody_else_is_as_absent,
            those_invite_who_may_add,
            members_are_not_invited,
            who_became_a_member_otherwise_is_invited_no_more,
            invitation_into_an_archived_channel_waits,
            many_invitations_and_answers_at_once_are_one,
            invitations_are_listed_in_pages,
        ]
    )
}

async fn three(world: &World) -> (Person, Person, Person) {
    (world.person("ann").await, world.person("bob").await, world.person("eve").await)
}

async fn invite(person: &Person, channel: &str, other: &Person) -> Answer {
    let path = format!("/v1/channels/{channel}/invitations");
    person.post(&path, json!({"username": other.username})).await
}

async fn invited(person: &Person, channel: &str, other: &Person) -> String {
    let answer = invite(person, channel, other).await;
    answer.expect(201)["id"].as_str().expect("an id").to_owned()
}

async fn answer(person: &Person, id: &str, answer: &str) -> Answer {
    person.post_empty(&format!("/v1/invitations/{id}/{answer}")).await
}

async fn mine(person: &Person) -> Vec<Value> {
    let page = person.get("/v1/invitations").await.expect(200).clone();
    page["items"].as_array().expect("items").clone()
}

async fn last_seq(person: &Person, channel: &str) -> i64 {
    person.channel(channel).await["last_seq"].as_i64().expect("a number")
}

async fn invited_person_accepts_and_is_a_member(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    let mut socket = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    let invitation = invite(&ann, &channel, &bob).await.expect(201).clone();
    assert_eq!(invitation["channel"]["id"], channel.as_str());
    assert_eq!(invitation["user"]["id"], bob.id.as_str());
    assert_eq!(invitation["invited_by"]["id"], ann.id.as_str());
    assert_eq!(mine(&world.elsewhere(&bob).await).await, std::slice::from_ref(&invitation));
    let pending = ann.get(&format!("/v1/channels/{channel}/invitations")).await;
    assert_eq!(pending.expect(200)["items"], json!([invitation]));
    bob.get(&format!("/v1/channels/{channel}")).await.expect_problem(404, "not_found");
    let id = invitation["id"].as_str().expect("an id");
    let accepted = answer(&bob, id, "accept").await.expect(200).clone();
    assert_eq!((&accepted["id"], &accepted["role"]), (&json!(channel), &json!("member")));
    assert_eq!(answer(&bob, id, "accept").await.expect(200), &accepted, "once is enough");
    let events = ann.events_after(&channel, 2).await;
    let told: Vec<_> = events.iter().map(|event| (&event["kind"], &event["actor_id"])).collect();
    let joined = (&json!("member_joined"), &json!(bob.id));
    assert_eq!(told, [(&json!("member_invited"), &json!(ann.id)), joined]);
    assert!(events.iter().all(|event| event["user"]["id"] == bob.id.as_str()), "{events:?}");
    assert_eq!(socket.event_of(&channel).await["kind"], "member_joined");
    assert_eq!(mine(&bob).await, [] as [Value; 0]);
}

async fn inviting_again_is_the_same_invitation(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let first = invite(&ann, &channel, &eve).await.expect(201).clone();
    for person in [&ann, &bob] {
        assert_eq!(invite(person, &channel, &eve).await.expect(200), &first);
    }
    assert_eq!(last_seq(&ann, &channel).await, 4);
}

async fn declined_invitation_is_gone_and_may_come_again(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    let id = invited(&ann, &channel, &bob).await;
    answer(&bob, &id, "reject").await.expect(204);
    for again in ["reject", "accept"] {
        answer(&bob, &id, again).await.expect_problem(404, "not_found");
    }
    assert_eq!(last_seq(&ann, &channel).await, 3, "nobody is told");
    let other = invited(&ann, &channel, &bob).await;
    assert_ne!(other, id);
    answer(&bob, &other, "accept").await.expect(200);
    answer(&bob, &other, "reject").await.expect_problem(404, "not_found");
    assert_eq!(bob.channel(&channel).await["role"], "member", "he stays");
}

async fn invitation_is_withdrawn_by_its_author_and_by_moderators(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let stranger = world.person("zoe").await;
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let of_ann = format!("/v1/invitations/{}", invited(&ann, &channel, &eve).await);
    bob.delete(&of_ann).await.expect_problem(403, "forbidden");
    for other in [&stranger, &eve] {
        other.delete(&of_ann).await.expect_problem(404, "not_found");
    }
    ann.delete(&of_ann).await.expect(204);
    ann.delete(&of_ann).await.expect_problem(404, "not_found");
    assert_eq!(mine(&eve).await, [] as [Value; 0]);
    let of_bob = format!("/v1/invitations/{}", invited(&bob, &channel, &eve).await);
    bob.delete(&of_bob).await.expect(204);
    let of_bob = format!("/v1/invitations/{}", invited(&bob, &channel, &eve).await);
    ann.delete(&of_bob).await.expect(204);
    let taken = invited(&bob, &channel, &eve).await;
    answer(&eve, &taken, "accept").await.expect(200);
    let late = ann.delete(&format!("/v1/invitations/{taken}")).await;
    late.expect_problem(404, "not_found");
}

/// Hostile input 34.
async fn invitation_of_somebody_else_is_as_absent(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let channel = ann.create_channel("private").await;
    let id = invited(&ann, &channel, &bob).await;
    let absent = uuid::Uuid::now_v7().to_string();
    for person in [&eve, &ann] {
        for kind in ["accept", "reject"] {
            let refused = answer(person, &id, kind).await;
            let expected = answer(person, &absent, kind).await;
            assert_eq!(refused.expect_problem(404, "not_found"), expected.expect(404));
        }
    }
    let withdrawn = eve.delete(&format!("/v1/invitations/{id}")).await;
    let expected = eve.delete(&format!("/v1/invitations/{absent}")).await;
    assert_eq!(withdrawn.expect_problem(404, "not_found"), expected.expect(404));
    for path in ["x/accept", "x/reject"] {
        let refused = eve.post_empty(&format!("/v1/invitations/{path}")).await;
        refused.expect_problem(400, "invalid_parameter");
    }
    eve.delete("/v1/invitations/x").await.expect_problem(400, "invalid_parameter");
    assert_eq!(mine(&bob).await.len(), 1, "it waits as before");
    assert_eq!(last_seq(&ann, &channel).await, 3);
}

async fn those_invite_who_may_add(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let (public, private) =
        (ann.create_channel("public").await, ann.create_channel("private").await);
    let list = |channel: &str| format!("/v1/channels/{channel}/invitations");
    invite(&bob, &public, &eve).await.expect_problem(403, "not_a_member");
    invite(&bob, &private, &eve).await.expect_problem(404, "not_found");
    bob.get(&list(&public)).await.expect_problem(403, "not_a_member");
    bob.get(&list(&private)).await.expect_problem(404, "not_found");
    bob.join(&public).await;
    ann.add(&private, &bob).await;
    invited(&bob, &public, &eve).await;
    bob.get(&list(&public)).await.expect(200);
    invite(&bob, &private, &eve).await.expect_problem(403, "forbidden");
    bob.get(&list(&private)).await.expect_problem(403, "forbidden");
    ann.appoint(&private, &bob, "moderator").await.expect(200);
    invited(&bob, &private, &eve).await;
    assert_eq!(mine(&eve).await.len(), 2);
}

async fn members_are_not_invited(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    ann.add(&channel, &bob).await;
    for member in [&bob, &ann] {
        invite(&ann, &channel, member).await.expect_problem(409, "already_a_member");
    }
    assert_eq!(last_seq(&ann, &channel).await, 3);
}

async fn who_became_a_member_otherwise_is_invited_no_more(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    let id = invited(&ann, &channel, &bob).await;
    bob.join(&channel).await;
    assert_eq!(mine(&bob).await, [] as [Value; 0]);
    let pending = ann.get(&format!("/v1/channels/{channel}/invitations")).await;
    assert_eq!(pending.expect(200)["items"], json!([]));
    answer(&bob, &id, "accept").await.expect(200);
    assert_eq!(last_seq(&ann, &channel).await, 4, "he was in already");
    bob.leave(&channel).await;
    assert_eq!(mine(&bob).await, [] as [Value; 0], "leaving asks nobody back");
    answer(&bob, &id, "accept").await.expect_problem(404, "not_found");
    invited(&ann, &channel, &bob).await;
}

async fn invitation_into_an_archived_channel_waits(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    let id = invited(&ann, &channel, &bob).await;
    let path = format!("/v1/channels/{channel}");
    ann.delete(&path).await.expect(204);
    assert_eq!(mine(&bob).await, [] as [Value; 0]);
    assert_eq!(ann.get(&format!("{path}/invitations")).await.expect(200)["items"], json!([]));
    for kind in ["accept", "reject"] {
        answer(&bob, &id, kind).await.expect_problem(404, "not_found");
    }
    ann.patch(&path, json!({"archived": false})).await.expect(200);
    answer(&bob, &id, "accept").await.expect(200);
}

async fn many_invitations_and_answers_at_once_are_one(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let channel = ann.create_channel("public").await;
    eve.join(&channel).await;
    let (ann_elsewhere, bob_elsewhere) = (world.elsewhere(&ann).await, world.elsewhere(&bob).await);
    let people = [&ann, &eve, &ann_elsewhere].into_iter().cycle().take(12);
    let (place, invitee) = (channel.as_str(), &bob);
    let answers =
        join_all(people.map(|person| async move { invite(person, place, invitee).await })).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200; 11][..], &[201]].concat());
    let id = answers[0].json["id"].as_str().expect("an id");
    assert!(answers.iter().all(|answer| answer.json["id"] == id), "one and the same");
    let nodes = [&bob, &bob_elsewhere].into_iter().cycle().take(10);
    let accepting = nodes.map(|node| async move { answer(node, id, "accept").await.status });
    assert_eq!(join_all(accepting).await, [200; 10]);
    let events = ann.events_after(&channel, 3).await;
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["member_invited", "member_joined"]);
}

async fn invitations_are_listed_in_pages(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut expected = Vec::new();
    for _ in 0..3 {
        let channel = ann.create_channel("private").await;
        expected.insert(0, invited(&ann, &channel, &bob).await);
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = bob.get(&format!("/v1/invitations?limit=2{cursor}")).await.expect(200).clone();
        let items = page["items"].as_array().expect("items");
        found.extend(items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, expected, "the newest first, each once");
    bob.get("/v1/invitations?cursor=x").await.expect_problem(400, "invalid_parameter");
}
