//! A database as the first schema had it: made from `tests/data/schema-1`, which is
//! what the migrator left when it was stopped after the last step of that schema.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Query, SimpleExpr, Value};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use uuid::{Uuid, uuid};

use crate::suites::migrations::lines;

/// How many steps it had.
pub(super) const STEPS: usize = 19;
pub(super) const MESSAGES: usize = 3_000;
/// Of those, what the reader has not read.
pub(super) const UNREAD: i64 = 1_000;
pub(super) const ROOM: &str = "burrow";
pub(super) const USERNAME: &str = "ann";
pub(super) const PASSWORD: &str = "correct horse battery";

const PASSWORD_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$lm5d052i1yNYodcDpPjFEA$\
                             9Cv4dRBmupzAeroCxtZultvtqtgPOwQd9vnASbPAlnc";
const PUBLIC: Uuid = uuid!("77617272-656e-8000-8000-000000000001");
const BURROW: Uuid = uuid!("0190a000-0000-7000-8000-000000000001");
const ANN: Uuid = uuid!("0190a000-0000-7000-8000-0000000000a1");
const BOB: Uuid = uuid!("0190a000-0000-7000-8000-0000000000b0");
/// Before the messages: the channel was made, and two people joined.
const EVENTS_BEFORE: usize = 3;
const ROWS_TOGETHER: usize = 500;

/// Each table with the columns that tell its rows; the first ones are its key.
const TABLES: [(&str, &[&str], &[&str]); 9] = [
    ("meta", &[], &["name"]),
    (
        "user_account",
        &["id"],
        &[
            "username",
            "email",
            "first_name",
            "last_name",
            "kind",
            "role",
            "password_hash",
            "created_at",
        ],
    ),
    ("session", &["id", "user_id"], &["created_at", "last_used_at", "expires_at", "ended_at"]),
    ("refresh_token", &["token_hash", "session_id"], &["issued_at", "used_at"]),
    ("channel", &["id", "created_by"], &["name", "kind", "description", "created_at"]),
    (
        "channel_head",
        &["channel_id"],
        &["last_seq", "message_count", "acl_version", "last_at", "archived_at"],
    ),
    ("membership", &["channel_id", "user_id"], &["role", "joined_at", "joined_seq", "read_seq"]),
    ("message", &["channel_id", "id", "author_id"], &["seq", "text", "ordinal", "created_at"]),
    (
        "channel_event",
        &["channel_id", "actor_id", "user_id"],
        &["seq", "kind", "message_seq", "at"],
    ),
];

/// The text of the message with this ordinal.
pub(super) fn text_of(ordinal: usize) -> String {
    format!("message {ordinal} of the first schema, with a 🐇")
}

/// Makes the tables and fills them.
pub(super) async fn make(database: &DatabaseConnection) {
    let statements = match database.get_database_backend() {
        DbBackend::Postgres => include_str!("../../../../data/schema-1/postgres.sql"),
        DbBackend::MySql => include_str!("../../../../data/schema-1/mariadb.sql"),
        _ => include_str!("../../../../data/schema-1/sqlite.sql"),
    };
    for statement in statements.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        database.execute_unprepared(statement).await.expect(statement);
    }
    facts(database).await;
    people(database).await;
    channels(database).await;
    messages(database).await;
}

/// Every row that the first schema has, as text.
pub(super) async fn rows(database: &DatabaseConnection) -> Vec<String> {
    let backend = database.get_database_backend();
    let mut rows = Vec::new();
    for (table, binary, plain) in TABLES {
        let mut line = format!("'{table}'");
        for column in binary {
            let text = match backend {
                DbBackend::Postgres => format!("{column}::text"),
                _ => format!("hex({column})"),
            };
            let _ = write!(line, " || ' ' || coalesce({text}, '-')");
        }
        for column in plain {
            let text = match backend {
                DbBackend::MySql => format!("cast({column} AS char)"),
                _ => format!("cast({column} AS text)"),
            };
            let _ = write!(line, " || ' ' || coalesce({text}, '-')");
        }
        // What a migration is to change.
        let unless = if table == "meta" {
            "WHERE name NOT IN ('schema_version', 'admits_from')"
        } else {
            ""
        };
        rows.extend(lines(database, &format!("SELECT {line} AS line FROM {table} {unless}")).await);
    }
    rows.sort_unstable();
    rows
}

async fn facts(database: &DatabaseConnection) {
    let rows = [
        ("epoch", "0d1f3a52-4a5c-4d0e-9a55-6f2f4f3f5a11"),
        ("partition_count", "4"),
        ("partition_hash", "fnv1a-64"),
        ("admits_from", "1"),
        ("schema_version", "1"),
    ];
    let rows = rows.map(|(name, value)| vec![name.into(), value.into()]);
    insert(database, "meta", &["name", "value"], rows.into()).await;
}

