//! Row 74: the machine's clock is set back by an hour while Warren runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::Person;
use crate::deployment::Options;
use crate::facts;
use crate::guardian;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "clock", [clock_set_back_keeps_the_order])
}

/// The clock of every process of a deployment: libfaketime asks this file for
/// the distance to the machine's.
struct Clock {
    file: PathBuf,
}

impl Clock {
    fn new() -> Self {
        let clock = Self { file: guardian::directory("clock").join("offset") };
        clock.set("+0");
        clock
    }

    fn set(&self, offset: &str) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, offset).expect("write the offset");
        std::fs::rename(new, &self.file).expect("replace the offset");
    }

    fn options(&self) -> Options {
        Options { apis: 1, workers: 1, ..Options::default() }
            .with("LD_PRELOAD", library().to_str().expect("a path"))
            .with("FAKETIME_TIMESTAMP_FILE", self.file.to_str().expect("a path"))
            .with("FAKETIME_NO_CACHE", "1")
            .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }
}

fn library() -> PathBuf {
    let folder = Path::new("/usr/lib");
    let named = |architecture: &str| folder.join(architecture).join("faketime/libfaketime.so.1");
    let known = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(named);
    known.into_iter().find(|path| path.exists()).expect("libfaketime is installed")
}

async fn clock_set_back_keeps_the_order(world: Arc<World>) {
    let clock = Clock::new();
    let deployment = world.deploy(clock.options()).await;
    let ann = world.person_on(&deployment, "ann").await;
    let channel = ann.create_channel("private").await;
    for text in ["one", "two"] {
        ann.say(&channel, text).await;
    }
    let before = Utc::now();
    clock.set("-1h");
    for text in ["three", "four"] {
        ann.say(&channel, text).await;
    }
    signing_in_goes_on(&ann, before).await;
    let messages = ann.messages(&channel, "").await;
    let texts: Vec<&str> = messages.iter().filter_map(|message| message["text"].as_str()).collect();
    assert_eq!(texts, ["one", "two", "three", "four"]);
    let events = ann.events_after(&channel, 0).await;
    let times: Vec<DateTime<Utc>> = events.iter().map(|event| time(&event["at"])).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times[3], times[5], "what follows is no earlier than what was there");
    let since = messages[1]["created_at"].as_str().expect("a time");
    let later = ann.messages(&channel, &format!("?since={}", since.replace('+', "%2B"))).await;
    assert_eq!(later.len(), 3, "by time as by number");
}

/// The test is worth something only if the programs' clock really went back.
async fn signing_in_goes_on(ann: &Person, before: DateTime<Utc>) {
    let refreshed = ann.post("/v1/token/refresh", json!({"refresh_token": ann.refresh_token}));
    refreshed.await.expect(200);
    let late = ann.log_in_again().await;
    let channel = late.create_channel("private").await;
    let made = time(&late.channel(&channel).await["created_at"]);
    assert!(made < before - chrono::TimeDelta::minutes(50), "{made} is an hour ago");
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().expect("a time").parse().expect("RFC 3339")
}
