//! Durable sends through RabbitMQ into PostgreSQL, beside a bare publisher and a bare insert.

use super::sends::{Cast, Spread};
use crate::arguments::Arguments;
use crate::bare;
use crate::load::Door;
use crate::report::{Bound, Ratio, Results};
use crate::stage::Stage;

/// Unconfirmed publications of the bare publisher.
const BARE_WINDOW: usize = 100;

pub(super) async fn run(arguments: &Arguments, results: &mut Results) {
    let stage = Stage::cluster().await;
    let cast = Cast::on(&stage).await;
    let broker = stage.broker_url();
    let (mut warren, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        limit.push(bare::publish(&broker, BARE_WINDOW, arguments.duration()).await);
        let sent = cast.send(&stage, (Door::Socket, 16, Spread::Own), arguments.duration()).await;
        warren.push(sent.0.per_second());
    }
    results.ratio(Ratio {
        work: "committed through RabbitMQ and PostgreSQL, window 16, over the socket".to_owned(),
        against: format!("bare publisher with confirms, window {BARE_WINDOW}"),
        unit: "messages/s".to_owned(),
        warren,
        limit,
        bound: Bound::AtLeast { reach: 0.35, aim: 0.5 },
    });
    for window in [1, BARE_WINDOW, 1_000] {
        let rate = bare::publish(&broker, window, arguments.duration()).await;
        results.bare(
            &format!("RabbitMQ publisher with confirms, window {window}"),
            rate,
            "messages/s",
        );
    }
    cast.tour("cluster", &stage, arguments.duration(), results).await;
    let (url, channel) = stage.unused_channel().await;
    for batch in [1, 100, 1_000] {
        let rate = bare::insert(&url, &channel, batch, arguments.duration()).await;
        results.bare(&format!("PostgreSQL insert, {batch} messages at once"), rate, "messages/s");
    }
}
