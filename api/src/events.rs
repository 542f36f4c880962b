//! Everything that happens in a channel, by number: for clients without a
//! socket, and to prove that nothing was missed.

use std::sync::Arc;
use std::time::Duration;

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use warren_domain::timeline::{self, Event};

use crate::auth::Bearer;
use crate::channel::channels::{reference, require_member};
use crate::http::body::Body;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

/// Events of a channel.
#[derive(Debug, Serialize, Object)]
pub(crate) struct EventList {
    /// In order of their numbers, without a gap.
    items: Vec<Event>,
    /// The number of the last of them, or the one asked after: ask after this
    /// the next time.
    as_of_seq: i64,
    /// Numbers mean something within this epoch only: give it with the next question.
    epoch: String,
}

/// Events.
pub(crate) struct EventsApi;

#[OpenApi(prefix_path = "/v1/channels", tag = "Tag::Events")]
impl EventsApi {
    /// Events of a channel
    ///
    /// Those after a number, in order. With `wait_s` the answer comes as soon as
    /// there is one (long poll), or empty after that time. A number that the channel
    /// has not reached, or of another epoch, is answered 409 `resync`: the database was
    /// restored, say. Then load the channel anew.
    #[oai(path = "/:channel/events", method = "get", operation_id = "listEvents")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of the request that is documented"
    )]
    async fn list(
        &self,
        node: Data<&Arc<Node>>,
        Bearer(actor): Bearer,
        /// The channel's id or name.
        channel: Path<String>,
        /// The number of the last event that you have; 0 for none.
        #[oai(default, validator(minimum(value = "0")))]
        after_seq: Query<i64>,
        /// The epoch of that number, as the answer that had it told it.
        epoch: Query<Option<String>>,
        /// At most so many.
        #[oai(default = "page_limit", validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<u64>,
        /// Seconds to wait for the first one.
        #[oai(default, validator(maximum(value = "30")))]
        wait_s: Query<u64>,
    ) -> Result<Body<EventList>, Refused<400, 401, 403, 404, 409>> {
        let reference = reference(&channel)?;
        let mut seat = require_member(&node, &actor, &reference).await?;
        let channel_id = seat.channel.summary.id;
        let is_of_now = epoch.0.is_none_or(|epoch| epoch == node.epoch);
        if !is_of_now || after_seq.0 > seat.channel.last_seq {
            return Err(resync().into());
        }
        let waits = wait_s.0 > 0 && seat.channel.last_seq == after_seq.0;
        if waits {
            let wait = Duration::from_secs(wait_s.0);
            node.gateway.wait_past(&node.domain, channel_id, after_seq.0, wait).await;
            // Much may have changed meanwhile.
            seat = require_member(&node, &actor, &reference).await?;
        }
        let events = timeline::read(
            &node.domain.database,
            &node.domain.people,
            channel_id,
            after_seq.0,
            limit.0,
        )
        .await
        .map_err(|error| Problem::internal(&error))?;
        let items: Vec<Event> =
            events.into_iter().map(|event| event.seen_with(seat.sight)).collect();
        let as_of_seq = items.last().map_or(after_seq.0, |event| event.seq);
        Ok(Body(EventList { items, as_of_seq, epoch: node.epoch.clone() }))
    }
}

fn resync() -> Problem {
    let detail = "This channel has never reached that number. Load it anew.";
    Problem::new(StatusCode::CONFLICT, "resync", detail)
}

fn page_limit() -> u64 {
    50
}
