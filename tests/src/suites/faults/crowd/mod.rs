//! Many people who talk and listen while something is broken, and at the end what
//! they were told and saw against what the database holds.

mod load;
mod verdict;
mod watch;

use std::time::Duration;

use futures_util::future::join_all;

use crate::client::{Person, Rest};
use crate::deployment::Deployment;
use crate::wait::eventually;
use crate::world::World;

use load::Load;
pub(super) use load::Tally;
use verdict::Testimony;
pub(super) use verdict::{Verdict, stored};
use watch::Watch;

const SENDERS: usize = 20;
const CHANNELS: usize = 5;
const RECOVERY: Duration = Duration::from_secs(90);

/// What they do.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    /// Between two sends of one person, while all is well.
    pub(super) pace: Duration,
    /// The value of their `Prefer` header.
    pub(super) prefer: Option<&'static str>,
    /// How many sockets are open, in turn of one person and the next.
    pub(super) sockets: usize,
    /// Where sockets are opened; where there are none, at the nodes.
    pub(super) socket_bases: Vec<String>,
}

/// Twenty people, each a member of one of five channels, and somebody who reads
/// everything afterwards.
pub(super) struct Crowd {
    reader: Person,
    channels: Vec<String>,
    bases: Vec<String>,
    database_url: String,
    load: Load,
    watch: Watch,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            pace: Duration::from_millis(40),
            prefer: None,
            sockets: SENDERS,
            socket_bases: Vec::new(),
        }
    }
}

impl Crowd {
    /// They sign up, come together and begin.
    pub(super) async fn start(world: &World, deployment: &Deployment, habits: &Habits) -> Self {
        let rest = Rest::new(deployment.api(0), &world.coverage);
        let reader = Person::sign_up(&rest, "reader").await;
        let people = join_all((0..SENDERS).map(|_| Person::sign_up(&rest, "sender"))).await;
        let channels = join_all((0..CHANNELS).map(|_| reader.create_channel("public"))).await;
        let members = people.iter().zip(channels.iter().cycle());
        join_all(members.clone().map(|(person, channel)| person.join(channel))).await;
        let members: Vec<_> =
            members.map(|(who, channel)| (who.clone(), channel.clone())).collect();
        let bases: Vec<String> = deployment.apis.iter().map(|node| node.base.clone()).collect();
        let watch = Watch::start(&members, &bases, habits);
        eventually("every socket is open", RECOVERY, async || {
            (watch.greeted() >= habits.sockets).then_some(())
        })
        .await;
        Self {
            watch,
            load: Load::start(&members, &bases, habits),
            database_url: deployment.database_url.clone(),
            reader,
            channels,
            bases,
        }
    }

    /// Somebody who may read everything and says nothing.
    pub(super) fn reader(&self) -> &Person {
        &self.reader
    }

    /// One of the channels; they go around.
    pub(super) fn channel(&self, index: usize) -> &str {
        &self.channels[index % self.channels.len()]
    }

    /// How far the senders are.
    pub(super) fn tally(&self) -> Tally {
        self.load.tally()
    }

    /// How many messages are stored.
    pub(super) async fn stored(&self) -> i64 {
        eventually("the database answers", RECOVERY, async || stored(&self.database_url).await)
            .await
    }

    /// Waits until `more` are stored: all works.
    pub(super) async fn progress(&self, more: i64) {
        let target = self.stored().await + more;
        eventually("more is stored", RECOVERY, async || {
            (stored(&self.database_url).await? >= target).then_some(())
        })
        .await;
    }

    /// Ends the senders and waits until everything that was accepted is stored; so
    /// many messages somebody else sent, each with a text of its own.
    pub(super) async fn settle(self, others: u64) -> Settled {
        let (tally, histories) = self.load.stop().await;
        eventually("everything accepted is stored", RECOVERY, async || {
            (stored(&self.database_url).await? as u64 >= tally.accepted + others).then_some(())
        })
        .await;
        Settled {
            tally,
            histories,
            others,
            watch: self.watch,
            readers: self.bases.iter().map(|base| self.reader.at_node(base)).collect(),
            channels: self.channels,
            database_url: self.database_url,
        }
    }

    /// Everybody comes to an end; what may be said of it.
    ///
    /// # Panics
    /// If anything was lost, doubled, out of order, or seen otherwise.
    pub(super) async fn finish(self) -> Verdict {
        self.settle(0).await.judge().await
    }
}

/// A crowd of which nobody sends any more.
pub(super) struct Settled {
    tally: Tally,
    histories: Vec<Vec<load::Sent>>,
    others: u64,
    watch: Watch,
    readers: Vec<Person>,
    channels: Vec<String>,
    database_url: String,
}

impl Settled {
    /// Lets the sockets come to the end, and compares.
    ///
    /// # Panics
    /// If anything was lost, doubled, out of order, or seen otherwise.
    pub(super) async fn judge(self) -> Verdict {
        let Self { tally, histories, others, readers, channels, .. } = self;
        let mut heads = Vec::new();
        for channel in &channels {
            heads.push(readers[0].channel(channel).await["last_seq"].as_i64().expect("a number"));
        }
        let seen = self.watch.stop(&channels, &heads).await;
        let testimony = Testimony { tally, histories, seen, others };
        verdict::judge(&self.database_url, &readers, &channels, &testimony).await
    }
}
