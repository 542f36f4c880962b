//! A bare multi-row insert of the rows that Warren writes for a message: the message, its
//! event, its outcome; one transaction for each batch, which advances the channel's head.

use std::time::{Duration, Instant};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
    TransactionTrait, Value,
};
use uuid::Uuid;

use crate::stage;

/// The columns of each table, in the order of the values below.
const TABLES: [(&str, &[&str]); 3] = [
    ("message", &["channel_id", "seq", "id", "author_id", "text", "ordinal", "created_at"]),
    ("channel_event", &["channel_id", "seq", "kind", "actor_id", "message_seq", "at"]),
    ("send_outcome", &["id", "author_id", "fingerprint", "channel_id", "seq", "at"]),
];

/// Inserts messages into a channel for a while, `batch` at once; messages per second.
/// Nothing else may write to the channel meanwhile.
pub(crate) async fn insert(url: &str, channel: &str, batch: usize, duration: Duration) -> f64 {
    let database = connect(url).await;
    let inserter = Inserter {
        channel: channel.parse().expect("an id"),
        author: Uuid::new_v4(),
        text: stage::text(),
        statements: TABLES
            .map(|(table, columns)| sql(database.get_database_backend(), table, columns, batch)),
    };
    let mut seq = inserter.last_seq(&database).await;
    let (first, begin) = (seq, Instant::now());
    while begin.elapsed() < duration {
        inserter.insert(&database, seq, batch).await;
        seq += i64::try_from(batch).expect("a small batch");
    }
    let rate = (seq - first) as f64 / begin.elapsed().as_secs_f64();
    database.close().await.expect("close");
    rate
}

/// One connection, with what Warren's writing connection has.
async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .journal_mode(sea_orm::sqlx::sqlite::SqliteJournalMode::Wal)
            .synchronous(sea_orm::sqlx::sqlite::SqliteSynchronous::Full)
    });
    Database::connect(options).await.expect("connect")
}

struct Inserter {
    channel: Uuid,
    author: Uuid,
    text: String,
    statements: [String; 3],
}

impl Inserter {
    async fn last_seq(&self, database: &DatabaseConnection) -> i64 {
        let backend = database.get_database_backend();
        let place = placeholder(backend, 1);
        let query = format!("SELECT last_seq FROM channel_head WHERE channel_id = {place}");
        let statement = Statement::from_sql_and_values(backend, query, [self.channel.into()]);
        let row = database.query_one_raw(statement).await.expect("query").expect("a head");
        row.try_get("", "last_seq").expect("a number")
    }

    async fn insert(&self, database: &DatabaseConnection, after: i64, batch: usize) {
        let backend = database.get_database_backend();
        let transaction = database.begin().await.expect("begin");
        let seqs = (after + 1..).take(batch);
        let ids: Vec<(i64, Uuid)> = seqs.map(|seq| (seq, Uuid::new_v4())).collect();
        for (statement, values) in self.statements.iter().zip(self.values(&ids)) {
            let statement = Statement::from_sql_and_values(backend, statement, values);
            transaction.execute_raw(statement).await.expect("insert");
        }
        let head = format!(
            "UPDATE channel_head SET last_seq = {}, message_count = message_count + {} WHERE channel_id = {}",
            placeholder(backend, 1),
            placeholder(backend, 2),
            placeholder(backend, 3)
        );
        let grown = i64::try_from(batch).expect("a small batch");
        let values = [(after + grown).into(), grown.into(), self.channel.into()];
        let statement = Statement::from_sql_and_values(backend, head, values);
        transaction.execute_raw(statement).await.expect("advance the head");
        transaction.commit().await.expect("commit");
    }

    /// The values of each table's statement.
    fn values(&self, ids: &[(i64, Uuid)]) -> [Vec<Value>; 3] {
        let now = chrono::Utc::now();
        let (channel, author) = (self.channel, self.author);
        let message = |(seq, id): &(i64, Uuid)| -> Vec<Value> {
            let text = self.text.clone();
            vec![
                channel.into(),
                (*seq).into(),
                (*id).into(),
                author.into(),
                text.into(),
                (*seq).into(),
                now.into(),
            ]
        };
        let event = |(seq, _): &(i64, Uuid)| -> Vec<Value> {
            vec![
                channel.into(),
                (*seq).into(),
                "message_created".into(),
                author.into(),
                (*seq).into(),
                now.into(),
            ]
        };
        let outcome = |(seq, id): &(i64, Uuid)| -> Vec<Value> {
            vec![
                (*id).into(),
                author.into(),
                (*id).into(),
                channel.into(),
                (*seq).into(),
                now.into(),
            ]
        };
        [
            ids.iter().flat_map(message).collect(),
            ids.iter().flat_map(event).collect(),
            ids.iter().flat_map(outcome).collect(),
        ]
    }
}

/// `INSERT INTO table (…) VALUES (…), (…), …`, prepared once by the driver.
fn sql(backend: DbBackend, table: &str, columns: &[&str], rows: usize) -> String {
    let row = |row: usize| {
        let first = row * columns.len();
        let places: Vec<String> =
            (1..=columns.len()).map(|column| placeholder(backend, first + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {table} ({}) VALUES {}", columns.join(", "), rows.join(", "))
}

fn placeholder(backend: DbBackend, number: usize) -> String {
    match backend {
        DbBackend::Postgres => format!("${number}"),
        _ => "?".to_owned(),
    }
}
