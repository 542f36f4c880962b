//! What must hold in the end, of everything that is stored and everything that was
//! told.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};
use uuid::Uuid;
use warren_domain::message::{Outcome, Rejection};

use crate::cluster::Cluster;
use crate::ledger::Send;
use crate::verdict::{all, bytes, is_poison, outcome_of, time, uuid};
use crate::world::Invariant;

/// An event, as far as it counts.
struct Event {
    seq: i64,
    kind: String,
    user: Option<Uuid>,
    message_seq: Option<i64>,
    at: DateTime<Utc>,
}

/// A message, as far as it counts.
struct Message {
    seq: i64,
    id: Uuid,
    author: Uuid,
    ordinal: i64,
    root: Option<i64>,
    reply_count: i64,
    is_deleted: bool,
}

/// Judges all of it.
pub(crate) fn judge(cluster: &Cluster) {
    cluster.server.look(|sqlite| {
        judge_sends(cluster, sqlite);
        judge_order(cluster, sqlite);
        for channel in &cluster.setting.channels {
            Judged::read(cluster, sqlite, channel.id.0).judge();
        }
    });
    judge_dead_letters(cluster);
}

fn judge_sends(cluster: &Cluster, sqlite: &Connection) {
    let world = &cluster.world;
    for send in cluster.ledger.all() {
        let outcome = outcome_of(sqlite, &send.pending);
        let id = send.pending.id;
        world.check(
            send.accepted.is_none() || outcome.is_some(),
            Invariant::AcceptedIsDecided,
            || format!("{id} was accepted and has no outcome"),
        );
        world.check(send.answer.is_none() || send.answer == outcome, Invariant::SameAnswer, || {
            format!("{id}: answered {:?}, stored {outcome:?}", send.answer)
        });
        if let Some(Outcome::Committed { channel_id, seq, .. }) = &outcome {
            let select = "SELECT id FROM message WHERE channel_id = ? AND seq = ?";
            let values = params![bytes(channel_id.0), seq];
            let there = all(sqlite, select, values, |row| Ok(uuid(row, 0)));
            world.check(there == [id.0], Invariant::OneMessagePerKey, || {
                format!("{id} should be {channel_id} {seq}, where {there:?} is")
            });
        }
    }
    let select = "SELECT id, COUNT(*) FROM message GROUP BY id HAVING COUNT(*) > 1";
    let twice = all(sqlite, select, [], |row| Ok(uuid(row, 0)));
    world.check(twice.is_empty(), Invariant::OneMessagePerKey, || format!("twice: {twice:?}"));
    let select = "SELECT id FROM message WHERE id NOT IN \
                  (SELECT id FROM send_outcome WHERE seq IS NOT NULL)";
    let unknown = all(sqlite, select, [], |row| Ok(uuid(row, 0)));
    world.check(unknown.is_empty(), Invariant::OneMessagePerKey, || {
        format!("messages without an outcome: {unknown:?}")
    });
}

/// Of two sends of one person to one channel, the later was begun after the earlier
/// was accepted.
fn judge_order(cluster: &Cluster, sqlite: &Connection) {
    let mut committed: BTreeMap<(Uuid, Uuid), Vec<(Send, i64)>> = BTreeMap::new();
    for send in cluster.ledger.all() {
        if let Some(Outcome::Committed { seq, .. }) = outcome_of(sqlite, &send.pending) {
            let place = (send.pending.author_id.0, send.pending.channel_id.0);
            committed.entry(place).or_default().push((send, seq));
        }
    }
    for sends in committed.values() {
        for (later, later_seq) in sends {
            let earlier = |(send, _): &&(Send, i64)| {
                send.accepted.is_some_and(|accepted| accepted < later.begun)
            };
            let wrong = sends.iter().filter(earlier).find(|(_, seq)| seq >= later_seq);
            cluster.world.check(wrong.is_none(), Invariant::SenderOrder, || {
                let (earlier, seq) = wrong.expect("it is wrong");
                let (earlier, later) = (earlier.pending.id, later.pending.id);
                format!("{earlier} was accepted first and is {seq}, {later} is {later_seq}")
            });
        }
    }
}

