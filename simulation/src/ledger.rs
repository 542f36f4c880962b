//! What clients were told of their sends: to be compared with what is stored.

use std::sync::{Arc, Mutex, MutexGuard};

use uuid::Uuid;
use warren_domain::id::{ChannelId, MessageId, UserId};
use warren_domain::message::{Outcome, Pending, Rejection};

use crate::database::Server;
use crate::verdict;
use crate::world::{Invariant, World};

/// All sends of a simulation.
pub(crate) struct Ledger {
    world: Arc<World>,
    server: Arc<Server>,
    sends: Mutex<Vec<Send>>,
}

/// One content under one key.
#[derive(Clone, Debug)]
pub(crate) struct Send {
    pub(crate) pending: Pending,
    pub(crate) key: String,
    /// When it was begun, in the order of everything in the ledger.
    pub(crate) begun: u64,
    /// When it was first accepted.
    pub(crate) accepted: Option<u64>,
    /// What its author was told first.
    pub(crate) answer: Option<Outcome>,
}

/// Names a send in the ledger.
pub(crate) type Entry = usize;

impl Ledger {
    pub(crate) fn new(world: Arc<World>, server: Arc<Server>) -> Self {
        Self { world, server, sends: Mutex::default() }
    }

    /// Somebody begins to send something.
    pub(crate) fn begin(&self, pending: Pending, key: String) -> Entry {
        let begun = self.world.next_number();
        let mut sends = self.sends();
        sends.push(Send { pending, key, begun, accepted: None, answer: None });
        sends.len() - 1
    }

    pub(crate) fn send(&self, entry: Entry) -> Send {
        self.sends()[entry].clone()
    }

    pub(crate) fn all(&self) -> Vec<Send> {
        self.sends().clone()
    }

    /// Somebody was told that it is on its way.
    pub(crate) fn accept(&self, entry: Entry) {
        let number = self.world.next_number();
        let send = &mut self.sends()[entry];
        self.world.note(|| format!("{} is accepted", send.pending.id));
        send.accepted.get_or_insert(number);
    }

    /// Somebody was told its outcome.
    pub(crate) fn answer(&self, entry: Entry, outcome: &Outcome) {
        let mut sends = self.sends();
        let send = &mut sends[entry];
        let first = send.answer.get_or_insert_with(|| outcome.clone()).clone();
        let send = send.clone();
        drop(sends);
        self.world.note(|| format!("{} is {outcome:?}", send.pending.id));
        self.world.check(first == *outcome, Invariant::SameAnswer, || {
            format!("{}: {first:?} first and {outcome:?} then", send.pending.id)
        });
        let stored = self.server.look(|sqlite| verdict::outcome_of(sqlite, &send.pending));
        self.world.check(stored.as_ref() == Some(outcome), Invariant::AnswerIsStored, || {
            format!("{}: answered {outcome:?}, stored {stored:?}", send.pending.id)
        });
        let is_set_aside = matches!(outcome, Outcome::Rejected { reason: Rejection::SetAside });
        self.world.check(
            !is_set_aside || verdict::is_poison(&send.pending.text),
            Invariant::OnlyPoisonIsSetAside,
            || format!("{} is set aside", send.pending.id),
        );
    }

    /// The committed messages of a channel that are known, with their authors.
    pub(crate) fn messages(&self, channel_id: ChannelId) -> Vec<(MessageId, UserId)> {
        let sends = self.sends();
        let committed = sends.iter().filter(|send| {
            matches!(&send.answer, Some(Outcome::Committed { channel_id: c, .. }) if *c == channel_id)
        });
        committed.map(|send| (send.pending.id, send.pending.author_id)).collect()
    }

    fn sends(&self) -> MutexGuard<'_, Vec<Send>> {
        self.sends.lock().expect("no panic under this lock")
    }
}

/// Makes what will be sent, to know its id and its fingerprint.
pub(crate) fn pending(
    author_id: UserId,
    channel_id: ChannelId,
    text: String,
    key: &str,
    thread_root_id: Option<MessageId>,
) -> Pending {
    Pending {
        id: MessageId::derive(author_id, key),
        channel_id,
        author_id,
        text,
        expires_in_s: None,
        thread_root_id,
        request_id: Uuid::nil().to_string(),
    }
}