async fn people(database: &DatabaseConnection) {
    let person = |id: Uuid, username: &str, email: Option<&str>, role: &str| -> Vec<Value> {
        vec![
            id.into(),
            username.into(),
            email.into(),
            username.into(),
            None::<String>.into(),
            "human".into(),
            role.into(),
            PASSWORD_HASH.into(),
            time(0).into(),
        ]
    };
    let columns = [
        "id",
        "username",
        "email",
        "first_name",
        "last_name",
        "kind",
        "role",
        "password_hash",
        "created_at",
    ];
    let people = vec![
        person(ANN, USERNAME, Some("ann@example.org"), "owner"),
        person(BOB, "bob", None, "member"),
    ];
    insert(database, "user_account", &columns, people).await;
    let session: Vec<Value> = vec![
        BOB.into(),
        BOB.into(),
        time(0).into(),
        time(1).into(),
        time(2).into(),
        time(2).into(),
    ];
    let columns = ["id", "user_id", "created_at", "last_used_at", "expires_at", "ended_at"];
    insert(database, "session", &columns, vec![session]).await;
    let token: Vec<Value> = vec![vec![7_u8; 32].into(), BOB.into(), time(0).into(), time(1).into()];
    let columns = ["token_hash", "session_id", "issued_at", "used_at"];
    insert(database, "refresh_token", &columns, vec![token]).await;
}

async fn channels(database: &DatabaseConnection) {
    let columns = ["id", "name", "kind", "description", "created_by", "created_at"];
    let channel = |id: Uuid, name: &str, kind: &str, by: Option<Uuid>| -> Vec<Value> {
        vec![id.into(), name.into(), kind.into(), "Warm and dry.".into(), by.into(), time(0).into()]
    };
    let rows = vec![
        channel(PUBLIC, "public", "public", None),
        channel(BURROW, ROOM, "private", Some(ANN)),
    ];
    insert(database, "channel", &columns, rows).await;
    let columns =
        ["channel_id", "last_seq", "message_count", "acl_version", "last_at", "archived_at"];
    let head = |id: Uuid, last: usize, messages: usize| -> Vec<Value> {
        let never = None::<DateTime<Utc>>;
        vec![id.into(), number(last), number(messages), 2.into(), time(last).into(), never.into()]
    };
    let rows = vec![head(PUBLIC, 0, 0), head(BURROW, EVENTS_BEFORE + MESSAGES, MESSAGES)];
    insert(database, "channel_head", &columns, rows).await;
    let columns = ["channel_id", "user_id", "role", "joined_at", "joined_seq", "read_seq"];
    let read = EVENTS_BEFORE + MESSAGES - usize::try_from(UNREAD).expect("a count");
    let member = |id: Uuid, role: &str, joined: usize| -> Vec<Value> {
        vec![BURROW.into(), id.into(), role.into(), time(0).into(), number(joined), number(read)]
    };
    insert(
        database,
        "membership",
        &columns,
        vec![member(ANN, "owner", 2), member(BOB, "member", 3)],
    )
    .await;
}

async fn messages(database: &DatabaseConnection) {
    let columns = ["channel_id", "seq", "kind", "actor_id", "user_id", "message_seq", "at"];
    let event = |seq: usize, kind: &str, user: Option<Uuid>, about: Option<usize>| -> Vec<Value> {
        let about = about.map(|seq| seq as i64);
        let author = user.unwrap_or(ANN);
        vec![
            BURROW.into(),
            number(seq),
            kind.into(),
            author.into(),
            user.into(),
            about.into(),
            time(seq).into(),
        ]
    };
    let mut events = vec![
        event(1, "channel_created", None, None),
        event(2, "member_joined", Some(ANN), None),
        event(3, "member_joined", Some(BOB), None),
    ];
    let (mut messages, mut outcomes) = (Vec::new(), Vec::new());
    for ordinal in 1..=MESSAGES {
        let seq = EVENTS_BEFORE + ordinal;
        let id = Uuid::from_u128(BURROW.as_u128() + 0x1_0000 + ordinal as u128);
        events.push(event(seq, "message_created", None, Some(seq)));
        let text = text_of(ordinal);
        messages.push(vec![
            BURROW.into(),
            number(seq),
            id.into(),
            ANN.into(),
            text.into(),
            number(ordinal),
            time(seq).into(),
        ]);
        outcomes.push(vec![
            id.into(),
            ANN.into(),
            id.into(),
            BURROW.into(),
            number(seq),
            None::<String>.into(),
            time(seq).into(),
        ]);
    }
    insert(database, "channel_event", &columns, events).await;
    let columns = ["channel_id", "seq", "id", "author_id", "text", "ordinal", "created_at"];
    insert(database, "message", &columns, messages).await;
    let columns = ["id", "author_id", "fingerprint", "channel_id", "seq", "reason", "at"];
    insert(database, "send_outcome", &columns, outcomes).await;
}

async fn insert(
    database: &DatabaseConnection,
    table: &'static str,
    columns: &[&'static str],
    rows: Vec<Vec<Value>>,
) {
    for rows in rows.chunks(ROWS_TOGETHER) {
        let mut insert = Query::insert();
        insert.into_table(Alias::new(table)).columns(columns.iter().map(|name| Alias::new(*name)));
        for row in rows {
            insert.values_panic(row.iter().cloned().map(SimpleExpr::from));
        }
        database.execute(&insert).await.expect(table);
    }
}

fn number(count: usize) -> Value {
    Value::from(count as i64)
}

/// So many seconds after it all began.
fn time(seconds: usize) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + seconds as i64, 123_456_000).expect("a time")
}
