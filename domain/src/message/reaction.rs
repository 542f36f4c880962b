//! Reacting to messages.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::account::Actor;
use crate::channel::AccessError;
use crate::context::Domain;
use crate::entity::{message, reaction};
use crate::id::{ChannelId, MessageId, UserId};
use crate::message::Emoji;
use crate::message::change::{Change, ChangeError};
use crate::message::history::locate;
use crate::timeline::{Message, MessageChange, Person, Reaction, Reactions};

/// In how many different ways people can react to one message.
pub const MAX_REACTIONS: usize = 20;

/// Adds the actor's reaction to a message. Who has reacted so already changes
/// nothing.
///
/// # Errors
/// [`ChangeError`].
pub async fn react(
    domain: &Domain,
    actor: &Actor,
    id: MessageId,
    emoji: Emoji,
) -> Result<Message, ChangeError> {
    let change = Change::begin(domain, actor, id).await?;
    change.require_present()?;
    let key = (change.message.channel_id, change.message.seq, emoji.clone().into(), actor.id());
    if reaction::Entity::find_by_id(key).one(change.transaction()).await?.is_some() {
        return change.give_up(domain, actor).await;
    }
    let emoji = String::from(emoji);
    let reactions = one_more(change.message.reactions.clone().unwrap_or_default(), &emoji)?;
    reaction::Entity::insert(reaction::ActiveModel {
        channel_id: Set(change.message.channel_id),
        seq: Set(change.message.seq),
        emoji: Set(emoji.clone()),
        user_id: Set(actor.id()),
        created_at: Set(change.at),
    })
    .exec_without_returning(change.transaction())
    .await?;
    let changed = message::ActiveModel { reactions: Set(Some(reactions)), ..change.row() };
    change.commit(domain, actor, changed, MessageChange::ReactionAdded(emoji)).await
}

/// Who reacted to a message with this emoji, in the order of their ids, from the one
/// after `after` on.
///
/// # Errors
/// [`AccessError::NotFound`] if the actor may not see the message.
pub async fn who_reacted(
    domain: &Domain,
    actor: &Actor,
    id: MessageId,
    emoji: Emoji,
    after: UserId,
    limit: u64,
) -> Result<Vec<Person>, AccessError> {
    let (_, (channel_id, seq)) = locate(domain, actor, id).await?;
    let ids: Vec<UserId> = reaction::Entity::find()
        .select_only()
        .column(reaction::Column::UserId)
        .filter(reaction::Column::ChannelId.eq(channel_id))
        .filter(reaction::Column::Seq.eq(seq))
        .filter(reaction::Column::Emoji.eq(String::from(emoji)))
        .filter(reaction::Column::UserId.gt(after))
        .order_by_asc(reaction::Column::UserId)
        .limit(limit)
        .into_tuple()
        .all(domain.database.read())
        .await?;
    let people = domain.people.get(domain.database.read(), ids.clone()).await?;
    Ok(ids.iter().filter_map(|id| people.get(id).cloned()).collect())
}

/// Takes the actor's reaction back. Who has not reacted so changes nothing.
///
/// # Errors
/// [`ChangeError`].
pub async fn take_back(
    domain: &Domain,
    actor: &Actor,
    id: MessageId,
    emoji: Emoji,
) -> Result<Message, ChangeError> {
    let change = Change::begin(domain, actor, id).await?;
    let emoji = String::from(emoji);
    let key = (change.message.channel_id, change.message.seq, emoji.clone(), actor.id());
    let taken = reaction::Entity::delete_by_id(key).exec(change.transaction()).await?;
    if taken.rows_affected == 0 {
        return change.give_up(domain, actor).await;
    }
    let reactions = one_less(change.message.reactions.clone().unwrap_or_default(), &emoji);
    let changed = message::ActiveModel { reactions: Set(reactions), ..change.row() };
    change.commit(domain, actor, changed, MessageChange::ReactionRemoved(emoji)).await
}

fn one_more(mut reactions: Reactions, emoji: &str) -> Result<Reactions, ChangeError> {
    if let Some(known) = reactions.0.iter_mut().find(|reaction| reaction.emoji == emoji) {
        known.count += 1;
    } else if reactions.0.len() < MAX_REACTIONS {
        reactions.0.push(Reaction { emoji: emoji.to_owned(), count: 1, mine: None });
    } else {
        return Err(ChangeError::TooManyReactions);
    }
    Ok(reactions)
}

/// `None` if nobody reacts any more.
fn one_less(mut reactions: Reactions, emoji: &str) -> Option<Reactions> {
    for reaction in reactions.0.iter_mut().filter(|reaction| reaction.emoji == emoji) {
        reaction.count -= 1;
    }
    reactions.0.retain(|reaction| reaction.count > 0);
    Some(reactions).filter(|reactions| !reactions.0.is_empty())
}

/// Says of each reaction whether it is also the reader's. One query for all
/// messages, by primary key; none where nobody has reacted.
pub(crate) async fn mark_own(
    domain: &Domain,
    reader: UserId,
    messages: &mut [Message],
) -> Result<(), DbErr> {
    let Some(reacted) = reacted_to(messages) else { return Ok(()) };
    let own: HashSet<(ChannelId, i64, String)> = reaction::Entity::find()
        .select_only()
        .columns([reaction::Column::ChannelId, reaction::Column::Seq, reaction::Column::Emoji])
        .filter(reacted)
        .filter(reaction::Column::UserId.eq(reader))
        .into_tuple()
        .all(domain.database.read())
        .await?
        .into_iter()
        .collect();
    for message in messages {
        for reaction in &mut message.reactions {
            let key = (message.channel_id, message.seq, reaction.emoji.clone());
            reaction.mine = Some(own.contains(&key));
        }
    }
    Ok(())
}

/// The reactions that the counts of these messages speak of; `None` if of none.
fn reacted_to(messages: &[Message]) -> Option<Condition> {
    let mut channels: BTreeMap<ChannelId, (BTreeSet<i64>, BTreeSet<&str>)> = BTreeMap::new();
    for message in messages.iter().filter(|message| !message.reactions.is_empty()) {
        let (seqs, emojis) = channels.entry(message.channel_id).or_default();
        seqs.insert(message.seq);
        emojis.extend(message.reactions.iter().map(|reaction| reaction.emoji.as_str()));
    }
    let mut any = None;
    for (channel_id, (seqs, emojis)) in channels {
        let of_channel = reaction::Column::ChannelId
            .eq(channel_id)
            .and(reaction::Column::Seq.is_in(seqs))
            .and(reaction::Column::Emoji.is_in(emojis));
        any = Some(any.unwrap_or_else(Condition::any).add(of_channel));
    }
    any
}
