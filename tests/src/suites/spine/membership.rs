//! Owners and their successors, and memberships that many change at once.

use std::sync::Arc;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::Person;
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            owner_hands_the_channel_over,
            only_owners_appoint,
            last_owner_is_followed_by_the_oldest_moderator,
            last_owner_is_followed_by_the_oldest_member,
            owner_who_is_not_the_last_is_followed_by_nobody,
            one_owner_stays_however_many_resign_at_once,
            joining_and_removing_at_once_leave_no_gap,
        ]
    )
}

async fn owner_hands_the_channel_over(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    ann.add(&channel, &bob).await;
    ann.appoint(&channel, &ann, "member").await.expect_problem(409, "last_owner");
    let appointed = ann.appoint(&channel, &bob, "owner").await.expect(200).clone();
    assert_eq!((&appointed["user"]["id"], &appointed["role"]), (&json!(bob.id), &json!("owner")));
    assert_eq!(ann.appoint(&channel, &bob, "owner").await.expect(200), &appointed);
    ann.appoint(&channel, &ann, "moderator").await.expect(200);
    assert_eq!(bob.channel(&channel).await["role"], "owner");
    let events = ann.events_after(&channel, 3).await;
    let told: Vec<_> = events.iter().map(|event| (&event["kind"], &event["role"])).collect();
    let kind = json!("member_updated");
    assert_eq!(told, [(&kind, &json!("owner")), (&kind, &json!("moderator"))]);
}

async fn only_owners_appoint(world: Arc<World>) {
    let (ann, bob, eve) =
        (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let channel = ann.create_channel("public").await;
    bob.appoint(&channel, &bob, "owner").await.expect_problem(403, "not_a_member");
    bob.join(&channel).await;
    bob.appoint(&channel, &bob, "owner").await.expect_problem(403, "forbidden");
    ann.appoint(&channel, &bob, "moderator").await.expect(200);
    bob.appoint(&channel, &bob, "owner").await.expect_problem(403, "forbidden");
    ann.appoint(&channel, &eve, "owner").await.expect_problem(404, "not_found");
    let administrator = world.administrator("root").await;
    administrator.appoint(&channel, &bob, "owner").await.expect(200);
}

async fn last_owner_is_followed_by_the_oldest_moderator(world: Arc<World>) {
    let (ann, channel, people) = group(&world, 4).await;
    ann.appoint(&channel, &people[1], "moderator").await.expect(200);
    ann.appoint(&channel, &people[2], "moderator").await.expect(200);
    followed_by(&ann, &channel, &people[1]).await;
}

async fn last_owner_is_followed_by_the_oldest_member(world: Arc<World>) {
    let (ann, channel, people) = group(&world, 3).await;
    people[0].leave(&channel).await;
    people[0].join(&channel).await;
    followed_by(&ann, &channel, &people[1]).await;
    for person in people.iter().rev() {
        person.leave(&channel).await;
    }
    let last = people[0].channel(&channel).await["last_seq"].as_i64();
    people[0].join(&channel).await;
    let again = people[0].channel(&channel).await;
    assert_eq!(again["role"], "member", "nobody inherited what nobody had: {again}");
    assert_eq!(again["last_seq"].as_i64(), last.map(|last| last + 1));
}

/// The successor is told before the owner is gone: at no number is there none.
async fn followed_by(ann: &Person, channel: &str, successor: &Person) {
    let before = ann.channel(channel).await["last_seq"].as_i64().expect("a number");
    ann.leave(channel).await;
    let events = successor.events_after(channel, before).await;
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(
        (&events[0]["kind"], &events[0]["role"]),
        (&json!("member_updated"), &json!("owner"))
    );
    assert_eq!(events[0]["user"]["id"], successor.id.as_str());
    assert_eq!(
        (&events[1]["kind"], &events[1]["user"]["id"]),
        (&json!("member_left"), &json!(ann.id))
    );
    assert_eq!(successor.channel(channel).await["role"], "owner");
}

async fn owner_who_is_not_the_last_is_followed_by_nobody(world: Arc<World>) {
    let (ann, channel, people) = group(&world, 2).await;
    ann.appoint(&channel, &people[1], "owner").await.expect(200);
    ann.leave(&channel).await;
    assert_eq!(people[0].channel(&channel).await["role"], "member");
    assert_eq!(people[1].channel(&channel).await["role"], "owner");
}

async fn one_owner_stays_however_many_resign_at_once(world: Arc<World>) {
    let (ann, channel, people) = group(&world, 3).await;
    for person in &people {
        ann.appoint(&channel, person, "owner").await.expect(200);
    }
    let mut owners = people;
    owners.push(ann.clone());
    let mut moved = Vec::new();
    for (index, owner) in owners.iter().enumerate() {
        moved.push(if index % 2 == 0 { owner.clone() } else { world.elsewhere(owner).await });
    }
    let channel = channel.as_str();
    let resigning = moved.iter().map(|owner| owner.appoint(channel, owner, "member"));
    let mut statuses: Vec<u16> =
        join_all(resigning).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 409]);
}

async fn joining_and_removing_at_once_leave_no_gap(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("public").await;
    let (join, bobs) = (format!("/v1/channels/{channel}/join"), &bob);
    let removal = format!("/v1/channels/{channel}/members/{}", bob.username);
    let (join, removal) = (join.as_str(), removal.as_str());
    let joins = (0..10).map(|_| async move { bobs.post_empty(join).await.status });
    let nodes = [&ann, &elsewhere].into_iter().cycle().take(10);
    let removals = nodes.map(|node| async move { node.delete(removal).await.status });
    let (joined, removed) = tokio::join!(join_all(joins), join_all(removals));
    assert_eq!((joined, removed), (vec![200; 10], vec![204; 10]));
    let events = ann.events_after(&channel, 2).await;
    let seqs: Vec<i64> = events.iter().map(|event| event["seq"].as_i64().expect("seq")).collect();
    assert_eq!(seqs, (3..).take(seqs.len()).collect::<Vec<_>>());
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    for (index, kind) in kinds.iter().enumerate() {
        let expected = if index % 2 == 0 { "member_joined" } else { "member_left" };
        assert_eq!(*kind, expected, "in turn: {kinds:?}");
    }
    let is_in = bob.channel(&channel).await.get("role").is_some();
    assert_eq!(is_in, kinds.len() % 2 == 1, "{kinds:?}");
}

/// A public channel of a new owner and of others, who joined one after the other.
async fn group(world: &World, others: usize) -> (Person, String, Vec<Person>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("public").await;
    let mut people = Vec::new();
    for _ in 0..others {
        let person = world.person("bob").await;
        person.join(&channel).await;
        people.push(person);
    }
    (ann, channel, people)
}