fn judge_dead_letters(cluster: &Cluster) {
    let set_aside: BTreeSet<String> = cluster.broker.set_aside().into_iter().flatten().collect();
    let sends = cluster.ledger.all();
    let poison = sends.iter().filter(|send| is_poison(&send.pending.text));
    let poison: BTreeSet<String> = poison.map(|send| send.pending.id.to_string()).collect();
    let innocent: Vec<&String> = set_aside.difference(&poison).collect();
    cluster.world.check(innocent.is_empty(), Invariant::OnlyPoisonIsSetAside, || {
        format!("dead letters that are none: {innocent:?}")
    });
    for send in sends {
        let is_aside = set_aside.contains(&send.pending.id.to_string());
        let outcome = cluster.server.look(|sqlite| outcome_of(sqlite, &send.pending));
        let says_so = outcome == Some(Outcome::Rejected { reason: Rejection::SetAside });
        cluster.world.check(
            !says_so || is_aside && is_poison(&send.pending.text),
            Invariant::OnlyPoisonIsSetAside,
            || format!("{} is set aside: {:?}", send.pending.id, send.pending.text),
        );
        let committed = matches!(outcome, Some(Outcome::Committed { .. }));
        cluster.world.check(
            !committed || !is_poison(&send.pending.text),
            Invariant::OnlyPoisonIsSetAside,
            || format!("{} is committed: {:?}", send.pending.id, send.pending.text),
        );
    }
}

/// A channel under judgement.
struct Judged<'a> {
    cluster: &'a Cluster,
    channel: Uuid,
    events: Vec<Event>,
    messages: Vec<Message>,
    members: BTreeMap<Uuid, i64>,
    /// Last number, messages, changes of members.
    head: (i64, i64, i64),
}

