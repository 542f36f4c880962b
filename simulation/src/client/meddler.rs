//! Somebody who changes what others are in the middle of.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use warren_api::HeadlessNode;
use warren_domain::account::{Actor, Username};
use warren_domain::channel::{self, ChannelRef};
use warren_domain::id::MessageId;
use warren_domain::message::{self, Emoji, MAX_TEXT_SIZE_BYTES, MessageText};

use crate::cluster::Cluster;

/// Does so many things, whether they are allowed or not.
pub(crate) async fn meddle(cluster: Arc<Cluster>, count: usize) {
    for _ in 0..count {
        let wait = cluster.world.time_below(Duration::from_secs(3));
        sleep(wait).await;
        let deed = Deed::choose(&cluster);
        let text = format!("{deed:?}");
        let done = cluster.ask(async move |node| deed.work(node).await).await;
        cluster.world.note(|| format!("{text} → {done:?}"));
        if done == Some(true) {
            cluster.world.count(|tally| tally.changes += 1);
        }
    }
}

struct Deed {
    actor: Actor,
    channel: ChannelRef,
    what: What,
}

#[derive(Debug)]
enum What {
    Join,
    Leave,
    Add(Username),
    Remove(Username),
    Edit(MessageId, MessageText),
    Delete(MessageId),
    React(MessageId, Emoji),
    TakeBack(MessageId, Emoji),
}

impl Deed {
    fn choose(cluster: &Cluster) -> Self {
        let (world, setting) = (&cluster.world, &cluster.setting);
        let channel_id = world.pick(&setting.channels).id;
        let messages = cluster.ledger.messages(channel_id);
        let mut chance = world.chance();
        let actor = chance.pick(&setting.people).clone();
        let whom = &chance.pick(&setting.people).user.username;
        let whom = Username::parse(whom).expect("a username");
        let emoji = Emoji::parse("🐇").expect("an emoji");
        let message = (!messages.is_empty()).then(|| *chance.pick(&messages));
        let (actor, what) = match (chance.below(14), message) {
            (0..=2, _) => (actor, What::Join),
            (3 | 4, _) => (actor, What::Leave),
            (5 | 6, _) => (actor, What::Add(whom)),
            (7 | 8, _) => (actor, What::Remove(whom)),
            (9, Some((id, author))) => {
                let author = setting.people.iter().find(|person| person.id() == author);
                let text = format!("edited {}", chance.next());
                let text = MessageText::parse(text, MAX_TEXT_SIZE_BYTES);
                (author.unwrap_or(&actor).clone(), What::Edit(id, text.expect("a text")))
            }
            (10, Some((id, author))) => {
                let author = setting.people.iter().find(|person| person.id() == author);
                (author.unwrap_or(&actor).clone(), What::Delete(id))
            }
            (11 | 12, Some((id, _))) => (actor, What::React(id, emoji)),
            (13, Some((id, _))) => (actor, What::TakeBack(id, emoji)),
            (_, _) => (actor, What::Join),
        };
        Self { actor, channel: ChannelRef::Id(channel_id), what }
    }

    /// Whether it was done.
    async fn work(self, node: HeadlessNode) -> bool {
        let (domain, actor, channel) = (node.domain(), &self.actor, &self.channel);
        match self.what {
            What::Join => channel::join(domain, actor, channel).await.is_ok(),
            What::Leave => channel::unsubscribe(domain, actor, channel).await.is_ok(),
            What::Add(whom) => channel::add_member(domain, actor, channel, whom).await.is_ok(),
            What::Remove(whom) => {
                channel::remove_member(domain, actor, channel, &whom).await.is_ok()
            }
            What::Edit(id, text) => message::edit(domain, actor, id, text).await.is_ok(),
            What::Delete(id) => message::delete(domain, actor, id).await.is_ok(),
            What::React(id, emoji) => message::react(domain, actor, id, emoji).await.is_ok(),
            What::TakeBack(id, emoji) => message::take_back(domain, actor, id, emoji).await.is_ok(),
        }
    }
}

impl std::fmt::Debug for Deed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {:?} in {:?}", self.actor.user.username, self.what, self.channel)
    }
}
