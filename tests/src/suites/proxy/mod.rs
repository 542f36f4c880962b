//! Behind nginx and under supervisor, as an operator runs it.

mod doors;
mod processes;
mod restarts;
mod wire;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use libtest_mimic::Trial;

use super::alone;
use crate::client::{Answer, Call, Content, Person, Rest};
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = processes::trials(world);
    trials.extend(doors::trials(world));
    trials.extend(wire::trials(world));
    trials.extend(alone(restarts::trials(world)));
    trials
}

/// An address of this machine that no other test uses: nginx limits each.
fn new_address() -> IpAddr {
    static LAST: AtomicU8 = AtomicU8::new(1);
    IpAddr::from([127, 0, 7, LAST.fetch_add(1, Ordering::Relaxed)])
}

/// A client of the site at an address of its own.
async fn visitor(world: &World) -> Rest {
    Rest::from_address(&world.site().await.base, &world.coverage, new_address())
}

/// Somebody new at an address of their own.
async fn person(world: &World, name: &str) -> Person {
    Person::sign_up(&visitor(world).await, name).await
}

/// Asks without a body.
async fn ask(rest: &Rest, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    rest.ask(Call { method, path, content: Content::None, headers }).await
}
