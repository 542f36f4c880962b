//! Accounts, made and changed while the server runs.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::{WITHIN, done, refused};
use crate::client::{Answer, Cursors, Rest, unique};
use crate::deployment::Options;
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "admin",
        [
            account_is_made_with_a_role_beside_the_running_server,
            account_needs_a_free_name_and_a_good_password,
            new_password_ends_all_sessions_of_the_running_server,
            role_is_set_and_the_last_owner_stays,
            deactivated_account_is_out_until_it_is_activated,
        ]
    )
}

async fn account_is_made_with_a_role_beside_the_running_server(world: Arc<World>) {
    let deployment = world.shared().await;
    let mut socket = world.person("ann").await.socket(&Cursors::new()).await;
    for role in ["owner", "admin", "member"] {
        let (name, email) = (unique(role), format!("{}@example.org", unique(role)));
        let arguments = ["admin", "create-user", &name, "--role", role, "--email", &email];
        done(&deployment.run_with(&arguments, "correct horse battery\n"));
        let joined = |frame: &Value| frame["event"]["user"]["username"] == *name;
        socket.until(|frame| joined(frame) || frame["user"]["username"] == *name).await;
        let session = log_in(&world, &email, "correct horse battery").await.expect(200).clone();
        assert_eq!(session["user"]["role"], role);
        assert_eq!(session["user"]["first_name"], name);
    }
}

async fn account_needs_a_free_name_and_a_good_password(world: Arc<World>) {
    let deployment = world.shared().await;
    let ann = world.person("ann").await;
    let create =
        |name: &str, input: &str| deployment.run_with(&["admin", "create-user", name], input);
    let taken = refused(&create(&ann.username, "correct horse battery\n"));
    assert!(taken.contains("the username is taken"), "{taken}");
    let short = refused(&create(&unique("bob"), "short\n"));
    assert!(short.contains("8 to 256 characters"), "{short}");
    let usage = create("No Name", "correct horse battery\n");
    assert_eq!(usage.status.code(), Some(2));
}

async fn new_password_ends_all_sessions_of_the_running_server(world: Arc<World>) {
    let deployment = world.shared().await;
    let ann = world.person("ann").await;
    let there = world.elsewhere(&ann.log_in_again().await).await;
    let mut sockets = [ann.socket(&Cursors::new()).await, there.socket(&Cursors::new()).await];
    let arguments = ["admin", "set-password", &ann.username];
    let said = done(&deployment.run_with(&arguments, "another horse battery\n"));
    assert!(said.contains("2 sessions were ended"), "{said}");
    for socket in &mut sockets {
        assert_eq!(socket.close_code(WITHIN).await, 1008);
    }
    log_in(&world, &ann.username, &ann.password).await.expect_problem(401, "invalid_credentials");
    log_in(&world, &ann.username, "another horse battery").await.expect(200);
    let refresh = json!({"refresh_token": ann.refresh_token});
    let stranger = world.stranger(0).await;
    stranger.post("/v1/token/refresh", refresh).await.expect_problem(401, "invalid_refresh_token");
    let nobody =
        refused(&deployment.run_with(&["admin", "set-password", "nobody-at-all"], "12345678"));
    assert!(nobody.contains("there is no such user"), "{nobody}");
}

async fn role_is_set_and_the_last_owner_stays(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let create = ["admin", "create-user", "first", "--role", "owner"];
    done(&deployment.run_with(&create, "correct horse battery"));
    let ann = world.person_on(&deployment, "ann").await;
    let set = |name: &str, role: &str| deployment.run(&["admin", "set-role", name, role]);
    let last = refused(&set("first", "member"));
    assert!(last.contains("last owner"), "{last}");
    done(&set(&ann.username, "owner"));
    done(&set("first", "admin"));
    eventually("the running server knows", WITHIN, async || {
        let me = ann.get("/v1/me").await.expect(200).clone();
        (me["role"] == "owner").then_some(())
    })
    .await;
}

async fn deactivated_account_is_out_until_it_is_activated(world: Arc<World>) {
    let deployment = world.shared().await;
    let ann = world.person("ann").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    done(&deployment.run(&["admin", "deactivate", &ann.username]));
    assert_eq!(socket.close_code(WITHIN).await, 1008);
    log_in(&world, &ann.username, &ann.password).await.expect_problem(403, "account_deactivated");
    done(&deployment.run(&["admin", "activate", &ann.username]));
    log_in(&world, &ann.username, &ann.password).await.expect(200);
}

async fn log_in(world: &World, name: &str, password: &str) -> Answer {
    let rest: Rest = world.stranger(0).await;
    rest.post("/v1/login", json!({"username": name, "password": password})).await
}
