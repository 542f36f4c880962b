//! `/healthcheck`: what it tells, and whom.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Call, Content, Cursors, Person, Rest};
use crate::deployment::{Combination, Deployment, Options};
use crate::facts;
use crate::servers::connect;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(60);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "watching",
        [
            healthcheck_tells_what_a_monitor_wants,
            healthcheck_counts_what_there_is,
            healthcheck_is_a_page_for_browsers,
            healthcheck_does_not_exist_for_strangers,
            healthcheck_tells_owners_and_admins_wherever_they_are,
            healthcheck_is_down_while_the_database_takes_no_write,
        ]
    )
}

async fn healthcheck_tells_what_a_monitor_wants(world: Arc<World>) {
    let deployment = world.deploy(Options::default()).await;
    let ann = world.person_on(&deployment, "ann").await;
    ann.say("public", "hello").await;
    let _socket = ann.socket(&Cursors::new()).await;
    let health = health_becomes(&Rest::new(&ann.base, &world.coverage), 200, |health| {
        health["status"] == "ok"
    })
    .await;
    assert_eq!(health["reasons"].as_array().map(Vec::len), Some(0), "{health}");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    let node = &health["node"];
    let process = format!("/{}", deployment.apis[0].program.id());
    assert!(node["name"].as_str().is_some_and(|name| name.ends_with(&process)), "{node}");
    assert_eq!(node["sockets"], 1);
    for figure in ["memory_bytes", "disk_free_bytes", "disk_size_bytes"] {
        assert!(node[figure].as_u64().is_some_and(|size| size > 0), "{figure} in {node}");
    }
    let database = &health["database"];
    for text in ["product", "version"] {
        assert!(database[text].as_str().is_some_and(|text| !text.is_empty()), "{database}");
    }
    assert!(database["size_bytes"].as_u64().is_some_and(|size| size > 10_000), "{database}");
    assert!(database["ping_ms"].as_f64().is_some_and(|elapsed| elapsed > 0.0), "{database}");
    check_log(world.combination, &health);
}

fn check_log(combination: Combination, health: &Value) {
    let log = &health["message_log"];
    let (strategy, partitions, workers) = match combination {
        Combination::Embedded => ("in-process", 1, 0),
        _ => ("rabbitmq", 4, 2),
    };
    assert_eq!(log["strategy"], strategy);
    assert_eq!(health["event_bus"]["strategy"], strategy);
    assert_eq!(log["partitions"].as_array().map(Vec::len), Some(partitions), "{log}");
    assert_eq!(log["dead_letters"], 0);
    for partition in log["partitions"].as_array().into_iter().flatten() {
        assert_eq!(partition["status"], "ok", "{partition}");
        assert!(partition["consumers"].as_u64().is_some_and(|count| count > 0), "{partition}");
    }
    let live = |list: &str| {
        let processes = health[list].as_array().expect("a list");
        processes.iter().filter(|process| process["alive"] == true).count()
    };
    assert_eq!(live("workers"), workers, "{}", health["workers"]);
    assert!(live("api_processes") >= 1, "{}", health["api_processes"]);
}

/// Counted at most twice a minute: the first look counts.
async fn healthcheck_counts_what_there_is(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    let channel = ann.create_channel("private").await;
    for text in ["one", "two", "three"] {
        ann.say(&channel, text).await;
    }
    let rest = Rest::new(&ann.base, &world.coverage);
    let health = health_becomes(&rest, 200, |health| health["counts"].is_object()).await;
    let counts = &health["counts"];
    assert_eq!(counts["users"], 1);
    assert_eq!(counts["channels"], 2);
    assert_eq!(counts["messages"], 3);
}

async fn healthcheck_is_a_page_for_browsers(world: Arc<World>) {
    let url = format!("{}/healthcheck", world.shared().await.api(0));
    let client = reqwest::Client::new();
    let browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let answer = client.get(&url).header("accept", browsers).send().await.expect("an answer");
    let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    assert!(header("content-type").starts_with("text/html"));
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(header("vary"), "accept");
    let page = answer.text().await.expect("a page");
    assert!(page.contains("Partitions") && page.contains("color-scheme: light dark"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    for programs in ["*/*", "application/json", "application/json, text/html"] {
        let answer = client.get(&url).header("accept", programs).send().await.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "application/json", "{programs}");
    }
}

/// A proxy on this machine that is not known as one speaks for anybody.
async fn healthcheck_does_not_exist_for_strangers(world: Arc<World>) {
    let rest = world.stranger(0).await;
    let forwarding = ["x-forwarded-for", "x-real-ip", "forwarded", "via"];
    for header in forwarding {
        for value in ["127.0.0.1", "203.0.113.9", ""] {
            let answer = rest.call(look(&[(header, value)])).await;
            answer.expect_problem(404, "not_found");
        }
    }
    // The first one may own the server.
    let _first = world.person("first").await;
    let ann = world.person("ann").await;
    let forwarded = ("x-forwarded-for", "203.0.113.9");
    ann.call(look(&[forwarded])).await.expect_problem(404, "not_found");
    let nonsense = rest.with_token("nonsense");
    nonsense.call(look(&[forwarded])).await.expect_problem(404, "not_found");
    assert!(by_http_1_0(&rest.base).await.starts_with("HTTP/1.0 404"));
}

async fn healthcheck_tells_owners_and_admins_wherever_they_are(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    for role in ["owner", "admin"] {
        let manager = manager(&world, &deployment, role).await;
        manager.call(look(&[("x-forwarded-for", "203.0.113.9")])).await.expect(200);
    }
}

async fn healthcheck_is_down_while_the_database_takes_no_write(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let rest = Rest::new(deployment.api(0), &world.coverage);
    let database = connect(&deployment.database_url).await;
    super::ping::lock(&database).await;
    let health = health_becomes(&rest, 503, |health| health["status"] == "down").await;
    assert_eq!(health["database"]["status"], "down");
    let reasons = health["reasons"].to_string();
    assert!(reasons.contains("database"), "{reasons}");
    database.close().await.expect("close");
    health_becomes(&rest, 200, |health| health["status"] == "ok").await;
}

/// Asks until the answer is as expected.
pub(super) async fn health_becomes(
    rest: &Rest,
    status: u16,
    expected: impl Fn(&Value) -> bool,
) -> Value {
    let last = Mutex::new(Value::Null);
    let seen = eventually("the health is as expected", 2 * WITHIN, async || {
        let answer = rest.get("/healthcheck").await;
        *last.lock().unwrap() = answer.json.clone();
        (answer.status == status && expected(&answer.json)).then_some(answer.json)
    });
    let seen = tokio::time::timeout(WITHIN, seen).await;
    seen.unwrap_or_else(|_| panic!("the health stayed {}", last.lock().unwrap()))
}

fn look<'a>(headers: &'a [(&'a str, &'a str)]) -> Call<'a> {
    Call { method: "GET", path: "/healthcheck", content: Content::None, headers }
}

/// Somebody with this role of the server.
async fn manager(world: &World, deployment: &Deployment, role: &str) -> Person {
    let person = world.person_on(deployment, role).await;
    deployment.promote(&person.username, role).await;
    person
}

/// As nginx asks unless told otherwise.
async fn by_http_1_0(base: &str) -> String {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connect");
    stream.write_all(b"GET /healthcheck HTTP/1.0\r\n\r\n").await.expect("ask");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}
