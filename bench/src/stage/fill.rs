//! A long history at once: the rows that Warren would have written, in SQL.

use sea_orm::{ConnectionTrait, DatabaseConnection};
use warren_tests::servers::connect;

/// Fills a channel of a SQLite database that has had no message yet, in one transaction.
pub(super) async fn fill(url: &str, channel: &str, author: &str, messages: u64) {
    let database = connect(url).await;
    let (channel, author) = (bytes(channel), bytes(author));
    execute(&database, "BEGIN IMMEDIATE".to_owned()).await;
    for statement in statements(&channel, &author, messages) {
        execute(&database, statement).await;
    }
    execute(&database, "COMMIT".to_owned()).await;
    database.close().await.expect("close");
}

async fn execute(database: &DatabaseConnection, statement: String) {
    let done = database.execute_unprepared(&statement).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

fn statements(channel: &str, author: &str, messages: u64) -> [String; 4] {
    let head = format!("(SELECT last_seq FROM channel_head WHERE channel_id = {channel})");
    let text = "'What was said as number ' || n || ', and it was as long as people''s \
                messages are: a sentence or two, with a thought in each of them.'";
    [
        format!(
            "INSERT INTO message (channel_id, seq, id, author_id, text, ordinal, created_at, reply_count) \
             WITH RECURSIVE series(n) AS \
             (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {messages}) \
             SELECT {channel}, {head} + n, randomblob(16), {author}, {text}, n, \
             strftime('%Y-%m-%dT%H:%M:%S+00:00', 1700000000 + n, 'unixepoch'), 0 FROM series"
        ),
        format!(
            "INSERT INTO channel_event (channel_id, seq, kind, actor_id, message_seq, at) \
             SELECT channel_id, seq, 'message_created', author_id, seq, created_at \
             FROM message WHERE channel_id = {channel}"
        ),
        format!(
            "INSERT INTO send_outcome (id, author_id, fingerprint, channel_id, seq, at) \
             SELECT id, author_id, id, channel_id, seq, created_at \
             FROM message WHERE channel_id = {channel} ORDER BY id"
        ),
        format!(
            "UPDATE channel_head SET last_seq = last_seq + {messages}, message_count = {messages} \
             WHERE channel_id = {channel}"
        ),
    ]
}

/// An id as SQLite keeps it.
fn bytes(id: &str) -> String {
    format!("x'{}'", id.replace('-', ""))
}