impl<'a> Judged<'a> {
    fn read(cluster: &'a Cluster, sqlite: &Connection, channel: Uuid) -> Self {
        let values = params![bytes(channel)];
        let select = "SELECT seq, kind, user_id, message_seq, at FROM channel_event \
                      WHERE channel_id = ? ORDER BY seq";
        let events = all(sqlite, select, values, |row| {
            let user = row.get::<_, Option<Vec<u8>>>(2)?.map(|_| uuid(row, 2));
            let (seq, kind, message_seq) = (row.get(0)?, row.get(1)?, row.get(3)?);
            Ok(Event { seq, kind, user, message_seq, at: time(row, 4) })
        });
        let select = "SELECT seq, id, author_id, ordinal, thread_root_seq, reply_count, deleted_at \
                      FROM message WHERE channel_id = ? ORDER BY seq";
        let messages = all(sqlite, select, values, |row| {
            Ok(Message {
                seq: row.get(0)?,
                id: uuid(row, 1),
                author: uuid(row, 2),
                ordinal: row.get(3)?,
                root: row.get(4)?,
                reply_count: row.get(5)?,
                is_deleted: row.get::<_, Option<String>>(6)?.is_some(),
            })
        });
        let select = "SELECT user_id, joined_seq FROM membership WHERE channel_id = ?";
        let members = all(sqlite, select, values, |row| Ok((uuid(row, 0), row.get(1)?)));
        let select = "SELECT last_seq, message_count, acl_version FROM channel_head \
                      WHERE channel_id = ?";
        let heads = all(sqlite, select, values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let members = members.into_iter().collect();
        Self { cluster, channel, events, messages, members, head: heads[0] }
    }

    fn judge(&self) {
        self.judge_sequence();
        self.judge_counts();
        self.judge_members();
        self.judge_threads();
    }

    fn check(&self, holds: bool, invariant: Invariant, detail: impl FnOnce() -> String) {
        let channel = self.channel;
        self.cluster.world.check(holds, invariant, || format!("{channel}: {}", detail()));
    }

    fn judge_sequence(&self) {
        let gap = (1..).zip(&self.events).find(|(seq, event)| *seq != event.seq);
        self.check(gap.is_none(), Invariant::GaplessSequence, || {
            let (seq, event) = gap.expect("there is one");
            format!("{} where {seq} should be", event.seq)
        });
        let back = self.events.windows(2).find(|pair| pair[1].at < pair[0].at);
        self.check(back.is_none(), Invariant::GaplessSequence, || {
            format!("time goes back at {}", back.expect("it does")[1].seq)
        });
    }

    fn judge_counts(&self) {
        let (last_seq, message_count, acl_version) = self.head;
        let is_about_members =
            |event: &&Event| event.user.is_some() && event.kind != "member_updated";
        let changes = self.events.iter().filter(is_about_members).count() as i64;
        let created = self.events.iter().filter(|event| event.kind == "message_created");
        let created: Vec<Option<i64>> = created.map(|event| event.message_seq).collect();
        let rows: Vec<Option<i64>> = self.messages.iter().map(|row| Some(row.seq)).collect();
        let last = self.events.last().map_or(0, |event| event.seq);
        let all = [
            (last_seq, last, "last number"),
            (message_count, self.messages.len() as i64, "messages"),
            (acl_version, changes, "changes of members"),
        ];
        for (said, counted, what) in all {
            self.check(said == counted, Invariant::CountsAreRight, || {
                format!("{what}: the head says {said}, counted {counted}")
            });
        }
        self.check(created == rows, Invariant::CountsAreRight, || {
            format!("messages were created at {created:?} and are at {rows:?}")
        });
        let wrong = (1..).zip(&self.messages).find(|(ordinal, row)| *ordinal != row.ordinal);
        self.check(wrong.is_none(), Invariant::CountsAreRight, || {
            let (ordinal, row) = wrong.expect("there is one");
            format!("message {} is the {ordinal}th and says {}th", row.seq, row.ordinal)
        });
    }

    /// Goes through the events: who is a member when.
    fn judge_members(&self) {
        let mut members: BTreeMap<Uuid, i64> = BTreeMap::new();
        let authors: BTreeMap<i64, &Message> =
            self.messages.iter().map(|row| (row.seq, row)).collect();
        for event in &self.events {
            match (event.kind.as_str(), event.user) {
                ("member_joined", Some(user)) => {
                    let before = members.insert(user, event.seq);
                    self.check(before.is_none(), Invariant::CountsAreRight, || {
                        format!("{user} joined by {before:?} and again by {}", event.seq)
                    });
                }
                ("member_left", Some(user)) => {
                    let before = members.remove(&user);
                    self.check(before.is_some(), Invariant::CountsAreRight, || {
                        format!("{user} left by {} and was no member", event.seq)
                    });
                }
                ("message_created", _) => {
                    let author = authors.get(&event.seq).map(|row| (row.id, row.author));
                    let is_member = author.is_none_or(|(_, author)| members.contains_key(&author));
                    self.check(is_member, Invariant::AuthorsAreMembers, || {
                        format!("the author of {author:?} is no member at {}", event.seq)
                    });
                }
                _ => {}
            }
        }
        self.check(members == self.members, Invariant::CountsAreRight, || {
            format!("by the events {members:?} are members, and stored are {:?}", self.members)
        });
    }

    fn judge_threads(&self) {
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        for row in self.messages.iter().filter(|row| !row.is_deleted) {
            if let Some(root) = row.root {
                *counts.entry(root).or_default() += 1;
            }
        }
        for row in &self.messages {
            let counted = counts.get(&row.seq).copied().unwrap_or_default();
            self.check(row.reply_count == counted, Invariant::CountsAreRight, || {
                format!("{} has {counted} replies and says {}", row.seq, row.reply_count)
            });
        }
    }
}
