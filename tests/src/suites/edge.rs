//! What surrounds every operation: pages of other origins, methods, the
//! client's address, and the end of a process.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Answer, Call, Content, Rest, unique};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::program::Signal;
use crate::wait::eventually;
use crate::world::World;

const PAGE: &str = "https://app.example.org";
const WITHIN: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "edge",
        [
            page_of_an_allowed_origin_may_call,
            page_of_a_foreign_origin_is_given_nothing,
            without_configured_origins_nothing_is_said,
            refused_method_names_those_that_are_not,
            stranger_cannot_forge_its_address,
            trusted_proxy_says_whose_request_it_is,
            addresses_are_logged_for_debugging_only,
            stopping_process_answers_on_connections_that_a_proxy_keeps,
        ]
    )
}

async fn page_of_an_allowed_origin_may_call(world: Arc<World>) {
    let deployment = deploy(&world, &[("WARREN_CORS_ORIGINS", PAGE)]).await;
    let rest = Rest::new(deployment.api(0), &world.coverage);
    let asked = [
        ("Origin", PAGE),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization, content-type, idempotency-key"),
    ];
    let permission = call(&rest, "OPTIONS", "/v1/channels/public/messages", &asked).await;
    permission.expect(204);
    assert_eq!(permission.header("access-control-allow-origin"), PAGE);
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(permission.header("access-control-allow-methods").contains(method), "{method}");
    }
    for name in ["Authorization", "Content-Type", "Idempotency-Key", "Prefer", "X-Request-Id"] {
        assert!(permission.header("access-control-allow-headers").contains(name), "{name}");
    }
    assert_eq!(permission.header("access-control-max-age"), "7200");
    for (method, path, status) in
        [("GET", "/livez", 200), ("GET", "/v1/me", 401), ("POST", "/v1/login", 415)]
    {
        let answer = call(&rest, method, path, &[("Origin", PAGE)]).await;
        answer.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), PAGE, "{path}");
        assert_eq!(answer.header("vary"), "Origin", "{path}");
        for name in ["Location", "RateLimit-Policy", "Retry-After", "X-Request-Id"] {
            assert!(answer.header("access-control-expose-headers").contains(name), "{path}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), "", "{path}");
    }
}

async fn page_of_a_foreign_origin_is_given_nothing(world: Arc<World>) {
    let deployment = deploy(&world, &[("WARREN_CORS_ORIGINS", PAGE)]).await;
    let rest = Rest::new(deployment.api(0), &world.coverage);
    for origin in
        ["https://evil.example", "null", "http://app.example.org", "https://APP.example.org"]
    {
        let asked = [("Origin", origin), ("Access-Control-Request-Method", "POST")];
        let refused = call(&rest, "OPTIONS", "/v1/login", &asked).await;
        refused.expect_problem(405, "method_not_allowed");
        says_nothing(&refused);
        let answer = call(&rest, "GET", "/livez", &[("Origin", origin)]).await;
        answer.expect(200);
        says_nothing(&answer);
        assert_eq!(answer.header("vary"), "Origin");
    }
    let own = deployment.api(0);
    call(&rest, "GET", "/livez", &[("Origin", own)]).await.expect(200);
}

async fn without_configured_origins_nothing_is_said(world: Arc<World>) {
    let rest = world.stranger(0).await;
    let asked = [("Origin", PAGE), ("Access-Control-Request-Method", "POST")];
    let refused = call(&rest, "OPTIONS", "/v1/login", &asked).await;
    refused.expect_problem(405, "method_not_allowed");
    says_nothing(&refused);
    let answer = call(&rest, "GET", "/livez", &[("Origin", PAGE)]).await;
    says_nothing(&answer);
    assert_eq!(answer.header("vary"), "");
}

fn says_nothing(answer: &Answer) {
    let said = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
    assert!(said.is_none(), "{said:?}");
}

async fn refused_method_names_those_that_are_not(world: Arc<World>) {
    let rest = world.stranger(0).await;
    for (method, path, allowed) in [
        ("DELETE", "/v1/login", "POST"),
        ("DELETE", "/v1/channels/public/messages", "GET, HEAD, POST"),
        ("POST", "/v1/channels/browse", "GET, HEAD"),
        ("POST", "/livez", "GET, HEAD"),
        ("POST", "/v1/ws", "GET, HEAD"),
    ] {
        let answer = call(&rest, method, path, &[]).await;
        answer.expect_problem(405, "method_not_allowed");
        let mut named: Vec<&str> = answer.header("allow").split(", ").collect();
        named.sort_unstable();
        assert_eq!(named.join(", "), allowed, "{path}");
    }
}

