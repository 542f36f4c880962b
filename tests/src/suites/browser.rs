//! The page, in a real browser.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::facts;
use crate::guardian;
use crate::program::{Program, tool};
use crate::wait::eventually;
use crate::world::World;

const LIMIT: Duration = Duration::from_secs(180);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "browser", [two_people_chat_on_the_page])
}

/// Hostile input 20 is among what they say. In a cluster each browser is on a
/// node of its own.
async fn two_people_chat_on_the_page(world: Arc<World>) {
    let deployment = world.shared().await;
    chat(deployment.api(0), deployment.api(1)).await;
}

/// Two people, each in a browser at one of the addresses.
pub(super) async fn chat(one: &str, other: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let mut command = Command::new("node");
    command.arg(folder.join("chat.mjs")).args([one, other]);
    let profiles = guardian::directory("browser");
    command.env("MODULES", tool("browser")).env("PROFILES", &profiles).env("HOME", &profiles);
    let script = Program::start("chat.mjs", command);
    let status = eventually("the script ends", LIMIT, async || script.exit_status()).await;
    assert!(status.success(), "{}", script.output());
}
