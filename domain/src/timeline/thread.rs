//! What the writer keeps of threads: which messages answer which, and where
//! that leaves those that are answered.

use std::collections::BTreeMap;

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter};

use crate::database::{Transaction, insert_all};
use crate::entity::{message, thread_reply};
use crate::id::ChannelId;
use crate::timeline::{Event, EventKind, Thread};

/// What a transaction changes about threads.
#[derive(Default)]
pub(super) struct Threads {
    replies: Vec<thread_reply::ActiveModel>,
    /// Where each stands at the end, by the number of its root.
    roots: BTreeMap<ChannelId, BTreeMap<i64, Thread>>,
}

impl Threads {
    /// Takes note of an event, if it changed a thread.
    pub(super) fn note(&mut self, event: &Event) {
        let Some(thread) = &event.thread else { return };
        if event.kind == EventKind::MessageCreated {
            self.replies.push(thread_reply::ActiveModel {
                channel_id: Set(event.channel_id),
                root_seq: Set(thread.root_seq),
                seq: Set(event.seq),
            });
        }
        let roots = self.roots.entry(event.channel_id).or_default();
        roots.insert(thread.root_seq, thread.clone());
    }

    /// Writes it: a few statements, however many there are. The messages have to
    /// be there.
    pub(super) async fn write(self, transaction: &Transaction) -> Result<(), DbErr> {
        insert_all(transaction, self.replies).await?;
        if !self.roots.is_empty() {
            count(transaction, &self.roots).await?;
        }
        Ok(())
    }
}

/// `SET reply_count = CASE WHEN channel_id = … AND seq = … THEN … END, …`.
async fn count(
    transaction: &Transaction,
    roots: &BTreeMap<ChannelId, BTreeMap<i64, Thread>>,
) -> Result<(), DbErr> {
    use message::Column;
    let by_root = |value: fn(&Thread) -> Expr| -> Expr {
        let mut cases = CaseStatement::new();
        for (channel_id, threads) in roots {
            for (seq, thread) in threads {
                let is_it = Column::ChannelId.eq(*channel_id).and(Column::Seq.eq(*seq));
                cases = cases.case(is_it, value(thread));
            }
        }
        cases.into()
    };
    let any = roots.iter().fold(Condition::any(), |any, (channel_id, threads)| {
        let seqs = threads.keys().copied();
        any.add(Column::ChannelId.eq(*channel_id).and(Column::Seq.is_in(seqs)))
    });
    message::Entity::update_many()
        .col_expr(Column::ReplyCount, by_root(|thread| Expr::value(thread.reply_count)))
        .col_expr(Column::LastReplyAt, by_root(|thread| Expr::value(thread.last_reply_at)))
        .filter(any)
        .exec(transaction)
        .await
        .map(drop)
}
