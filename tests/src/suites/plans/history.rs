//! More than a hundred thousand messages, as if they had been said: consistent with heads,
//! memberships and outcomes, in the same SQL on every database.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, TransactionTrait};

const USERS: u32 = 300;
const CHANNELS: u32 = 51;
const MEMBERS: u32 = 40;
const INVITATIONS: u32 = 100;
const MESSAGES: u32 = 100_000;
const MESSAGES_IN_THE_LARGEST: u32 = 50_000;

/// The channel in which one person talks to themselves, more than one look at what
/// they wrote goes through.
const DIARY: u32 = CHANNELS;
const MESSAGES_IN_THE_DIARY: u32 = 20_500;

/// The name of the channel that has half of all messages.
pub(super) const LARGEST: &str = "history-1";

/// Who writes the diary, and how many messages they wrote in the largest channel.
pub(super) const DIARIST: (&str, usize) = ("reader-58", 167);

/// A time at which half of the largest channel's messages had been said.
pub(super) const MIDDLE: &str = "2023-11-15T05:10:00Z";

/// Fills the tables of a database that Warren has made, in one transaction.
pub(super) async fn fill(database: &DatabaseConnection) {
    let sql = Sql { backend: database.get_database_backend() };
    let transaction = database.begin().await.expect("begin");
    let mut statements = sql.preparations();
    statements.push(sql.users());
    for channel in 1..=CHANNELS {
        statements.extend(sql.channel(channel));
    }
    // Everybody is in the largest one.
    statements.extend((2..=CHANNELS).map(|channel| sql.invitations(channel)));
    statements.push(sql.outcomes());
    statements.extend(sql.thread());
    for statement in statements {
        let filled = transaction.execute_unprepared(&statement).await;
        filled.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    transaction.commit().await.expect("commit");
}

/// Statements; ids and times are what the backends write differently.
struct Sql {
    backend: DbBackend,
}

impl Sql {
    /// MariaDB counts to a thousand only, unless it is told otherwise.
    fn preparations(&self) -> Vec<String> {
        match self.backend {
            DbBackend::MySql => vec!["SET SESSION max_recursive_iterations = 1000000".to_owned()],
            _ => Vec::new(),
        }
    }

    fn users(&self) -> String {
        let (id, at) = (self.id("a", "n"), self.time("n"));
        format!(
            "INSERT INTO user_account \
             (id, username, first_name, kind, role, password_hash, created_at) \
             {series} SELECT {id}, 'reader-' || n, 'Reader', 'human', 'member', '-', {at} \
             FROM series",
            series = series(USERS)
        )
    }

    /// A channel whose first events are its creation and its members' joining.
    fn channel(&self, number: u32) -> Vec<String> {
        let (members, messages) = size(number);
        let (channel, owner) = (self.id("c", &number.to_string()), self.id("a", "1"));
        let (made, user) = (self.time("0"), self.id("a", &member(number, "n")));
        let (joined, said) = (self.time("0"), self.time("n"));
        let (message, author) = (self.id("e", &format!("{number} * 1000000 + n")), &user);
        let last = 1 + members + messages;
        let (each_member, each_message) = (series(members), series(messages));
        vec![
            format!(
                "INSERT INTO channel (id, name, kind, created_by, created_at) \
                 VALUES ({channel}, 'history-{number}', 'public', {owner}, {made})"
            ),
            format!(
                "INSERT INTO channel_head \
                 (channel_id, last_seq, message_count, acl_version, last_at) \
                 VALUES ({channel}, {last}, {messages}, {members}, {})",
                self.time(&messages.to_string())
            ),
            format!(
                "INSERT INTO channel_event (channel_id, seq, kind, actor_id, at) \
                 VALUES ({channel}, 1, 'channel_created', {owner}, {made})"
            ),
            format!(
                "INSERT INTO membership \
                 (channel_id, user_id, role, joined_at, joined_seq, read_seq) \
                 {each_member} SELECT {channel}, {user}, 'member', {joined}, 1 + n, 1 + n \
                 FROM series"
            ),
            format!(
                "INSERT INTO channel_event (channel_id, seq, kind, actor_id, user_id, at) \
                 SELECT channel_id, joined_seq, 'member_joined', user_id, user_id, joined_at \
                 FROM membership WHERE channel_id = {channel}"
            ),
            format!(
                "INSERT INTO message \
                 (channel_id, seq, id, author_id, text, ordinal, created_at) \
                 {each_message} SELECT {channel}, {members} + 1 + n, {message}, {author}, \
                 'What was said as number ' || n, n, {said} FROM series"
            ),
            format!(
                "INSERT INTO channel_event \
                 (channel_id, seq, kind, actor_id, message_seq, at) \
                 SELECT channel_id, seq, 'message_created', author_id, seq, created_at \
                 FROM message WHERE channel_id = {channel}"
            ),
        ]
    }

    /// Those who come after a channel's members in the circle of all users are asked
    /// to join it.
    fn invitations(&self, number: u32) -> String {
        let (members, _) = size(number);
        let id = self.id("d", &format!("{number} * 1000 + n"));
        let (channel, owner) = (self.id("c", &number.to_string()), self.id("a", "1"));
        let user = format!("({number} * 7 + {members} - 1 + n) % {USERS} + 1");
        format!(
            "INSERT INTO invitation (id, channel_id, user_id, invited_by, created_at) \
             {series} SELECT {id}, {channel}, {user}, {owner}, {at} FROM series",
            series = series(INVITATIONS),
            user = self.id("a", &user),
            at = self.time("n")
        )
    }

    fn outcomes(&self) -> String {
        "INSERT INTO send_outcome (id, author_id, fingerprint, channel_id, seq, at) \
         SELECT id, author_id, id, channel_id, seq, created_at FROM message"
            .to_owned()
    }

    /// Every second message of the largest channel answers its first one.
    fn thread(&self) -> [String; 3] {
        let (members, messages) = size(1);
        let (channel, root_seq) = (self.id("c", "1"), members + 2);
        let (root, at) = (self.id("e", "1000001"), self.time(&messages.to_string()));
        [
            format!(
                "UPDATE message SET thread_root_id = {root}, thread_root_seq = {root_seq} \
                 WHERE channel_id = {channel} AND seq > {root_seq} AND seq % 2 = 0"
            ),
            "INSERT INTO thread_reply (channel_id, root_seq, seq) \
             SELECT channel_id, thread_root_seq, seq FROM message \
             WHERE thread_root_seq IS NOT NULL"
                .to_owned(),
            format!(
                "UPDATE message SET last_reply_at = {at}, \
                 reply_count = (SELECT COUNT(*) FROM thread_reply) \
                 WHERE channel_id = {channel} AND seq = {root_seq}"
            ),
        ]
    }

    /// The id of the thing with a number; `kind` is a hexadecimal digit.
    fn id(&self, kind: &str, number: &str) -> String {
        match self.backend {
            DbBackend::Sqlite => {
                format!("unhex('{kind}0000000000070008000' || printf('%012x', {number}))")
            }
            DbBackend::MySql => {
                format!("unhex('{kind}0000000000070008000' || lpad(hex({number}), 12, '0'))")
            }
            _ => format!("('{kind}0000000000070008000' || lpad(to_hex({number}), 12, '0'))::uuid"),
        }
    }

    /// A second for each message of a channel.
    fn time(&self, second: &str) -> String {
        let second = format!("1700000000 + {second}");
        match self.backend {
            DbBackend::Sqlite => {
                format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', {second}, 'unixepoch')")
            }
            DbBackend::MySql => format!("from_unixtime({second})"),
            _ => format!("to_timestamp({second})"),
        }
    }
}

/// How many members and messages a channel has.
fn size(number: u32) -> (u32, u32) {
    if number == 1 {
        return (USERS, MESSAGES_IN_THE_LARGEST);
    }
    if number == DIARY {
        return (1, MESSAGES_IN_THE_DIARY);
    }
    let others = CHANNELS - 2;
    (MEMBERS, (MESSAGES - MESSAGES_IN_THE_LARGEST).div_ceil(others))
}

/// The number of the user who is a channel's `nth` member.
fn member(channel: u32, nth: &str) -> String {
    let (members, _) = size(channel);
    format!("({channel} * 7 + {nth} % {members}) % {USERS} + 1")
}

fn series(count: u32) -> String {
    format!(
        "WITH RECURSIVE series(n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})"
    )
}
