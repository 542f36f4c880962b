//! Beginning anew.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::json;

use super::{WITHIN, done, refused};
use crate::client::{Rest, new_key};
use crate::deployment::{Combination, Deployment, Options};
use crate::facts;
use crate::program::Signal;
use crate::wait::eventually;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "admin",
        [running_server_is_not_wiped, wiped_server_is_new_and_nothing_comes_back]
    )
}

async fn running_server_is_not_wiped(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    let arguments = ["admin", "wipe", "--yes-wipe-everything"];
    let alive = refused(&deployment.run(&arguments));
    let reason = match world.combination {
        Combination::Embedded => "in use by another Warren process",
        Combination::Cluster(_) => "stop every process",
    };
    assert!(alive.contains(reason), "{alive}");
    ann.get("/v1/me").await.expect(200);
}

/// A send that was accepted and never committed is the last of the old server.
async fn wiped_server_is_new_and_nothing_comes_back(world: Arc<World>) {
    let mut deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    ann.say("public", "hello").await;
    deployment.signal_workers(Signal::Kill);
    if world.combination != Combination::Embedded {
        let later = [("Idempotency-Key", &*new_key()), ("Prefer", "respond-async")];
        ann.post_with("public", "too late", &later).await.expect(202);
    }
    deployment.apis[0].program.terminate(WITHIN);
    let wrong = eventually("the killed worker is missed", WITHIN, async || {
        let refused = refused(&deployment.run_with(&["admin", "wipe"], "something else\n"));
        (!refused.contains("lives")).then_some(refused)
    })
    .await;
    assert!(wrong.contains("not the database's name"), "{wrong}");
    let name = database_name(&deployment);
    done(&deployment.run_with(&["admin", "wipe"], &format!("{name}\n")));
    deployment.start_again().await;
    if world.combination != Combination::Embedded {
        world.servers.rabbitmq().await.is_consumed(deployment.namespace()).await;
    }
    let rest = Rest::new(deployment.api(0), &world.coverage);
    let old = json!({"username": ann.username, "password": ann.password});
    rest.post("/v1/login", old).await.expect_problem(401, "invalid_credentials");
    let bob = world.person_on(&deployment, "bob").await;
    let seq = bob.say("public", "first").await;
    assert_eq!(seq, 2, "his joining is number one");
    let messages = bob.messages("public", "").await;
    assert_eq!(messages.len(), 1, "{messages:?}");
}

fn database_name(deployment: &Deployment) -> String {
    let name = deployment.database_url.rsplit('/').next().expect("a name");
    name.to_owned()
}
