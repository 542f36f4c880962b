//! Deleting messages when their time is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::account::People;
use crate::clock::Clock;
use crate::database::{Database, in_time};
use crate::entity::{message, message_expiry};
use crate::id::ChannelId;
use crate::message::delete::{Doomed, erase};
use crate::port::EventBus;
use crate::timeline::Writer;

/// How many messages are deleted at most in one go.
const AT_ONCE: u64 = 200;

/// A database that says nothing for so long is gone without a word.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Deletes what has expired. Any number of processes may do so at once: each looks
/// again under the channel's lock.
#[derive(Clone)]
pub struct Expiry {
    database: Database,
    bus: Arc<dyn EventBus>,
    people: People,
    clock: Clock,
}

impl Expiry {
    /// In this database, telling this bus.
    #[must_use]
    pub fn new(database: Database, bus: Arc<dyn EventBus>, people: People) -> Self {
        Self { database, bus, people, clock: Clock::System }
    }

    /// Deletes messages whose time is over, the longest overdue first, each with an
    /// event as if its author had. Answers whether there may be more.
    ///
    /// # Errors
    /// If the database fails; what it did not delete stays due.
    pub async fn sweep(&self) -> Result<bool, DbErr> {
        in_time(TIMEOUT, self.delete_due()).await
    }

    async fn delete_due(&self) -> Result<bool, DbErr> {
        let now = self.clock.now();
        let due = message_expiry::Entity::find()
            .filter(message_expiry::Column::ExpiresAt.lte(now))
            .order_by_asc(message_expiry::Column::ExpiresAt)
            .limit(AT_ONCE)
            .all(self.database.read())
            .await?;
        let is_full = u64::try_from(due.len()).is_ok_and(|count| count == AT_ONCE);
        let mut by_channel: BTreeMap<ChannelId, Vec<i64>> = BTreeMap::new();
        for row in due {
            by_channel.entry(row.channel_id).or_default().push(row.seq);
        }
        for (channel_id, seqs) in by_channel {
            self.expire(channel_id, seqs, now).await?;
        }
        Ok(is_full)
    }

    async fn expire(
        &self,
        channel_id: ChannelId,
        seqs: Vec<i64>,
        now: DateTime<Utc>,
    ) -> Result<(), DbErr> {
        let transaction = self.database.write().await?;
        let mut timeline = Writer::lock(&transaction, vec![channel_id], now).await?;
        let messages = message::Entity::find()
            .filter(message::Column::ChannelId.eq(channel_id))
            .filter(message::Column::Seq.is_in(seqs))
            .filter(message::Column::ExpiresAt.lte(now))
            .order_by_asc(message::Column::Seq)
            .all(&transaction)
            .await?;
        let doomed = messages.into_iter().map(|message| Doomed { by: message.author_id, message });
        erase(&transaction, &mut timeline, &self.people, doomed.collect()).await?;
        let publication = timeline.commit(transaction).await?;
        self.bus.publish_events(&publication.events).await;
        Ok(())
    }
}
