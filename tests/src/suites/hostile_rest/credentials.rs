//! Passwords and tokens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Call, Content, Person, Rest, unique};
use crate::deployment::{JWT_SECRET, Options};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "hostile_rest",
        [
            unknown_user_and_wrong_password_look_alike,
            huge_password_is_refused_before_hashing,
            fifty_logins_at_once_are_limited_and_hold_up_nobody,
            forged_tokens_are_refused,
        ]
    )
}

/// Row 27. The shortest of many times tells what the work is, whatever else
/// the machine does: equal work comes to equal times, unequal work never.
async fn unknown_user_and_wrong_password_look_alike(world: Arc<World>) {
    let ann = world.person("ann").await;
    let stranger = world.stranger(0).await;
    let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
    for attempts in 1..=100 {
        let (wrong, elapsed) = attempt(&stranger, &ann.username).await;
        known = known.min(elapsed);
        let (absent, elapsed) = attempt(&stranger, &unique("nobody")).await;
        unknown = unknown.min(elapsed);
        assert_eq!(wrong, absent);
        let alike = known.max(unknown) < known.min(unknown) * 3 / 2;
        if attempts >= 10 && alike {
            println!("login: wrong password {known:?}, unknown user {unknown:?}");
            return;
        }
    }
    panic!("wrong password {known:?}, unknown user {unknown:?}");
}

async fn attempt(stranger: &Rest, username: &str) -> (Value, Duration) {
    let body = json!({"username": username, "password": "not the right one"});
    let begun = Instant::now();
    let answer = stranger.post("/v1/login", body).await;
    (answer.expect_problem(401, "invalid_credentials").clone(), begun.elapsed())
}

/// Row 28.
async fn huge_password_is_refused_before_hashing(world: Arc<World>) {
    let ann = world.person("ann").await;
    let huge = "p".repeat(1_000_000);
    let login = json!({"username": ann.username, "password": huge});
    ann.post("/v1/login", login).await.expect_invalid("password");
    let signup = json!({"username": unique("ann"), "password": huge, "first_name": "Ann"});
    ann.post("/v1/signup", signup).await.expect_invalid("password");
}

/// Row 29. That other requests stay quick is told by their number: one after the
/// other, several are answered before the flood is.
async fn fifty_logins_at_once_are_limited_and_hold_up_nobody(world: Arc<World>) {
    let options = Options { apis: 1, workers: 1, ..Options::default() };
    let options = options.with("WARREN_RATE_LIMITS", "on").with("WARREN_RATE_READS", "9999/9999");
    let deployment = world.deploy(options).await;
    let ann = world.person_on(&deployment, "ann").await;
    let wrong = json!({"username": ann.username, "password": "not the right one"});
    let flood = join_all((0..50).map(|_| ann.post("/v1/login", wrong.clone())));
    let mut others = 0;
    let answers = {
        let meanwhile = async {
            loop {
                ann.get("/v1/me").await.expect(200);
                others += 1;
            }
        };
        tokio::select! {
            answers = flood => answers,
            () = meanwhile => unreachable!("it goes on"),
        }
    };
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    println!("50 logins: {} tried, {} limited, {others} others", count(401), count(429));
    assert_eq!(count(401) + count(429), 50);
    assert!(count(401) >= 15 && count(429) >= 5, "{} tried", count(401));
    assert!(others >= 3, "{others} others");
    every_costly_operation_is_limited(&ann).await;
}

async fn every_costly_operation_is_limited(ann: &Person) {
    let password = "another horse battery";
    let (token, email) = ("no such token", "ann@example.org");
    let taken = json!({"username": ann.username, "password": password, "first_name": "Ann"});
    let change = json!({"current_password": password, "new_password": password});
    for (method, path, body) in [
        ("POST", "/v1/signup", taken),
        ("POST", "/v1/login", json!({"username": ann.username, "password": password})),
        ("PUT", "/v1/me/password", change),
        ("PUT", "/v1/me/email", json!({"password": password, "email": email})),
        ("DELETE", "/v1/me", json!({"password": password})),
        ("POST", "/v1/password/forgot", json!({"email": email})),
        ("POST", "/v1/password/reset", json!({"token": token, "new_password": password})),
    ] {
        let call = || Call { method, path, content: Content::Json(body.clone()), headers: &[] };
        let answers = join_all((0..50).map(|_| ann.call(call()))).await;
        let limited = answers.iter().find(|answer| answer.status == 429);
        let limited = limited.unwrap_or_else(|| panic!("{method} {path} is not limited"));
        limited.expect_problem(429, "too_many_requests");
        assert_eq!(limited.header("retry-after"), "1");
    }
}

/// Row 31.
async fn forged_tokens_are_refused(world: Arc<World>) {
    let options = Options::default().with("WARREN_JWT_SECRET", JWT_SECRET);
    let deployment = world.deploy(options).await;
    let ann = world.person_on(&deployment, "ann").await;
    let (header, claims) = taken_apart(&ann);
    let genuine = signed(&header, &claims, JWT_SECRET);
    ann.rest.with_token(&genuine).get("/v1/me").await.expect(200);
    for (forgery, token) in forgeries(&header, &claims) {
        let answer = ann.rest.with_token(&token).get("/v1/me").await;
        assert_eq!(answer.status, 401, "{forgery}: {}", answer.text);
        answer.expect_problem(401, "unauthenticated");
    }
    let refresh_token = ann.rest.with_token(&ann.refresh_token);
    refresh_token.get("/v1/me").await.expect_problem(401, "unauthenticated");
}

fn forgeries(header: &Header, claims: &Value) -> Vec<(&'static str, String)> {
    let now = chrono::Utc::now().timestamp();
    let with = |key: &str, value: Value| {
        let mut claims = claims.clone();
        claims[key] = value;
        signed(header, &claims, JWT_SECRET)
    };
    let mut without_expiry = claims.clone();
    without_expiry.as_object_mut().expect("claims").remove("exp");
    let mut other_algorithm = header.clone();
    other_algorithm.alg = Algorithm::HS384;
    let mut other_type = header.clone();
    other_type.typ = Some("refresh+jwt".to_owned());
    vec![
        ("another type in the header", signed(&other_type, claims, JWT_SECRET)),
        ("alg none", unsigned(claims)),
        ("another algorithm", signed(&other_algorithm, claims, JWT_SECRET)),
        ("wrong audience", with("aud", json!("elsewhere"))),
        ("wrong issuer", with("iss", json!("elsewhere"))),
        ("no expiry", signed(header, &without_expiry, JWT_SECRET)),
        ("expired", with("exp", json!(now - 120))),
        ("another secret", signed(header, claims, "another secret of thirty-two bytes")),
        ("a session that nobody has", with("sid", json!(uuid::Uuid::now_v7()))),
    ]
}

fn taken_apart(person: &Person) -> (Header, Value) {
    let header = jsonwebtoken::decode_header(person.token()).expect("a header");
    let claims = person.token().split('.').nth(1).expect("claims");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64");
    (header, serde_json::from_slice(&claims).expect("JSON"))
}

fn signed(header: &Header, claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(header, claims, &key).expect("sign")
}

fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(claims))
}
