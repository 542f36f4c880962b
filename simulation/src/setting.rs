//! The people and channels that there are when a simulation begins.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};
use uuid::Uuid;
use warren_domain::account::{Actor, Role, User};
use warren_domain::id::{ChannelId, SessionId, UserId};
use warren_domain::timeline::UserKind;

use crate::database::Server;
use crate::world::World;

/// Before everything.
const LONG_AGO: &str = "2025-12-01T00:00:00.000000Z";

/// After everything.
const NEVER: &str = "2035-01-01T00:00:00.000000Z";

/// Who there is, and where.
pub(crate) struct Setting {
    pub(crate) people: Vec<Actor>,
    pub(crate) channels: Vec<Channel>,
}

/// A channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channel {
    pub(crate) id: ChannelId,
    /// Who joins sees only what is said from then on.
    pub(crate) hides_past: bool,
    is_public: bool,
}

impl Setting {
    /// Makes a few of both, with some of the people in each channel.
    pub(crate) fn make(world: &Arc<World>, server: &Arc<Server>) -> Self {
        let mut chance = world.chance();
        let people = (0..chance.within(2..5)).map(person).collect();
        let channels = (0..chance.within(2..5)).map(|_| Channel {
            id: ChannelId(Uuid::from_u64_pair(chance.next(), chance.next())),
            hides_past: chance.happens(4_000),
            is_public: chance.happens(7_000),
        });
        let setting = Self { people, channels: channels.collect() };
        server.look(|sqlite| {
            setting.people.iter().for_each(|person| store_person(sqlite, person));
            for channel in &setting.channels {
                let owner = chance.below(setting.people.len());
                let members = setting.people.iter().enumerate();
                let members = members.filter(|(place, _)| *place != owner && chance.happens(7_000));
                let members = members.map(|(_, person)| person).collect::<Vec<_>>();
                let all = std::iter::once(&setting.people[owner]).chain(members);
                store_channel(sqlite, channel, &all.collect::<Vec<_>>());
            }
        });
        setting
    }

    pub(crate) fn channel(&self, id: ChannelId) -> Channel {
        *self.channels.iter().find(|channel| channel.id == id).expect("a channel of the setting")
    }
}

fn person(number: u64) -> Actor {
    let user = User {
        id: UserId(Uuid::from_u64_pair(0x7065_7273_6f6e, number)),
        username: format!("person{number}"),
        first_name: format!("Person {number}"),
        last_name: None,
        email: None,
        kind: UserKind::Human,
        role: Role::Member,
        created_at: LONG_AGO.parse::<DateTime<Utc>>().expect("a time"),
        display_name: None,
        avatar_id: None,
    };
    let session_id = SessionId(Uuid::from_u64_pair(0x0073_6573_7369_6f6e, number));
    Actor { user: Arc::new(user), session_id }
}

fn store_person(sqlite: &Connection, person: &Actor) {
    let user = &person.user;
    let row = "INSERT INTO user_account \
               (id, username, first_name, kind, role, password_hash, created_at) \
               VALUES (?, ?, ?, 'human', 'member', '', ?)";
    let id = bytes(user.id.0);
    sqlite.execute(row, params![id, user.username, user.first_name, LONG_AGO]).expect("a person");
    let row = "INSERT INTO session (id, user_id, created_at, last_used_at, expires_at) \
               VALUES (?, ?, ?, ?, ?)";
    let session = bytes(person.session_id.0);
    sqlite.execute(row, params![session, id, LONG_AGO, LONG_AGO, NEVER]).expect("a session");
}

/// With the events that made it so.
fn store_channel(sqlite: &Connection, channel: &Channel, members: &[&Actor]) {
    let kind = if channel.is_public { "public" } else { "private" };
    let history = if channel.hides_past { "since_joining" } else { "all" };
    let id = bytes(channel.id.0);
    let row = "INSERT INTO channel (id, name, kind, created_at, history) VALUES (?, ?, ?, ?, ?)";
    let name = channel.id.to_string();
    sqlite.execute(row, params![id, name, kind, LONG_AGO, history]).expect("a channel");
    let owner = bytes(members[0].id().0);
    store_event(sqlite, &id, 1, "channel_created", &owner, None);
    for (seq, member) in (2..).zip(members) {
        let user = bytes(member.id().0);
        store_event(sqlite, &id, seq, "member_joined", &user, Some(&user));
        let role = if seq == 2 { "owner" } else { "member" };
        let cleared_seq = if channel.hides_past { seq - 1 } else { 0 };
        let row = "INSERT INTO membership \
                   (channel_id, user_id, role, joined_at, joined_seq, read_seq, cleared_seq) \
                   VALUES (?, ?, ?, ?, ?, ?, ?)";
        let values = params![id, user, role, LONG_AGO, seq, seq, cleared_seq];
        sqlite.execute(row, values).expect("a membership");
    }
    let row = "INSERT INTO channel_head \
               (channel_id, last_seq, message_count, acl_version, last_at) VALUES (?, ?, 0, ?, ?)";
    let count = members.len() as i64;
    sqlite.execute(row, params![id, 1 + count, count, LONG_AGO]).expect("a head");
}

fn store_event(
    sqlite: &Connection,
    channel: &[u8],
    seq: i64,
    kind: &str,
    actor: &[u8],
    user: Option<&[u8]>,
) {
    let row = "INSERT INTO channel_event (channel_id, seq, kind, actor_id, user_id, at) \
               VALUES (?, ?, ?, ?, ?, ?)";
    sqlite.execute(row, params![channel, seq, kind, actor, user, LONG_AGO]).expect("an event");
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}
