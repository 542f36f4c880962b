//! Who may write where, as of the locked head.

use std::collections::{BTreeMap, HashSet};

use moka::sync::Cache;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter};

use crate::database::Transaction;
use crate::entity::membership;
use crate::id::{ChannelId, UserId};
use crate::message::Pending;
use crate::timeline::Writer;

/// Memberships, each with the `acl_version` of the channel at which it was
/// seen. It counts only while the locked head still has that version, so it
/// never lets anybody in who is out.
#[derive(Clone)]
pub(crate) struct Acl {
    seen: Cache<(ChannelId, UserId), i64>,
}

impl Default for Acl {
    fn default() -> Self {
        Self { seen: Cache::new(100_000) }
    }
}

impl Acl {
    /// Of the (channel, author) pairs of `batch`, those who are members now.
    /// One query for all that are not remembered.
    pub(crate) async fn members(
        &self,
        transaction: &Transaction,
        timeline: &Writer,
        batch: &[Pending],
    ) -> Result<HashSet<(ChannelId, UserId)>, DbErr> {
        let mut members = HashSet::new();
        let mut unknown: BTreeMap<ChannelId, HashSet<UserId>> = BTreeMap::new();
        for pending in batch {
            let pair = (pending.channel_id, pending.author_id);
            let version = timeline.head(pending.channel_id).map(|head| head.acl_version);
            if version.is_some() && self.seen.get(&pair) == version {
                members.insert(pair);
            } else if version.is_some() {
                unknown.entry(pair.0).or_default().insert(pair.1);
            }
        }
        for row in look_up(transaction, unknown).await? {
            let pair = (row.channel_id, row.user_id);
            if let Some(head) = timeline.head(row.channel_id) {
                self.seen.insert(pair, head.acl_version);
            }
            members.insert(pair);
        }
        Ok(members)
    }
}

/// The memberships among these people in these channels. One query, none for
/// nobody.
pub(crate) async fn look_up(
    transaction: &Transaction,
    pairs: BTreeMap<ChannelId, HashSet<UserId>>,
) -> Result<Vec<membership::Model>, DbErr> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let any = pairs.into_iter().fold(Condition::any(), |any, (channel_id, users)| {
        any.add(
            membership::Column::ChannelId
                .eq(channel_id)
                .and(membership::Column::UserId.is_in(users)),
        )
    });
    membership::Entity::find().filter(any).all(transaction).await
}
