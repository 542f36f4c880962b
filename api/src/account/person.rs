//! Where somebody is, and what they wrote there.

use std::sync::Arc;

use chrono::DateTime;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use warren_domain::account;
use warren_domain::channel::{self, Channel};
use warren_domain::id::UserId;
use warren_domain::message::{self, Place, Written};
use warren_domain::timeline::Message;

use crate::account::users::named;
use crate::auth::Bearer;
use crate::channel::channels::ChannelList;
use crate::http::body::Body;
use crate::http::cursor::ListKind;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// What somebody wrote.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct WrittenList {
    /// The newest first.
    items: Vec<Message>,
    /// Give it as `cursor` to go on; absent at the end. It may be there although there
    /// are fewer than asked for, or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What there is of one person.
pub(crate) struct PersonApi;

#[OpenApi(prefix_path = "/v1/users", tag = "Tag::People")]
impl PersonApi {
    /// Channels of somebody
    ///
    /// Those that I may know of: the public ones, and those that I am in too.
    #[oai(path = "/:username/channels", method = "get", operation_id = "listUserChannels")]
    async fn channels(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Their username.
        username: Path<String>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Where the page before ended.
        cursor: Query<Option<String>>,
    ) -> Result<Body<ChannelList>, Refused<400, 401, 404>> {
        const LIST: ListKind = ListKind::UserChannels;
        let printable = |key: &str| (!key.contains(char::is_control)).then(|| key.to_owned());
        let after = cursor.0.map(|cursor| LIST.read(&cursor, printable));
        let after = after.transpose()?;
        let user_id = id_of(&node, &username).await?;
        let items =
            channel::of_user(&node.domain, &actor, user_id, after.as_deref(), limit.0).await;
        let items = items.map_err(|error| Problem::internal(&error))?;
        let name = |last: &Channel| last.summary.name.clone();
        let next_cursor = LIST.next(&items, limit.0, name);
        Ok(Body(ChannelList { items, next_cursor }))
    }

    /// Messages of somebody
    ///
    /// Those in my channels that I may see, the newest first. Of somebody who writes
    /// very much elsewhere, a page looks through the newest 20,000 before its cursor
    /// and may be short: go on while there is a `next_cursor`.
    #[oai(path = "/:username/messages", method = "get", operation_id = "listUserMessages")]
    async fn messages(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// Their username.
        username: Path<String>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Where the page before ended.
        cursor: Query<Option<String>>,
    ) -> Result<Body<WrittenList>, Refused<400, 401, 404>> {
        const LIST: ListKind = ListKind::UserMessages;
        let before = cursor.0.map(|cursor| LIST.read(&cursor, place)).transpose()?;
        let user_id = id_of(&node, &username).await?;
        let written = message::written_by(&node.domain, &actor, user_id, before, limit.0).await;
        let Written { messages, next } = written.map_err(|error| Problem::internal(&error))?;
        let next_cursor = next.map(|next| LIST.cursor(&key(next)));
        Ok(Body(WrittenList { items: messages, next_cursor }))
    }
}

async fn id_of(node: &Node, username: &str) -> Result<UserId, Problem> {
    let user = account::user_named(&node.domain, &named(username)?)
        .await
        .map_err(|error| Problem::internal(&error))?;
    Ok(user.ok_or_else(|| Problem::not_found("user"))?.person.id)
}

fn key(place: Place) -> String {
    format!("{} {} {}", place.created_at.timestamp_micros(), place.channel_id, place.seq)
}

fn place(key: &str) -> Option<Place> {
    let mut parts = key.split(' ');
    let place = Place {
        created_at: DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?,
        channel_id: parts.next()?.parse().ok()?,
        seq: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(place)
}

fn page_limit() -> u64 {
    50
}
