//! Changing what a channel is: its name, its description, what newcomers see,
//! and whether it is archived.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::Actor;
use crate::channel::change::Held;
use crate::channel::rules::{self, Deed};
use crate::channel::{ChangeError, Channel, ChannelName, ChannelRef, Refusal, find};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{channel, channel_head};
use crate::timeline::{ChannelSummary, Happening, HistoryVisibility};

/// What is to be another way; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct ChannelChange {
    /// Its name.
    pub name: Option<ChannelName>,
    /// What it is for; `Some(None)`: no words about it.
    pub description: Option<Option<String>>,
    /// What newcomers see of what was said before.
    pub history: Option<HistoryVisibility>,
    /// Whether it is archived.
    pub archived: Option<bool>,
}

/// Changes a channel, and answers what it is then. What is so already changes
/// nothing, and nothing happens on the timeline.
///
/// # Errors
/// [`ChangeError`].
pub async fn update(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
    change: ChannelChange,
) -> Result<Channel, ChangeError> {
    let mut held = Held::lock(domain, actor, reference).await?;
    check(actor, &held.channel, &change)?;
    let before = held.channel.summary.clone();
    let after = change.applied_to(before.clone(), domain.clock.now());
    let reference = held.reference();
    if after != before {
        write(&held.transaction, &before, &after).await.map_err(ChangeError::of_name)?;
        held.append(actor, Happening::ChannelUpdated(after));
        held.commit(domain).await?;
    }
    Ok(find(domain, actor, &reference).await?)
}

/// Archives a channel: it is read, but not written to, and its members stay as
/// they are. Idempotent.
///
/// # Errors
/// [`ChangeError`].
pub async fn archive(
    domain: &Domain,
    actor: &Actor,
    reference: &ChannelRef,
) -> Result<(), ChangeError> {
    let change = ChannelChange { archived: Some(true), ..ChannelChange::default() };
    update(domain, actor, reference, change).await.map(drop)
}

fn check(actor: &Actor, channel: &Channel, change: &ChannelChange) -> Result<(), Refusal> {
    if change.archived.is_some() {
        rules::permit(actor, channel, Deed::Archive)?;
        rules::check_permanent(&channel.summary)?;
        if change.archives_only() {
            return Ok(());
        }
    }
    rules::permit(actor, channel, Deed::Update)?;
    if channel.summary.archived_at.is_some() && change.archived != Some(false) {
        return Err(Refusal::Archived);
    }
    match &change.name {
        Some(name) if *name.as_ref() != channel.summary.name => {
            rules::check_permanent(&channel.summary)
        }
        _ => Ok(()),
    }
}

impl ChannelChange {
    fn archives_only(&self) -> bool {
        self.name.is_none() && self.description.is_none() && self.history.is_none()
    }

    fn applied_to(self, before: ChannelSummary, now: DateTime<Utc>) -> ChannelSummary {
        let archived_at = match self.archived {
            None => before.archived_at,
            Some(false) => None,
            Some(true) => before.archived_at.or(Some(now)),
        };
        ChannelSummary {
            name: self.name.map_or(before.name, String::from),
            description: self.description.unwrap_or(before.description),
            history: self.history.unwrap_or(before.history),
            archived_at,
            ..before
        }
    }
}

async fn write(
    transaction: &Transaction,
    before: &ChannelSummary,
    after: &ChannelSummary,
) -> Result<(), DbErr> {
    if before.archived_at != after.archived_at {
        channel_head::Entity::update_many()
            .col_expr(channel_head::Column::ArchivedAt, Expr::value(after.archived_at))
            .filter(channel_head::Column::ChannelId.eq(after.id))
            .exec(transaction)
            .await?;
    }
    channel::Entity::update_many()
        .col_expr(channel::Column::Name, Expr::value(after.name.clone()))
        .col_expr(channel::Column::Description, Expr::value(after.description.clone()))
        .col_expr(channel::Column::History, Expr::value(after.history))
        .filter(channel::Column::Id.eq(after.id))
        .exec(transaction)
        .await
        .map(|_| ())
}
