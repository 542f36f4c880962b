//! New passwords, by the old one or by mail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use libtest_mimic::Trial;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::client::{Answer, Cursors, Person, Rest, unique};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::servers::{Smtp, connect};
use crate::world::World;

const PROMPT: Duration = Duration::from_secs(5);
const OTHER: &str = "another horse battery";

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            password_change_ends_the_other_sessions,
            of_two_password_changes_at_once_one_wins,
            forgotten_password_is_reset_by_a_letter,
            reset_token_is_good_for_an_hour_and_the_newest_only,
            password_change_withdraws_a_token,
            account_gets_one_letter_a_minute_from_all_nodes,
            silent_mail_server_keeps_nobody_waiting,
            server_without_mail_says_so,
        ]
    )
}

async fn password_change_ends_the_other_sessions(world: Arc<World>) {
    let ann = world.person("ann").await;
    let other = ann.log_in_again().await;
    let mut there = world.elsewhere(&other).await.socket(&Cursors::new()).await;
    let mut kept = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    for wrong in ["not the right one", "short"] {
        change(&ann, wrong, OTHER).await.expect_problem(403, "wrong_password");
    }
    log_in(&ann, &ann.username, &ann.password).await.expect(200);
    change(&ann, &ann.password, OTHER).await.expect(204);
    assert_eq!(there.close_code(PROMPT).await, 1008);
    other.get("/v1/me").await.expect_problem(401, "unauthenticated");
    ann.get("/v1/me").await.expect(200);
    kept.frames_before_pong().await;
    let old = log_in(&ann, &ann.username, &ann.password).await;
    old.expect_problem(401, "invalid_credentials");
    log_in(&ann, &ann.username, OTHER).await.expect(200);
}

async fn of_two_password_changes_at_once_one_wins(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let new = ["the first new one", "the second new one"];
    let answers = tokio::join!(
        change(&ann, &ann.password, new[0]),
        change(&elsewhere, &ann.password, new[1])
    );
    let mut good = 0;
    for (answer, password) in [(answers.0, new[0]), (answers.1, new[1])] {
        let works = log_in(&ann, &ann.username, password).await.status == 200;
        good += usize::from(works);
        match answer.status {
            204 => assert!(works || good == 1, "the later change counts"),
            _ => drop(answer.expect_problem(403, "wrong_password")),
        }
    }
    assert_eq!(good, 1, "one password is good");
}

async fn forgotten_password_is_reset_by_a_letter(world: Arc<World>) {
    let (smtp, deployment) = with_mail(&world).await;
    let (ann, email) = with_email(&world, &deployment).await;
    let mut socket = ann.at_node(deployment.api(1)).socket(&Cursors::new()).await;
    let stranger = Rest::new(deployment.api(0), &world.coverage);
    let unknown = format!("{}@example.org", unique("nobody"));
    let (to_nobody, to_ann) = (forgot(&stranger, &unknown).await, forgot(&stranger, &email).await);
    assert_eq!(to_nobody.expect(202), to_ann.expect(202));
    assert_eq!(to_nobody.text, to_ann.text);
    let letter = smtp.letter_to(&email, 1).await;
    assert_eq!(letter.from, "warren@example.org");
    assert_eq!(letter.to, [email.as_str()]);
    assert_eq!(letter.header("To"), Some(email.as_str()));
    assert_eq!(letter.header("Subject"), Some("Choose a new password"));
    assert!(letter.content.contains(&ann.username), "{}", letter.content);
    assert!(smtp.letters_to(&unknown).is_empty());
    let token = letter.after("https://chat.example.org/#reset-password=");
    let elsewhere = Rest::new(deployment.api(1), &world.coverage);
    reset(&elsewhere, "unknown").await.expect_problem(422, "invalid_reset_token");
    reset(&elsewhere, &token).await.expect(204);
    assert_eq!(socket.close_code(PROMPT).await, 1008);
    let again = reset(&stranger, &token).await;
    again.expect_problem(422, "invalid_reset_token");
    log_in(&stranger, &ann.username, OTHER).await.expect(200);
    let old = log_in(&stranger, &ann.username, &ann.password).await;
    old.expect_problem(401, "invalid_credentials");
}

