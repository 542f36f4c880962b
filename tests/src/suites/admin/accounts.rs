//! Accounts, made and changed while the server runs.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::{WITHIN, done, refused};
use crate::client::{Answer, Cursors, Rest, unique};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "admin",
        [
            account_is_made_with_a_role_beside_the_running_server,
            account_needs_a_free_name_and_a_good_password,
            new_password_ends_all_sessions_of_the_running_server,
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
    stranger.post("/v1/token/refresh", refresh).await.expect_problem(401, "unauthenticated");
    let nobody =
        refused(&deployment.run_with(&["admin", "set-password", "nobody-at-all"], "12345678"));
    assert!(nobody.contains("nobody is called nobody-at-all"), "{nobody}");
}

async fn log_in(world: &World, name: &str, password: &str) -> Answer {
    let rest: Rest = world.stranger(0).await;
    rest.post("/v1/login", json!({"username": name, "password": password})).await
}
