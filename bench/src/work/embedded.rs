//! Durable sends into SQLite in one process, beside a bare insert.

use super::sends::{Cast, Spread};
use crate::arguments::Arguments;
use crate::bare;
use crate::load::Door;
use crate::report::{Bound, Ratio, Results};
use crate::stage::Stage;

/// Messages at once of the bare insert.
const BARE_BATCH: usize = 1_000;

pub(super) async fn run(arguments: &Arguments, results: &mut Results) {
    // A database of the same schema that nobody else writes to.
    let mut idle = Stage::embedded().await;
    let (url, channel) = idle.unused_channel().await;
    idle.end_processes();
    let stage = Stage::embedded().await;
    let cast = Cast::on(&stage).await;
    let (mut warren, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        limit.push(bare::insert(&url, &channel, BARE_BATCH, arguments.duration()).await);
        let sent = cast.send(&stage, (Door::Socket, 16, Spread::Own), arguments.duration()).await;
        warren.push(sent.0.per_second());
    }
    results.ratio(Ratio {
        work: "committed embedded (SQLite, synced), window 16, over the socket".to_owned(),
        against: format!("bare insert, {BARE_BATCH} messages at once"),
        unit: "messages/s".to_owned(),
        warren,
        limit,
        bound: Bound::AtLeast { reach: 0.15, aim: 0.3 },
    });
    for batch in [1, 100, BARE_BATCH] {
        let rate = bare::insert(&url, &channel, batch, arguments.duration()).await;
        results.bare(&format!("SQLite insert, {batch} messages at once"), rate, "messages/s");
    }
    cast.tour("embedded", &stage, arguments.duration(), results).await;
}
