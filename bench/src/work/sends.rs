//! Durable sends through every door, on one stage.

use std::time::Duration;

use warren_tests::client::Person;

use super::SENDERS;
use crate::load::{Door, Durable, Sending, send};
use crate::report::{Curve, Figure, Results, Series};
use crate::stage::Stage;

/// People and where they send to.
pub(super) struct Cast {
    people: Vec<Person>,
    /// A channel of each one's own.
    own: Vec<Vec<String>>,
    /// One with all of them in it.
    common: Vec<Vec<String>>,
}

/// Which channels are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    Own,
    Common,
}

impl Spread {
    fn name(self) -> &'static str {
        match self {
            Self::Own => "one channel each",
            Self::Common => "all in one channel",
        }
    }
}

impl Cast {
    pub(super) async fn on(stage: &Stage) -> Self {
        let people = stage.people(SENDERS).await;
        let own = stage.own_channels(&people).await.into_iter().map(|channel| vec![channel]);
        let common = vec![vec![stage.common_channel(&people).await]];
        Self { own: own.collect(), common, people }
    }

    /// Sends, and takes the CPU time of Warren's processes for each message.
    pub(super) async fn send(
        &self,
        stage: &Stage,
        (door, window, spread): (Door, usize, Spread),
        duration: Duration,
    ) -> (Durable, f64) {
        let channels = match spread {
            Spread::Own => &self.own,
            Spread::Common => &self.common,
        };
        let (base, people) = (stage.base(), &self.people[..]);
        let processes = stage.processes();
        let sending = Sending { base, people, channels, window, door, duration };
        let (durable, before, after) = send(sending, || processes.cpu_time()).await;
        let cpu_us = (after - before).as_secs_f64() * 1e6 / durable.committed as f64;
        (durable, cpu_us)
    }

    /// Every door, window and spread once.
    pub(super) async fn tour(
        &self,
        name: &str,
        stage: &Stage,
        duration: Duration,
        results: &mut Results,
    ) {
        let mut curve = Curve {
            file: format!("latency-{name}.svg"),
            title: format!("Durable send, {name}: from the send to its receipt"),
            x: "percentile of the sends".to_owned(),
            y: "milliseconds".to_owned(),
            series: Vec::new(),
        };
        for door in [Door::Socket, Door::Rest] {
            for window in [1, 16] {
                for spread in [Spread::Own, Spread::Common] {
                    let (durable, cpu_us) =
                        self.send(stage, (door, window, spread), duration).await;
                    let what = format!("{}, window {window}, {}", door.name(), spread.name());
                    if spread == Spread::Own {
                        curve.series.push(percentiles(&what, &durable));
                    }
                    results.figure(Figure {
                        work: name.to_owned(),
                        what,
                        per_second: durable.per_second(),
                        cpu_us,
                        latency: durable.latency.summary(),
                    });
                }
            }
        }
        results.curve(curve);
    }
}

fn percentiles(name: &str, durable: &Durable) -> Series {
    let point = |percent: u32| {
        let percent = f64::from(percent);
        (percent, durable.latency.quantile_ms(percent / 100.0))
    };
    Series { name: name.to_owned(), points: (1..=99).map(point).collect() }
}
