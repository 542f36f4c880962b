//! Pages of a long history, beside those of a short one.

use std::time::Instant;

use warren_tests::client::Person;

use crate::arguments::Arguments;
use crate::measure::Latency;
use crate::report::{Bound, Ratio, Results};
use crate::stage::Stage;

const SHORT: u64 = 1_000;
const LONG: u64 = 1_000_000;

/// Reads of each page in a round.
const READS: usize = 400;

pub(super) async fn run(arguments: &Arguments, results: &mut Results) {
    let (short, long) = (Shelf::with(SHORT).await, Shelf::with(LONG).await);
    let deep = format!("?limit=50&before_seq={}", LONG / 2);
    compare("latest page of 50", "?limit=50", (&short, &long), arguments, results).await;
    let (mut warren, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let (mut newest, mut old) = (Latency::default(), Latency::default());
        for _ in 0..READS {
            long.read("?limit=50", &mut newest).await;
            long.read(&deep, &mut old).await;
        }
        limit.push(newest.quantile_ms(0.5));
        warren.push(old.quantile_ms(0.5));
    }
    results.ratio(Ratio {
        work: format!("page of 50 in the middle of {LONG} messages"),
        against: "latest page of the same channel".to_owned(),
        unit: "ms".to_owned(),
        warren,
        limit,
        bound: Bound::AtMost { reach: 1.3, aim: 1.05 },
    });
}

async fn compare(
    name: &str,
    query: &str,
    (short, long): (&Shelf, &Shelf),
    arguments: &Arguments,
    results: &mut Results,
) {
    let (mut warren, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let (mut few, mut many) = (Latency::default(), Latency::default());
        for _ in 0..READS {
            short.read(query, &mut few).await;
            long.read(query, &mut many).await;
        }
        limit.push(few.quantile_ms(0.5));
        warren.push(many.quantile_ms(0.5));
    }
    results.ratio(Ratio {
        work: format!("{name} at {LONG} messages"),
        against: format!("the same at {SHORT}"),
        unit: "ms".to_owned(),
        warren,
        limit,
        bound: Bound::AtMost { reach: 1.3, aim: 1.05 },
    });
}

/// A server whose one channel has so many messages.
struct Shelf {
    stage: Stage,
    reader: Person,
    channel: String,
    http: reqwest::Client,
}

impl Shelf {
    async fn with(messages: u64) -> Self {
        let stage = Stage::embedded().await;
        let reader = stage.people(1).await.remove(0);
        let channel = reader.create_channel("private").await;
        stage.fill(&channel, &reader.id, messages).await;
        Self { stage, reader, channel, http: reqwest::Client::new() }
    }

    async fn read(&self, query: &str, latency: &mut Latency) {
        let url = format!("{}/v1/channels/{}/messages{query}", self.stage.base(), self.channel);
        let begin = Instant::now();
        let answer = self.http.get(url).bearer_auth(self.reader.token()).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        let page = answer.bytes().await.expect("a page");
        latency.note(begin.elapsed());
        assert!(page.len() > 10_000, "a full page");
    }
}