async fn reset_token_is_good_for_an_hour_and_the_newest_only(world: Arc<World>) {
    let (smtp, deployment) = with_mail(&world).await;
    let (ann, email) = with_email(&world, &deployment).await;
    let mut tokens = Vec::new();
    for count in 1..=3 {
        forgot(&ann, &email).await.expect(202);
        tokens.push(smtp.letter_to(&email, count).await.after("#reset-password="));
        set_time(&deployment, "issued_at", "2020-01-01 00:00:00").await;
    }
    reset(&ann, &tokens[1]).await.expect_problem(422, "invalid_reset_token");
    set_time(&deployment, "expires_at", "2020-01-01 00:00:00").await;
    reset(&ann, &tokens[2]).await.expect_problem(422, "invalid_reset_token");
    set_time(&deployment, "expires_at", "2999-01-01 00:00:00").await;
    reset(&ann, &tokens[2]).await.expect(204);
    log_in(&ann, &ann.username, OTHER).await.expect(200);
}

async fn password_change_withdraws_a_token(world: Arc<World>) {
    let (smtp, deployment) = with_mail(&world).await;
    let (ann, email) = with_email(&world, &deployment).await;
    forgot(&ann, &email).await.expect(202);
    let token = smtp.letter_to(&email, 1).await.after("#reset-password=");
    change(&ann, &ann.password, "meanwhile remembered").await.expect(204);
    reset(&ann, &token).await.expect_problem(422, "invalid_reset_token");
    log_in(&ann, &ann.username, "meanwhile remembered").await.expect(200);
}

/// A second letter would come before that to somebody who asks last.
async fn account_gets_one_letter_a_minute_from_all_nodes(world: Arc<World>) {
    let (smtp, deployment) = with_mail(&world).await;
    let (_ann, email) = with_email(&world, &deployment).await;
    let nodes = [0, 1].map(|node| Rest::new(deployment.api(node), &world.coverage));
    let asked = nodes.iter().cycle().take(10).map(|node| forgot(node, &email));
    for answer in join_all(asked).await {
        answer.expect(202);
    }
    smtp.letter_to(&email, 1).await;
    let (_bob, last) = with_email(&world, &deployment).await;
    for node in &nodes {
        forgot(node, &last).await.expect(202);
    }
    smtp.letter_to(&last, 1).await;
    assert_eq!(smtp.letters_to(&email).len(), 1);
}

async fn silent_mail_server_keeps_nobody_waiting(world: Arc<World>) {
    let smtp = Smtp::start_silent().await;
    let deployment = world.deploy(Options::default().with_mail(&smtp)).await;
    let (ann, email) = with_email(&world, &deployment).await;
    let begun = Instant::now();
    forgot(&ann, &email).await.expect(202);
    assert!(begun.elapsed() < Duration::from_secs(3), "the letter is not waited for");
    crate::wait::eventually("the server is asked", PROMPT, async || {
        (smtp.connections() > 0).then_some(())
    })
    .await;
    ann.say("public", "meanwhile").await;
    forgot(&ann, "nobody@example.org").await.expect(202);
}

async fn server_without_mail_says_so(world: Arc<World>) {
    let stranger = world.stranger(0).await;
    let answer = forgot(&stranger, "ann@example.org").await;
    answer.expect_problem(404, "mail_not_configured");
}

async fn with_mail(world: &World) -> (Smtp, Deployment) {
    let smtp = Smtp::start().await;
    let deployment = world.deploy(Options::default().with_mail(&smtp)).await;
    (smtp, deployment)
}

/// Somebody new who can get mail.
async fn with_email(world: &World, deployment: &Deployment) -> (Person, String) {
    let rest = Rest::new(deployment.api(0), &world.coverage);
    let (username, email) = (unique("ann"), format!("{}@example.org", unique("ann")));
    let password = "correct horse battery";
    let body = json!({"username": username, "password": password, "first_name": "Ann",
        "email": email});
    let answer = rest.post("/v1/signup", body).await;
    (Person::from_session(&rest, answer.expect(201), password), email)
}

/// Sets a time of all tokens.
async fn set_time(deployment: &Deployment, column: &str, time: &str) {
    let database = connect(&deployment.database_url).await;
    let statement = format!("UPDATE password_reset SET {column} = '{time}'");
    database.execute_unprepared(&statement).await.expect("set a time");
}

async fn change(person: &Person, current: &str, new: &str) -> Answer {
    let body: Value = json!({"current_password": current, "new_password": new});
    person.put("/v1/me/password", body).await
}

async fn forgot(rest: &Rest, email: &str) -> Answer {
    rest.post("/v1/password/forgot", json!({"email": email})).await
}

async fn reset(rest: &Rest, token: &str) -> Answer {
    rest.post("/v1/password/reset", json!({"token": token, "new_password": OTHER})).await
}

async fn log_in(rest: &Rest, username: &str, password: &str) -> Answer {
    rest.post("/v1/login", json!({"username": username, "password": password})).await
}
