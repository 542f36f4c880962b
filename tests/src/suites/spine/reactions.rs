//! Reacting.

use std::sync::Arc;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Person};
use crate::facts;
use crate::world::World;

/// In how many ways people can react to one message.
const MAX_REACTIONS: usize = 20;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            reactions_are_counted_in_the_order_of_their_first_use,
            reaction_is_mine_only_to_who_reacted,
            who_reacted_is_told_page_by_page,
            reacting_twice_and_taking_back_twice_change_nothing,
            twenty_people_react_at_once_and_are_counted,
            spellings_of_one_emoji_count_together,
            what_is_no_emoji_is_refused,
            ways_to_react_to_one_message_are_limited,
            deleted_message_gets_no_reaction,
        ]
    )
}

async fn room(world: &World) -> (Person, Person, String, String) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let id = ann.posted(&channel, "carrots?").await;
    (ann, bob, channel, id)
}

async fn who_reacted_is_told_page_by_page(world: Arc<World>) {
    let (ann, bob, _, id) = room(&world).await;
    for (person, emoji) in [(&ann, "🥕"), (&bob, "🥕"), (&bob, "🐇")] {
        person.react(&id, emoji).await.expect(200);
    }
    let who = async |emoji: &str, query: &str| {
        let emoji: String = url::form_urlencoded::byte_serialize(emoji.as_bytes()).collect();
        ann.get(&format!("/v1/messages/{id}/reactions/{emoji}?{query}")).await
    };
    let first = who("🥕", "limit=1").await.expect(200).clone();
    let cursor = first["next_cursor"].as_str().expect("a full page");
    let second = who("🥕", &format!("limit=2&cursor={cursor}")).await.expect(200).clone();
    assert!(second.get("next_cursor").is_none(), "{second}");
    let mut ids = [&first, &second].map(|page| page["items"][0]["id"].clone());
    ids.sort_by_key(Value::to_string);
    let mut expected = [json!(ann.id), json!(bob.id)];
    expected.sort_by_key(Value::to_string);
    assert_eq!(ids, expected);
    assert_eq!(who("🐇", "").await.expect(200)["items"][0]["username"], bob.username.as_str());
    assert_eq!(who("👍🏽", "").await.expect(200)["items"], json!([]));
    who("no emoji", "").await.expect_problem(400, "invalid_parameter");
    let eve = world.person("eve").await;
    let path = format!("/v1/messages/{id}/reactions/%F0%9F%A5%95");
    eve.get(&path).await.expect_problem(404, "not_found");
    ann.delete_message(&id).await.expect(204);
    assert_eq!(who("🥕", "").await.expect(200)["items"], json!([]));
}

async fn reactions_are_counted_in_the_order_of_their_first_use(world: Arc<World>) {
    let (ann, bob, channel, id) = room(&world).await;
    let mut socket = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    for (person, emoji) in [(&bob, "🥕"), (&ann, "🐇"), (&ann, "🥕"), (&bob, "👍🏽")] {
        person.react(&id, emoji).await.expect(200);
    }
    bob.take_back(&id, "👍🏽").await.expect(200);
    let heard = socket.events_through(&channel, 9).await;
    let seen: Vec<Value> =
        heard.iter().map(|event| event["message"]["reactions"].clone()).collect();
    let one = json!([{"emoji": "🥕", "count": 1}]);
    let two = json!([{"emoji": "🥕", "count": 1}, {"emoji": "🐇", "count": 1}]);
    let three = json!([{"emoji": "🥕", "count": 2}, {"emoji": "🐇", "count": 1}]);
    assert_eq!((&seen[0], &seen[1], &seen[2]), (&one, &two, &three));
    assert_eq!(seen[4], three, "what nobody says any more is not there");
    assert_eq!((&heard[3]["kind"], &heard[3]["emoji"]), (&json!("reaction_added"), &json!("👍🏽")));
    assert_eq!((&heard[4]["kind"], &heard[4]["emoji"]), (&json!("reaction_removed"), &json!("👍🏽")));
    assert_eq!(heard[4]["actor_id"], bob.id.as_str());
    for event in ann.events_after(&channel, 4).await {
        assert_eq!(event["message"]["reactions"], three, "a reader's own view is in no event");
    }
}

async fn reaction_is_mine_only_to_who_reacted(world: Arc<World>) {
    let (ann, bob, channel, id) = room(&world).await;
    let other = ann.posted(&channel, "and rabbits?").await;
    let reacted = bob.react(&id, "🥕").await.expect(200).clone();
    ann.react(&other, "🥕").await.expect(200);
    let mine = |mine: bool| json!([{"emoji": "🥕", "count": 1, "mine": mine}]);
    assert_eq!(reacted["reactions"], mine(true));
    for person in [&bob, &world.elsewhere(&bob).await] {
        assert_eq!(person.message(&id).await["reactions"], mine(true));
        let page = person.messages(&channel, "").await;
        assert_eq!((&page[0]["reactions"], &page[1]["reactions"]), (&mine(true), &mine(false)));
    }
    assert_eq!(ann.message(&id).await["reactions"], mine(false));
}

