//! What a worker tells those who watch it.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::deployment::Options;
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "watching", [worker_tells_what_it_has_committed])
}

async fn worker_tells_what_it_has_committed(world: Arc<World>) {
    let options = Options { apis: 1, workers: 1, ..Options::default() };
    let deployment = world.deploy(options.with("WARREN_METRICS_LISTEN", "127.0.0.1:0")).await;
    let ann = world.person_on(&deployment, "ann").await;
    for text in ["one", "two", "three"] {
        ann.say("public", text).await;
    }
    let worker = &deployment.workers[0];
    let line =
        eventually("the worker listens", WITHIN, async || worker.line_with("answers monitors"))
            .await;
    let address = line.split("address=").nth(1).expect("an address").trim().to_owned();
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://{address}{path}")).await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    };
    assert_eq!(get("/livez").await, (200, r#"{"status":"ok"}"#.to_owned()));
    assert_eq!(get("/v1/me").await.0, 404);
    let (status, figures) = get("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        r#"warren_sends_total{outcome="committed"} 3"#,
        "warren_batch_length_sum 3.0",
        "warren_redeliveries_total 0",
        "warren_set_aside_total 0",
        "warren_partitions_held 1",
    ] {
        assert!(figures.lines().any(|it| it == line), "{line:?} in {figures}");
    }
    assert!(figures.contains("warren_commit_duration_seconds_bucket"), "{figures}");
    assert!(figures.contains("warren_resident_memory_bytes"), "{figures}");
    assert!(figures.ends_with("# EOF\n"), "{figures}");
}
