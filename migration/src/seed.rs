//! The rows that a database is born with.

use chrono::{SubsecRound, Utc};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use uuid::{Uuid, uuid};

/// The channel that every signup joins. Its id is fixed, so that migrators of
/// any number of databases agree on it.
pub const PUBLIC_CHANNEL_ID: Uuid = uuid!("77617272-656e-8000-8000-000000000001");

/// Writes what is not there yet; changes nothing that is.
pub(crate) async fn seed(
    database: &DatabaseConnection,
    partition_count: u32,
    partition_hash: &str,
) -> Result<(), DbErr> {
    let epoch = Uuid::new_v4().to_string();
    insert_meta(database, "epoch", &epoch).await?;
    insert_meta(database, "partition_count", &partition_count.to_string()).await?;
    insert_meta(database, "partition_hash", partition_hash).await?;
    public_channel(database).await
}

/// Writes a value, replacing what was there.
pub(crate) async fn put_meta(
    database: &DatabaseConnection,
    name: &str,
    value: &str,
) -> Result<(), DbErr> {
    insert_meta(database, name, value).await?;
    let update = Query::update()
        .table("meta")
        .value("value", value)
        .and_where(Expr::col("name").eq(name))
        .take();
    database.execute(&update).await.map(|_| ())
}

/// The value of `name`, if it has one.
pub(crate) async fn get_meta(
    database: &DatabaseConnection,
    name: &str,
) -> Result<Option<String>, DbErr> {
    let select =
        Query::select().column("value").from("meta").and_where(Expr::col("name").eq(name)).take();
    match database.query_one(&select).await? {
        Some(row) => row.try_get("", "value").map(Some),
        None => Ok(None),
    }
}

async fn insert_meta(database: &DatabaseConnection, name: &str, value: &str) -> Result<(), DbErr> {
    let insert = Query::insert()
        .into_table("meta")
        .columns(["name", "value"])
        .values_panic([name.into(), value.into()])
        .on_conflict(OnConflict::column("name").do_nothing_on(["name"]).to_owned())
        .take();
    database.execute(&insert).await.map(|_| ())
}

async fn public_channel(database: &DatabaseConnection) -> Result<(), DbErr> {
    let now = Utc::now().trunc_subsecs(6);
    let channel = Query::insert()
        .into_table("channel")
        .columns(["id", "name", "kind", "description", "created_at"])
        .values_panic([
            PUBLIC_CHANNEL_ID.into(),
            "public".into(),
            "public".into(),
            "Everybody is here.".into(),
            now.into(),
        ])
        .on_conflict(OnConflict::column("id").do_nothing_on(["id"]).to_owned())
        .take();
    database.execute(&channel).await?;
    let head = Query::insert()
        .into_table("channel_head")
        .columns(["channel_id", "last_seq", "message_count", "acl_version", "last_at"])
        .values_panic([PUBLIC_CHANNEL_ID.into(), 0.into(), 0.into(), 0.into(), now.into()])
        .on_conflict(OnConflict::column("channel_id").do_nothing_on(["channel_id"]).to_owned())
        .take();
    database.execute(&head).await.map(|_| ())
}
