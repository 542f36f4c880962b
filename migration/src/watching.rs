//! What people who watch the server look at: live processes, what each holds,
//! and the sends that nobody could make messages of.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::step::Step;
use crate::tables::{id, name, optional, table, time};

pub(crate) fn steps() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Step::table("t0022_node", node),
        Step::table("t0023_dead_letter", dead_letter),
        Step::column("worker_holdings", "worker", |_| {
            optional(ColumnDef::new("holdings").text().not_null().take())
        }),
        Step::index("channel_created_by", "channel", &["created_by"]),
    ]
}

fn node(backend: DbBackend) -> TableCreateStatement {
    table("node")
        .col(id("id").primary_key())
        .col(name("name", 128))
        .col(time("started_at", backend))
        .col(time("seen_at", backend))
        .col(id("ping"))
        .to_owned()
}

/// Where the message log has no queue for them.
fn dead_letter(backend: DbBackend) -> TableCreateStatement {
    let mut payload = ColumnDef::new("payload");
    match backend {
        DbBackend::MySql => payload.custom("mediumblob"),
        _ => payload.blob(),
    };
    table("dead_letter")
        .col(id("id").primary_key())
        .col(payload.not_null())
        .col(name("reason", 1000))
        .col(time("set_aside_at", backend))
        .to_owned()
}
