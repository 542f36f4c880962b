//! Nodes that hear each other, on a clock of their own.

use super::*;

/// A few nodes, the people with sockets at each, and the time.
struct World {
    nodes: Vec<(Presence, HashSet<UserId>)>,
    now: Instant,
}

impl World {
    fn new(count: usize) -> Self {
        let nodes = (0..count).map(|_| Default::default()).collect();
        Self { nodes, now: Instant::now() }
    }

    /// A second in which everybody hears everybody; `lost` says which words not.
    fn second(&mut self, lost: impl Fn(usize, &PresenceNews) -> bool) -> Vec<HashSet<UserId>> {
        self.now += Duration::from_secs(1);
        let mut changed = Vec::new();
        for index in 0..self.nodes.len() {
            let (node, people) = &self.nodes[index];
            let tick = node.tick(self.now, DateTime::UNIX_EPOCH, people.clone());
            changed.push(tick.changed);
            let node_id = node.node_id();
            for news in tick.tell.into_iter().filter(|news| !lost(index, news)) {
                for (other, _) in &self.nodes {
                    other.hear(self.now, node_id, news.clone());
                }
            }
        }
        changed
    }

    fn seconds(&mut self, count: u32) {
        for _ in 0..count {
            self.second(|_, _| false);
        }
    }

    fn sees(&self, index: usize, user_id: UserId) -> bool {
        self.nodes[index].0.status(user_id).is_some_and(|status| status.is_online)
    }
}

#[test]
fn who_has_a_socket_anywhere_is_online_everywhere() {
    let (mut world, ann) = (World::new(3), UserId::generate());
    world.seconds(2);
    world.nodes[0].1.insert(ann);
    world.nodes[1].1.insert(ann);
    world.seconds(2);
    assert!((0..3).all(|node| world.sees(node, ann)));
    world.nodes[0].1.remove(&ann);
    world.seconds(10);
    assert!((0..3).all(|node| world.sees(node, ann)), "still at another node");
    world.nodes[1].1.remove(&ann);
    world.seconds(5);
    assert!((0..3).all(|node| !world.sees(node, ann)));
}

#[test]
fn coming_back_at_once_is_no_news() {
    let (mut world, ann) = (World::new(2), UserId::generate());
    world.nodes[0].1.insert(ann);
    world.seconds(3);
    world.nodes[0].1.remove(&ann);
    let gone = world.second(|_, _| false);
    world.nodes[1].1.insert(ann);
    let back = world.second(|_, _| false);
    let after: Vec<_> = (0..10).flat_map(|_| world.second(|_, _| false)).collect();
    assert!(gone.iter().chain(&back).chain(&after).all(HashSet::is_empty));
}

#[test]
fn people_of_a_dead_node_go_and_a_new_node_learns_at_once() {
    let (mut world, ann, bob) = (World::new(2), UserId::generate(), UserId::generate());
    world.nodes[0].1.insert(ann);
    world.nodes[1].1.insert(bob);
    world.seconds(3);
    world.nodes.push(Default::default());
    world.seconds(3);
    assert!(world.sees(2, ann) && world.sees(2, bob));
    world.nodes.remove(0);
    world.seconds(7);
    assert!(world.sees(0, ann) && world.sees(1, ann), "it may yet speak");
    world.seconds(6);
    assert!(!world.sees(0, ann) && !world.sees(1, ann));
    assert!(world.sees(0, bob) && world.sees(1, bob));
}

#[test]
fn lost_word_is_noticed_by_the_next_beat() {
    let (mut world, ann, bob) = (World::new(2), UserId::generate(), UserId::generate());
    world.seconds(2);
    world.nodes[0].1.insert(ann);
    world.second(|_, news| matches!(news, PresenceNews::Changed { .. }));
    world.nodes[0].1.insert(bob);
    world.second(|_, news| matches!(news, PresenceNews::Beat { .. }));
    world.seconds(6);
    assert!(world.sees(1, ann) && world.sees(1, bob));
    world.nodes[0].1.clear();
    for _ in 0..5 {
        world.second(|_, news| matches!(news, PresenceNews::Changed { .. }));
    }
    world.seconds(6);
    assert!(!world.sees(1, ann) && !world.sees(1, bob));
}

#[test]
fn silence_of_a_broken_bus_means_nothing() {
    let (mut world, ann) = (World::new(2), UserId::generate());
    world.nodes[0].1.insert(ann);
    world.seconds(3);
    for _ in 0..60 {
        world.nodes[1].0.hear_nothing(world.now);
        world.second(|_, _| true);
    }
    assert!(world.sees(1, ann));
}
