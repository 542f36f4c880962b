//! The tables. docs/architecture.md explains what each is for.
//!
//! `message`, `channel_event` and `send_outcome` have no foreign keys: their
//! only writer holds the channel's head row locked and has checked what a key
//! would check again for every message. No foreign key points at
//! `channel_head`, so that locking it waits for nobody but another writer.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::step::Step;

pub(crate) fn steps() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Step::table("t0001_meta", meta),
        Step::table("t0002_user_account", user_account),
        Step::unique("user_account_username", "user_account", &["username"]),
        Step::unique("user_account_email", "user_account", &["email"]),
        Step::table("t0003_session", session),
        Step::index("session_user", "session", &["user_id"]),
        Step::table("t0004_refresh_token", refresh_token),
        Step::index("refresh_token_session", "refresh_token", &["session_id"]),
        Step::table("t0005_channel", channel),
        Step::unique("channel_name", "channel", &["name"]),
        Step::index("channel_kind_name", "channel", &["kind", "name"]),
        Step::table("t0006_channel_head", channel_head),
        Step::table("t0007_membership", membership),
        Step::index("membership_user", "membership", &["user_id", "channel_id"]),
        Step::table("t0008_message", message),
        // Its first entry from a time on is a number from which to read.
        Step::index("message_channel_time", "message", &["channel_id", "created_at", "seq"]),
        Step::table("t0009_channel_event", channel_event),
        Step::table("t0010_send_outcome", send_outcome),
        Step::table("t0011_worker", worker),
    ]
    .into_iter()
    .chain(crate::contract::steps())
    .chain(crate::watching::steps())
    .collect()
}

fn meta(_: DbBackend) -> TableCreateStatement {
    table("meta").col(name("name", 64).primary_key()).col(name("value", 255)).to_owned()
}

fn user_account(backend: DbBackend) -> TableCreateStatement {
    table("user_account")
        .col(id("id").primary_key())
        .col(name("username", 32))
        .col(optional(name("email", 254)))
        .col(name("first_name", 64))
        .col(optional(name("last_name", 64)))
        .col(name("kind", 16))
        .col(name("role", 16))
        .col(name("password_hash", 255))
        .col(time("created_at", backend))
        .to_owned()
}

fn session(backend: DbBackend) -> TableCreateStatement {
    table("session")
        .col(id("id").primary_key())
        .col(id("user_id"))
        .col(time("created_at", backend))
        .col(time("last_used_at", backend))
        .col(time("expires_at", backend))
        .col(optional(time("ended_at", backend)))
        .foreign_key(&mut reference("session", "user_id", "user_account"))
        .to_owned()
}

fn refresh_token(backend: DbBackend) -> TableCreateStatement {
    table("refresh_token")
        .col(ColumnDef::new("token_hash").binary_len(32).not_null().primary_key())
        .col(id("session_id"))
        .col(time("issued_at", backend))
        .col(optional(time("used_at", backend)))
        .foreign_key(&mut reference("refresh_token", "session_id", "session"))
        .to_owned()
}

fn channel(backend: DbBackend) -> TableCreateStatement {
    table("channel")
        .col(id("id").primary_key())
        .col(name("name", 64))
        .col(name("kind", 16))
        .col(optional(text("description", backend)))
        .col(optional(id("created_by")))
        .col(time("created_at", backend))
        .to_owned()
}

fn channel_head(backend: DbBackend) -> TableCreateStatement {
    table("channel_head")
        .col(id("channel_id").primary_key())
        .col(number("last_seq"))
        .col(number("message_count"))
        .col(number("acl_version"))
        .col(time("last_at", backend))
        .col(optional(time("archived_at", backend)))
        .to_owned()
}

fn membership(backend: DbBackend) -> TableCreateStatement {
    table("membership")
        .col(id("channel_id"))
        .col(id("user_id"))
        .col(name("role", 16))
        .col(time("joined_at", backend))
        .col(number("joined_seq"))
        .col(number("read_seq"))
        .primary_key(Index::create().col("channel_id").col("user_id"))
        .foreign_key(&mut reference("membership", "channel_id", "channel"))
        .foreign_key(&mut reference("membership", "user_id", "user_account"))
        .to_owned()
}

fn message(backend: DbBackend) -> TableCreateStatement {
    table("message")
        .col(id("channel_id"))
        .col(number("seq"))
        .col(id("id"))
        .col(id("author_id"))
        .col(text("text", backend))
        // Counts the channel's messages up to this one, so that unread is a subtraction.
        .col(number("ordinal"))
        .col(time("created_at", backend))
        .primary_key(Index::create().col("channel_id").col("seq"))
        .to_owned()
}

fn channel_event(backend: DbBackend) -> TableCreateStatement {
    table("channel_event")
        .col(id("channel_id"))
        .col(number("seq"))
        .col(name("kind", 24))
        .col(id("actor_id"))
        .col(optional(id("user_id")))
        .col(optional(number("message_seq")))
        .col(time("at", backend))
        .primary_key(Index::create().col("channel_id").col("seq"))
        .to_owned()
}

fn send_outcome(backend: DbBackend) -> TableCreateStatement {
    table("send_outcome")
        .col(id("id").primary_key())
        .col(id("author_id"))
        .col(id("fingerprint"))
        .col(id("channel_id"))
        .col(optional(number("seq")))
        .col(optional(name("reason", 32)))
        .col(time("at", backend))
        .to_owned()
}

fn worker(backend: DbBackend) -> TableCreateStatement {
    table("worker")
        .col(id("id").primary_key())
        .col(name("name", 128))
        .col(name("partitions", 255))
        .col(number("partition_count"))
        .col(time("started_at", backend))
        .col(time("seen_at", backend))
        .to_owned()
}

pub(crate) fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).take()
}

pub(crate) fn reference(
    table: &'static str,
    column: &'static str,
    target: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_{column}_fk"))
        .from(table, column)
        .to(target, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

pub(crate) fn id(column: &'static str) -> ColumnDef {
    ColumnDef::new(column).uuid().not_null().take()
}

pub(crate) fn number(column: &'static str) -> ColumnDef {
    ColumnDef::new(column).big_integer().not_null().take()
}

pub(crate) fn name(column: &'static str, max_chars: u32) -> ColumnDef {
    ColumnDef::new(column).string_len(max_chars).not_null().take()
}

/// As long as it likes: MariaDB's and MySQL's TEXT ends at 64 KiB.
pub(crate) fn text(column: &'static str, backend: DbBackend) -> ColumnDef {
    let mut definition = ColumnDef::new(column);
    match backend {
        DbBackend::MySql => definition.custom("mediumtext"),
        _ => definition.text(),
    };
    definition.not_null().take()
}

/// Microseconds everywhere: MariaDB and MySQL would round to seconds.
pub(crate) fn time(column: &'static str, backend: DbBackend) -> ColumnDef {
    let mut definition = ColumnDef::new(column);
    match backend {
        DbBackend::MySql => definition.custom("datetime(6)"),
        _ => definition.timestamp_with_time_zone(),
    };
    definition.not_null().take()
}

pub(crate) fn optional(mut column: ColumnDef) -> ColumnDef {
    column.null().take()
}
