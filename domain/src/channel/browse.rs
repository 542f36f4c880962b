//! Lists of channels.

use sea_orm::sea_query::{ExprTrait, LikeExpr, Query};
use sea_orm::{ColumnTrait, DbErr, QueryFilter, QueryOrder, QuerySelect};

use crate::account::Actor;
use crate::channel::view::{self, Row};
use crate::channel::{Channel, ChannelName};
use crate::context::Domain;
use crate::entity::{channel, channel_head, membership};
use crate::id::UserId;
use crate::timeline::ChannelKind;

/// The channels that the actor is a member of, by name.
///
/// # Errors
/// If the database fails.
pub async fn mine(domain: &Domain, actor: &Actor) -> Result<Vec<Channel>, DbErr> {
    let rows = view::seen_by(actor.id())
        .filter(membership::Column::UserId.eq(actor.id()))
        .order_by_asc(channel::Column::Name)
        .into_model::<Row>()
        .all(domain.database.read())
        .await?;
    let mut channels: Vec<Channel> = rows.into_iter().map(Channel::from).collect();
    view::show_members(domain.database.read(), actor.id(), &mut channels).await?;
    Ok(channels)
}

/// The channels that somebody is a member of and the actor may know of, public ones
/// and the actor's own, by name, from the one after `after_name`.
///
/// # Errors
/// If the database fails.
pub async fn of_user(
    domain: &Domain,
    actor: &Actor,
    user_id: UserId,
    after_name: Option<&str>,
    limit: u64,
) -> Result<Vec<Channel>, DbErr> {
    let theirs = Query::select()
        .column(membership::Column::ChannelId)
        .from(membership::Entity)
        .and_where(membership::Column::UserId.eq(user_id))
        .take();
    let visible = channel::Column::Kind.eq(ChannelKind::Public);
    let visible = visible.or(membership::Column::UserId.is_not_null());
    let mut select = view::seen_by(actor.id())
        .filter(channel::Column::Id.in_subquery(theirs))
        .filter(visible)
        .order_by_asc(channel::Column::Name)
        .limit(limit);
    if let Some(name) = after_name {
        select = select.filter(channel::Column::Name.gt(name));
    }
    let rows = select.into_model::<Row>().all(domain.database.read()).await?;
    let mut channels: Vec<Channel> = rows.into_iter().map(Channel::from).collect();
    view::show_members(domain.database.read(), actor.id(), &mut channels).await?;
    Ok(channels)
}

/// The public channels whose name contains `query`, by name, from the one
/// after `after_name`.
///
/// # Errors
/// If the database fails.
pub async fn browse(
    domain: &Domain,
    actor: &Actor,
    query: &str,
    after_name: Option<&str>,
    limit: u64,
) -> Result<Vec<Channel>, DbErr> {
    let mut select = view::seen_by(actor.id())
        .filter(channel::Column::Kind.eq(ChannelKind::Public))
        .filter(channel_head::Column::ArchivedAt.is_null())
        .order_by_asc(channel::Column::Name)
        .limit(limit);
    if !query.is_empty() {
        // Whatever no name can contain, no name contains.
        let Ok(part) = ChannelName::parse(query) else { return Ok(Vec::new()) };
        let pattern = format!("%{}%", part.as_ref().replace('_', "\\_"));
        select = select.filter(channel::Column::Name.like(LikeExpr::new(pattern).escape('\\')));
    }
    if let Some(name) = after_name {
        select = select.filter(channel::Column::Name.gt(name));
    }
    let rows = select.into_model::<Row>().all(domain.database.read()).await?;
    Ok(rows.into_iter().map(Channel::from).collect())
}
