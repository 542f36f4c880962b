//! Sessions that are ended while their sockets are open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::client::{Cursors, Person, Socket, new_key};
use crate::facts;
use crate::promise::held;
use crate::wait::eventually;
use crate::world::World;

const PROMPT: Duration = Duration::from_secs(5);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [ended_session_hears_nothing_more])
}

#[derive(Clone, Copy, Debug)]
enum End {
    Logout,
    Deactivation,
    NewPassword,
}

/// Row 13: the session has a socket at every node, and somebody talks all the time.
async fn ended_session_hears_nothing_more(world: Arc<World>) {
    let (admin, ann) = (world.administrator("admin").await, world.person("ann").await);
    let channel = ann.create_channel("public").await;
    let _talk = talk(&ann, &channel);
    let mut slowest = Duration::ZERO;
    for end in [End::Logout, End::Deactivation, End::NewPassword] {
        let bob = world.person("bob").await;
        bob.join(&channel).await;
        let other = bob.log_in_again().await;
        let elsewhere = world.elsewhere(&other).await;
        let mut sockets = Vec::new();
        for node in [&other, &elsewhere] {
            let mut socket = node.socket(&Cursors::new()).await;
            socket.event_of(&channel).await;
            sockets.push(socket);
        }
        let begun = Instant::now();
        end.happens(&bob, &other, &admin).await;
        other.get("/v1/me").await.expect_problem(401, "unauthenticated");
        for socket in &mut sockets {
            assert_eq!(until_closed(socket, begun).await, 1008, "{end:?}");
        }
        slowest = slowest.max(begun.elapsed());
        eventually("every node refuses", PROMPT, async || {
            (elsewhere.get("/v1/me").await.status == 401).then_some(())
        })
        .await;
    }
    let figures = format!(
        "ends 3, sockets 6, slowest close {} ms, events later than 5 s 0",
        slowest.as_millis()
    );
    held(13, world.combination.name(), &figures);
}

impl End {
    /// Ends the session of `other`, who is `bob` signed in a second time.
    async fn happens(self, bob: &Person, other: &Person, admin: &Person) {
        match self {
            Self::Logout => drop(other.post_empty("/v1/logout").await.expect(204)),
            Self::Deactivation => {
                let path = format!("/v1/users/{}", bob.username);
                admin.patch(&path, json!({"deactivated": true})).await.expect(200);
            }
            Self::NewPassword => {
                let body = json!({"current_password": bob.password, "new_password": new_key()});
                bob.put("/v1/me/password", body).await.expect(204);
            }
        }
    }
}

/// Reads on, until the close frame; nothing comes after its time.
async fn until_closed(socket: &mut Socket, begun: Instant) -> u16 {
    let left = PROMPT.saturating_sub(begun.elapsed());
    let code = socket.close_code(left).await;
    let after = socket.try_next().await;
    assert!(after.is_err(), "after the close: {after:?}");
    code
}

/// Somebody who says something again and again, until the answer is dropped.
fn talk(person: &Person, channel: &str) -> DropGuard {
    let (person, channel, over) = (person.clone(), channel.to_owned(), CancellationToken::new());
    let guard = over.clone().drop_guard();
    drop(tokio::spawn(over.run_until_cancelled_owned(async move {
        loop {
            let answer: Value = person.post_message(&channel, "news", &new_key()).await.json;
            assert!(answer.is_object(), "{answer}");
        }
    })));
    guard
}
