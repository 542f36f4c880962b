//! Who gets in, and how far.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;

use super::{ask, person, visitor};
use crate::client::{Call, Content, Rest, unique};
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

/// More at once than nginx/warren/api.conf lets through, whatever time they take.
const FLOOD: usize = 400;
const GUESSES: usize = 40;
const LOGGED: Duration = Duration::from_secs(10);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "proxy",
        [
            flood_from_one_address_is_slowed_and_others_are_not,
            sign_ins_from_one_address_are_slowed_sooner,
            forged_forwarding_headers_are_overwritten,
            monitoring_is_shown_to_monitors_only,
            healthcheck_believes_the_proxy_and_nobody_else,
        ]
    )
}

async fn flood_from_one_address_is_slowed_and_others_are_not(world: Arc<World>) {
    let (flooder, other) = (visitor(&world).await, visitor(&world).await);
    let answers = join_all((0..FLOOD).map(|_| ask(&flooder, "GET", "/livez", &[]))).await;
    let slowed: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!slowed.is_empty() && slowed.len() < FLOOD, "{} of {FLOOD}", slowed.len());
    for answer in slowed {
        answer.expect_problem(429, "too_many_requests");
        assert!(!answer.header("retry-after").is_empty());
    }
    other.get("/livez").await.expect(200);
}

async fn sign_ins_from_one_address_are_slowed_sooner(world: Arc<World>) {
    let guesser = visitor(&world).await;
    let body = serde_json::json!({"username": unique("nobody"), "password": "a guess at it"});
    let guess = async |_| {
        let content = Content::Json(body.clone());
        guesser.ask(Call { method: "POST", path: "/v1/login", content, headers: &[] }).await
    };
    let answers = join_all((0..GUESSES).map(guess)).await;
    assert!(answers.iter().any(|answer| answer.status == 429), "some are slowed");
    assert!(answers.iter().any(|answer| answer.status == 401), "and not all");
    guesser.get("/livez").await.expect(200);
}

/// Row 30: what the API logs as the client's address is the connection's, and
/// a flood under other people's addresses counts as one.
async fn forged_forwarding_headers_are_overwritten(world: Arc<World>) {
    let site = world.site().await;
    let rest = visitor(&world).await;
    let id = unique("forged");
    let headers = [
        ("X-Forwarded-For", "198.51.100.7"),
        ("X-Real-IP", "198.51.100.7"),
        ("Forwarded", "for=198.51.100.7"),
        ("X-Request-Id", &id),
    ];
    let answer = ask(&rest, "GET", "/livez", &headers).await;
    assert_eq!(answer.expect(200)["status"], "ok");
    assert_eq!(answer.header("x-request-id"), id);
    let log = &site.supervisor.program;
    let lines = eventually("the request is logged", LOGGED, async || {
        let answered = |line: &&str| line.contains(&id) && line.contains("answered");
        log.output().lines().find(answered).map(str::to_owned)
    })
    .await;
    assert!(lines.contains("client{address=127.0.7."), "{lines}");
    assert!(!log.output().contains("198.51.100.7"), "it is nowhere");
    let mut flood = Vec::new();
    for number in 0..FLOOD {
        let address = format!("198.51.{}.{}", number / 256, number % 256);
        let rest = rest.clone();
        flood.push(
            async move { ask(&rest, "GET", "/livez", &[("X-Forwarded-For", &address)]).await },
        );
    }
    let answers = join_all(flood).await;
    assert!(answers.iter().any(|answer| answer.status == 429), "they count as one address");
}

/// Also to whoever says that a monitor's address is theirs.
async fn monitoring_is_shown_to_monitors_only(world: Arc<World>) {
    let site = world.site().await;
    let rest = visitor(&world).await;
    for path in ["/metrics", "/healthcheck", "/readyz", "/healthcheck/", "/metrics/x", "//metrics"]
    {
        for name in ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Request-Id"] {
            let answer = ask(&rest, "GET", path, &[(name, "127.0.0.1")]).await;
            answer.expect_problem(404, "not_found");
            let absent = ask(&rest, "GET", "/no-such-path", &[]).await;
            assert_eq!(answer.json, absent.json, "{path}");
        }
    }
    let monitor = Rest::new(&site.base, &world.coverage);
    assert_eq!(monitor.get("/readyz").await.expect(200)["status"], "ok");
    let ann = person(&world, "ann").await;
    ask(&ann, "GET", "/readyz", &[]).await.expect_problem(404, "not_found");
}

/// Behind nginx whoever it lets through is known by the address that it saw; at an
/// API process itself, a header that names a stranger makes one.
async fn healthcheck_believes_the_proxy_and_nobody_else(world: Arc<World>) {
    let site = world.site().await;
    let monitor = Rest::new(&site.base, &world.coverage);
    for path in ["/healthcheck", "/metrics"] {
        monitor.get(path).await.expect(200);
    }
    let elsewhere = [("X-Forwarded-For", "203.0.113.9"), ("X-Real-IP", "203.0.113.9")];
    ask(&monitor, "GET", "/healthcheck", &elsewhere).await.expect(200);
    let apis = site.supervisor.installation.apis();
    let behind = Rest::new(&apis[0], &world.coverage);
    for hops in ["203.0.113.9", "127.0.0.1, 203.0.113.9"] {
        let answer = ask(&behind, "GET", "/healthcheck", &[("X-Forwarded-For", hops)]).await;
        answer.expect_problem(404, "not_found");
    }
    let visitor = visitor(&world).await;
    let forged = [("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1")];
    ask(&visitor, "GET", "/healthcheck", &forged).await.expect_problem(404, "not_found");
}
