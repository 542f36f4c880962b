//! A reader that does not read.

use std::sync::Arc;

use futures_util::future::join_all;
use libtest_mimic::Trial;

use crate::client::Cursors;
use crate::deployment::Options;
use crate::facts;
use crate::world::World;

/// More than all buffers between the server and a client that does not read.
const MESSAGES: i64 = 1_000;
const MEMORY_BYTES: u64 = 32 * 1024 * 1024;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "gateway", [slow_reader_harms_nobody_and_catches_up])
}

/// Hostile input 49, fault 8.
async fn slow_reader_harms_nobody_and_catches_up(world: Arc<World>) {
    let deployment = world.deploy(Options::default()).await;
    let ann = world.person_on(&deployment, "ann").await;
    let channel = ann.create_channel("private").await;
    let mut slow = ann.socket(&Cursors::new()).await;
    let mut quick = ann.socket(&Cursors::new()).await;
    let program = &deployment.apis[0].program;
    let before = program.resident_bytes();
    let text = "x".repeat(16_000);
    let (channel, text) = (channel.as_str(), text.as_str());
    let talking = async {
        for _ in 0..MESSAGES / 20 {
            join_all((0..20).map(|_| ann.say(channel, text))).await;
        }
    };
    let ((), seen) = tokio::join!(talking, quick.events_through(channel, MESSAGES + 2));
    assert_eq!(seen.len() as i64, MESSAGES);
    let grown = program.resident_bytes().saturating_sub(before);
    println!(
        "slow reader: {} MB unread, memory grew by {} KiB",
        MESSAGES * 16 / 1000,
        grown / 1024
    );
    assert!(grown <= MEMORY_BYTES * 2, "memory grew by {grown} bytes");
    let caught_up = slow.events_through(channel, MESSAGES + 2).await;
    assert_eq!(caught_up.len() as i64, MESSAGES);
}
