//! Sockets whose connections break all the time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use rand::RngExt;
use tokio::time::{Instant, MissedTickBehavior, interval};
use url::Url;

use super::crowd::{Crowd, Habits};
use crate::deployment::{Node, Options};
use crate::facts;
use crate::parameters::parameters;
use crate::promise::held;
use crate::servers::Proxy;
use crate::world::World;

const SOCKETS: usize = 100;
const LENGTH: Duration = Duration::from_secs(20);
/// One of so many is cut each second.
const SHARE: usize = 10;
/// Each so many seconds an API process is killed.
const KILL: usize = 7;
/// What has to be stored before and after.
const PROGRESS: i64 = 200;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [every_socket_sees_every_number_once_while_connections_are_cut])
}

/// Faults 7 and 9.
async fn every_socket_sees_every_number_once_while_connections_are_cut(world: Arc<World>) {
    let mut chance = parameters().chance("cuts");
    let mut deployment = world.deploy(Options::default()).await;
    let proxies = join_all(deployment.apis.iter().map(proxy)).await;
    let base = |proxy: &Proxy| format!("http://127.0.0.1:{}", proxy.port());
    let habits = Habits {
        pace: Duration::from_millis(100),
        sockets: SOCKETS,
        socket_bases: proxies.iter().map(base).collect(),
        ..Habits::default()
    };
    let crowd = Crowd::start(&world, &deployment, &habits).await;
    crowd.progress(PROGRESS).await;
    let end = Instant::now() + parameters().length(LENGTH);
    let (mut cuts, mut kills) = (0, 0);
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for second in 1.. {
        seconds.tick().await;
        cuts += proxies.iter().map(|proxy| proxy.cut_some(SHARE, &mut chance)).sum::<usize>();
        if second % KILL == 0 {
            deployment.restart_api(chance.random_range(0..deployment.apis.len())).await;
            kills += 1;
        }
        if Instant::now() >= end {
            break;
        }
    }
    crowd.progress(PROGRESS).await;
    let verdict = crowd.finish().await;
    assert!(verdict.connections > SOCKETS as u64, "no socket came again: nothing was proved");
    let figures = format!("{cuts} cuts, {kills} kills, {verdict}, {}", verdict.of_sockets());
    held(7, world.combination.name(), &figures);
}

async fn proxy(node: &Node) -> Proxy {
    Proxy::start(Url::parse(&node.base).expect("a URL").port().expect("a port")).await
}
