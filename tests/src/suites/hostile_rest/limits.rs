//! How often one may ask.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Answer, Rest, unique};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

/// More than is let through at once, whatever time it takes.
const FLOOD: usize = 60;

/// How many are, of one who has not asked before.
const BURST: usize = 20;

const SOON: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "hostile_rest",
        [
            flood_of_one_user_is_slowed_and_others_are_not,
            flood_of_strangers_counts_against_their_address,
            answers_tell_how_much_is_left,
            guesses_are_slowed_and_lock_nobody_out,
        ]
    )
}

/// Row 75. Whoever reads too much may still write.
async fn flood_of_one_user_is_slowed_and_others_are_not(world: Arc<World>) {
    let deployment = slow(&world).await;
    let ann = world.person_on(&deployment, "ann").await;
    let bob = world.person_on(&deployment, "bob").await;
    slowed(&join_all((0..FLOOD).map(|_| ann.get("/v1/me"))).await, 200);
    let elsewhere = from(&world, &deployment, 2).with_token(ann.token());
    exhausted(&join_all((0..FLOOD).map(|_| elsewhere.get("/v1/me"))).await, 200);
    ann.patch("/v1/me", json!({"first_name": "Anna"})).await.expect(200);
    bob.get("/v1/me").await.expect(200);
    eventually("ann is heard again", SOON, async || {
        (ann.get("/v1/me").await.status == 200).then_some(())
    })
    .await;
}

/// Row 76. What they claim to be does not help; who is somebody is not one of them.
async fn flood_of_strangers_counts_against_their_address(world: Arc<World>) {
    let deployment = slow(&world).await;
    let ann = world.person_on(&deployment, "ann").await;
    let (flooder, other) = (from(&world, &deployment, 2), from(&world, &deployment, 3));
    let flood = (0..FLOOD).map(|_| {
        let forger = flooder.with_token(&unique("token"));
        async move { forger.get("/v1/me").await }
    });
    slowed(&join_all(flood).await, 401);
    let flood = (0..FLOOD).map(|_| flooder.get("/v1/no/such/path"));
    exhausted(&join_all(flood).await, 404);
    flooder.get("/livez").await.expect(200);
    flooder.with_token(ann.token()).get("/v1/me").await.expect(200);
    other.get("/v1/me").await.expect_problem(401, "unauthenticated");
}

async fn answers_tell_how_much_is_left(world: Arc<World>) {
    let deployment = slow(&world).await;
    let ann = world.person_on(&deployment, "ann").await;
    let me = ann.get("/v1/me").await;
    assert_eq!(me.header("ratelimit-policy"), "\"reads\";q=20;w=20");
    assert_eq!(me.header("ratelimit"), "\"reads\";r=19;t=1");
    let absent = ann.get("/v1/no/such/path").await;
    assert!(absent.header("ratelimit").starts_with("\"reads\";r=1"), "{:?}", absent.headers);
    let login = json!({"username": ann.username, "password": ann.password});
    let login = ann.post("/v1/login", login).await;
    login.expect(200);
    assert_eq!(login.header("ratelimit-policy"), "\"writes\";q=20;w=20, \"costly\";q=9;w=3");
    assert!(login.header("ratelimit").contains(", \"costly\";r="), "{:?}", login.headers);
    assert_eq!(ann.get("/livez").await.header("ratelimit"), "");
}

/// Row 77. By the name and by the address; a name that nobody has is treated alike.
async fn guesses_are_slowed_and_lock_nobody_out(world: Arc<World>) {
    let deployment = world.deploy(Options::default().with("WARREN_RATE_LIMITS", "on")).await;
    let (username, password) = (unique("ann"), "correct horse battery");
    let email = format!("{username}@example.org");
    let signup = json!({"username": username, "password": password, "first_name": "Ann",
        "email": email});
    let home = from(&world, &deployment, 1);
    let session = home.post("/v1/signup", signup).await.expect(201).clone();
    let nobody = guess_at(&world, &deployment, 2, &unique("nobody")).await;
    assert_eq!(guess_at(&world, &deployment, 3, &username).await, nobody);
    assert_eq!(guess_at(&world, &deployment, 4, &email.to_uppercase()).await, nobody);
    let away = from(&world, &deployment, 5);
    for name in [&username, &email] {
        let right = json!({"username": name, "password": password});
        away.post("/v1/login", right.clone()).await.expect_problem(429, "too_many_requests");
        home.post("/v1/login", right).await.expect(200);
    }
    let refresh = json!({"refresh_token": session["refresh_token"]});
    away.post("/v1/token/refresh", refresh).await.expect(200);
    let right = json!({"username": username, "password": password});
    away.post("/v1/login", right).await.expect(200);
}

/// What the guesses at one name from one address are answered, and the same in
/// another spelling.
async fn guess_at(world: &World, deployment: &Deployment, host: u8, name: &str) -> Vec<Value> {
    let guesser = from(world, deployment, host);
    let mut answers = Vec::new();
    for number in 0..12 {
        let name = if number % 2 == 0 { name.to_owned() } else { name.to_uppercase() };
        let guess = json!({"username": name, "password": "not the right one"});
        let answer = guesser.post("/v1/login", guess).await;
        assert_eq!(answer.status, if number < 10 { 401 } else { 429 }, "{}", answer.text);
        assert_eq!(
            answer.header("ratelimit-policy"),
            "\"writes\";q=100;w=5, \"costly\";q=20;w=4, \"guesses\";q=10;w=300"
        );
        answers.push(answer.json);
    }
    answers
}

async fn slow(world: &World) -> Deployment {
    let options = Options::default().with("WARREN_RATE_LIMITS", "on");
    let options = options.with("WARREN_RATE_READS", "20/1").with("WARREN_RATE_WRITES", "20/1");
    world.deploy(options.with("WARREN_RATE_COSTLY", "9/3")).await
}

fn from(world: &World, deployment: &Deployment, host: u8) -> Rest {
    let address = IpAddr::from([127, 0, 0, host]);
    Rest::from_address(deployment.api(0), &world.coverage, address)
}

/// At least as many as the limit allows were answered, and not all.
fn slowed(answers: &[Answer], status: u16) {
    let answered = answered(answers, status);
    assert!((BURST..FLOOD).contains(&answered), "{answered} of {FLOOD}");
}

/// Fewer were answered than are at once to one who has not asked before: it is as
/// many as seconds went by.
fn exhausted(answers: &[Answer], status: u16) {
    let answered = answered(answers, status);
    assert!(answered < BURST, "{answered} of {FLOOD}");
}

/// How many were answered so; all others were told to come again.
fn answered(answers: &[Answer], status: u16) -> usize {
    let answered = answers.iter().filter(|answer| answer.status == status).count();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert_eq!(answered + refused.len(), answers.len());
    for answer in refused {
        answer.expect_problem(429, "too_many_requests");
        assert_eq!(answer.header("retry-after"), "1");
        assert!(answer.header("ratelimit").starts_with("\"reads\";r=0;t="));
    }
    answered
}