async fn reacting_twice_and_taking_back_twice_change_nothing(world: Arc<World>) {
    let (ann, bob, channel, id) = room(&world).await;
    let first = bob.react(&id, "🥕").await.expect(200).clone();
    assert_eq!(bob.react(&id, "🥕").await.expect(200), &first);
    assert_eq!(ann.take_back(&id, "🥕").await.expect(200)["reactions"][0]["count"], 1);
    let gone = bob.take_back(&id, "🥕").await.expect(200).clone();
    assert_eq!(gone["reactions"], json!([]));
    assert_eq!(bob.take_back(&id, "🥕").await.expect(200), &gone);
    assert_eq!(ann.channel(&channel).await["last_seq"], 6, "added and removed, once each");
}

async fn twenty_people_react_at_once_and_are_counted(world: Arc<World>) {
    let (ann, _, channel, id) = room(&world).await;
    let people = join_all((0..20).map(|_| world.person("rabbit"))).await;
    let mut rabbits = Vec::new();
    for (index, person) in people.into_iter().enumerate() {
        person.join(&channel).await;
        rabbits.push(if index % 2 == 0 { world.elsewhere(&person).await } else { person });
    }
    let before = ann.channel(&channel).await["last_seq"].as_i64().expect("a number");
    for answer in join_all(rabbits.iter().map(|rabbit| rabbit.react(&id, "🥕"))).await {
        answer.expect(200);
    }
    assert_eq!(ann.message(&id).await["reactions"][0]["count"], 20);
    assert_eq!(ann.channel(&channel).await["last_seq"], before + 20);
    for answer in join_all(rabbits[..7].iter().map(|rabbit| rabbit.take_back(&id, "🥕"))).await {
        answer.expect(200);
    }
    assert_eq!(ann.message(&id).await["reactions"][0]["count"], 13);
}

async fn spellings_of_one_emoji_count_together(world: Arc<World>) {
    let (ann, bob, _, id) = room(&world).await;
    ann.react(&id, "\u{2764}").await.expect(200);
    bob.react(&id, "\u{2764}\u{fe0f}").await.expect(200);
    bob.react(&id, ":heart:").await.expect(200);
    bob.react(&id, ":carrot-party:").await.expect(200);
    let reactions = ann.message(&id).await["reactions"].clone();
    let heart = json!({"emoji": "\u{2764}\u{fe0f}", "count": 2, "mine": true});
    let named = json!({"emoji": ":carrot-party:", "count": 1, "mine": false});
    assert_eq!(reactions, json!([heart, named]));
}

async fn what_is_no_emoji_is_refused(world: Arc<World>) {
    let (ann, _, channel, id) = room(&world).await;
    let long = format!(":{}:", "x".repeat(33));
    for emoji in ["a", "👍👍", "::", ":A:", "<b>", "\0", "%", &long] {
        ann.react(&id, emoji).await.expect_problem(400, "invalid_parameter");
        ann.take_back(&id, emoji).await.expect_problem(400, "invalid_parameter");
    }
    let undecodable = format!("/v1/messages/{id}/reactions/%ff%fe");
    ann.put_empty(&undecodable).await.expect_problem(400, "invalid_parameter");
    assert_eq!(ann.channel(&channel).await["last_seq"], 4);
}

async fn ways_to_react_to_one_message_are_limited(world: Arc<World>) {
    let (ann, bob, _, id) = room(&world).await;
    for index in 0..MAX_REACTIONS {
        ann.react(&id, &format!(":carrot_{index}:")).await.expect(200);
    }
    ann.react(&id, "🥕").await.expect_problem(409, "too_many_reactions");
    bob.react(&id, ":carrot_3:").await.expect(200);
    let reactions = bob.message(&id).await["reactions"].clone();
    assert_eq!(reactions.as_array().map(Vec::len), Some(MAX_REACTIONS));
    ann.take_back(&id, ":carrot_0:").await.expect(200);
    ann.react(&id, "🥕").await.expect(200);
}

async fn deleted_message_gets_no_reaction(world: Arc<World>) {
    let (ann, bob, _, id) = room(&world).await;
    bob.react(&id, "🥕").await.expect(200);
    ann.delete_message(&id).await.expect(204);
    bob.react(&id, "🥕").await.expect_problem(409, "message_deleted");
    assert_eq!(bob.take_back(&id, "🥕").await.expect(200)["reactions"], json!([]));
}
