//! Opening a socket with a ticket.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::client::{Cursors, Person, Socket};
use crate::deployment::Options;
use crate::facts;
use crate::servers::connect;
use crate::world::World;

const SOON: Duration = Duration::from_secs(10);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "gateway",
        [
            ticket_opens_one_socket_on_any_node,
            ticket_is_good_for_thirty_seconds,
            ticket_dies_with_its_session,
            hello_has_either_a_token_or_a_ticket,
        ]
    )
}

/// Hostile input 37.
async fn ticket_opens_one_socket_on_any_node(world: Arc<World>) {
    let ann = world.person("ann").await;
    let ticket = ticket_of(&ann).await;
    let elsewhere = world.elsewhere(&ann).await;
    let mut socket = greet(&elsewhere, json!({"type": "hello", "ticket": ticket})).await;
    let ready = socket.next().await;
    assert_eq!(ready["me"]["id"], ann.id.as_str());
    for node in [&ann, &elsewhere] {
        refused(node, json!({"type": "hello", "ticket": ticket})).await;
    }
}

/// Hostile input 37. Of those who come with one ticket at once, one gets in.
async fn ticket_is_good_for_thirty_seconds(world: Arc<World>) {
    let deployment = world.deploy(Options::default()).await;
    let ann = world.person_on(&deployment, "ann").await;
    let answer = ann.post_empty("/v1/ws/ticket").await.expect(201).clone();
    assert_eq!(answer["expires_in"], 30);
    let (aged, fresh) = (ticket_of(&ann).await, ticket_of(&ann).await);
    let database = connect(&deployment.database_url).await;
    let at_once = (0..8).map(|_| async {
        let mut socket = greet(&ann, json!({"type": "hello", "ticket": fresh})).await;
        socket.next().await["type"] == "ready"
    });
    let opened = futures_util::future::join_all(at_once).await;
    assert_eq!(opened.iter().filter(|opened| **opened).count(), 1, "{opened:?}");
    let aging = "UPDATE socket_ticket SET expires_at = '2001-01-01 00:00:00'";
    assert!(database.execute_unprepared(aging).await.expect("an update").rows_affected() >= 1);
    refused(&ann, json!({"type": "hello", "ticket": aged})).await;
}

async fn ticket_dies_with_its_session(world: Arc<World>) {
    let ann = world.person("ann").await;
    let ticket = ticket_of(&ann).await;
    ann.post_empty("/v1/logout").await.expect(204);
    refused(&ann, json!({"type": "hello", "ticket": ticket})).await;
}

async fn hello_has_either_a_token_or_a_ticket(world: Arc<World>) {
    let ann = world.person("ann").await;
    let ticket = ticket_of(&ann).await;
    for hello in [
        json!({"type": "hello"}),
        json!({"type": "hello", "token": ann.token(), "ticket": ticket}),
        json!({"type": "ping"}),
    ] {
        let mut socket = greet(&ann, hello).await;
        assert_eq!(socket.next().await["code"], "malformed_frame");
        assert_eq!(socket.close_code(SOON).await, 1008);
    }
    ann.socket(&Cursors::new()).await;
}

async fn ticket_of(person: &Person) -> String {
    let answer = person.post_empty("/v1/ws/ticket").await;
    answer.expect(201)["ticket"].as_str().expect("a ticket").to_owned()
}

async fn greet(person: &Person, hello: Value) -> Socket {
    let mut socket = Socket::connect(&person.base, &person.coverage).await;
    socket.send(hello).await;
    socket
}

async fn refused(person: &Person, hello: Value) {
    let mut socket = greet(person, hello).await;
    assert_eq!(socket.next().await["code"], "unauthenticated");
    assert_eq!(socket.close_code(SOON).await, 1008);
}
