//! `/metrics`: figures that Prometheus can read, for those who may see them.

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::client::{Call, Content, Person, Rest};
use crate::deployment::{Combination, Options};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "watching",
        [
            metrics_count_what_was_answered,
            metrics_tell_what_the_health_report_tells,
            metrics_do_not_exist_for_strangers,
        ]
    )
}

/// However many paths are asked for, the series are those of the operations.
async fn metrics_count_what_was_answered(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    for _ in 0..3 {
        ann.get("/v1/channels").await.expect(200);
    }
    ann.get("/v1/channels/no-such-channel").await.expect(404);
    for number in 0..5 {
        ann.get(&format!("/no/such/path/{number}")).await.expect(404);
    }
    let text = metrics(&ann, &world).await;
    let counted = |operation: &str, status: u16| {
        let labels = format!("{{operation=\"{operation}\",status=\"{status}\"}}");
        figure(&text, &format!("warren_http_request_duration_seconds_count{labels}"))
    };
    assert_eq!(counted("signup", 201), Some(1.0), "{text}");
    assert_eq!(counted("listChannels", 200), Some(3.0), "{text}");
    assert_eq!(counted("getChannel", 404), Some(1.0), "{text}");
    assert_eq!(counted("none", 404), Some(5.0), "{text}");
    assert!(!text.contains("no/such"), "no path is a label");
}

async fn metrics_tell_what_the_health_report_tells(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    ann.say("public", "hello").await;
    let text = metrics(&ann, &world).await;
    assert!(text.ends_with("# EOF\n"), "{text}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(name.starts_with("warren_"), "{line}");
        assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
    }
    let partitions = if world.combination == Combination::Embedded { 1 } else { 4 };
    let of_partitions = |name: &str| {
        text.lines().filter(|line| line.starts_with(&format!("{name}{{partition="))).count()
    };
    for name in ["warren_log_waiting", "warren_log_unsettled", "warren_log_lag_seconds"] {
        assert_eq!(of_partitions(name), partitions, "{name}");
    }
    for part in ["database", "message_log", "event_bus", "node"] {
        let level = figure(&text, &format!("warren_health{{part=\"{part}\"}}"));
        assert!(level.is_some_and(|level| level >= 1.0), "{part}: {level:?}");
    }
    for (name, value) in [("warren_users", 1.0), ("warren_messages", 1.0), ("warren_sockets", 0.0)]
    {
        assert_eq!(figure(&text, name), Some(value), "{name}");
    }
    for name in ["warren_database_size_bytes", "warren_database_ping_seconds"] {
        assert!(figure(&text, name).is_some_and(|value| value > 0.0), "{name}");
    }
    assert_eq!(figure(&text, "warren_dead_letters"), Some(0.0));
}

async fn metrics_do_not_exist_for_strangers(world: Arc<World>) {
    let rest = world.stranger(0).await;
    let headers = [("x-forwarded-for", "203.0.113.9")];
    let call = Call { method: "GET", path: "/metrics", content: Content::None, headers: &headers };
    rest.call(call).await.expect_problem(404, "not_found");
}

/// As a monitor on this machine sees them.
async fn metrics(person: &Person, world: &World) -> String {
    let answer = Rest::new(&person.base, &world.coverage).get("/metrics").await;
    answer.expect(200);
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), media_type);
    answer.text
}

fn figure(text: &str, series: &str) -> Option<f64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    lines.next()?.parse().ok()
}