/// Row 30.
async fn stranger_cannot_forge_its_address(world: Arc<World>) {
    let deployment = deploy(&world, &[DEBUG]).await;
    assert_eq!(address_of(&world, &deployment).await, "127.0.0.1");
}

/// Row 30: it is the last address that counts, which the proxy itself saw.
async fn trusted_proxy_says_whose_request_it_is(world: Arc<World>) {
    let settings = [DEBUG, ("WARREN_TRUSTED_PROXIES", "127.0.0.0/8")];
    let deployment = deploy(&world, &settings).await;
    assert_eq!(address_of(&world, &deployment).await, "203.0.113.9");
}

async fn addresses_are_logged_for_debugging_only(world: Arc<World>) {
    let settings = [("WARREN_TRUSTED_PROXIES", "127.0.0.1")];
    let deployment = deploy(&world, &settings).await;
    let rest = Rest::new(deployment.api(0), &world.coverage);
    call(&rest, "GET", "/v1/me", &[("X-Forwarded-For", "203.0.113.9")]).await.expect(401);
    let person = world.person_on(&deployment, "ann").await;
    person.get("/v1/me").await.expect(200);
    let log = deployment.apis[0].program.output();
    assert!(!log.contains("203.0.113.9") && !log.contains("client{"), "{log}");
}

const DEBUG: (&str, &str) = ("WARREN_LOG", "info,warren_api=debug");

/// The address that the server finds behind a list of two.
async fn address_of(world: &World, deployment: &Deployment) -> String {
    let rest = Rest::new(deployment.api(0), &world.coverage);
    let id = unique("address");
    let headers = [("X-Forwarded-For", "198.51.100.1, 203.0.113.9"), ("X-Request-Id", &*id)];
    call(&rest, "GET", "/livez", &headers).await.expect(200);
    let log = &deployment.apis[0].program;
    let line = eventually("the request is logged", WITHIN, async || {
        let answered = |line: &&str| line.contains(&id) && line.contains("answered");
        log.output().lines().find(answered).map(str::to_owned)
    })
    .await;
    let address = line.split("client{address=").nth(1).and_then(|rest| rest.split('}').next());
    address.unwrap_or_else(|| panic!("an address in {line}")).to_owned()
}

/// A proxy sends its next request on a connection that it keeps, perhaps in the
/// moment in which the process begins to stop.
async fn stopping_process_answers_on_connections_that_a_proxy_keeps(world: Arc<World>) {
    let deployment = deploy(&world, &[("WARREN_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let address = deployment.api(0).trim_start_matches("http://").to_owned();
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut connection = TcpStream::connect(&address).await.expect("connect");
        let answer = exchange(&mut connection, "").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("close"), "{answer}");
        kept.push(connection);
    }
    let program = &deployment.apis[0].program;
    program.signal(Signal::Terminate);
    eventually("no new connection is accepted", WITHIN, async || {
        TcpStream::connect(&address).await.err()
    })
    .await;
    let answer = exchange(&mut kept[0], "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("connection: close"), "the proxy is to use it no more: {answer}");
    let upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n";
    let answer = exchange(&mut kept[1], upgrade).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "another process opens sockets: {answer}");
    assert!(program.wait_exit(WITHIN).success());
}

async fn exchange(connection: &mut TcpStream, headers: &str) -> String {
    let request = format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    connection.write_all(request.as_bytes()).await.expect("write");
    let mut buffer = vec![0; 4096];
    let reading = tokio::time::timeout(WITHIN, connection.read(&mut buffer)).await;
    let length = reading.expect("an answer in time").expect("an answer");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

async fn deploy(world: &World, settings: &[(&str, &str)]) -> Deployment {
    let options = Options { apis: 1, workers: 1, ..Options::default() };
    let options = settings.iter().fold(options, |options, (key, value)| options.with(key, value));
    world.deploy(options).await
}

async fn call(rest: &Rest, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    rest.call(Call { method, path, content: Content::None, headers }).await
}
