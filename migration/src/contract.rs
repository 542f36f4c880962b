//! What the second schema adds: editing, deleting, reacting and replying;
//! invitations; what a member sees and hears; people's profiles and sessions.
//!
//! As in the first, what only the holder of a channel's head lock writes has
//! no foreign keys.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::step::Step;
use crate::tables::{id, name, number, optional, reference, table, text, time};

pub(crate) fn steps() -> Vec<Box<dyn MigrationTrait>> {
    people().into_iter().chain(channels()).chain(messages()).collect()
}

fn people() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Step::column("user_account_display_name", "user_account", |_| {
            optional(name("display_name", 64))
        }),
        Step::column("user_account_avatar", "user_account", |_| optional(id("avatar_id"))),
        Step::column("user_account_last_seen_at", "user_account", |backend| {
            optional(time("last_seen_at", backend))
        }),
        Step::column("user_account_deactivated_at", "user_account", |backend| {
            optional(time("deactivated_at", backend))
        }),
        Step::column("session_client", "session", |_| optional(name("client", 255))),
        Step::table("t0012_avatar", avatar),
        Step::index("avatar_user", "avatar", &["user_id"]),
        Step::table("t0013_password_reset", password_reset),
        Step::index("password_reset_user", "password_reset", &["user_id"]),
        Step::table("t0014_socket_ticket", socket_ticket),
    ]
}

fn channels() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Step::column("channel_history", "channel", |_| name("history", 16).default("all").take()),
        Step::column("membership_muted", "membership", |_| {
            ColumnDef::new("muted").boolean().not_null().default(false).take()
        }),
        Step::column("membership_cleared_seq", "membership", |_| {
            number("cleared_seq").default(0).take()
        }),
        Step::column("membership_read_count", "membership", |_| {
            number("read_count").default(0).take()
        }),
        Step::values("membership_read_count_values", COUNT_WHAT_WAS_READ),
        Step::column("channel_event_emoji", "channel_event", |_| optional(name("emoji", 64))),
        Step::column("channel_event_role", "channel_event", |_| optional(name("role", 16))),
        Step::table("t0015_invitation", invitation),
        Step::unique("invitation_channel_user", "invitation", &["channel_id", "user_id"]),
        Step::index("invitation_user", "invitation", &["user_id"]),
        Step::table("t0016_mention", mention),
        Step::index("mention_message", "mention", &["channel_id", "seq"]),
        Step::table("t0017_pin", pin),
    ]
}

const COUNT_WHAT_WAS_READ: &str = "UPDATE membership SET read_count = COALESCE(\
     (SELECT MAX(message.ordinal) FROM message \
     WHERE message.channel_id = membership.channel_id \
     AND message.seq <= membership.read_seq), 0)";

fn messages() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Step::column("message_edited_at", "message", |b| optional(time("edited_at", b))),
        Step::column("message_deleted_at", "message", |b| optional(time("deleted_at", b))),
        Step::column("message_expires_at", "message", |b| optional(time("expires_at", b))),
        Step::column("message_pinned_at", "message", |b| optional(time("pinned_at", b))),
        Step::column("message_thread_root", "message", |_| optional(id("thread_root_id"))),
        Step::column("message_thread_seq", "message", |_| optional(number("thread_root_seq"))),
        Step::column("message_reply_count", "message", |_| number("reply_count").default(0).take()),
        Step::column("message_last_reply_at", "message", |b| optional(time("last_reply_at", b))),
        Step::column("message_reactions", "message", |b| optional(text("reactions", b))),
        // What one person wrote, newest first, of any channel.
        Step::index("message_author", "message", &["author_id", "created_at", "channel_id", "seq"]),
        Step::table("t0018_message_revision", message_revision),
        Step::table("t0019_reaction", reaction),
        Step::table("t0020_thread_reply", thread_reply),
        Step::table("t0021_message_expiry", message_expiry),
        Step::index("message_expiry_time", "message_expiry", &["expires_at"]),
    ]
}

fn avatar(backend: DbBackend) -> TableCreateStatement {
    let mut bytes = ColumnDef::new("bytes");
    match backend {
        DbBackend::MySql => bytes.custom("mediumblob"),
        _ => bytes.blob(),
    };
    table("avatar")
        .col(id("id").primary_key())
        .col(id("user_id"))
        .col(name("media_type", 32))
        .col(bytes.not_null())
        .col(time("created_at", backend))
        .foreign_key(&mut reference("avatar", "user_id", "user_account"))
        .to_owned()
}

fn password_reset(backend: DbBackend) -> TableCreateStatement {
    table("password_reset")
        .col(ColumnDef::new("token_hash").binary_len(32).not_null().primary_key())
        .col(id("user_id"))
        .col(time("issued_at", backend))
        .col(time("expires_at", backend))
        .foreign_key(&mut reference("password_reset", "user_id", "user_account"))
        .to_owned()
}

fn socket_ticket(backend: DbBackend) -> TableCreateStatement {
    table("socket_ticket")
        .col(ColumnDef::new("token_hash").binary_len(32).not_null().primary_key())
        .col(id("session_id"))
        .col(time("expires_at", backend))
        .foreign_key(&mut reference("socket_ticket", "session_id", "session"))
        .to_owned()
}

fn invitation(backend: DbBackend) -> TableCreateStatement {
    table("invitation")
        .col(id("id").primary_key())
        .col(id("channel_id"))
        .col(id("user_id"))
        .col(id("invited_by"))
        .col(time("created_at", backend))
        .foreign_key(&mut reference("invitation", "channel_id", "channel"))
        .foreign_key(&mut reference("invitation", "user_id", "user_account"))
        .to_owned()
}

/// Whom a message names; under the nil id, everybody in the channel.
fn mention(_: DbBackend) -> TableCreateStatement {
    table("mention")
        .col(id("user_id"))
        .col(id("channel_id"))
        .col(number("seq"))
        .primary_key(Index::create().col("user_id").col("channel_id").col("seq"))
        .to_owned()
}

fn pin(backend: DbBackend) -> TableCreateStatement {
    table("pin")
        .col(id("channel_id"))
        .col(number("seq"))
        .col(id("pinned_by"))
        .col(time("pinned_at", backend))
        .primary_key(Index::create().col("channel_id").col("seq"))
        .to_owned()
}

fn message_revision(backend: DbBackend) -> TableCreateStatement {
    table("message_revision")
        .col(id("channel_id"))
        .col(number("seq"))
        .col(number("revision"))
        .col(text("text", backend))
        .col(time("written_at", backend))
        .primary_key(Index::create().col("channel_id").col("seq").col("revision"))
        .to_owned()
}

fn reaction(backend: DbBackend) -> TableCreateStatement {
    table("reaction")
        .col(id("channel_id"))
        .col(number("seq"))
        .col(name("emoji", 64))
        .col(id("user_id"))
        .col(time("created_at", backend))
        .primary_key(Index::create().col("channel_id").col("seq").col("emoji").col("user_id"))
        .to_owned()
}

fn thread_reply(_: DbBackend) -> TableCreateStatement {
    table("thread_reply")
        .col(id("channel_id"))
        .col(number("root_seq"))
        .col(number("seq"))
        .primary_key(Index::create().col("channel_id").col("root_seq").col("seq"))
        .to_owned()
}

fn message_expiry(backend: DbBackend) -> TableCreateStatement {
    table("message_expiry")
        .col(id("channel_id"))
        .col(number("seq"))
        .col(time("expires_at", backend))
        .primary_key(Index::create().col("channel_id").col("seq"))
        .to_owned()
}
